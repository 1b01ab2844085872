"""Links of others that do wrong: the message names the distribution, and figures come all the same."""

import json
import logging

import pytest

from gridhook.plugins.discovery import EXCHANGES

MODULE = "gridhook_bad_link"
HEAD = """
import attrs
from gridhook import ConfigError
from gridhook.testing import make_tree
import gridhook.events as ev
from gridhook import ExchangeError
from gridhook_scripted import ScriptedExchange, ScriptedLink
"""
TAIL = """
@attrs.define
class Bad(globals().get("Exchange", ScriptedExchange)):
    def open(self, request):
        return globals().get("Link", ScriptedLink)(self)
"""


@pytest.fixture
def bad(scripted_config, scripted_distribution):
    """Return a function that installs the link ``bad:`` of the distribution bad-link; returns a configuration."""

    def install(source, keys=""):
        scripted_distribution("bad-link", {MODULE: HEAD + source}, {EXCHANGES: {"bad": f"{MODULE}:Bad"}})
        path = scripted_config(keys)
        path.write_text(path.read_text(encoding="utf-8").replace("scripted:", "bad:"), encoding="utf-8")
        return path

    return install


def link(method, body, decorator=""):
    return f"class Link(ScriptedLink):\n    {decorator}\n    def {method}:\n        {body}\n{TAIL}"


def exchange(method, body):
    return f"@attrs.define\nclass Exchange(ScriptedExchange):\n    def {method}:\n        {body}\n{TAIL}"


def opening(body):
    return f"@attrs.define\nclass Bad(ScriptedExchange):\n    def open(self, request):\n        {body}\n"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (opening("raise OSError('no such host')"), "failed in open: OSError: no such host (gridhook_bad_link.py, line"),
        (opening("raise SystemExit(0)"), "failed in open: SystemExit: 0"),
        (opening("return None"), "failed in open: NoneType has no accounts, close, events, interrupt, send, slots, "),
        (opening("return ScriptedExchange"), "failed in open: type has no accounts"),
    ],
)
def test_what_cannot_be_opened_is_one_line(bad, call_gridhook, source, told):
    done = call_gridhook("run", bad(source), "--json")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"the link of bad-link {told}")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (link("events(self)", "yield from super().events(); raise KeyError('slot')"), "events: KeyError: 'slot' ("),
        (link("events(self)", "yield from super().events(); raise KeyboardInterrupt"), "events: KeyboardInterrupt"),
        (link("events(self)", "yield from super().events(); yield 'over'"), "events: str is not an event"),
        (link("events(self)", "yield ev.Finished()"), "events: Finished came first, and not Connected"),
        (link("events(self)", "return iter(())"), "events: nothing came, and not Connected"),
        (link("events(self)", "yield from [*super().events()][:2]; yield None"), "events: NoneType is not an event"),
        (link("events(self)", "yield from super().events(); make_tree({}).find('x')"), "events: UnknownAreaError: no"),
        (link("events(self)", "yield from super().events(); raise ConfigError('x')"), "events: ConfigError"),
        (link("events(self)", "return 3"), "events: TypeError: 'int' object is not iterable"),
        (link("send(self, batch)", "1 / 0"), "send: ZeroDivisionError: division by zero"),
        (link("tick_seconds(self)", "1 / 0", "@property"), "tick_seconds: ZeroDivisionError"),
    ],
)  # fmt: skip
def test_what_fails_while_it_trades_ends_the_run_with_its_figures(bad, call_gridhook, source, told):
    done = call_gridhook("run", bad(source), "--json")
    assert done.status == 1
    assert set(json.loads(done.out)) > {"slots", "orders"}
    assert done.err.splitlines()[-1].startswith(f"the link of bad-link failed in {told}")
    assert "Traceback" not in done.err


@pytest.mark.parametrize("seconds", ["'fast'", "-5.0", "0"])
def test_a_tick_of_no_length_is_the_links_fault_and_no_plugins(bad, call_gridhook, seconds):
    source = "class Link(ScriptedLink):\n    def __init__(self, exchange):\n        super().__init__(exchange)\n"
    done = call_gridhook("run", bad(f"{source}        self.tick_seconds = {seconds}\n{TAIL}"), "--json")
    assert done.status == 1
    assert "plugin" not in done.err
    assert f"the link of bad-link failed in tick_seconds: {seconds} is no number of seconds" in done.err


def test_the_traceback_is_in_the_log_for_its_authors(bad, call_gridhook):
    path = bad(link("events(self)", "raise KeyError('slot')"))
    done = call_gridhook("run", path, "--log-level", "debug")
    assert "--log-level debug has the traceback" in done.err.splitlines()[-1]
    assert "Traceback" in done.err
    assert "raise KeyError('slot')" in done.err


