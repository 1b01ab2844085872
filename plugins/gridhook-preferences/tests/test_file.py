"""The preferences file."""

import json

import pytest

from gridhook_preferences.file import Preference, PreferencesFileError, read_preferences


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
