"""Reading: layers of configuration, which of them each section is from, and all mistakes at once."""

import os
import textwrap
from pathlib import Path

import pytest

from gridhook.config import DEFAULTS, ROUTED_DOMAINS, SECTIONS, Layer, default_layer, read_config, read_layer
from gridhook.errors import Problem

BASE = Layer(
    "scripted:base",
    {
        "exchange": {"url": "scripted:base", "seed": 1},
        "registration": {"use": ["claim"]},
        "pricing": {"use": ["ramp"]},
        "forecasting": {"use": ["profiles"], "horizon": 2},
        "plugins": {"ramp": {"steps": 5}, "profiles": {"file": "base.csv"}},
    },
    Path("/shipped"),
)


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a text (None: no file), with BASE behind addresses that say ``base``."""

    def read(text, exchange=None, base=BASE):
        path = tmp_path / "gridhook.toml"
        if text is not None:
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        asked = []

        def base_for(url):
            asked.append(url)
            return base

        reading = read_config(None if text is None else path, exchange, base_for)
        read.asked = asked
        return reading

    return read


def lines(reading):
    return [f"{problem.line}: {problem.path}: {problem.message}" for problem in reading.problems]


def labels(reading):
    return {name: layer.label for name, layer in reading.origins.items()}


def test_without_a_file_all_is_the_base(read):
    reading = read(None)
    assert read.asked == ["embedded:demo"]
    assert reading.problems == ()
    assert reading.config.exchange.url == "scripted:base"
    assert reading.config.link.values == {"seed": 1}
    assert reading.config.forecasting.horizon == 2
    assert set(labels(reading).values()) == {"scripted:base"}


def test_each_section_of_the_file_replaces_that_of_the_base(read, tmp_path):
    reading = read('[forecasting]\nuse = ["profiles"]\n[plugins.profiles]\nscale = 2\n')
    config = reading.config
    assert config.exchange.url == "scripted:base"
    assert config.pricing.use == ["ramp"]
    assert config.forecasting.horizon == 1, "the base's is gone with its section"
    assert dict(config.plugins["profiles"].values) == {"scale": 2}, "a plugin's table is a section"
    assert dict(config.plugins["ramp"].values) == {"steps": 5}
    assert (config.plugins["profiles"].base, config.plugins["ramp"].base) == (tmp_path, Path("/shipped"))
    file = str(tmp_path / "gridhook.toml")
    origins = labels(reading)
    assert (origins["forecasting"], origins["plugins.profiles"]) == (file, file)
    assert (origins["pricing"], origins["plugins.ramp"]) == ("scripted:base", "scripted:base")


def test_tables_of_the_base_for_plugins_that_are_no_longer_used_are_dropped(read):
    config = read('[pricing]\nuse = ["fixed"]\n[plugins.mine]\nrate = 1\n').config
    assert list(config.plugins) == ["mine", "profiles"], "the file's own stays: it may observe"


def test_a_file_that_names_an_exchange_stands_on_the_defaults_only(read):
    reading = read('[exchange]\nurl = "live:x"\ntoken_file = "t"\n[settlement]\nuse = ["deviations"]\n')
    config = reading.config
    assert read.asked == []
    assert (config.exchange.url, config.link.at, dict(config.link.values)) == (
        "live:x",
        "exchange",
        {"token_file": "t"},
    )
    assert {domain: config.section(domain).use for domain in DEFAULTS} == {
        "registration": ["claim"],
        "pricing": ["ramp"],
    }
    assert config.settlement.use == ["deviations"]
    assert config.requirements.use == config.forecasting.use == config.grid_fees.use == []
    assert config.plugins == {}
    assert labels(reading)["pricing"] == "default"


@pytest.mark.parametrize("text", ["[pricing]\n", '[pricing.routes]\nload = ["fixed"]\n'])
def test_a_section_that_says_nothing_about_use_leaves_it_as_it_is(read, text, tmp_path):
    reading = read(f"{text}[forecasting]\nhorizon = 4\n")
    assert (reading.config.pricing.use, reading.config.forecasting.use) == (["ramp"], ["profiles"])
    assert reading.config.forecasting.horizon == 4
    assert dict(reading.config.plugins["ramp"].values) == {"steps": 5}, "its plugins keep their tables"
    assert labels(reading)["pricing.use"] == "scripted:base"
    assert labels(reading)["pricing"] == str(tmp_path / "gridhook.toml")
    live = read(f'[exchange]\nurl = "live:x"\n{text}[registration]\n[forecasting]\nhorizon = 4\n').config
    assert (live.registration.use, live.pricing.use, live.forecasting.use) == (["claim"], ["ramp"], [])


def test_use_nothing_is_nothing(read):
    config = read('[exchange]\nurl = "live:x"\n[pricing]\nuse = []\n').config
    assert (config.registration.use, config.pricing.use) == (["claim"], [])


def test_the_command_lines_exchange_goes_before_the_files(read, tmp_path):
    text = '[exchange]\nurl = "live:x"\naggregator = "ada"\nseed = 3\n[forecasting]\nhorizon = 4\n'
    reading = read(text, exchange="live:y")
    config = reading.config
    assert read.asked == []
    assert (config.exchange.url, config.exchange.aggregator, dict(config.link.values)) == ("live:y", "ada", {"seed": 3})
    assert config.link.base == tmp_path
    assert reading.replaced_url == "live:x"
    assert config.forecasting.horizon == 4
    assert config.pricing.use == ["ramp"]
    assert labels(reading)["exchange"] == "--exchange"


@pytest.mark.parametrize("text", [None, "[forecasting]\nhorizon = 4\n"])
def test_the_command_lines_exchange_brings_its_own_base(read, text):
    config = read(text, exchange="scripted:base").config
    assert read.asked == ["scripted:base"]
    assert config.exchange.url == "scripted:base"
    assert config.pricing.use == ["ramp"]
    assert dict(config.plugins["ramp"].values) == {"steps": 5}
    assert config.forecasting.horizon == (2 if text is None else 4)


def test_an_exchange_without_a_configuration_stands_on_the_defaults(read):
    config = read(None, exchange="live:y", base=None).config
    assert (config.exchange.url, config.pricing.use, config.forecasting.use) == ("live:y", ["ramp"], [])
    assert labels(read(None, exchange="live:y", base=None))["pricing"] == default_layer().label == "default"


def test_all_mistakes_come_at_once_with_their_lines(read):
    reading = read("""\
        [exchange]
        url = "embedded"
        aggregator = 7

        [pricng]
        use = ["ramp"]

        [forecasting]
        horizn = 2
        [pricing]
        use = "ramp"
        [something_else]
        [registration]
        use = ["claim"]
        [registration.routes]
        pv = ["claim"]
        """)
    assert lines(reading) == [
        "5: pricng: no such section; did you mean 'pricing'?",
        f"12: something_else: no such section; there are {', '.join(SECTIONS)}, plugins",
        "2: exchange.url: has to be an address such as 'embedded:demo', not 'embedded'",
        "3: exchange.aggregator: has to be a text, not 7",
        f"15: registration.routes: only {', '.join(ROUTED_DOMAINS)} have routes; these plugins are all asked",
        "11: pricing.use: has to be a list, not 'ramp'",
        "9: forecasting.horizn: no such setting; did you mean 'horizon'?",
    ]
    assert reading.config.forecasting.horizon == 1, "defaults stand in for what is wrong"


def test_what_is_wrong_in_a_section_hides_nothing_else_in_it(read):
    reading = read("""\
        [pricing]
        use = "ramp"
        horizon = 2
        [pricing.routes]
        load = ["fixed"]
        """)
    assert lines(reading) == [
        "2: pricing.use: has to be a list, not 'ramp'",
        "3: pricing.horizon: no such setting; there are use, routes",
    ]
    assert reading.config.pricing.routes == {"load": ["fixed"]}, "its names can be looked up"


def test_a_plugin_is_named_once_on_its_route(read):
    text = "[pricing]\nuse = ['ramp', 'fixed', 'ramp']\n[pricing.routes]\n'Home 1' = ['fixed', 'fixed']\n"
    assert lines(read(f"{text}[registration]\nuse = ['claim', 'claim']\n")) == [
        "6: registration.use: names 'claim' twice",
        "2: pricing.use: names 'ramp' twice",
        "4: pricing.routes.\"Home 1\": names 'fixed' twice",
    ]


def test_routes_that_are_no_table_are_told_so_where_routes_belong(read):
    assert lines(read('[pricing]\nroutes = ["ramp"]\n')) == ["2: pricing.routes: has to be a table, not ['ramp']"]


@pytest.mark.parametrize("section", ["exchange", "pricing", "guard"])
def test_a_section_that_is_no_table(read, section):
    assert lines(read(f"{section} = 3\n")) == [f"1: {section}: has to be a table, not 3"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plugins = 3\n", "1: plugins: has to be a table of tables, not 3"),
        ("[plugins]\nramp = 3\n", "2: plugins.ramp: has to be a table, not 3"),
    ],
)
def test_plugins_that_are_no_tables(read, text, line):
    reading = read(text)
    assert lines(reading) == [line]
    assert list(reading.config.plugins) == ["ramp", "profiles"], "the base's are still there"


def test_a_wrong_address_from_the_command_line_is_not_the_files(read):
    reading = read('[exchange]\nurl = "live:x"\naggregator = 7\n', exchange="nowhere")
    assert [(problem.file is None, problem.line, problem.path) for problem in reading.problems] == [
        (True, None, "exchange.url"),
        (False, 3, "exchange.aggregator"),
    ]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ('plugins."my one".rate', 4),
        ('plugins."my one".rates.pv[2]', 3),
        ("pricing", 1),
        ("pricing.use", None),
        ('pricing.routes."Home [12]"', 2),
        ("forecasting.horizon", None),
        ("no.section", None),
    ],
)
def test_a_problem_that_is_found_later_gets_its_place(read, tmp_path, path, line):
    reading = read("[pricing]\nroutes.'Home [12]' = []\n[plugins.'my one']\nrate = 1\n")
    placed = reading.place(Problem(path, "is wrong"))
    assert (placed.path, placed.message, placed.line) == (path, "is wrong", line)
    assert placed.file == (tmp_path / "gridhook.toml" if line else None)


def test_a_file_that_is_not_there_is_one_problem(tmp_path):
    layer, problems = read_layer(tmp_path / "none.toml")
    assert layer.document == {}
    assert [str(problem) for problem in problems] == [
        f"{tmp_path / 'none.toml'}: cannot be read: No such file or directory"
    ]


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"[exchange]\nurl = \n", 2, "is not TOML: Invalid value"),
        (b"a = 1\na = 2\n", 2, "is not TOML: Cannot overwrite a value"),
        (b"a = [1,\n", None, "is not TOML: "),
        (b"name = 'caf\xe9'\n", None, "is not UTF-8 text: invalid continuation byte at byte 11"),
    ],
)
def test_a_file_that_is_not_toml_is_one_problem_with_its_line(tmp_path, content, line, message):
    path = tmp_path / "wrong.toml"
    path.write_bytes(content)
    layer, (problem,) = read_layer(path)
    assert layer.document == {}
    assert (problem.file, problem.message.startswith(message)) == (path, True)
    assert problem.line == line or line is None


def test_a_layer_is_called_by_its_path_unless_it_has_a_name(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text("[pricing]\n", encoding="utf-8")
    assert read_layer(path)[0].label == str(path)
    assert read_layer(path, "embedded:demo")[0].label == "embedded:demo"
    assert read_layer(path)[0].base == tmp_path


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path):
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbf[pricing]\nuse = []\n")
    layer, problems = read_layer(path)
    assert problems == []
    assert (layer.document, layer.lines["pricing"]) == ({"pricing": {"use": []}}, 1)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes on this platform")
def test_a_pipe_is_no_file(tmp_path):
    """Reading it would wait for ever."""
    os.mkfifo(tmp_path / "a.toml")
    layer, problems = read_layer(tmp_path / "a.toml")
    assert layer.document == {}
    assert [str(problem) for problem in problems] == [f"{tmp_path / 'a.toml'}: is not a regular file"]
