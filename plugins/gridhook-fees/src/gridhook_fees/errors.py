"""What is wrong with a file of fees."""

from __future__ import annotations

__all__ = ["FeesFileError"]


class FeesFileError(Exception):
    """The file cannot be read, or says something that is no fee."""
