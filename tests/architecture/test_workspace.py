"""The lists of the workspace: every distribution is everywhere where it has to be."""

import configparser
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

import pytest

from gridhook.cli import _COMMANDS
from gridhook.plugins.firstparty import OWNERS
from gridhook.scaffold import NewName, render

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MEMBERS = sorted([ROOT / "core", *(ROOT / "plugins").iterdir()])
PLUGINS = [member.name for member in MEMBERS if member.name != "core"]
PACKAGES = {member: "gridhook" if member.name == "core" else member.name.replace("-", "_") for member in MEMBERS}

# What a distribution can do besides, for which the checkout installs what it needs.
EXTRAS = {"gridhook-exchange": "[redis,serve]"}


def metadata_of(member):
    return tomllib.loads((member / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_a_member_has_all_that_a_distribution_needs(member):
    package = member / "src" / PACKAGES[member]
    for path in ("pyproject.toml", "README.md", "LICENSE", "tests"):
        assert (member / path).exists(), path
    assert (package / "py.typed").exists()
    assert metadata_of(member)["name"] == ("gridhook" if member.name == "core" else member.name)
    assert (member / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    assert len((member / "README.md").read_text().splitlines()) > 10
    assert list((member / "tests").glob("test_*.py"))


def test_a_new_distribution_has_the_same_licence():
    assert render(NewName("night-rates"), "pricing")["LICENSE"] == (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_the_root_installs_every_member():
    assert PYPROJECT["project"]["dependencies"] == [
        "gridhook @ {root:uri}/core/.",
        *(f"{name}{EXTRAS.get(name, '')} @ {{root:uri}}/plugins/{name}/." for name in PLUGINS),
    ]
    assert sorted(PYPROJECT["tool"]["uv"]["sources"]) == ["gridhook", *PLUGINS]


def test_the_core_names_every_plugin_in_its_extra_all():
    extra = metadata_of(ROOT / "core")["optional-dependencies"]["all"]
    assert [re.split(r"[><=]", requirement)[0] for requirement in extra] == PLUGINS


def test_the_core_knows_whose_every_first_party_name_is():
    owners = {"gridhook.commands": dict.fromkeys(_COMMANDS, "gridhook")}
    for member in MEMBERS:
        for group, points in metadata_of(member).get("entry-points", {}).items():
            owners.setdefault(group, {}).update(dict.fromkeys(points, member.name))
    assert {group: dict(names) for group, names in OWNERS.items()} == owners


def test_every_plugin_says_which_core_it_works_with():
    for member in MEMBERS[1:]:
        requirements = metadata_of(member)["dependencies"]
        assert "gridhook>=0.1,<0.2" in requirements, member.name
        assert not [one for one in requirements if one.startswith("gridhook-")], member.name


def test_tools_look_at_every_package():
    packages = sorted(PACKAGES.values())
    assert sorted(PYPROJECT["tool"]["importlinter"]["root_packages"]) == packages
    paths = {str(member.relative_to(ROOT) / "src") for member in MEMBERS}
    assert set(PYPROJECT["tool"]["mypy"]["mypy_path"]) == paths
    independence, core = PYPROJECT["tool"]["importlinter"]["contracts"][:2]
    plugins = [package for package in packages if package != "gridhook"]
    assert sorted(independence["modules"]) == sorted(core["forbidden_modules"]) == plugins


def test_tox_has_an_environment_for_every_member():
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini")
    factors = "{" + ",".join(name.removeprefix("gridhook-") for name in PLUGINS) + "}"
    assert f"gridhook-{factors}" in tox["tox"]["env_list"]
    assert f"testenv:gridhook-{factors}" in tox
    for section, key in (("testenv", "deps"), ("testenv:lowest", "commands_pre"), ("testenv:lint", "commands")):
        for name in PLUGINS:
            assert re.search(rf"plugins[/{{}}]+{name}\b", tox[section][key]), (section, name)
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert all(f"{name}," in gate for name in PLUGINS)


def test_the_extra_for_pip_is_the_group_of_the_same_name():
    assert PYPROJECT["project"]["optional-dependencies"]["test"] == PYPROJECT["dependency-groups"]["test"]


def installed_package(package):
    for name in ("gridhook", *PLUGINS):
        if name.replace("-", "_") == package:
            importlib.metadata.version(name)
    return Path(sys.modules[package].__file__ or "").parent if package in sys.modules else _locate(package)


def _locate(package):
    spec = importlib.util.find_spec(package)
    assert spec is not None, f"{package} is not installed"
    assert spec.origin is not None
    return Path(spec.origin).parent


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_installed_code_is_this_code(member):
    """Plain pip installs members as copies; after an edit they have to be installed again."""
    source, installed = member / "src" / PACKAGES[member], installed_package(PACKAGES[member])
    stale = [
        str(path.relative_to(source))
        for path in source.rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and path.read_bytes() != (installed / path.relative_to(source)).read_bytes()
    ]
    assert not stale, "run `python -m pip install -e '.[test]'` again (pip 23.2: with --force-reinstall --no-deps)"
