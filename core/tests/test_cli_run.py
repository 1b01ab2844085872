"""``gridhook run``: what it prints, where, and how it exits."""

import json
import os
import signal
import subprocess
import sys

import pytest

KEYS = [
    "slots",
    "orders",
    "trades",
    "traded_kWh",
    "members",
    "community",
    "forecasts",
    "settlement",
    "preferences",
    "reasons",
    "plugins",
]

WAITING = """
import sys
import attrs
import gridhook_scripted

@attrs.define
class WaitingExchange(gridhook_scripted.ScriptedExchange):
    def open(self, request):
        return WaitingLink(self)

class WaitingLink(gridhook_scripted.ScriptedLink):
    def events(self):
        events = super().events()
        yield from (next(events) for _ in range(4))
        print("waiting", flush=True)
        sys.stdin.read()
        yield from events
"""


@pytest.fixture
def run_json(call_gridhook, scripted_config):
    """Return a function that runs with more keys of [exchange]; returns the call and its figures."""

    def run(exchange="", *options, more=""):
        done = call_gridhook("run", scripted_config(exchange, more), "--json", *options)
        return done, json.loads(done.out)

    return run


def test_the_figures_are_one_json_object_and_nothing_else_is_on_stdout(run_json):
    done, figures = run_json()
    assert done.status == 0
    assert done.out.count("\n") == 1
    assert list(figures) == KEYS
    assert (figures["slots"], figures["orders"], figures["trades"], figures["traded_kWh"]) == (3, 6, 3, 1.5)
    assert figures["community"] == {"self_sufficiency": 0.5, "self_consumption": None}
    assert figures["members"][0]["bought_kWh"] == 0.5
    assert figures["reasons"]["priced"] == 6
    assert {plugin["name"] for plugin in figures["plugins"]} == {"scripted-claims", "scripted-rates"}


def test_what_plugins_and_links_print_goes_to_stderr(run_json):
    done, _ = run_json()
    assert {"pricing 2", "finished with 3", "closed"} <= set(done.err.splitlines())


def test_without_json_the_figures_are_for_people(call_gridhook, scripted_config):
    done = call_gridhook("run", scripted_config())
    assert done.status == 0
    assert "House" in done.out
    assert "3 slots" in done.out
    assert "pricing 2" not in done.out
    assert "\x1b" not in done.out + done.err


def test_what_plugins_cost_is_shown_on_stderr(call_gridhook, scripted_config):
    done = call_gridhook("run", scripted_config(), "--json", "--trace-plugins")
    assert json.loads(done.out)["slots"] == 3
    heading, *rows = [line.split() for line in done.err.splitlines() if line.startswith(("plugin ", "scripted-"))]
    assert heading[:4] == ["plugin", "hook", "calls", "failures"]
    by_hook = {(row[0], row[1]): row[2:] for row in rows}
    assert set(by_hook) == {
        ("scripted-rates", "price_energy"),
        ("scripted-rates", "session_finished"),
        ("scripted-claims", "claim_assets"),
    }
    calls, failures, _, _, _, asked, answered = by_hook["scripted-rates", "price_energy"]
    assert (calls, failures, asked, answered) == ("6", "0", "12", "100%")
    totals = [float(row[4]) for row in rows]
    assert totals == sorted(totals, reverse=True)


def test_the_number_of_slots(run_json):
    assert run_json("", "--slots", 2)[1]["slots"] == 2
    assert run_json("", "--slots", 9)[1]["slots"] == 3


def test_the_exchange_of_the_command_line_goes_first(call_gridhook, scripted_config, run_json):
    path = scripted_config()
    path.write_text(path.read_text(encoding="utf-8").replace("house", "unreachable"), encoding="utf-8")
    assert call_gridhook("run", path).status == 1
    assert call_gridhook("run", path, "--exchange", "scripted:house").status == 0


def test_without_a_configuration_the_exchange_brings_its_own(scripted_exchange, scripted_config, call_gridhook):
    scripted_config().rename(scripted_exchange / "village.toml")
    done = call_gridhook("run", "--exchange", "scripted:village", "--json")
    assert done.status == 0
    assert [plugin["name"] for plugin in json.loads(done.out)["plugins"]][:2] == ["scripted-claims", "scripted-rates"]


def test_an_exchange_that_cannot_be_reached_exits_with_1(call_gridhook, scripted_config):
    done = call_gridhook("run", scripted_config(), "--exchange", "scripted:unreachable", "--json")
    assert (done.status, done.out, done.err) == (1, "", "nobody answers at unreachable\n")


def test_an_exchange_that_is_lost_exits_with_1_and_the_figures_so_far(run_json):
    done, figures = run_json("fails_in = 2")
    assert done.status == 1
    assert (figures["slots"], figures["orders"]) == (2, 4)
    assert done.err.splitlines()[-3:] == ["finished with 2", "closed", "the exchange is gone"]


def test_a_wrong_configuration_exits_with_2_before_anything_connects(call_gridhook, scripted_config):
    path = scripted_config("lenght = 4", "[forecasting]\n            horizon = 0")
    done = call_gridhook("run", path, "--exchange", "scripted:unreachable", "--json")
    assert (done.status, done.out) == (2, "")
    assert done.err.splitlines() == [
        f"{path}:4: exchange.lenght: no such setting; did you mean 'length'?",
        f"{path}:10: forecasting.horizon: 'horizon' must be >= 1: 0",
    ]


