"""REST: requests with a token, and the answers to them (PROTOCOL.md 1.1)."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from gridhook.errors import ExchangeError
from gridhook.live.decoding import decode
from gridhook.live.transport import RequestRefusedError, RequestTooLargeError
from gridhook.wire.errors import WireError
from gridhook_gsy.address import Address
from gridhook_gsy.credentials import Credentials
from gridhook_gsy.failures import describe_failure, masked, reason_of
from gridhook_gsy.tokens import Tokens, lifetime_of

__all__ = ["Rest", "StatusError"]

_UNAUTHORISED = 401
_TOO_LARGE = 413
_CHUNK = 1024 * 1024
_MOST_TEXT = 64 * 1024


class _Header(requests.auth.AuthBase):
    """The token, as the exchange wants it; a .netrc file has no say."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"JWT {self._token}"
        return request


class StatusError(RequestRefusedError):
    """The exchange answered with a ``status`` that says no."""

    def __init__(self, message: str, status: int) -> None:
        self.status = status
        super().__init__(message)


class Rest:
    """The REST interface of an exchange, for one user. May be used by several threads.

    :param timeout_seconds: for a connection, and again for a whole answer.
    :param ca_file: the certificates of who may vouch for the exchange; None: of those whom everybody trusts.
    """

    def __init__(
        self, address: Address, credentials: Credentials, timeout_seconds: float, ca_file: str | None = None
    ) -> None:
        self._address = address
        self._credentials = credentials
        self._timeout = timeout_seconds
        self._verify = ca_file or True
        self._local = threading.local()
        self.tokens = Tokens(self._log_in, time.monotonic)

    def get(self, url: str) -> Any:  # noqa: ANN401 - a JSON value
        """Return what is found at ``url``; asked for again where that may help.

        :raises ExchangeError: it cannot be had.
        """
        try:
            return self._call("GET", url, {})
        except RequestRefusedError:
            raise
        except ExchangeError:
            # A connection that was idle may have been closed on the other side.
            return self._call("GET", url, {})

    def post(self, url: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a JSON value
        """Send ``body``, with a transaction id if it has none; return the answer.

        :raises RequestRefusedError: the exchange says no.
        :raises ExchangeError: nobody knows what became of it.
        """
        return self._call("POST", url, body)

    def clock(self) -> float | None:
        """Return the server's time, seconds since 1970, or None if it does not tell.

        :raises ExchangeError: there is no answer.
        """
        return _told_time(self._send("GET", f"{self._address.rest}/", {}, None))

    def _call(self, method: str, url: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401
        sent = {"transaction_id": str(uuid.uuid4()), **body}
        token = self.tokens.current()
        response = self._send(method, url, sent, token)
        if response.status_code == _UNAUTHORISED:
            # Nothing was done: with a new token it may be.
            response = self._send(method, url, sent, self.tokens.renew(refused=token))
        return self._read(method, url, response)

    def _log_in(self) -> tuple[str, float]:
        url = self._address.login
        credentials = {"username": self._credentials.username, "password": self._credentials.password}
        response = self._send("POST", url, credentials, None)
        if response.status_code == _UNAUTHORISED:
            msg = f"{url}: user {self._credentials.username!r} and the password are not accepted"
            raise StatusError(msg, _UNAUTHORISED)
        answer = self._read("POST", url, response)
        token = answer.get("access") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            msg = f"{url}: the answer has no token, which should be under 'access'"
            raise ExchangeError(msg)
        return token, lifetime_of(token, _server_time(response))

    def _send(self, method: str, url: str, body: Mapping[str, Any], token: str | None) -> requests.Response:
        ends = time.monotonic() + self._timeout
        try:
            # Not even to be followed: the answer to a redirected POST is that to a GET.
            response = self._session.request(
                method,
                url,
                json=body,
                auth=_Header(token),
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
                # With the session's alone, REQUESTS_CA_BUNDLE would go before the configuration.
                verify=self._verify,
            )
            with response:
                chunks = []
                for chunk in response.iter_content(_CHUNK):
                    chunks.append(chunk)
                    if time.monotonic() > ends:
                        msg = f"{method} {url}: the answer was not complete within {self._timeout:g} s"
                        raise ExchangeError(msg)
                response._content = b"".join(chunks)  # noqa: SLF001 - what Response.content would read, with an end
        except requests.RequestException as error:
            msg = f"{method} {url}: {describe_failure(error, self._timeout)}"
            # Without its cause, whose text has the request in it.
            raise ExchangeError(msg) from None
        return response

    def _read(self, method: str, url: str, response: requests.Response) -> Any:  # noqa: ANN401
        try:
            body, is_json = decode(response.content), True
        except WireError:
            body, is_json = None, False
        if response.ok and not response.is_redirect and is_json:
            return body
        status = response.status_code
        place = f"{method} {url}: {status}"
        if 300 <= status < 400:  # noqa: PLR2004
            elsewhere = masked(str(response.headers.get("Location")), self._secrets)
            msg = f"{place}: it is elsewhere, at {elsewhere}; put that address into exchange.url"
            raise RequestRefusedError(msg)
        if response.ok:
            msg = f"{place}: the answer is not JSON; is this a Grid Singularity Exchange?"
            raise ExchangeError(msg)
        reason = reason_of(body, response.content[:_MOST_TEXT].decode("utf-8", "replace"), self._secrets)
        msg = f"{place}: {reason or masked(response.reason, self._secrets)}"
        if status == _TOO_LARGE:
            raise RequestTooLargeError(msg)
        if status < 500:  # noqa: PLR2004
            raise StatusError(msg, status)
        raise ExchangeError(msg)

    @property
    def _secrets(self) -> tuple[str, ...]:
        return self._credentials.password, self.tokens.secret

    @property
    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=0))
            self._local.session = session
        return session


def _server_time(response: requests.Response) -> float:
    told = _told_time(response)
    return time.time() if told is None else told


def _told_time(response: requests.Response) -> float | None:
    try:
        return parsedate_to_datetime(response.headers["Date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        return None
