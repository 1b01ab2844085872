"""Trading on an exchange that is somewhere else: what all links to it share, whichever way its messages travel.

A link brings a :class:`~gridhook.live.transport.Transport`, which only carries. What a message means
(``conversation``, ``hearing``, ``outbox``) is pure; ``inbox``, ``line`` and ``link`` have the threads and the clock.
"""

__all__: list[str] = []
