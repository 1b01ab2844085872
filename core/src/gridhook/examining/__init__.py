"""Examining a deployment: all that a session needs is looked at, and nothing is done."""

from gridhook.examining.deployments import examine

__all__ = ["examine"]