def test_a_claim_that_leads_nowhere_exits_with_2(call_gridhook, scripted_config):
    path = scripted_config(more="[plugins.scripted-claims]\n            kinds = ['pvv']")
    done = call_gridhook("run", path, "--json")
    assert (done.status, done.out) == (2, "")
    assert done.err.splitlines()[-1] == (f"{path}:10: plugins.scripted-claims.kinds: no kind 'pvv'; did you mean 'pv'?")


@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_ends_the_run_between_two_events_with_its_figures(run_json, name, status):
    done, figures = run_json(f'signal = "{name}"')
    assert done.status == status
    assert (figures["slots"], figures["orders"]) == (2, 4)
    assert done.err.splitlines()[-2:] == ["finished with 2", "closed"]
    assert "Traceback" not in done.err


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_second_signal_does_not_take_away_the_figures(call_gridhook, scripted_config, monkeypatch, name):
    def print_after_another(figures):
        os.kill(os.getpid(), getattr(signal, name))
        print(figures.slots, "slots")  # noqa: T201 - as the report does

    monkeypatch.setattr("gridhook.cli.report.print_report", print_after_another)
    before = signal.getsignal(getattr(signal, name))
    done = call_gridhook("run", scripted_config('signal = "SIGINT"'))
    assert (done.status, done.out) == (130, "2 slots\n")
    assert signal.getsignal(getattr(signal, name)) is before


@pytest.fixture
def waiting_config(scripted_config, scripted_distribution):
    """The exchange ``waiting:`` waits after its first slot until its stdin is closed."""
    scripted_distribution(
        "gridhook-waiting",
        {"gridhook_waiting": WAITING},
        {"gridhook.exchanges": {"waiting": "gridhook_waiting:WaitingExchange"}},
        requires=("gridhook>=0.1",),
    )
    return scripted_config()


@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143), (None, 0)])
def test_a_process_that_is_stopped_while_its_exchange_waits(waiting_config, tmp_path, name, status):
    path = [str(tmp_path / "site"), *filter(None, [os.environ.get("PYTHONPATH")])]
    command = [sys.executable, "-m", "gridhook", "run", str(waiting_config), "--exchange", "waiting:house", "--json"]
    with subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        seen = next(line for line in process.stderr if line in ("waiting\n", ""))
        assert seen == "waiting\n"
        if name is not None:
            process.send_signal(getattr(signal, name))
        out, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert json.loads(out)["slots"] == (3 if name is None else 1)
    assert err.splitlines()[-1] == "closed"
    assert "Traceback" not in err


def test_a_signal_before_the_session_exits_at_once(scripted_config, scripted_distribution, spawn_gridhook):
    """Where nothing is under way yet, the system's own ways hold."""
    source = "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)"
    scripted_distribution(
        "early", {"early_of_this_test": source}, {"gridhook.exchanges": {"early": "early_of_this_test:Early"}}
    )
    done = spawn_gridhook("run", scripted_config(), "--exchange", "early:x")
    assert done.returncode == -signal.SIGTERM
    assert done.stdout == ""


FAILING = """
from gridhook import hookimpl

class Failing:
    @hookimpl
    def price_energy(self, lots):
        raise ValueError("no price")
"""


@pytest.fixture
def failing_config(scripted_config, scripted_distribution):
    """Pricing fails first, and the next plugin takes over."""
    scripted_distribution(
        "gridhook-failing",
        {"failing_of_this_test": FAILING},
        {"gridhook": {"failing": "failing_of_this_test:Failing"}},
        requires=("gridhook>=0.1",),
    )
    path = scripted_config("length = 1")
    path.write_text(path.read_text(encoding="utf-8").replace('["scripted-rates"]', '["failing", "scripted-rates"]'))
    return path


@pytest.mark.parametrize(
    ("level", "levels"),
    [("error", []), ("warning", ["WARNING"]), (None, ["WARNING"]), ("info", ["INFO", "WARNING", "INFO"])],
)
def test_the_log_names_a_plugin_that_fails_and_the_next_takes_over(call_gridhook, failing_config, level, levels):
    options = () if level is None else ("--log-level", level)
    done = call_gridhook("run", failing_config, "--json", *options)
    assert done.status == 0
    lines = [line for line in done.err.splitlines() if line.split()[0] in ("INFO", "WARNING", "ERROR")]
    assert [line.split()[0] for line in lines] == levels
    failures = [line.partition(" ")[2] for line in lines if "failed" in line]
    assert set(failures) <= {
        (
            "plugin 'failing' failed in price_energy for Grid/House/Load, Grid/House/PV: ValueError: no price "
            "(failing_of_this_test.py, line 7)"
        )
    }
    figures = json.loads(done.out)
    assert figures["orders"] == 2
    (failing,) = [plugin for plugin in figures["plugins"] if plugin["name"] == "failing"]
    assert (failing["calls"], failing["failures"]) == (2, 2)


def test_the_log_can_go_to_a_file_and_is_appended_there(call_gridhook, failing_config, tmp_path):
    log = tmp_path / "run.log"
    for _ in range(2):
        done = call_gridhook("run", failing_config, "--json", "--log-file", log)
        assert "WARNING" not in done.err
    assert log.read_text(encoding="utf-8").count("WARNING gridhook.session plugin 'failing' failed") == 2


def test_a_log_file_that_cannot_be_written_exits_with_2(call_gridhook, scripted_config, tmp_path):
    log = tmp_path / "none" / "run.log"
    done = call_gridhook("run", scripted_config(), "--log-file", log)
    assert (done.status, done.out) == (2, "")
    assert done.err == f"--log-file: {log} cannot be written: No such file or directory\n"
