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
        case "mistake":
            {}["rate"]
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
    assert [line.strip() for line in added.splitlines() if line] == [
        "run    (from a-command; never called, since gridhook has this command)",
        "steer  (from a-command)",
    ]
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


def test_below_the_traceback_of_a_command_that_fails_is_whose_it_is(install_commands, call_gridhook):
    install_commands()
    with pytest.raises(KeyError) as failed:
        call_gridhook("steer", "mistake")
    assert failed.value.__notes__ == ["the command 'steer' is from a-command, whose authors may want to know"]


def test_an_own_command_that_fails_is_nobody_elses(install_commands, call_gridhook, monkeypatch):
    install_commands()
    monkeypatch.setattr("gridhook.cli.run.prepare", lambda *_, **__: {}["rate"])
    with pytest.raises(KeyError) as failed:
        call_gridhook("run")
    assert not hasattr(failed.value, "__notes__")


def test_a_command_of_two_distributions_is_that_of_neither(install_commands, scripted_distribution, call_gridhook):
    install_commands("1 / 0")
    scripted_distribution("b-command", {f"{MODULE}_too": "1 / 0"}, {COMMANDS: {"steer": f"{MODULE}_too:steer"}})
    shown = " ".join(call_gridhook("--help").out.split())
    assert "steer (from a-command and b-command; gridhook plugins list tells which is called)" in shown
    done = call_gridhook("steer", "well")
    assert done.status == 2
    assert "a-command and b-command both provide 'steer'; uninstall one of them" in done.err
    assert "Traceback" not in done.err


def test_a_command_of_a_first_party_name_is_called_if_it_is_the_first_partys(
    scripted_distribution, only_scripted, call_gridhook
):
    scripted_distribution("a-command", {MODULE: "1 / 0"}, {COMMANDS: {"serve": f"{MODULE}:serve"}})
    done = call_gridhook("serve", "well")
    assert done.status == 2
    assert "'serve' is a name of gridhook-exchange, and a-command may not take it" in done.err
    scripted_distribution("gridhook-exchange", {f"{MODULE}_own": SOURCE}, {COMMANDS: {"serve": f"{MODULE}_own:steer"}})
    assert call_gridhook("serve", "well").out == "serving well\n"
    with pytest.raises(KeyError) as failed:
        call_gridhook("serve", "mistake")
    assert failed.value.__notes__ == ["the command 'serve' is from gridhook-exchange, whose authors may want to know"]


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
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    ],
)
def test_a_command_that_cannot_be_imported_says_whose_it_is(install_commands, call_gridhook, source, why):
    install_commands(source)
    done = call_gridhook("steer", "well")
    assert done.status == 2
    assert "the command 'steer' of a-command cannot be imported: " in done.err
    assert why in done.err


@pytest.mark.parametrize("source", ["def steer(): ...", "class steer: ...", "steer = 3"])
def test_what_is_no_command_says_whose_it_is(install_commands, call_gridhook, source):
    install_commands(source)
    done = call_gridhook("steer", "well")
    assert done.status == 2
    assert "the command 'steer' of a-command is " in done.err
    assert "an entry point in gridhook.commands has to be a click command" in done.err


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
