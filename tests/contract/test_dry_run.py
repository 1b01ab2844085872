"""``gridhook run --dry-run`` against ``gridhook serve``: nothing of it is in the exchange's book."""

import csv
import signal

import pytest
from test_run_over_network import Run, holders, wait_until, write_config

AGGREGATOR = "oracle"
SLOT_SECONDS = 2


@pytest.fixture
def dry_run(tmp_path):
    started = []

    def start(server, *arguments, **keys):
        keys = {"requirements": "unsupported", "aggregator": AGGREGATOR, **keys}
        config = write_config(tmp_path / "config", server.facts, **keys)
        text = config.read_text(encoding="utf-8").replace('use = ["preferences"]', "use = []")
        config.write_text(text, encoding="utf-8")
        started.append(Run(tmp_path, server.facts, config, "--dry-run", *arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()


def orders_of(folder):
    with (folder / "orders.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.thorough
def test_the_exchange_gets_forecasts_and_no_orders(serve, dry_run, tmp_path):
    server = serve("demo", "--slot-seconds", SLOT_SECONDS, "--report", tmp_path / "served")
    status, figures = dry_run(server, "--slots", 3, "--report", tmp_path / "dry").finish()
    said = (tmp_path / "run.txt").read_text(encoding="utf-8")
    assert status == 0, said
    server.stop()
    assert (figures["orders"], figures["trades"]) == (0, 0)
    assert figures["forecasts"]["sent"] > 0
    assert orders_of(tmp_path / "served") == []
    unsent = orders_of(tmp_path / "dry")
    assert {row["status"] for row in unsent} == {"not_sent"}
    assert said.count("not sent: ") == len(unsent) > 0
    assert "do not trade by themselves" in said


@pytest.mark.parametrize("number", [pytest.param(None, marks=pytest.mark.thorough), signal.SIGTERM])
def test_what_it_takes_is_left_and_what_the_aggregator_had_stays(serve, dry_run, number):
    server = serve("demo", "--slot-seconds", SLOT_SECONDS)
    client = server.client()
    client.create_aggregator(AGGREGATOR)
    for name in ("Home 01 Load", "Home 02 Load"):
        client.select(server.uuid(name))
    had = holders(client)
    assert sorted(had) == ["Home 01 Load", "Home 02 Load"]
    dry = dry_run(server, *(["--slots", "2"] if number is None else []), unselect_at_end=True)
    wait_until(lambda: len(holders(client)) == len(server.facts["assets"]))
    if number is not None:
        dry.process.send_signal(number)
    dry.finish()
    assert holders(client) == had
    client.close()
