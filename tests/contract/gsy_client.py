"""A client of the exchange, written from the protocol's description alone: it shares no code with gridhook.

``Client`` is what the tests use; ``NetworkClient`` speaks REST and WebSocket. Messages are JSON values as they come.
"""

import abc
import http.client
import json
import uuid
from contextlib import ExitStack
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

PATIENCE = 60  # seconds after which an answer is missing, and not only late


class Refused(Exception):  # noqa: N818 - it is an answer
    """A request was answered with another status than 2xx."""

    def __init__(self, status, body):
        super().__init__(f"{status}: {body}")
        self.status = status
        self.reason = body.get("error", "") if isinstance(body, dict) else ""


class Client(abc.ABC):
    """One user, and one aggregator of this user."""

    aggregator = ""

    @abc.abstractmethod
    def log_in(self):
        """Get a token."""

    @abc.abstractmethod
    def registry(self):
        """Return the tree of all areas."""

    @abc.abstractmethod
    def create_aggregator(self, name):
        """Find the aggregator of this name, or create it; return its uuid."""

    @abc.abstractmethod
    def delete_aggregator(self):
        """Delete it."""

    @abc.abstractmethod
    def listen(self):
        """Hear from now on what is said to the aggregator."""

    @abc.abstractmethod
    def leave(self):
        """Hear nothing more."""

    @abc.abstractmethod
    def select(self, area):
        """Put an area under the aggregator."""

    @abc.abstractmethod
    def unselect(self, area):
        """Take an area from it."""

    @abc.abstractmethod
    def post_batch(self, body):
        """Send a batch as it is."""

    @abc.abstractmethod
    def next_message(self):
        """Return the next message to the aggregator; None when the exchange has closed the connection."""

    @abc.abstractmethod
    def resume(self):
        """Let the clock run."""

    @abc.abstractmethod
    def pause(self):
        """Stop the clock at the end of the tick."""

    def send_batch(self, commands, transaction=None):
        """Send commands by area; return the transaction id."""
        transaction = transaction or str(uuid.uuid4())
        body = {"transaction_id": transaction, "aggregator_uuid": self.aggregator, "batch_commands": commands}
        self.post_batch(body)
        return transaction

    def events_until(self, is_wanted):
        """Return all messages up to the first that is wanted; that is the last."""
        messages = []
        while True:
            message = self.next_message()
            assert message is not None, "the connection was closed"
            messages.append(message)
            if is_wanted(message):
                return messages

    def answer_to(self, transaction):
        """Return the answer to a batch, and what was said before."""
        *before, answer = self.events_until(lambda one: "command" in one and one["transaction_id"] == transaction)
        return answer, before

    def ask(self, commands):
        """Send commands by area; return their answers by area, and what was said before."""
        answer, before = self.answer_to(self.send_batch(commands))
        assert answer["command"] == "batch_commands"
        assert answer["aggregator_uuid"] == self.aggregator
        return answer["responses"], before

    def ask_one(self, area, command):
        """Send one command; return its answer."""
        responses, _ = self.ask({area: [command]})
        (answer,) = responses[area]
        return answer

    def areas(self):
        """Return the nodes of the registry by name."""
        found, waiting = {}, [self.registry()]
        while waiting:
            node = waiting.pop()
            found[node["name"]] = node
            waiting += node["children"]
        return found


class NetworkClient(Client):
    """Speaks REST and WebSocket with a server, given by the facts that it prints."""

    def __init__(self, facts, username=None, password=None):
        self.simulation = facts["simulation_id"]
        self.websocket_url = facts["websocket_url"]
        self.user = {"username": username or facts["username"], "password": password or facts["password"]}
        self.token = ""
        address = urlsplit(facts["url"])
        self.http = http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE)
        self.socket = None
        self.sockets = ExitStack()

    def close(self):
        self.leave()
        self.http.close()

    def request(self, method, path, body=None, headers=None):
        """Return status and body of any request; the body is JSON unless it is bytes."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        standard = {"Content-Type": "application/json", "Authorization": f"JWT {self.token}"}
        try:
            self.http.request(method, path, sent, standard if headers is None else headers)
            answer = self.http.getresponse()
        except ConnectionError:
            # A server may close a connection that was idle, before it has read the request.
            self.http.close()
            self.http.request(method, path, sent, standard if headers is None else headers)
            answer = self.http.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None

    def call(self, method, path, **body):
        status, answer = self.request(method, path, {"transaction_id": str(uuid.uuid4()), **body})
        if not 200 <= status < 300:
            raise Refused(status, answer)
        return answer

    def log_in(self):
        status, answer = self.request("POST", "/api-token-auth/", self.user, {"Content-Type": "application/json"})
        if status != 200:
            raise Refused(status, answer)
        self.token = answer["access"]

    def registry(self):
        return self.call("GET", f"/external-connection/configurations/{self.simulation}/registry")

    def create_aggregator(self, name):
        known = {one["name"]: one["uuid"] for one in self._aggregator("GET", "list")}
        self.aggregator = known[name] if name in known else self._aggregator("POST", "create", name=name)["uuid"]
        return self.aggregator

    def delete_aggregator(self):
        return self._aggregator("POST", "delete", aggregator_uuid=self.aggregator)

    def listen(self):
        self.leave()
        self.socket = self.open(f"aggregator/{self.aggregator}/")

    def open(self, path, token=None):
        """Return a WebSocket to any path of the simulation."""
        headers = {"Authorization": f"JWT {self.token if token is None else token}"}
        url = f"{self.websocket_url}/{self.simulation}/{path}"
        # Without pings of its own: they draw random numbers in a thread, which would disturb tests that do.
        return self.sockets.enter_context(connect(url, additional_headers=headers, proxy=None, ping_interval=None))

    def leave(self):
        self.sockets.close()

    def select(self, area):
        return self._aggregator("POST", "select", aggregator_uuid=self.aggregator, device_uuid=area)

    def unselect(self, area):
        return self._aggregator("POST", "unselect", aggregator_uuid=self.aggregator, device_uuid=area)

    def post_batch(self, body):
        path = f"/external-connection/aggregator-api/{self.simulation}/batch-commands/"
        status, answer = self.request("POST", path, body)
        if not 200 <= status < 300:
            raise Refused(status, answer)
        assert answer, "an acknowledgement has to be something"

    def next_message(self):
        return read_frame(self.socket)

    def resume(self):
        return self.call("POST", f"/external-connection/api/{self.simulation}/resume/")

    def pause(self):
        return self.call("POST", f"/external-connection/api/{self.simulation}/pause/")

    def command(self, area, command, **body):
        """Give a command that an area gives for itself; return its transaction id."""
        transaction = str(uuid.uuid4())
        path = f"/external-connection/api/{self.simulation}/{area}/{command}"
        method = "GET" if command == "dso-market-stats" else "POST"
        self.call(method, path if method == "GET" else f"{path}/", **{"transaction_id": transaction, **body})
        return transaction

    def _aggregator(self, method, what, **body):
        suffix = "aggregators" if what == "list" else "aggregator"
        return self.call(method, f"/external-connection/aggregator-api/{self.simulation}/{what}-{suffix}/", **body)


def read_frame(socket):
    """Return the next message of a WebSocket: each is JSON in a binary frame; None at the end."""
    try:
        frame = socket.recv(timeout=PATIENCE)
    except ConnectionClosed as closed:
        if closed.rcvd is None:
            # Without a word from the server: it broke.
            raise
        return None
    assert isinstance(frame, bytes), "text frames are an error"
    return json.loads(frame)
