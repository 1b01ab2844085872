"""A client that goes from tick to tick, and remembers what it heard."""

import json
import uuid

COMPLETIONS = [f"{10 * tick}%" for tick in range(10)]
"""Of the slot, in the events of each slot: its ten ticks."""


class Trader:
    """Sends one batch per tick event."""

    def __init__(self, client, name=None):
        self.client = client
        client.create_aggregator(name or str(uuid.uuid4()))
        client.listen()
        self.ids = {name: node["uuid"] for name, node in client.areas().items()}
        self.slot = self.completion = ""
        self.tree = {}
        self.trades = []
        self.messages = []

    def select(self, *names):
        for name in names:
            self.client.select(self.ids[name])

    def start(self):
        """Let the clock run, and return at the beginning of a slot."""
        self.client.resume()
        self.next_slot()

    def step(self, **commands):
        """Send commands by the names of their areas; return the answers by name, at the next event."""
        wanted = {self.ids[name.replace("_", " ")]: its for name, its in commands.items()}
        answer, before = self.client.answer_to(self.client.send_batch(wanted))
        self.hear([*before, *self.client.events_until(lambda one: one.get("event") == "tick")])
        names = {area: name for name, area in self.ids.items()}
        return {names[area].replace(" ", "_"): its for area, its in answer["responses"].items()}

    def give(self, name, **command):
        """Send one command; return its answer, at the next event."""
        (answer,) = self.step(**{name: [command]})[name.replace(" ", "_")]
        return answer

    def hear(self, messages):
        self.messages += messages
        for message in messages:
            self.trades += message.get("trade_list", [])
            if "market_slot" in message:
                self.slot, self.completion = message["market_slot"], message["slot_completion"]
                self.tree = message["grid_tree"]

    def next_slot(self):
        self.to_tick("0%")

    def to_tick(self, completion):
        self.step()
        while self.completion != completion:
            self.step()

    def node(self, name):
        """Return an area's node in the last tree."""
        waiting = [self.tree]
        while waiting:
            for area, node in waiting.pop().items():
                if area == self.ids[name]:
                    return node
                waiting.append(node.get("children", {}))
        raise KeyError(name)

    def leave(self):
        self.client.pause()
        self.client.delete_aggregator()
        self.client.close()


def order_of(answer):
    """Return the order in an answer: it is JSON in a text."""
    return json.loads(answer[answer["command"]])
