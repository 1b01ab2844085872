"""Messages of an exchange with one house, written by hand, and a transport that carries them."""

import queue

import pendulum

from gridhook.errors import ExchangeError
from gridhook.live.transport import ConnectionBrokenError, EnergiesSent, Joined, RequestRefusedError
from gridhook.testing import make_tree

START = pendulum.datetime(2026, 6, 15, 10)
TREE = make_tree({"Grid": {"House": {"Load": "load", "PV": "pv"}}})
JOINED = Joined("agg", TREE)


def slot(number=0):
    return START.add(minutes=15 * number)


def market(number=0, percent=0, event="market", load=0.5, pv=0.25, grid=None):
    """Return a market or tick event."""
    assets = {
        "id:Load": {
            "area_name": "Load",
            "asset_info": {"energy_requirement_kWh": load, "energy_active_in_bids": 0.0},
        },
        "id:PV": {
            "area_name": "PV",
            "asset_info": {"available_energy_kWh": pv, "energy_active_in_offers": 0.0},
        },
    }
    house = {"area_name": "House", "current_market_fee": 1.0, "children": assets}
    tree = {"id:Grid": {"area_name": "Grid", "children": {"id:House": house}}} if grid is None else grid
    return {
        "event": event,
        "market_slot": slot(number).format("YYYY-MM-DDTHH:mm"),
        "slot_completion": f"{percent}%",
        "grid_tree": tree,
        "feed_in_tariff_rate": 8.0,
        "market_maker_rate": 30.0,
        "num_ticks": 10.0,
        "simulation_id": None,
    }


def tick(number=0, percent=10, **options):
    return market(number, percent, "tick", **options)


def answer(body, ready=True, **others):
    """Return the answer to all commands of a request."""
    one = {"status": "ready"} if ready else {"status": "error", "error_message": "no"}
    responses = {area: [one] * len(commands) for area, commands in body["batch_commands"].items()}
    return {
        "command": "batch_commands",
        "transaction_id": body["transaction_id"],
        "aggregator_uuid": "agg",
        "responses": responses | others,
    }


class FakeTransport:
    """Says what a test puts into it; an exception in the place of a message is raised, and one of ``refusals`` too."""

    def __init__(self, *connections):
        self.connections = list(connections) or [JOINED]
        self.messages = queue.SimpleQueue()
        self.posts = queue.SimpleQueue()
        self.areas = []
        self.refusals = {}
        self.energies = []
        self.sent = None
        self.registry = JOINED.tree
        self.hung_up = 0

    def say(self, *messages):
        for message in messages:
            self.messages.put(message)

    def connect(self):
        joined = self.connections.pop(0) if len(self.connections) > 1 else self.connections[0]
        if isinstance(joined, Exception):
            raise joined
        return joined

    def receive(self):
        message = self.messages.get()
        if isinstance(message, Exception):
            raise message
        return message

    def read_areas(self):
        if isinstance(self.registry, Exception):
            raise self.registry
        return self.registry

    def post(self, body):
        self.posts.put(body)
        self._refuse("post")

    def posted(self):
        return self.posts.get(timeout=20)

    def select(self, aggregator, areas):
        return self._for_each("select", aggregator, areas)

    def unselect(self, aggregator, areas):
        return self._for_each("unselect", aggregator, areas)

    def send_energies(self, command):
        self.energies.append(command)
        return self.sent or EnergiesSent(len(command.assets))

    def drop(self):
        self.messages.put(ConnectionBrokenError("dropped"))

    def hang_up(self):
        self.hung_up += 1
        self.messages.put(ConnectionBrokenError("hung up"))

    def _for_each(self, what, aggregator, areas):
        for area in areas:
            self.areas.append((what, aggregator, area))
            error = self.refusals.get(area)
            yield area, error
            if error is not None and not isinstance(error, RequestRefusedError):
                return

    def _refuse(self, key):
        if key in self.refusals:
            raise self.refusals[key]


BROKEN = ConnectionBrokenError("it broke")
DOWN = ExchangeError("it is down")
REFUSED = RequestRefusedError("409: taken")
