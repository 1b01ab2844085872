"""Communities: the file that describes one, and how it is read."""

from gridhook_exchange.community.reading import Overrides, read_community

__all__ = ["Overrides", "read_community"]
