"""What a new distribution is made of."""

import ast
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement

from gridhook.errors import ConfigError
from gridhook.hookspecs import SPECIFICATIONS
from gridhook.plugins.guard import Guard
from gridhook.plugins.loading import Registry
from gridhook.scaffold import KINDS, NewName, render
from gridhook.scaffold.rendering import core_range

NAMES = ("n", "night-rates", "-".join(["long"] * 8))
NEW = NewName.parse("night-rates")


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.1.0", ">=0.1,<0.2"),
        ("0.12.3", ">=0.12,<0.13"),
        ("1.0.0", ">=1.0,<2"),
        ("2.3.4", ">=2.3,<3"),
        ("0.2.0.dev1", ">=0.2.0.dev1,<0.3"),
        ("1.0.0rc1+local", ">=1.0.0rc1,<2"),
    ],
)
def test_the_core_range_reaches_to_the_next_version_that_may_break_it(version, expected):
    assert core_range(version) == expected
    assert Requirement(f"gridhook{expected}").specifier.contains(version.partition("+")[0], prereleases=True)


def test_there_is_a_strategy_for_each_domain_that_is_a_strategys():
    assert set(KINDS) == set(SPECIFICATIONS) - {"grid_fees"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_distribution_has_all_that_is_published_with_it(kind):
    files = render(NEW, kind)
    assert list(files) == [
        ".github/workflows/ci.yml",
        ".github/workflows/release.yml",
        ".gitignore",
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "night-rates.toml",
        "pyproject.toml",
        "src/gridhook_night_rates/__init__.py",
        "src/gridhook_night_rates/py.typed",
        "tests/test_night_rates.py",
    ]
    assert not [path for path, text in files.items() if not text.endswith("\n") and not path.endswith("py.typed")]
    assert not [path for path, text in files.items() if "$name" in text or "$module" in text]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_the_metadata_are_right(kind, name):
    new = NewName.parse(name)
    files = render(new, kind, 'Ann "A" Müller')
    project = tomllib.loads(files["pyproject.toml"])["project"]
    assert project["name"] == new.distribution
    assert project["authors"] == [{"name": 'Ann "A" Müller'}]
    assert project["entry-points"]["gridhook"] == {name: f"{new.module}:{new.class_name}"}
    assert project["requires-python"] == metadata.metadata("gridhook")["Requires-Python"]
    module = ast.parse(files[f"src/{new.module}/__init__.py"])
    assert project["description"] == ast.get_docstring(module)
    own, *others = (Requirement(text) for text in project["dependencies"])
    assert str(own) == f"gridhook{Requirement('x' + core_range(metadata.version('gridhook'))).specifier}"
    assert {one.name for one in others} == third_party(module)
    assert all(one.specifier for one in others)


def third_party(module):
    roots = {node.module.split(".")[0] for node in ast.walk(module) if isinstance(node, ast.ImportFrom)}
    roots |= {alias.name for node in ast.walk(module) if isinstance(node, ast.Import) for alias in node.names}
    return roots & {"attrs", "numpy", "pendulum", "click", "cattrs"}


def test_nobody_is_named_where_nobody_is_given():
    assert "authors" not in tomllib.loads(render(NEW, "pricing")["pyproject.toml"])["project"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_strategy_implements_a_hook_of_its_domain_and_takes_the_settings_that_the_readme_shows(kind):
    files = render(NEW, kind)
    namespace = {"__name__": "gridhook_night_rates"}
    exec(compile(files["src/gridhook_night_rates/__init__.py"], "night", "exec"), namespace)  # noqa: S102
    strategy = namespace["NightRates"]
    settings = tomllib.loads(files["night-rates.toml"])["plugins"]["night-rates"]
    plugin, problems = Registry(Guard(10.0)).register("night-rates", strategy(**settings))
    assert not problems
    assert kind in plugin.domains
    assert all(f"``{setting}``" in strategy.__doc__ for setting in settings), "each is documented"
    assert all(f"| `{setting}` |" in files["README.md"] for setting in settings)
    assert files["night-rates.toml"] in files["README.md"]


def test_releases_are_published_without_a_password():
    release = render(NEW, "pricing")[".github/workflows/release.yml"]
    assert "id-token: write" in release
    assert "secrets." not in release
    assert "${{ matrix.python }}" in render(NEW, "pricing")[".github/workflows/ci.yml"]


@pytest.mark.parametrize(("kind", "name"), [("observation", "path"), ("pricing", "market"), ("observation", "traded")])
def test_a_class_is_not_called_like_something_that_its_module_imports(kind, name):
    with pytest.raises(ConfigError, match=f"^'{name}' would be the class {name.title()}, which its module imports"):
        render(NewName(name), kind)


@pytest.mark.parametrize(
    ("kind", "name", "why"),
    [
        *((kind, "one-rate", "tests define") for kind in ("registration", "requirements", "settlement", "observation")),
        ("pricing", "pricing-tests", "tests import from gridhook.testing"),
        ("settlement", "settlement-tests", "tests import from gridhook.testing"),
    ],
)
def test_a_class_is_not_called_like_something_in_its_tests(kind, name, why):
    """The tests would be of another class, or none at all."""
    with pytest.raises(ConfigError, match=f"^'{name}' would be the class .*, which its {why}.*'my-{name}'$"):
        render(NewName(name), kind)


@pytest.mark.parametrize("author", ["", "  ", "Ann\x7f", "Ann\nBob", "Ann\tBob", "Ann \x00", "\udcff", "Ann\u2028Bob"])
def test_an_author_who_cannot_be_named_is_refused(author):
    with pytest.raises(ConfigError, match=r"^--author '.*' (is nobody|has '.*' in it)"):
        render(NEW, "pricing", author)


def test_authors_may_have_names_of_all_scripts():
    author = "\u0646\u06cc\u200c\u0644\u0648 \U0001f33b O'Hara-M\u00fcller \\ \u6f22\u5b57"
    assert tomllib.loads(render(NEW, "pricing", author)["pyproject.toml"])["project"]["authors"] == [{"name": author}]
