"""Claims: which areas of the grid an aggregator wants, and what they come to on a given grid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

import attrs

from gridhook.assets import ASSET_KINDS
from gridhook.errors import AreaError, Problem, UnknownAreaError, did_you_mean, nearest
from gridhook.grid import MARKET, OTHER, Tree

__all__ = ["Claim", "ids_and_names", "matches", "resolve_claim"]


_KINDS_NOT_TOLD = (
    "this exchange tells the kind of an asset only to who has it, so that others of these kinds are not found; "
    "name them, or use globs"
)


def _texts(texts: Iterable[str]) -> tuple[str, ...]:
    if isinstance(texts, str):
        msg = f"names, kinds, globs, ids and exclude of a claim are lists of texts: [{texts!r}], not {texts!r}"
        raise TypeError(msg)
    return tuple(texts)


@attrs.frozen
class Claim:
    """The areas that a registration plugin asks for; an empty claim asks for none.

    ``names``
        names or paths; each has to lead to exactly one area.
    ``kinds``
        ``load``, ``pv``, ``storage``, ``smart-meter``; ``market`` for who operates markets.
    ``globs``
        patterns such as ``"Home *"`` or ``"Grid/North/*"``: one with a ``/`` is held against the path, else the name.
    ``ids``
        the exchange's own ids.
    ``exclude``
        names, paths or globs taken out of this claim again.
    """

    names: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    kinds: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    globs: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    ids: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    exclude: tuple[str, ...] = attrs.field(default=(), converter=_texts)


def ids_and_names(claim: Claim) -> tuple[list[str], list[str]]:
    """Return the ids and the names by which a claim can be asked for as long as no area is known."""
    names = [name for name in claim.names if not _fits(claim.exclude, name.rpartition("/")[2], name)]
    return list(claim.ids), names


def resolve_claim(claim: Claim, tree: Tree, *, is_listed: bool = True) -> tuple[set[int], list[Problem]]:
    """Return the positions in ``tree`` that ``claim`` asks for, and what in it leads nowhere.

    Only registered areas count; kinds and globs find what is there, a name has to lead to one area.

    :param is_listed: False: the tree is no registry, and of assets that others have it tells only the name. So any of
        them may fit a glob, and all of them are meant by all kinds.
    """
    found, problems = _named(claim, tree)
    known = (*ASSET_KINDS, MARKET)
    unknown = [kind for kind in claim.kinds if kind not in known]
    problems += [Problem("kinds", f"no kind {kind!r}{did_you_mean(nearest(kind, known))}") for kind in unknown]
    registered = [position for position in range(len(tree)) if tree.registered[position]]
    found.update(position for position in registered if tree.kinds[position] in claim.kinds)
    assets = [position for position in registered if tree.kinds[position] in ASSET_KINDS]
    if not is_listed:
        unknown_kinds = [at for at in registered if tree.kinds[at] == OTHER and at != tree.market_maker]
        assets += unknown_kinds
        if set(ASSET_KINDS) <= set(claim.kinds):
            found.update(unknown_kinds)
        elif unknown_kinds and set(ASSET_KINDS) & set(claim.kinds):
            problems.append(Problem("kinds", _KINDS_NOT_TOLD))
    for pattern in claim.globs:
        matched = [position for position in assets if matches(pattern, tree.names[position], tree.paths[position])]
        if not matched:
            problems.append(Problem("globs", f"{pattern!r} matches no registered asset"))
        found.update(matched)
    problems += _useless_excludes(claim, tree)
    excluded = {at for at in found if _fits(claim.exclude, tree.names[at], tree.paths[at])}
    return found - excluded, problems


def _named(claim: Claim, tree: Tree) -> tuple[set[int], list[Problem]]:
    """Return what a claim's names and ids lead to."""
    found: set[int] = set()
    problems: list[Problem] = []
    for key, wanted in (("names", claim.names), ("ids", claim.ids)):
        for name in wanted:
            try:
                position = tree.find(name)
            except UnknownAreaError:
                problems.append(Problem(key, f"no area is called {name!r}{_candidates(name, tree)}"))
            except AreaError as error:
                problems.append(Problem(key, str(error)))
            else:
                if tree.registered[position]:
                    found.add(position)
                else:
                    problems.append(Problem(key, f"{tree.paths[position]!r} is not registered with this exchange"))
    return found, problems


def _useless_excludes(claim: Claim, tree: Tree) -> list[Problem]:
    """Return a problem for each entry that excludes nothing: what was meant by it would be traded."""
    return [
        Problem("exclude", f"{pattern!r} matches no area{_candidates(pattern, tree)}")
        for pattern in claim.exclude
        if not any(_fits((pattern,), name, path) for name, path in zip(tree.names, tree.paths, strict=True))
    ]


def _candidates(name: str, tree: Tree) -> str:
    """Return the end of a sentence that proposes areas, each with its path; nothing when none is called similarly."""
    similar = nearest(name, [*tree.names, *tree.paths])
    places = [at for one in similar for at in range(len(tree)) if one in (tree.names[at], tree.paths[at])]
    texts = [f"{tree.names[at]!r} ({tree.paths[at]})" for at in dict.fromkeys(places)]
    return f"; did you mean {' or '.join(texts)}?" if texts else ""


def matches(pattern: str, name: str, path: str) -> bool:
    """Return whether a glob fits: against the path if it has a ``/``, else against the name."""
    return fnmatchcase(path if "/" in pattern else name, pattern)


def _fits(patterns: Sequence[str], name: str, path: str) -> bool:
    return any(pattern in (name, path) or matches(pattern, name, path) for pattern in patterns)
