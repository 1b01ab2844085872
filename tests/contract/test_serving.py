"""``gridhook serve`` as who types it sees it: what it prints, how it ends, and what it refuses to do."""

import csv
import errno
import json
import os
import signal
import socket

import pytest
from conftest import ENERGY
from gsy_client import read_frame

from gridhook.cli import main
from gridhook.resultfiles import ResultsFolder


@pytest.fixture
def gridhook(capsys, tmp_path, monkeypatch):
    """Run a command that ends at once; returns exit status, output and error output."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        status = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as end:
            status = end.code
        return (status, *capsys.readouterr())

    return run


def test_the_first_line_tells_what_a_client_needs(serve, community_file):
    facts = serve(community_file, "--paused").facts
    assert list(facts) == ["url", "websocket_url", "simulation_id", "username", "password", "assets", "markets"]
    assert facts["url"].startswith("http://127.0.0.1:")
    assert facts["websocket_url"] == facts["url"].replace("http", "ws") + "/external-ws"
    assert len(facts["password"]) >= 12
    assert {one["name"] for one in facts["assets"]} == {*ENERGY, "Battery 1", "Battery 2", "Meter"}
    assert {one["kind"] for one in facts["assets"]} == {"load", "pv", "storage", "smart-meter"}
    assert [one["name"] for one in facts["markets"]] == ["Grid", "House 1", "House 2"]
    for one in (*facts["assets"], *facts["markets"]):
        assert list(one) == ["name", "uuid", "kind"]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("is_paused", [True, False])
def test_a_signal_ends_it_and_everybody_is_told(serve, community_file, number, status, is_paused):
    server = serve(community_file, "--slot-seconds", 600, *(["--paused"] if is_paused else []))
    client = server.client()
    client.create_aggregator("x")
    client.listen()
    asset = client.open(f"{server.uuid('Load 1')}/")
    client.select(server.uuid("Load 1"))
    assert server.stop(number) == status
    for connection in (client.socket, asset):
        messages = []
        while (message := read_frame(connection)) is not None:
            messages.append(message["event"])
        assert messages[-1] == "finish"
        assert connection.close_code == 1000
    assert not server.complaints()
    client.close()


def test_it_waits_until_it_is_resumed_and_ends_after_its_slots(serve, community_file):
    server = serve(community_file, "--paused", "--slots", 2, "--slot-seconds", 0)
    client = server.client()
    client.create_aggregator("x")
    client.listen()
    client.select(server.uuid("Load 1"))
    assert client.next_message()["event"] == "selected_by_device"
    assert client.call("POST", f"/external-connection/api/{client.simulation}/resume/") == {"status": "running"}
    events = []
    while (message := client.next_message()) is not None:
        events.append(message["event"])
    assert events.count("market") == 2
    assert events.count("tick") == 20
    assert events[-1] == "finish"
    assert server.wait() == 0
    assert not server.complaints()
    client.close()


@pytest.mark.parametrize("lease", [1, 3])
def test_after_some_slots_of_silence_assets_trade_for_themselves_again(serve, community_file, tmp_path, lease):
    arguments = ("--paused", "--slots", 6, "--slot-seconds", 0, "--lease-slots", lease, "--report", "results")
    server = serve(community_file, *arguments)
    client = server.client()
    client.create_aggregator("x")
    client.select(server.uuid("Load 1"))
    client.resume()
    assert server.wait() == 0
    # It is heard when it selects, before the first slot; then the lease goes by.
    assert has_traded(tmp_path / "results") == [False] * (1 + lease) + [True] * (5 - lease)
    client.close()


def test_who_listens_keeps_its_assets_though_it_has_nothing_to_send(serve, community_file, tmp_path):
    """Such as at night for PVs: an unmodified SDK script sends nothing then."""
    arguments = ("--paused", "--slots", 6, "--slot-seconds", 0, "--lease-slots", 1, "--report", "results")
    server = serve(community_file, *arguments)
    client = server.client()
    client.create_aggregator("x")
    client.listen()
    client.select(server.uuid("Load 1"))
    client.resume()
    events = []
    while (message := client.next_message()) is not None:
        events.append(message["event"])
    assert events.count("market") == 6
    assert "unselected_by_device" not in events
    assert server.wait() == 0
    assert has_traded(tmp_path / "results") == [False] * 6
    client.close()


def has_traded(folder):
    """Return slot by slot whether Load 1 has bought for itself."""
    with (folder / "assets.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["asset"].endswith("Load 1")]
    return [float(row["bought_kWh"]) - float(row["settled_kWh"]) > 0 for row in rows]


@pytest.mark.parametrize("host", ["192.0.2.7", "no host.invalid", "x" * 300, "2001:db8::1%nowhere"])
def test_a_host_that_is_not_here_is_no_matter_of_the_port(gridhook, community_file, users_file, host):
    status, out, err = gridhook("serve", community_file, "--port", 0, "--users", users_file, "--host", host)
    assert (status, out) == (2, "")
    assert err.startswith("--host: ")
    assert err.count("\n") == 1


def test_a_taken_port_is_one_line(gridhook, community_file):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, out, err = gridhook("serve", community_file, "--port", port)
    assert (status, out) == (2, "")
    assert f"127.0.0.1:{port}" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--host", "0.0.0.0"], "without --users"),  # noqa: S104 - it is refused
        (["--host", "192.0.2.7"], "without --users"),
        (["--host", "example.org"], "without --users"),
        (["nowhere"], "COMMUNITY: no community 'nowhere'"),
        (["--host", ""], "--host: is empty"),
        (["--lockstep", "--slot-seconds", "60"], "--lockstep: not together with --slot-seconds"),
        (["--users", "missing.toml"], "missing.toml"),
        (["--slots", "0"], "slots"),
        (["--port", "70000"], "port"),
        (["--port", "-1"], "port"),
        (["--port", "9" * 30], "port"),
        (["--slots", str(10**9)], "1,000,000 slots at most"),
        (["--slots", "9" * 400], "1,000,000 slots at most"),
        (["--slots", "1e3"], "slots"),
        (["--lease-slots", "0"], "lease-slots"),
        (["--lease-slots", "nan"], "lease-slots"),
        *((["--slot-seconds", value], "seconds from 0 to 86400") for value in ("nan", "inf", "-inf", "-1", "1e300")),
        (["--slot-seconds", "x"], "slot-seconds"),
        (["--trusted-proxy", "somewhere"], "trusted-proxy"),
    ],
)
def test_what_cannot_be_served_is_refused_with_the_reason(gridhook, arguments, word):
    status, out, err = gridhook("serve", "--port", "0", *arguments)
    assert (status, out) == (2, "")
    assert word in err
    assert "Traceback" not in err


def test_a_folder_for_the_report_that_cannot_be_used_is_told_before_anything_is_served(gridhook, tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    for folder, word in (("file", "is a file"), ("file/inside", "cannot be made"), ("full", "is not empty")):
        status, out, err = gridhook("serve", "--port", "0", "--slots", 1, "--report", folder)
        assert (status, out) == (2, "")
        assert word in err
        assert "Traceback" not in err


def test_a_report_that_cannot_be_written_in_the_end_is_one_line(gridhook, community_file, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(ResultsFolder, "_write", refuse)
    arguments = ("--port", 0, "--slots", 1, "--slot-seconds", 0, "--report", "results")
    status, _, err = gridhook("serve", community_file, *arguments)
    assert (status, err) == (1, "--report: results cannot be written: No space left on device\n")


def test_without_json_the_variables_to_export_are_printed(gridhook, community_file):
    status, out, err = gridhook("serve", community_file, "--port", 0, "--slots", 1, "--slot-seconds", 0)
    assert (status, err) == (0, "")
    for name in ("DOMAIN_NAME", "WEBSOCKET_DOMAIN_NAME", "SIMULATION_ID", "USERNAME", "PASSWORD"):
        (line,) = [line for line in out.splitlines() if line.startswith(f"export API_CLIENT_{name}=")]
        assert not line.endswith("=")
    assert "users: gridhook" in out
    assert out.endswith("Ctrl-C ends it.\nThe run is over after 1 of 1 slots.\n")


def test_in_the_end_it_says_where_the_report_is(gridhook, community_file):
    arguments = ("--port", 0, "--slots", 1, "--slot-seconds", 0, "--report", "results")
    status, out, err = gridhook("serve", community_file, *arguments)
    assert (status, err) == (0, "")
    assert out.endswith("\nThe run is over after 1 of 1 slots. The report is in results.\n")
    status, out, err = gridhook("serve", community_file, *arguments[:-1], "others", "--json")
    assert (status, err, out.count("\n")) == (0, "", 1)


def test_users_are_added_with_a_hash_and_never_with_a_password_on_the_command_line(gridhook, tmp_path):
    (tmp_path / "password").write_text("a secret\n", encoding="utf-8")
    add = ("users", "add", "alice", "--password-file", "password", "--glob", "Load *")
    assert gridhook(*add) == (0, "added alice to users.toml\n", "")
    text = (tmp_path / "users.toml").read_text(encoding="utf-8")
    assert "a secret" not in text
    assert "scrypt$" in text
    status, _, err = gridhook(*add)
    assert (status, "already" in err) == (2, True)
    status, _, err = gridhook("users", "add", "bob", "--password", "x")
    assert (status, "No such option" in err) == (2, True)
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    status, _, err = gridhook("users", "add", "bob", "--password-file", "empty")
    assert (status, "empty" in err) == (2, True)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    status, _, err = gridhook("users", "add", "bob", "--password-file", "bytes")
    assert (status, "not UTF-8" in err) == (2, True)
    assert gridhook("users", "add", "bob", "--password-file", "missing")[0] == 2
    assert json.dumps("bob") not in (tmp_path / "users.toml").read_text(encoding="utf-8")


def test_the_file_of_users_is_kept_without_editing_it(gridhook, tmp_path):
    (tmp_path / "password").write_text("a secret\n", encoding="utf-8")
    file = ("--password-file", "password")
    assert gridhook("users", "add", "alice", *file, "--glob", "Load *", "--name", "House 1", "--name", "Grid")[0] == 0
    assert gridhook("users", "add", "bob", *file)[0] == 0
    listed = "alice: names House 1, Grid; globs Load *\nbob: everything\n"
    assert gridhook("users", "list") == (0, listed, "")
    before = (tmp_path / "users.toml").read_text(encoding="utf-8")
    assert gridhook("users", "password", "alice", *file) == (0, "changed the password of alice in users.toml\n", "")
    assert (tmp_path / "users.toml").read_text(encoding="utf-8") != before
    assert gridhook("users", "list") == (0, listed, "")
    assert gridhook("users", "remove", "bob") == (0, "removed bob from users.toml\n", "")
    status, out, err = gridhook("users", "remove", "bob")
    assert (status, out, "no such user" in err) == (2, "", True)
    for command in (("list",), ("remove", "x"), ("password", "x", *file)):
        status, out, err = gridhook("users", *command, "--file", "missing.toml")
        assert (status, out, "missing.toml" in err) == (2, "", True)
