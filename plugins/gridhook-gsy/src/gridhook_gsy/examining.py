"""Examining: all that a session with an exchange needs is looked at, step by step. Nothing there is changed."""

from __future__ import annotations

import time
from collections import Counter
from urllib.parse import urlsplit

import attrs
from requests.utils import get_environ_proxies, select_proxy

from gridhook.checks import Tell, ok, skipped, warning, wrong
from gridhook.errors import ConfigError, ExchangeError
from gridhook.links import Examined
from gridhook.live.transport import RequestRefusedError
from gridhook.wire.errors import WireError
from gridhook.wire.registry import read_holders, read_registry
from gridhook_gsy.address import Address
from gridhook_gsy.clocks import check_clock
from gridhook_gsy.credentials import Credentials
from gridhook_gsy.finding import DOMAIN, SIMULATION, Found
from gridhook_gsy.reaching import check_encryption, check_host, check_port, check_tls, place_of
from gridhook_gsy.rest import Rest, StatusError
from gridhook_gsy.stream import Stream
from gridhook_gsy.tokens import lifetime_of

__all__ = ["Examination", "find_aggregator"]

_FORBIDDEN, _NOT_FOUND = 403, 404
_WRONG_CREDENTIALS = (400, 401, 403)
_SERVER = "it is the exchange's fault, or of what is before it: try again later, or ask its operators"


