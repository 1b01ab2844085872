"""Failures: what went wrong with a request, in words that name no secret."""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

import requests

__all__ = ["describe_failure", "masked", "reason_of"]

_LONGEST = 200
_REASON_KEYS = ("error", "error_message", "detail", "message", "non_field_errors")


def describe_failure(error: requests.RequestException, timeout_seconds: float) -> str:
    """Return why there was no answer to a request."""
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {timeout_seconds:g} s"
    if isinstance(error, requests.Timeout):
        return f"no answer within {timeout_seconds:g} s"
    if isinstance(error, requests.exceptions.SSLError):
        return f"TLS failed: {_innermost(error)}"
    if isinstance(error, requests.exceptions.ProxyError):
        return f"the proxy failed: {_innermost(error)}"
    return _innermost(error)


def reason_of(body: object, text: str, secrets: Iterable[str] = ()) -> str:
    """Return the reason that the body of an answer gives; the beginning of its text if there is none.

    :param secrets: are masked, since an exchange may repeat what it was sent.
    """
    told = next((body[key] for key in _REASON_KEYS if body.get(key)), text) if isinstance(body, dict) else text
    # Before anything is cut off or put together, or a part of a secret would be left.
    words = " ".join(masked(str(told), secrets).split())
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return a text without secrets: an exchange may repeat what it was sent."""
    for secret in secrets:
        # As it is, as in a request's body, and as in an address.
        for written in (secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)):
            text = text.replace(written, "***") if written else text
    return text


def _innermost(error: BaseException) -> str:
    """Return what the operating system or the TLS library said, below all that libraries say about it."""
    found: BaseException | None = error
    words = type(error).__name__
    while found is not None:
        if isinstance(found, OSError) and found.strerror:
            words = found.strerror
        found = found.__cause__ or found.__context__
    return words
