"""The command: its subcommands, those of other distributions, and how each way of ending it exits."""

import re
import sys
from importlib.metadata import version

import pytest

from gridhook.plugins.discovery import COMMANDS

MODULE = "commands_of_this_test"
SOURCE = """
import click
import gridhook

@click.command()
@click.argument("how")
@click.pass_context
def steer(ctx, how):
    "Serve a community."
    click.echo(f"serving {how}")
    match how:
        case "exit":
            ctx.exit(3)
        case "interrupt":
            raise KeyboardInterrupt
        case "abort":
            raise click.Abort
        case "config":
            raise gridhook.ConfigError([gridhook.Problem("a.b", "is wrong"), gridhook.Problem("", "so is this")])
        case "exchange":
            raise gridhook.ExchangeError("it is gone")
        case "usage":
            raise click.UsageError("not like that")
        case "value":
            return 7

@click.command()
def run():
    click.echo("not the real one")
"""
IMPORTED = re.compile(r"import time:.*\| +(\S+)$", re.MULTILINE)


@pytest.fixture
def install_commands(scripted_distribution, only_scripted):
    """Return a function that installs nothing but a distribution with the commands ``steer`` and ``run``."""

    def install(source=SOURCE, requires=("gridhook>=0.1",)):
        points = {"steer": f"{MODULE}:steer", "run": f"{MODULE}:run"}
        scripted_distribution("a-command", {MODULE: source}, {COMMANDS: points}, requires=requires)

    return install


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_the_help_names_all_commands_and_imports_none_of_them(install_commands, call_gridhook, option):
    install_commands("1 / 0")
    done = call_gridhook(option)
    assert done.status == 0
    own, added = done.out.split("Commands of plugins:")
    assert all(f"\n  {name} " in own for name in ("run", "config", "plugins"))
    assert added.split() == ["steer", "(from", "a-command)"]
    assert MODULE not in sys.modules


def test_without_commands_of_plugins_there_is_no_such_section(call_gridhook, tmp_path, only_scripted):
    assert "of plugins" not in call_gridhook("--help").out


def test_the_version(call_gridhook):
    done = call_gridhook("--version")
    assert (done.status, done.out, done.err) == (0, f"gridhook {version('gridhook')}\n", "")


@pytest.mark.parametrize("arguments", [(), ("config",), ("plugins",)])
def test_no_command_shows_the_help(call_gridhook, arguments):
    done = call_gridhook(*arguments)
    assert "Commands" in done.out + done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rnu",), "no command 'rnu'; did you mean 'run'?"),
        (("stee",), "no command 'stee'; did you mean 'steer'?"),
        (("zzz",), "no command 'zzz'\n"),
        (("--nonsense",), "No such option"),
        (("run", "--slot", "0"), "--slot"),
        (("run", "--slots", "0"), "0 is not in the range"),
        (("run", "--log-level", "loud"), "'loud' is not one of"),
        (("run", "a.toml", "b.toml"), "unexpected extra argument"),
        (("config", "chek"), "chek"),
    ],
)
def test_a_wrong_call_exits_with_2(install_commands, call_gridhook, arguments, said):
    install_commands()
    done = call_gridhook(*arguments)
    assert (done.status, done.out) == (2, "")
    assert said.casefold() in done.err.casefold()
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("how", "status", "err"),
    [
        ("well", 0, ""),
        ("value", 0, ""),
        ("exit", 3, ""),
        ("interrupt", 130, None),
        ("abort", 130, None),
        ("config", 2, "a.b: is wrong\nso is this\n"),
        ("exchange", 1, "it is gone\n"),
        ("usage", 2, None),
    ],
)
def test_a_command_of_a_plugin_is_called_and_ends_like_an_own_one(install_commands, call_gridhook, how, status, err):
    install_commands()
    done = call_gridhook("steer", how)
    assert (done.status, done.out) == (status, f"serving {how}\n")
    assert err is None or done.err == err
    assert "Traceback" not in done.err


def test_the_help_of_a_command_of_a_plugin(install_commands, call_gridhook):
    install_commands()
    done = call_gridhook("steer", "--help")
    assert done.status == 0
    assert "Serve a community." in done.out


def test_no_plugin_takes_the_place_of_an_own_command(install_commands, call_gridhook):
    install_commands()
    assert "figures" in call_gridhook("run", "--help").out


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import a_module_that_is_not_there", "No module named 'a_module_that_is_not_there'"),
        ("", "has no attribute 'steer'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(0)", "SystemExit: 0"),
    ],
)
def test_a_command_that_cannot_be_imported_says_whose_it_is(install_commands, call_gridhook, source, why):
    install_commands(source)
    done = call_gridhook("steer", "well")
    assert done.status == 2
    assert "the command 'steer' of a-command cannot be imported: " in done.err
    assert why in done.err


def test_a_command_for_another_core_is_not_imported(install_commands, call_gridhook):
    install_commands("1 / 0", requires=["gridhook>=99"])
    done = call_gridhook("steer", "well")
    assert done.status == 2
    assert "a-command 1.0 works with gridhook>=99, and this is" in done.err


def test_the_help_imports_no_plugin_and_nothing_that_takes_long(scripted_exchange, spawn_gridhook, monkeypatch):
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    done = spawn_gridhook("--help")
    assert done.returncode == 0
    assert "Trade energy assets" in done.stdout
    imported = set(IMPORTED.findall(done.stderr))
    assert "gridhook.cli.group" in imported
    heavy = {"numpy", "pendulum", "cattrs", "attrs", "pluggy", "rich", "packaging"}
    assert imported & {*heavy, "gridhook_scripted", "gridhook.session", "gridhook.cli.run"} == set()


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("--version",), 0),
        (("rnu",), 2),
        (("config", "check", "none.toml"), 2),
        (("run", "scripted.toml", "--exchange", "scripted:unreachable"), 1),
    ],
)
def test_the_process_exits_with_that_status(scripted_config, spawn_gridhook, arguments, status):
    scripted_config()
    done = spawn_gridhook(*arguments)
    assert done.returncode == status
    assert "Traceback" not in done.stderr
