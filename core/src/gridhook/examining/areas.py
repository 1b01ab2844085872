"""Areas: what the configuration claims of an exchange's areas, whose they are, and who would serve them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import attrs

from gridhook.agent import AgentSettings, initial_state
from gridhook.agent.slots import claim
from gridhook.assets import ASSET_KINDS
from gridhook.checks import Tell, ok, skipped, warning, wrong
from gridhook.commands import Notify
from gridhook.config import ROUTED_DOMAINS
from gridhook.deployment import Survey
from gridhook.errors import Problem
from gridhook.events import AreasClaimed
from gridhook.grid import Tree
from gridhook.links import Examined

__all__ = ["check_areas"]

_MOST_NAMES = 3


def check_areas(found: Survey, seen: Examined, tell: Tell) -> None:
    """Tell what is claimed, whose it is now, and which plugins it would be left to."""
    tree = seen.tree
    if tree is None and seen.lists_areas:
        for name in ("claims", "routes"):
            tell(skipped(name, "the areas of the exchange are not known"))
        return
    absent = [name for name in found.reading.config.registration.use if name not in found.manager.plugins]
    if absent:
        for name in ("claims", "routes"):
            tell(skipped(name, f"what {', '.join(absent)} would claim is not known: see config"))
        return
    if tree is None:
        _check_names(found, tell)
        return
    claimed, problems = _claims(found, tree, tell)
    told = {problem.message for problem in found.problems}
    for problem in (one for one in (*problems, *found.manager.unknown_areas(tree)) if one.message not in told):
        placed = str(found.reading.place(problem))
        if found.tree is not None:
            tell(wrong("names", placed, "correct it in the configuration", is_config=True))
        else:
            tell(warning("names", placed, "correct it, unless the area appears later"))
    if found.reading.config.registration.use:
        _check_claims(tree, claimed, tell)
        if claimed:
            _check_holders(found.reading.config.exchange.aggregator, tree, claimed, seen.holders, tell)
    _check_routes(found, tree, claimed, tell)


def _check_names(found: Survey, tell: Tell) -> None:
    """Tell what is claimed of an exchange that lists no areas."""
    _, notices = _claim(found, Tree((), (), (), (), ()), tell, lists_areas=False)
    names = [path for notice in notices for path in notice.paths]
    for problem in (one for notice in notices for one in notice.problems):
        tell(wrong("claims", str(found.reading.place(problem)), "name at least one asset", is_config=True))
    if names:
        tell(ok("claims", f"{len(names)} areas by name: {_names(names)}; whether they are there, a run finds out"))
    tell(skipped("routes", "the areas of the exchange are only told to who has one"))


def _claims(found: Survey, tree: Tree, tell: Tell) -> tuple[tuple[int, ...], tuple[Problem, ...]]:
    """Ask the plugins which areas they want."""
    claimed, notices = _claim(found, tree, tell)
    return claimed, tuple(problem for notice in notices for problem in notice.problems)


def _claim(
    found: Survey, tree: Tree, tell: Tell, *, lists_areas: bool = True
) -> tuple[tuple[int, ...], list[AreasClaimed]]:
    decisions = found.manager.decisions
    state = attrs.evolve(initial_state(AgentSettings()), lists_areas=lists_areas)
    with found.manager.guard.armed():
        following, _, notices = claim(state, tree, decisions)
    for failure in decisions.take_failures():
        remedy = "gridhook plugins show tells whose plugin it is; its authors may want to know"
        tell(wrong(f"plugin {failure.plugin}", f"failed in {failure.hook}: {failure.message}", remedy))
    told = (one.notice for one in notices if isinstance(one, Notify))
    return following.areas, [notice for notice in told if isinstance(notice, AreasClaimed)]


def _check_claims(tree: Tree, claimed: Sequence[int], tell: Tell) -> None:
    if claimed:
        tell(ok("claims", f"{_kinds(tree, claimed)}: {_names(tree.paths[area] for area in claimed)}"))
        return
    registered = int(tree.registered.sum())
    text = f"nothing is claimed, and nothing would be traded; {registered} of {len(tree)} areas are registered"
    remedy = "register assets on the exchange" if not registered else "correct the settings of the registration plugins"
    tell(wrong("claims", text, remedy, is_config=bool(registered)))


def _check_holders(
    aggregator: str, tree: Tree, claimed: Sequence[int], holders: Mapping[str, str] | None, tell: Tell
) -> None:
    """Tell whose the areas are: ours, free, or another aggregator's."""
    if holders is None:
        tell(skipped("owners", "the exchange does not tell whose assets are"))
        return
    by_holder: dict[str, list[int]] = {}
    for area in claimed:
        by_holder.setdefault(holders.get(tree.ids[area], ""), []).append(area)
    ours, free = by_holder.pop(aggregator, []), by_holder.pop("", [])
    if ours or free:
        tell(ok("owners", f"of what is claimed, {aggregator!r} has {len(ours)} already, and {len(free)} are free"))
    for other, areas in by_holder.items():
        text = f"{other!r} has {len(areas)} of the claimed: {_names(tree.paths[area] for area in areas)}"
        remedy = f"let {other!r} leave what is claimed here, or claim it no more; it cannot be traded before"
        tell(wrong("owners", text, remedy))
    wanted = {tree.ids[area] for area in claimed}
    spare = [
        path for area, path in zip(tree.ids, tree.paths, strict=True) if _is_spare(area, holders, aggregator, wanted)
    ]
    if spare:
        text = (
            f"{aggregator!r} has {len(spare)} areas that are not claimed, and that a run would leave: {_names(spare)}"
        )
        tell(warning("owners", text, "claim them, too, if they are to be traded"))


def _is_spare(area: str, holders: Mapping[str, str], aggregator: str, wanted: set[str]) -> bool:
    return holders.get(area) == aggregator and area not in wanted


def _check_routes(found: Survey, tree: Tree, claimed: Sequence[int], tell: Tell) -> None:
    """Tell which plugins the claimed assets would be left to, by domain."""
    config, decisions = found.reading.config, found.manager.decisions
    assets = [area for area in claimed if tree.kinds[area] in ASSET_KINDS]
    for domain in ROUTED_DOMAINS:
        if not assets or not config.plugins_of(domain):
            continue
        groups: dict[tuple[str, ...], list[int]] = {}
        for area in assets:
            route = decisions.route_of(domain, tree.paths[area], tree.names[area], tree.kinds[area])
            groups.setdefault(route, []).append(area)
        parts = (f"{_kinds(tree, areas)} to {', '.join(route) or 'nobody'}" for route, areas in groups.items())
        tell(ok("routes", f"{domain}: {'; '.join(parts)}"))


def _kinds(tree: Tree, areas: Iterable[int]) -> str:
    counts = Counter(tree.kinds[area] for area in areas)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))


def _names(paths: Iterable[str]) -> str:
    names = list(paths)
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{', '.join(names[:_MOST_NAMES])}{more}"
