"""The same client without a network: it calls the exchange's service, and drives its clock in lockstep."""

import json
from collections import deque
from contextlib import contextmanager

from gsy_client import Client, Refused

from gridhook_exchange.service.errors import Refusal


class House:
    """An exchange and its clock: an event tick ends when each aggregator that listens has sent a batch."""

    def __init__(self, exchange):
        self.exchange = exchange
        self.listening = {}
        self.is_running = False
        self.is_open = False
        self.log = []

    def publish(self, messages):
        """Hand out messages, as bytes and back, in the way that they would travel."""
        for message in messages:
            frame = json.dumps(message.content, allow_nan=False).encode()
            self.log.append((message.channel, frame))
            if message.channel in self.listening:
                self.listening[message.channel].append(json.loads(frame))

    def go(self):
        """Let the clock run as far as it can."""
        exchange = self.exchange
        while not exchange.is_finished:
            if not self.is_open:
                if not self.is_running:
                    return
                self.publish(exchange.begin_tick())
                self.is_open = True
            if exchange.is_event_tick and not self._all_sent():
                return
            self.publish(exchange.end_tick())
            self.is_open = False
            if exchange.is_finished:
                self.publish(exchange.finish())

    def _all_sent(self):
        listening = [one for one in self.exchange.aggregators if one.uuid in self.listening]
        return bool(listening) and all(map(self.exchange.has_sent, listening))


class InProcessClient(Client):
    """One user of a house."""

    def __init__(self, house, user):
        self.house = house
        self.exchange = house.exchange
        self.user = user

    def close(self):
        self.leave()

    def log_in(self):
        pass

    def registry(self):
        return self.exchange.registry_of(self.user)

    def create_aggregator(self, name):
        with refusals():
            self.aggregator = self.exchange.create_aggregator(self.user, name).uuid
        return self.aggregator

    def delete_aggregator(self):
        self._do(self.exchange.delete_aggregator, self.aggregator)

    def listen(self):
        self.house.listening[self.aggregator] = deque()

    def leave(self):
        self.house.listening.pop(self.aggregator, None)

    def select(self, area):
        self._do(self.exchange.select, self.aggregator, area)

    def unselect(self, area):
        self._do(self.exchange.unselect, self.aggregator, area)

    def post_batch(self, body):
        self._do(self.exchange.submit, json.loads(json.dumps(body)))
        self.house.go()

    def next_message(self):
        messages = self.house.listening[self.aggregator]
        return messages.popleft() if messages else None

    def resume(self):
        self.house.is_running = True
        self.house.go()

    def pause(self):
        self.house.is_running = False

    def _do(self, work, *arguments):
        with refusals():
            self.house.publish(work(self.user, *arguments))


@contextmanager
def refusals():
    """Raise what a client over a network would see."""
    try:
        yield
    except Refusal as refusal:
        raise Refused(refusal.why.value, {"error": refusal.message}) from refusal
