"""The JSON Schema of a configuration: valid, and as strict as reading is."""

import datetime
import tomllib
from pathlib import Path
from typing import Any, Literal

import attrs
import jsonschema
import pytest
from attrs import validators

from gridhook.cli.schema import class_schema, config_schema
from gridhook.deployment import prepare


@attrs.frozen
class Limit:
    kwh: float
    hours: list[int] = attrs.field(factory=list)


@attrs.frozen
class Settings:
    mode: Literal["fixed", "ramp"]
    rate: float = attrs.field(default=1.0, validator=validators.ge(0))
    share: float = attrs.field(default=0.5, validator=[validators.gt(0), validators.lt(1)])
    most: int | None = attrs.field(default=None, validator=validators.optional(validators.le(9)))
    on: bool = False
    file: Path | None = None
    day: datetime.date | None = None
    names: tuple[str, ...] = ()
    limits: dict[str, Limit] = attrs.field(factory=dict)
    fee: float | Limit = 0.0
    free: Any = None
    later: "int | None" = None
    state: dict[str, int] = attrs.field(factory=dict, init=False)


SCHEMA = class_schema(Settings)


@pytest.fixture
def validator(scripted_config):
    """The validator for files that use the scripted exchange and plugins."""
    schema = config_schema(prepare(scripted_config()))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("mode", {"enum": ["fixed", "ramp"]}),
        ("rate", {"type": "number", "minimum": 0}),
        ("share", {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
        ("most", {"type": "integer", "maximum": 9}),
        ("on", {"type": "boolean"}),
        ("file", {"type": "string"}),
        ("day", {"type": "string", "format": "date"}),
        ("names", {"type": "array", "items": {"type": "string"}}),
        ("limits", {"type": "object", "additionalProperties": class_schema(Limit)}),
        ("fee", {"anyOf": [{"type": "number"}, class_schema(Limit)]}),
        ("free", {}),
        ("later", {"type": "integer"}),
    ],
)
def test_each_type_of_setting(name, schema):
    assert SCHEMA["properties"][name] == schema


def test_what_a_table_needs_and_may_have():
    assert SCHEMA["required"] == ["mode"]
    assert SCHEMA["additionalProperties"] is False
    assert "state" not in SCHEMA["properties"]
    assert "required" not in class_schema(type("NoSettings", (), {}))
    assert class_schema(Limit)["properties"]["hours"] == {"type": "array", "items": {"type": "integer"}}


GOOD = """
[exchange]
url = "scripted:house"
aggregator = "ada"
requirements = "binding"
length = 3
[registration]
use = ["scripted-claims"]
[pricing]
use = ["scripted-rates"]
[pricing.routes]
storage = ["scripted-rates"]
[forecasting]
horizon = 4
[guard]
timeout_seconds = 0.5
[plugins.scripted-rates]
rate = 12
[plugins.another]
anything = "goes"
"""


def test_a_right_file_is_accepted(validator):
    validator.validate(tomllib.loads(GOOD))


@pytest.mark.parametrize(
    ("right", "wrong", "at"),
    [
        ("[guard]", "[gaurd]", []),
        ("length = 3", "lenght = 3", ["exchange"]),
        ("length = 3", "length = 101", ["exchange", "length"]),
        ("length = 3", "length = 3.5", ["exchange", "length"]),
        ('"binding"', '"bindin"', ["exchange", "requirements"]),
        ('"ada"', "7", ["exchange", "aggregator"]),
        ('use = ["scripted-claims"]', 'use = "scripted-claims"', ["registration", "use"]),
        ('storage = ["scripted-rates"]', 'storage = "scripted-rates"', ["pricing", "routes", "storage"]),
        ("horizon = 4", "horizon = 0", ["forecasting", "horizon"]),
        ("timeout_seconds = 0.5", "timeout_seconds = 0", ["guard", "timeout_seconds"]),
        ("rate = 12", "rate = -1", ["plugins", "scripted-rates", "rate"]),
        ("rate = 12", "rte = 12", ["plugins", "scripted-rates"]),
    ],
)
def test_a_wrong_file_is_rejected_where_it_is_wrong(validator, right, wrong, at):
    assert GOOD.count(right) == 1
    errors = list(validator.iter_errors(tomllib.loads(GOOD.replace(right, wrong))))
    assert [list(error.path) for error in errors] == [at]


def test_each_plugin_is_described_by_its_first_line(scripted_config, monkeypatch):
    deployment = prepare(scripted_config())
    claims = type(deployment.manager.plugins["scripted-claims"].instance)
    monkeypatch.setattr(claims, "__doc__", f"{claims.__doc__}\n\n    And more.\n")
    plugins = config_schema(deployment)["properties"]["plugins"]["properties"]
    assert {name: schema["description"] for name, schema in plugins.items()} == {
        "scripted-claims": "Claims everything that has one of the kinds.",
        "scripted-rates": "One rate for everything, and talkative.",
    }
