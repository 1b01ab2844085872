"""A redis-server, and an exchange on it that does what the original one does: written from PROTOCOL.md 3 alone."""

import contextlib
import json
import socket
import subprocess
import threading
import time
import uuid

import redis

PATIENCE = 20  # seconds after which something is missing, and not only late
SLOT = "2026-06-15T10:00"


class RedisServer:
    """On loopback; it can be ended and started again."""

    def __init__(self, folder, *options):
        self.folder = folder
        self.options = options
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", *self.options]
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, text=True)
        assert any("Ready to accept connections" in line for line in self.process.stdout)

    def end(self):
        self.process.kill()
        self.process.communicate()


def wait_until(is_so):
    ends = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.01)


class FakeExchange:
    """Assets and markets by name, each with a new uuid; markets have children.

    :param assets: names.
    :param markets: slug by name.
    :param told: what is added to the answer to a CREATE.
    """

    def __init__(self, url, assets=("Load",), markets=(), configuration="", **told):
        self.client = redis.Redis.from_url(url, socket_timeout=PATIENCE)
        self.ids = {name: str(uuid.uuid4()) for name in (*assets, *dict(markets))}
        self.root = str(uuid.uuid4())
        self.markets = dict(markets)
        self.configuration = configuration
        self.told = told
        self.prefixes = {self.markets.get(name, name): name for name in self.ids}
        self.connected = set()
        self.aggregators = {}
        self.owners = {}
        self.heard = []
        self.is_deaf = False
        self.is_early = False
        self.listen()

    def listen(self):
        self.pubsub = self.client.pubsub()
        self.batches = f"external-aggregator/{self.configuration}/batch_commands"
        self.pubsub.psubscribe("aggregator-commands", self.batches)
        self.confirmed = 0
        self.thread = threading.Thread(target=self._run, args=(self.pubsub,), daemon=True)
        self.thread.start()
        for prefix in self.prefixes:
            self._listen_for(prefix)
        wait_until(lambda: self.confirmed == 2 + 2 * len(self.prefixes))

    def add(self, name):
        """Begin to listen for one more asset."""
        self.ids[name] = str(uuid.uuid4())
        self.prefixes[name] = name
        self._listen_for(name)

    def close(self):
        """End, as a process that is killed."""
        with contextlib.suppress(OSError):
            # Otherwise who reads from it would go on to wait.
            self.pubsub.connection._sock.shutdown(socket.SHUT_RDWR)
        self.pubsub.connection.disconnect()
        self.thread.join(PATIENCE)
        self.pubsub.close()
        self.client.close()

    def asked(self, kind):
        """Return the requests of a type, or on the channels that end so."""
        return [body for channel, body in self.heard if body.get("type") == kind or channel.endswith(f"/{kind}")]

    @property
    def aggregator(self):
        (only,) = self.aggregators
        return only

    def say(self, event, percent=0, slot=SLOT, bulk=0, **others):
        """Tell the only aggregator of the market; its own assets are those that selected it."""
        mine = {area for area, owner in self.owners.items() if owner == self.aggregator}
        nodes = {}
        for name, area in self.ids.items():
            node = {"area_name": name}
            if name in self.markets:
                node |= {"current_market_fee": 1.0, "children": {}}
            elif area in mine:
                node["asset_info"] = {"energy_requirement_kWh": 0.5, "energy_active_in_bids": 0.0}
            nodes[area] = node
        nodes |= {f"bulk {number}": {"area_name": f"Somebody {number}"} for number in range(bulk)}
        tree = {self.root: {"area_name": "Root", "children": nodes}}
        message = {
            "event": event,
            "market_slot": slot,
            "slot_completion": f"{percent}%",
            "grid_tree": tree,
            "feed_in_tariff_rate": 8.0,
            "market_maker_rate": 30.0,
            **others,
        }
        self.publish(f"external-aggregator/{self.configuration}/{self.aggregator}/events/all", message)

    def answer(self, body):
        """Say that all commands of a batch are done."""
        responses = {area: [{"status": "ready"}] * len(its) for area, its in body["batch_commands"].items()}
        message = {"command": "batch_commands", "transaction_id": body["transaction_id"], "responses": responses}
        channel = f"external-aggregator/{self.configuration}/{self.aggregator}/response/batch_commands"
        self.publish(channel, message)

    def beat(self):
        self.publish("gsy-e-heartbeat/", {"time": int(time.time())})

    def publish(self, channel, message):
        self.client.publish(channel, message if isinstance(message, bytes) else json.dumps(message))

    def _listen_for(self, prefix):
        self.pubsub.subscribe(f"{prefix}/register_participant", f"{prefix}/unregister_participant")

    def _run(self, pubsub):
        try:
            for message in pubsub.listen():
                self.confirmed += message["type"] in ("subscribe", "psubscribe")
                if message["type"] in ("message", "pmessage"):
                    channel, body = message["channel"].decode(), json.loads(message["data"])
                    self.heard.append((channel, body))
                    if not self.is_deaf:
                        self._hear(channel, body)
        except (redis.RedisError, OSError, ValueError, AttributeError):
            return

    def _hear(self, channel, body):
        prefix, _, command = channel.rpartition("/")
        if channel == "aggregator-commands":
            # Everybody hears the answers to everybody.
            self.publish("aggregator-response", {"status": "error", "msg": "no", "transaction_id": str(uuid.uuid4())})
            if body["type"] == "CREATE" and self.is_early:
                self.aggregators.setdefault(body["transaction_id"], body["name"])
                self.say("market")
            for answer in getattr(self, f"_{body['type'].lower()}")(body):
                self.publish("aggregator-response", {**answer, "transaction_id": body["transaction_id"]})
        elif prefix in self.prefixes:
            self._register(prefix, command, body)

    def _register(self, prefix, command, body):
        area = self.ids[self.prefixes[prefix]]
        answer = {"status": "ready", "transaction_id": body["transaction_id"]}
        if command == "register_participant" and area not in self.connected:
            self.connected.add(area)
            answer |= {"command": "register", "registered": True, "device_uuid": area}
            self.publish(f"{prefix}/response/{command}", answer)
        if command == "unregister_participant":
            self.connected.discard(area)
            self.publish(f"{prefix}/response/{command}", answer | {"command": "unregister", "unregistered": True})

    def _create(self, body):
        new = body["transaction_id"]
        if new in self.aggregators:
            return [{"status": "error", "aggregator_uuid": new, **self.told}]
        self.aggregators[new] = body["name"]
        return [{"status": "ready", "name": body["name"], **self.told}]

    def _select(self, body):
        area, aggregator = body["device_uuid"], body["aggregator_uuid"]
        pair = {"aggregator_uuid": aggregator, "device_uuid": area}
        if area in self.owners:
            return [{"status": "error", **pair, "msg": f"Device already have selected {self.owners[area]}"}]
        self.owners[area] = aggregator
        return [{"status": "SELECTED", **pair}]

    def _unselect(self, body):
        area, aggregator = body["device_uuid"], body["aggregator_uuid"]
        if self.owners.get(area) != aggregator:
            return []
        del self.owners[area]
        return [{"status": "UNSELECTED", "aggregator_uuid": aggregator, "device_uuid": area}] * 2
