"""The GSy wire format: JSON values on one side, typed messages, events and commands on the other.

Pure: no I/O, no clock, no logging. JSON values are plain Python objects (dict, list, str, ...); bytes and text stay
with who has the connection. Two client links and the exchange's server use the same functions, so a write_ function
has a read_ function that gives back what was written. What cannot be read is a
:class:`~gridhook.wire.errors.WireError` that says where and what.
"""

__all__: list[str] = []