def test_its_own_errors_are_told_as_it_says_them(bad, call_gridhook):
    done = call_gridhook("run", bad(opening("raise ExchangeError('nobody answers')")))
    assert (done.status, done.err) == (1, "nobody answers\n")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (link("accounts(self)", "1 / 0"), "accounts: ZeroDivisionError"),
        (link("accounts(self)", "return {}"), "accounts: dict is no Accounts"),
        (link("close(self)", "raise OSError('gone')"), "close: OSError: gone"),
        (link("close(self)", "raise ExchangeError('gone')"), "close: ExchangeError: gone"),
    ],
)
def test_what_fails_at_the_end_costs_no_figures(bad, call_gridhook, source, told):
    done = call_gridhook("run", bad(source), "--json")
    assert done.status == 0
    assert json.loads(done.out)["slots"] == 3
    assert f"WARNING the link of bad-link failed in {told}" in done.err


def test_an_interrupt_that_fails_is_told_after_the_session(bad, call_gridhook):
    done = call_gridhook("run", bad(link("interrupt(self)", "1 / 0"), 'signal = "SIGINT"'), "--json")
    assert done.status == 130
    assert json.loads(done.out)["slots"] == 2
    assert "WARNING the link of bad-link failed in interrupt: ZeroDivisionError" in done.err


@pytest.mark.parametrize("command", ["run", "config check", "doctor"])
@pytest.mark.parametrize(
    ("source", "told"),
    [
        (exchange("known_areas(self, request)", "return request['url']"), "failed in known_areas: TypeError: "),
        (exchange("known_areas(self, request)", "return []"), "failed in known_areas: [] is no Tree"),
        (exchange("__attrs_post_init__(self)", "raise SystemExit(0)"), "failed in its settings: SystemExit: 0"),
        (exchange("base_config(url)", "return 1 / 0").replace("    def base", "    @staticmethod\n    def base"), None),
        ("def Bad(): ...", "is <function Bad at"),
        ("class Bad: ...", "an entry point in gridhook.exchanges has to be an attrs class"),
        ("@attrs.define\nclass Bad:\n    def open(self): ...", "is Bad, which has no base_config, known_areas"),
        ("import nothing_of_that_name", "cannot be imported: ModuleNotFoundError: "),
        ("print('hello')\nraise SystemExit(0)", "cannot be imported: SystemExit: 0"),
    ],
)
def test_what_is_wrong_before_anything_connects_is_a_problem_of_the_address(bad, call_gridhook, source, told, command):
    done = call_gridhook(*command.split(), bad(source))
    if told is None:
        # Nobody asks where the file names the address itself.
        assert done.status == 0
        return
    assert done.status == 2
    line = next(line for line in (done.out + done.err).splitlines() if "exchange.url: " in line)
    assert "the link of bad-link" in line
    assert told in line
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("return 1 / 0", "failed in base_config: ZeroDivisionError"),
        ("return 'base.toml'", "failed in base_config: 'base.toml' is no path"),
        ("import pathlib; return pathlib.Path('/nowhere/base.toml')", "base.toml: cannot be read: No such file"),
    ],
)
def test_a_configuration_of_its_own_that_is_wrong(bad, call_gridhook, body, told):
    bad(exchange("base_config(url)", body).replace("    def base", "    @staticmethod\n    def base"))
    done = call_gridhook("run", "--exchange", "bad:house")
    assert done.status == 2
    assert done.err.startswith("exchange.url: the link of bad-link failed in base_config: ")
    assert told in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("raise ExchangeError('nobody answers')", "exchange: nobody answers"),
        ("1 / 0", "link: the link of bad-link failed in examine: ZeroDivisionError"),
        ("return tell", "link: the link of bad-link failed in examine: "),
    ],
)
def test_an_examination_that_fails_is_one_check_of_many(bad, call_gridhook, body, told):
    done = call_gridhook("doctor", bad(exchange("examine(self, request, tell)", body)))
    assert done.status == 1
    assert f"WRONG    {told}" in done.out
    assert "claims: " in done.out
    assert "Traceback" not in done.err


@pytest.mark.parametrize("command", ["check", "show", "schema"])
def test_what_a_link_prints_is_not_in_what_is_printed(bad, call_gridhook, command):
    done = call_gridhook("config", command, bad(f"print('hello from a link')\n{TAIL}"))
    assert done.status == 0
    assert "hello" not in done.out
    assert "hello" in done.err


def test_a_dry_run_of_a_link_that_can_give_areas_back_still_lets_it(bad, call_gridhook, caplog):
    """A link may do more than it has to: what guards it hides nothing."""
    source = link("hold_at_end(self, ids)", "print('holds', list(ids))")
    with caplog.at_level(logging.WARNING):
        done = call_gridhook("run", bad(source, "known = false"), "--dry-run")
    assert done.status == 0
    assert "holds []" in done.err
    assert "those that it takes are left at its end" in done.err + caplog.text


def test_ctrl_c_while_a_link_connects_is_the_users(bad, call_gridhook):
    body = "import signal\n        try: signal.raise_signal(signal.SIGINT)\n        except BaseException: pass"
    done = call_gridhook("run", bad(opening(body)))
    assert (done.status, done.err.strip()) == (130, "")
