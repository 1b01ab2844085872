"""Reaching: whether a host has an address, a port that is open, and a certificate that is good."""

from __future__ import annotations

import datetime
import os
import queue
import socket
import ssl
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from gridhook.checks import Check, ok, warning, wrong
from gridhook_gsy.address import is_loopback

__all__ = ["check_encryption", "check_host", "check_port", "check_tls", "place_of"]

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_DAYS_TO_RENEW = 14
_EXPIRED, _NOT_YET = 10, 9
_SELF_SIGNED = (18, 19)
_UNKNOWN_ISSUER = (2, 20, 21)
_WRONG_NAME = (62, 64)
"""Verification codes of OpenSSL, x509_vfy.h."""


def place_of(url: str) -> tuple[str, int]:
    """Return host and port of an address."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _PORTS[parts.scheme]


def check_host(name: str, host: str, port: int, seconds: float) -> Check:
    """Look up the name of a host."""
    answers: queue.Queue[list[str] | Exception] = queue.Queue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            answers.put(error)
        else:
            answers.put(list(dict.fromkeys(str(one[4][0]) for one in found)))

    # Name servers are waited for as long as the system likes, unless that is done elsewhere.
    threading.Thread(target=look_up, daemon=True).start()
    remedy = "correct the address, or look whether this machine is connected and its name server answers"
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        return wrong(name, f"no name server tells the address of {host} within {seconds:g} s", remedy)
    if isinstance(answer, Exception):
        return wrong(name, f"{host} has no address: {getattr(answer, 'strerror', None) or answer}", remedy)
    return ok(name, f"{host} is {', '.join(answer)}")


def check_port(name: str, host: str, port: int, seconds: float) -> Check:
    """Connect to a port."""
    try:
        socket.create_connection((host, port), seconds).close()
    except TimeoutError:
        remedy = "look whether a firewall is in the way, and whether it needs a proxy (HTTPS_PROXY)"
        return wrong(name, f"{host} does not answer at port {port} within {seconds:g} s", remedy)
    except OSError as error:
        remedy = "look whether the exchange runs, and whether it is this port"
        return wrong(name, f"{host} cannot be reached at port {port}: {error.strerror}", remedy)
    return ok(name, f"{host} takes connections at port {port}")


def check_encryption(name: str, url: str) -> Check:
    """Say what it means that an address is not encrypted."""
    if is_loopback(url):
        return ok(name, f"{url} is not encrypted, which is fine on this machine")
    text = f"{url} is not encrypted: others on the way can read the password and the token, and trade with them"
    return warning(name, text, "use gsy+https: (and wss: for exchange.websocket)")


def check_tls(name: str, host: str, port: int, ca_file: str | None, seconds: float) -> Check:
    """Shake hands, and look at the certificate as requests would.

    :param ca_file: the certificates of who may vouch for it; None: the usual ones.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file or _usual_authorities())
    except OSError as error:
        return wrong(name, f"{ca_file} is no file of certificates: {error.strerror}", "put PEM certificates there")
    try:
        with (
            socket.create_connection((host, port), seconds) as connection,
            context.wrap_socket(connection, server_hostname=host) as secure,
        ):
            certificate, version = secure.getpeercert() or {}, secure.version()
    except ssl.SSLCertVerificationError as error:
        return _refused(name, host, ca_file, error)
    except ssl.SSLError as error:
        text = f"{host} does not speak TLS at port {port}: {error.reason or error}"
        return wrong(name, text, "look whether it is this port; on an exchange without TLS, use gsy+http:")
    except OSError as error:
        return wrong(
            name, f"the handshake with {host} broke: {error.strerror or error}", "try again; ask its operators"
        )
    return _accepted(name, str(version), certificate)


def _usual_authorities() -> str:
    given = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    return given if given is not None and os.path.isfile(given) else DEFAULT_CA_BUNDLE_PATH  # noqa: PTH113 - as requests does


def _accepted(name: str, version: str, certificate: Mapping[str, object]) -> Check:
    ends = datetime.datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), datetime.UTC)
    left = ends - datetime.datetime.now(datetime.UTC)
    text = f"{version}, and the certificate is good until {ends:%Y-%m-%d}"
    if left < datetime.timedelta(days=_DAYS_TO_RENEW):
        return warning(name, text, "let the operators of the exchange renew it; after that day it is not trusted")
    return ok(name, text)


def _refused(name: str, host: str, ca_file: str | None, error: ssl.SSLCertVerificationError) -> Check:
    code = error.verify_code
    if code == _EXPIRED:
        return wrong(
            name, f"the certificate of {host} has expired", "let its operators renew it; check this clock, too"
        )
    if code == _NOT_YET:
        return wrong(name, f"the certificate of {host} is not valid yet", "check the clock of this machine")
    if code in _WRONG_NAME:
        text = f"the certificate is not for {host}: {error.verify_message}"
        return wrong(name, text, "use the name that the certificate is for")
    vouched = f"none of those in {ca_file} vouches for it" if ca_file else "nobody who is trusted vouches for it"
    remedy = "if that is meant so, give the certificate (PEM) of who vouches for it as ca_file in [exchange]"
    if ca_file:
        remedy = "put the certificate (PEM) of who vouches for it there"
    if code in _SELF_SIGNED:
        return wrong(name, f"the certificate of {host} is self-signed, and {vouched}", remedy)
    if code in _UNKNOWN_ISSUER:
        return wrong(name, f"the certificate of {host} is by an unknown issuer: {vouched}", remedy)
    return wrong(name, f"the certificate of {host} is not good: {error.verify_message}", remedy)