@attrs.define
class Examination:
    """What is looked at, one after the other; what depends on something that failed is skipped.

    ``credentials``
        or why there are none.
    ``aggregator``
        its name.
    """

    found: Found
    credentials: Credentials | ConfigError
    aggregator: str
    timeout_seconds: float
    ping_seconds: float
    ca_file: str | None
    tell: Tell

    def run(self) -> Examined:
        """Look at everything; return the areas and whose they are."""
        found, address = self.found, self.address
        self._see_address(f"{address.rest} ({found.rest}), WebSocket {address.websocket} ({found.websocket})")
        self._see_simulation()
        is_open = self._reach("", address.rest)
        self._reach_websocket()
        known = None if isinstance(self.credentials, ConfigError) else self.credentials
        rest = Rest(address, known or Credentials("", ""), self.timeout_seconds, self.ca_file)
        self.tell(check_clock(rest) if is_open else skipped("clock", "the exchange cannot be reached"))
        if not self._log_in(rest, is_open=is_open):
            return self._skip("there is no token", "registry", "aggregator", "websocket")
        if not address.simulation:
            return self._skip("no simulation is given", "registry", "aggregator", "websocket")
        seen = self._see_registry(rest)
        if seen.tree is None:
            return self._skip("the registry cannot be read", "aggregator", "websocket")
        self._see_aggregator(rest)
        return seen

    def _skip(self, reason: str, *names: str) -> Examined:
        for name in names:
            self.tell(skipped(name, reason))
        return Examined()

    @property
    def address(self) -> Address:
        """The address of the exchange."""
        return self.found.address

    def _see_address(self, places: str) -> None:
        overruled = self.found.overruled.get(DOMAIN)
        if overruled is None:
            self.tell(ok("address", places))
        else:
            text = f"{places}; the configuration names another one, {overruled}, which does not count"
            self.tell(warning("address", text, f"unset {DOMAIN}, unless that is meant"))

    def _see_simulation(self) -> None:
        identity, source = self.address.simulation, self.found.simulation
        overruled = self.found.overruled.get(SIMULATION)
        if not identity:
            self._skip("none is given: see config", "simulation")
        elif overruled:
            text = f"{identity} ({source}); the configuration names another one, {overruled}, which does not count"
            self.tell(warning("simulation", text, f"unset {source}, unless that is meant"))
        else:
            self.tell(ok("simulation", f"{identity} ({source})"))

    def _reach(self, prefix: str, url: str) -> bool:
        """Tell whether an address can be reached; return whether it is worth a request."""
        # WebSockets go by way of the same proxies as requests.
        requested = url.replace("ws", "http", 1) if url.startswith("ws") else url
        proxy = select_proxy(requested, get_environ_proxies(requested, None))
        if proxy is not None:
            parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
            shown = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
            self.tell(
                ok(f"{prefix}proxy", f"requests go by way of {shown}, as the environment says (HTTPS_PROXY, NO_PROXY)")
            )
            self._skip("the proxy does that", *(f"{prefix}{name}" for name in ("dns", "port", "tls")))
            return True
        host, port = place_of(url)
        found = check_host(f"{prefix}dns", host, port, self.timeout_seconds)
        self.tell(found)
        is_encrypted = urlsplit(url).scheme in ("https", "wss")
        if not is_encrypted:
            self.tell(check_encryption(f"{prefix}encryption", url))
        if found.status != "ok":
            self._skip("the host has no address", f"{prefix}port", *([f"{prefix}tls"] if is_encrypted else []))
            return False
        opened = check_port(f"{prefix}port", host, port, self.timeout_seconds)
        self.tell(opened)
        if not is_encrypted or opened.status != "ok":
            if is_encrypted:
                self._skip("the port cannot be reached", f"{prefix}tls")
            return opened.status == "ok"
        secured = check_tls(f"{prefix}tls", host, port, self.ca_file, self.timeout_seconds)
        self.tell(secured)
        return secured.status != "wrong"

    def _reach_websocket(self) -> None:
        rest, websocket = self.address.rest, self.address.websocket
        if place_of(rest) != place_of(websocket):
            self._reach("websocket ", websocket)
        elif rest.startswith("https:") and websocket.startswith("ws:"):
            self.tell(check_encryption("websocket encryption", websocket))

    def _log_in(self, rest: Rest, *, is_open: bool) -> bool:
        """Tell whether there is a token."""
        if isinstance(self.credentials, ConfigError):
            for problem in self.credentials.problems:
                remedy = "set them in the environment, or write a file that only you can read"
                self.tell(wrong("login", str(problem), remedy, is_config=True))
            return False
        if not is_open:
            self._skip("the exchange cannot be reached", "login")
            return False
        who = f"{self.credentials.username!r} (from {self.credentials.source})"
        try:
            token = rest.tokens.renew()
        except ExchangeError as error:
            self.tell(wrong("login", f"{who}: {error}", _login_remedy(error)))
        else:
            hours = lifetime_of(token, time.time()) / 3600
            self.tell(ok("login", f"{who} is logged in; a token is valid for {hours:.3g} h, and renewed before"))
            return True
        return False

    def _see_registry(self, rest: Rest) -> Examined:
        """Tell of the areas of the simulation, and return them."""
        identity, source = self.address.simulation, self.found.simulation
        try:
            value = rest.get(self.address.registry)
            tree, holders = read_registry(value), read_holders(value)
        except StatusError as error:
            text, remedy = str(error), "ask the operators of the exchange"
            if error.status == _NOT_FOUND:
                text = f"the exchange knows no simulation {identity} (from {source}): {error}"
                remedy = f"correct {source}; the page of the simulation has the uuid in its address"
            elif error.status == _FORBIDDEN:
                text = f"the user may not see the simulation {identity} (from {source}): {error}"
                remedy = f"correct {source}, or ask the owner of the simulation to let this user in"
            self.tell(wrong("registry", text, remedy))
        except (ExchangeError, WireError) as error:
            self.tell(wrong("registry", f"cannot be read: {error}", _SERVER))
        else:
            kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(Counter(tree.kinds).items()))
            registered = int(tree.registered.sum())
            text = f"{len(tree)} areas ({kinds}), {registered} of them registered"
            if registered:
                self.tell(ok("registry", text))
            else:
                self.tell(
                    warning("registry", text, "register assets on the page of the simulation, and wait for approval")
                )
            return Examined(tree, holders)
        return Examined()

    def _see_aggregator(self, rest: Rest) -> None:
        """Tell whether the aggregator is there already; only then it can be listened to."""
        name = self.aggregator
        try:
            uuid = find_aggregator(rest.get(self.address.aggregator("list-aggregators")), name)
        except ExchangeError as error:
            self.tell(wrong("aggregator", str(error), _SERVER))
            self._skip("the aggregator is not known", "websocket")
            return
        if uuid is None:
            self.tell(ok("aggregator", f"there is no {name!r} yet; a run creates it"))
            self._skip(f"there is no {name!r} yet to listen to; nothing is created here", "websocket")
            return
        self.tell(ok("aggregator", f"{name!r} is there: {uuid}"))
        url = self.address.stream(uuid)
        try:
            stream = Stream(url, rest.tokens.current(), self.timeout_seconds, self.ping_seconds, self.ca_file)
        except ExchangeError as error:
            remedy = "look whether exchange.websocket is right, and lets WebSockets through whatever is before it"
            self.tell(wrong("websocket", str(error), remedy))
        else:
            stream.close()
            self.tell(ok("websocket", f"{url} can be listened to"))


def _login_remedy(error: ExchangeError) -> str:
    if isinstance(error, StatusError):
        if error.status in _WRONG_CREDENTIALS:
            return "correct the name or the password of the user"
        if error.status == _NOT_FOUND:
            return "look whether exchange.url is right: nobody logs in there"
    # Of the refusals only redirections have no such status; they say where it is.
    return "correct exchange.url" if isinstance(error, RequestRefusedError) else _SERVER


def find_aggregator(listed: object, name: str) -> str | None:
    """Return the uuid of the aggregator of a name, the last of several as in a run; None if there is none.

    :raises ExchangeError: that is no list of aggregators.
    """
    if not isinstance(listed, list):
        msg = "the answer is no list of aggregators"
        raise ExchangeError(msg)
    found = [one for one in listed if isinstance(one, dict) and one.get("name") == name]
    return str(found[-1].get("uuid")) if found else None
