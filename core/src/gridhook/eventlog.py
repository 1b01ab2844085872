"""The event log: what happens in a session, in words, for whoever reads the log."""

from __future__ import annotations

import logging
import re

from gridhook.events import (
    AreasClaimed,
    AreasLost,
    BatchUnanswered,
    Connected,
    ConnectionLost,
    ConnectionRestored,
    Event,
    ExchangeSilent,
    LinkEvent,
    MessageUnreadable,
    OrdersRefused,
    PluginFailed,
    RequirementsUnkept,
    SlotOpened,
    SlotsMissed,
    Ticked,
    TickLate,
    TicksSkipped,
)
from gridhook.grid import Tree

__all__ = ["EventLog"]

# Whoever filters the log by name knows the session, not who writes for it.
_log = logging.getLogger("gridhook.session")

_MOST_PATHS = 100


class EventLog:
    """Logs events and notices that somebody who runs a session may have to know; areas are named by their paths."""

    def __init__(self) -> None:
        self._tree: Tree | None = None
        self._warned: set[tuple[str, str, str]] = set()

    def tell(self, event: Event) -> None:
        """Log an event or a notice, if it is worth a line."""
        match event:
            case Connected():
                self._tree = event.tree
            case SlotOpened() | Ticked():
                self._tree = event.grid.tree
            case PluginFailed():
                self._tell_failure(event)
            case OrdersRefused():
                self._tell_refusals(event)
            case RequirementsUnkept():
                self._tell_unkept(event)
            case AreasLost():
                _log.warning("the exchange took areas away: %s", ", ".join(map(self._path, event.ids)))
            case ConnectionLost() | ConnectionRestored() | ExchangeSilent() | TicksSkipped() | MessageUnreadable():
                _tell_of_link(event)
            case _:
                _tell_notice(event)

    def _tell_failure(self, failure: PluginFailed) -> None:
        """Warn of a failure once; the figures count them all."""
        about = f" for {failure.rows}" if failure.rows else ""
        is_over = failure.hook == "session_finished"
        bench = "; it is benched until the next slot" if failure.benched and not is_over else ""
        level = self._level(failure.plugin, failure.hook, failure.message)
        _log.log(level, "plugin %r failed in %s%s: %s%s", failure.plugin, failure.hook, about, failure.message, bench)
        _log.debug("%s", failure.traceback)

    def _tell_refusals(self, event: OrdersRefused) -> None:
        """Say once for all areas what is the same for them, and warn of it once: it may be so each tick for months."""
        areas: dict[tuple[str, str], list[str]] = {}
        for refused in event.refused:
            areas.setdefault((refused.command, refused.message), []).append(refused.asset)
        for (command, message), assets in areas.items():
            level = self._level("the exchange", command, message)
            others = f" and {len(assets) - 1} more" if len(assets) > 1 else ""
            _log.log(level, "the exchange refused %s of %s%s: %s", command, self._path(assets[0]), others, message)

    def _tell_unkept(self, event: RequirementsUnkept) -> None:
        does = "drops requirements" if event.capability == "stripped" else "cannot take requirements"
        for assets, outcome in (
            (event.held, 'orders are held; if it keeps to requirements, say so: [exchange] requirements = "binding"'),
            (event.waived, "they trade as if they had none"),
        ):
            if assets:
                _log.warning("this exchange %s of %s: %s", does, ", ".join(map(self._path, assets)), outcome)

    def _level(self, who: str, what: str, message: str) -> int:
        """Return at which level something is logged: a warning the first time, whichever numbers are in it."""
        kind = (who, what, re.sub(r"\d+", "0", message))
        level = logging.INFO if kind in self._warned else logging.WARNING
        self._warned.add(kind)
        return level

    def _path(self, area: str) -> str:
        return area if self._tree is None else self._tree.path_of(area)


def _tell_notice(notice: Event) -> None:
    match notice:
        case AreasClaimed():
            more = len(notice.paths) - _MOST_PATHS
            others = f" and {more} more" if more > 0 else ""
            _log.info("claimed %d areas: %s%s", len(notice.paths), ", ".join(notice.paths[:_MOST_PATHS]), others)
        case SlotsMissed():
            _log.warning("missed slots: %s", ", ".join(slot.isoformat() for slot in notice.slots))
        case TickLate():
            _log.warning("a late event of slot %s was not acted on", notice.slot.isoformat())
        case BatchUnanswered():
            _log.warning("batch %d was not answered; what became of its orders is unknown", notice.transaction)
        case _:
            pass


def _tell_of_link(event: LinkEvent) -> None:
    match event:
        case ConnectionLost():
            _log.warning("the connection to the exchange is lost: %s; trying to restore it", event.reason)
        case ConnectionRestored():
            _log.warning("the connection to the exchange is restored after %.1f s", event.gap_seconds)
        case ExchangeSilent():
            _log.warning("no slot has begun for %.0f s; is the exchange paused? Connecting anew", event.seconds)
        case TicksSkipped():
            _log.warning("too slow: %d events were skipped for a newer one", event.count)
        case MessageUnreadable():
            _log.warning("a message of the exchange could not be read, and was passed over: %s", event.problem)
        case _:
            pass
