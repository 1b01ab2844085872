"""The preferences file."""

import json

import pytest

from gridhook_preferences import Preference
from gridhook_preferences.file import PreferencesFileError, read_preferences


@pytest.fixture
def write(tmp_path):
    def write(document):
        path = tmp_path / "requirements.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
        return path

    return write


def test_the_originals_file_reads_as_it_stands(write):
    """PROTOCOL.md 9.5: "None" strings stand for no limit."""
    path = write(
        {
            "Load 1": [{"Trading Partners": ["PV 2"], "Energy Types": ["PV"], "Energy": 0.5, "Rate": "None"}],
            "Load 2": [{"Trading Partners": [], "Energy Types": [], "Energy": "None", "Rate": 21}],
        }
    )
    assert read_preferences(path) == {
        "Load 1": (Preference(("PV 2",), ("PV",), 0.5, None),),
        "Load 2": (Preference((), (), None, 21.0),),
    }


def test_all_alternatives_of_an_asset_survive(write):
    path = write({"Load 1": [{"Rate": 10}, {"Rate": 20}, {}]})
    assert [one.rate for one in read_preferences(path)["Load 1"]] == [10.0, 20.0, None]


def test_an_asset_with_an_empty_list_has_no_preferences(write):
    assert read_preferences(write({"Load 1": []})) == {}


def test_native_toml_says_the_same(tmp_path):
    path = tmp_path / "preferences.toml"
    path.write_text(
        """
        [[assets."Load 1"]]
        partners = ["PV 2"]
        energy_types = ["PV"]
        energy_kwh = 0.5
        [[assets."Load 1"]]
        rate = 21
        [[assets."Load 2"]]
        """,
        encoding="utf-8",
    )
    assert read_preferences(path) == {
        "Load 1": (Preference(("PV 2",), ("PV",), 0.5), Preference(rate=21.0)),
        "Load 2": (Preference(),),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "is not TOML"),
        ("", "assets: is missing"),
        ("[assets]\n'Load 1' = 5", r"assets.\"Load 1\": has to be a list, not 5"),
        ("[[assets.Load]]\n[[assets.Load]]\nrte = 1", r"assets.Load\[1\].rte: no such setting; did you mean 'rate'"),
        ("[[assets.Load]]\nrate = -1.0", r"assets.Load\[0\].rate: 'rate' must be >= 0"),
    ],
)
def test_a_mistake_in_toml_is_named_with_its_place(tmp_path, text, message):
    path = tmp_path / "preferences.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PreferencesFileError, match=rf"preferences\.toml.*{message}"):
        read_preferences(path)


def test_what_is_no_text_is_named(tmp_path):
    path = tmp_path / "requirements.json"
    path.write_bytes(b"\xff")
    with pytest.raises(PreferencesFileError, match=r"requirements\.json is not UTF-8"):
        read_preferences(path)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "is not JSON"),
        ([], "object of asset names"),
        ({"Load 1": {}}, "'Load 1' has to be a list"),
        ({"Load 1": ["PV"]}, "'Load 1' has to be a list of objects"),
        ({"Load 1": [{"Partners": []}]}, "no such key 'Partners'"),
        ({"Load 1": [{}, {"Energy": "1"}]}, "entry 2: 'Energy' has to be a number"),
        ({"Load 1": [{"Rate": -1}]}, "'Rate' has to be a number from 0 up"),
        ({"Load 1": [{"Rate": True}]}, "'Rate' has to be a number"),
        ('{"Load 1": [{"Rate": NaN}]}', "'Rate' has to be a number"),
        ({"Load 1": [{"Energy Types": "PV"}]}, "'Energy Types' has to be a list of texts"),
    ],
)
def test_a_mistake_is_named_with_its_place(write, document, message):
    with pytest.raises(PreferencesFileError, match=message):
        read_preferences(write(document))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(PreferencesFileError, match=r"gone\.json cannot be read"):
        read_preferences(tmp_path / "gone.json")
