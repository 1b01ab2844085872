"""The Redis server: one client of it, which says what goes wrong as an exchange's errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from redis import Redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.exceptions import AuthenticationError, RedisError
from redis.retry import Retry

from gridhook.errors import ExchangeError
from gridhook_redis.address import Address
from gridhook_redis.credentials import PASSWORD, Credentials

__all__ = ["FAILURES", "Server"]

FAILURES = (RedisError, OSError)

T = TypeVar("T")


class Server:
    """A client that may be used by several threads; it connects when it has to.

    :param timeout_seconds: for each answer of the server, and to connect.
    :param ca_file: certificates of who vouches for the server.
    """

    def __init__(
        self, address: Address, credentials: Credentials, timeout_seconds: float, ca_file: str | None = None
    ) -> None:
        self.timeout_seconds = timeout_seconds
        self._address = address
        options: dict[str, Any] = {} if ca_file is None else {"ssl_ca_certs": ca_file}
        self._redis: Redis = Redis.from_url(
            address.url,
            username=credentials.username,
            password=credentials.password,
            # To try again is for whoever holds this.
            retry=Retry(NoBackoff(), 0),
            socket_connect_timeout=timeout_seconds,
            socket_timeout=timeout_seconds,
            socket_keepalive=True,
            protocol=2,
            **options,
        )

    def __str__(self) -> str:
        return f"Redis at {self._address}"

    def publish(self, channel: str, message: Mapping[str, Any]) -> int:
        """Publish a message; return how many hear it.

        :raises ExchangeError: the server cannot be reached.
        """
        return self._call(lambda: int(self._redis.publish(channel, _encode(message))))

    def publish_all(self, messages: Sequence[tuple[str, Mapping[str, Any]]]) -> list[int]:
        """Publish messages, each on its channel; return how many hear each.

        :raises ExchangeError: the server cannot be reached.
        """

        def publish() -> list[int]:
            with self._redis.pipeline(transaction=False) as pipeline:
                for channel, message in messages:
                    pipeline.publish(channel, _encode(message))
                return [int(count) for count in pipeline.execute()]

        return self._call(publish)

    def listeners(self, channel: str) -> int:
        """Return how many listen on a channel by its name, and not by a pattern.

        :raises ExchangeError: the server cannot be reached.
        """
        untyped: Any = self._redis
        return self._call(lambda: sum(int(count) for _, count in untyped.pubsub_numsub(channel)))

    def patterns(self) -> int:
        """Return how many patterns are listened to, by whomever.

        :raises ExchangeError: the server cannot be reached.
        """
        untyped: Any = self._redis
        return self._call(lambda: int(untyped.pubsub_numpat()))

    def answers(self) -> bool:
        """Return whether the server is there."""
        try:
            self._redis.ping()
        except FAILURES:
            return False
        return True

    def pubsub(self) -> PubSub:
        """Return a subscription to nothing yet."""
        untyped: Any = self._redis
        pubsub: PubSub = untyped.pubsub()
        return pubsub

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._redis.connection_pool.disconnect(inuse_connections=False)

    def failed(self, error: Exception) -> ExchangeError:
        """Return what an error of the client means."""
        reason = str(error).rstrip(".") or type(error).__name__
        if isinstance(error, AuthenticationError):
            reason += f"; set {PASSWORD}, or give credentials_file"
        return ExchangeError(f"{self}: {reason}")

    def _call(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except FAILURES as error:
            raise self.failed(error) from None


def _encode(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
