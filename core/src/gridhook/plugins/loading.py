"""Loading: enabled plugins are imported, given their settings, and checked against the specifications."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import attrs
import pluggy

from gridhook.config import Table
from gridhook.errors import Problem, did_you_mean, join_path, nearest
from gridhook.hookspecs import PROJECT, RETIRED, SPECIFICATIONS, HookChangedWarning
from gridhook.plugins.asking import ask_once
from gridhook.plugins.discovery import Installed
from gridhook.plugins.guard import Failure, Guard
from gridhook.settings import read_settings

__all__ = ["HOOKS", "Implementation", "Plugin", "Registry", "implemented_hooks"]

HOOKS: Mapping[str, str] = {
    hook: domain
    for domain, specification in SPECIFICATIONS.items()
    for hook in vars(specification)
    if not hook.startswith("_")
}
"""The domain of each hook."""

_ONLY_ATTRS = "only attrs classes have settings (@attrs.define)"


@attrs.frozen(eq=False)
class Implementation:
    """A plugin's function for one hook and the arguments that it takes."""

    hook: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]


@attrs.frozen(eq=False)
class Plugin:
    """A plugin that is loaded and registered: its name, where it comes from, and its hooks."""

    name: str
    distribution: str
    version: str
    instance: object
    implementations: Mapping[str, Implementation]

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains in which it implements at least one hook."""
        return tuple(domain for domain in SPECIFICATIONS if domain in {HOOKS[hook] for hook in self.implementations})


def implemented_hooks(found: object) -> tuple[str, ...] | Failure:
    """Return the hooks that a class, which need not be constructed, or a module implements, under whatever names.

    To find them, code of the plugin may run; the call is guarded.
    """
    implemented = ask_once(lambda: _marked(found))
    return implemented if isinstance(implemented, Failure) else tuple(hook for hook in HOOKS if hook in implemented)


class Registry:
    """Loads plugins one by one into pluggy, which finds and validates their implementations.

    :param specifications: the classes of hooks.
    :param retired: hooks that were removed, each with what to do instead.
    """

    def __init__(
        self,
        guard: Guard,
        specifications: Mapping[str, type] = SPECIFICATIONS,
        retired: Mapping[str, str] = RETIRED,
    ) -> None:
        self._guard = guard
        self._specifications = specifications
        self._retired = retired
        self._registered: dict[str, object] = {}

    def load(self, installed: Installed, table: Table) -> tuple[Plugin | None, list[Problem]]:
        """Import, construct, register and check one plugin; all that is wrong with it is returned.

        Problems with the plugin as a whole, not with a setting, have no path.
        """
        found = self._guard.call(installed.entry_point.load)
        if isinstance(found, Failure):
            return None, [_failed(installed.name, "imported", found)]
        instance, problems = self._construct(found, installed.name, table)
        if problems:
            return None, problems
        registered: tuple[Plugin | None, list[Problem]] | Failure = self._guard.call(
            lambda: self.register(installed.name, instance, installed.distribution, installed.version)
        )
        if isinstance(registered, Failure):
            return None, [_failed(installed.name, "registered", registered)]
        return registered

    def register(
        self, name: str, instance: object, distribution: str = "", version: str = ""
    ) -> tuple[Plugin | None, list[Problem]]:
        """Register an object or module with hook implementations, and check them."""
        same = [other for other, one in self._registered.items() if one is instance]
        if same:
            return None, [Problem("", f"{name!r} is the same module as {same[0]!r}; name one of them only")]
        # One manager for each: it would ask plugins whether they are equal.
        manager = pluggy.PluginManager(PROJECT)
        for specification in self._specifications.values():
            manager.add_hookspecs(specification)
        try:
            manager.register(instance, name)
        except pluggy.PluginValidationError as error:
            return None, [Problem("", f"{name!r} does not fit the specification: {_last_lines(error)}{_guess(error)}")]
        implementations: dict[str, Implementation] = {}
        problems = []
        self._registered[name] = instance
        found = [(caller, one) for caller in vars(manager.hook).values() for one in caller.get_hookimpls()]
        for caller, implementation in found:
            if caller.name in self._retired:
                message = f"{name!r} implements {caller.name!r}, which is asked no more: {self._retired[caller.name]}"
                warnings.warn(HookChangedWarning(message), stacklevel=2)
            elif wrong := _wrong_with(implementation, caller):
                problems.append(Problem("", f"{name!r} {wrong}"))
            else:
                implementations[caller.name] = Implementation(
                    caller.name, implementation.function, tuple(implementation.argnames)
                )
        unmarked = [hook for hook in HOOKS if hook not in implementations and callable(getattr(instance, hook, None))]
        hint = "without @hookimpl on top"
        problems += [Problem("", f"{name!r} has {hook} {hint}") for hook in unmarked if not problems]
        if not found and not problems:
            problems.append(Problem("", f"{name!r} implements no hook"))
        return Plugin(name, distribution, version, instance, implementations), problems

    def _construct(self, found: object, name: str, table: Table) -> tuple[object, list[Problem]]:
        if isinstance(found, ModuleType):
            return found, _no_settings(name, table)
        if not inspect.isclass(found):
            return None, [Problem("", f"{name!r} is {found!r}; an entry point is a class or a module")]
        if attrs.has(found):
            built = self._guard.call(lambda: read_settings(found, table.values, base=table.base, at=table.at))
        else:
            problems = _no_settings(name, table) or _lacking(name, found)
            built = (None, problems) if problems else self._guard.call(lambda: (found(), []))
        if isinstance(built, Failure):
            return None, [_failed(name, "constructed", built)]
        instance, problems = built
        return instance, problems


def _marked(found: object) -> set[str]:
    reader = pluggy.PluginManager(PROJECT)
    marks = ((name, reader.parse_hookimpl_opts(found, name)) for name in dir(found))
    return {mark.get("specname") or name for name, mark in marks if mark is not None}


def _wrong_with(implementation: pluggy.HookImpl, caller: pluggy.HookCaller) -> str:
    """Return what an implementation does that none may; empty if it is right."""
    if not caller.has_spec():
        return f"implements {caller.name!r}, which is no hook{did_you_mean(nearest(caller.name, HOOKS))}"
    if inspect.iscoroutinefunction(implementation.function):
        return f"has {caller.name!r} as a coroutine; a hook answers when it is called, so let it be a plain def"
    if implementation.wrapper or implementation.hookwrapper:
        return f"wraps {caller.name!r}; wrappers cannot be isolated, adjust_rates is the way to wrap"
    if implementation.tryfirst or implementation.trylast:
        return f"orders {caller.name!r} by tryfirst or trylast; the order is the configuration's"
    return ""


def _failed(name: str, how: str, failure: Failure) -> Problem:
    return Problem("", f"{name!r} cannot be {how}: {failure.message}", traceback=failure.traceback)


def _no_settings(name: str, table: Table) -> list[Problem]:
    return [Problem(join_path(table.at, key), f"{name!r} has no settings: {_ONLY_ATTRS}") for key in table.values]


def _lacking(name: str, cls: type) -> list[Problem]:
    """Return what stops a class without settings from being constructed."""
    try:
        inspect.signature(cls).bind()
    except TypeError as error:
        return [Problem("", f"{name!r} cannot be constructed: {error}; {_ONLY_ATTRS}")]
    except ValueError:  # a class that does not say what it takes; the call will tell
        return []
    return []


def _guess(error: pluggy.PluginValidationError) -> str:
    """Return the argument that may be meant by one that the specification does not offer."""
    hooks = (getattr(SPECIFICATIONS[domain], hook) for hook, domain in HOOKS.items())
    offered = {name for hook in hooks for name in inspect.signature(hook).parameters}
    wrong = re.search(r"Argument\(s\) \{'(\w+)'", str(error))
    return did_you_mean(nearest(wrong[1], offered - {"self"})) if wrong else ""


def _last_lines(error: pluggy.PluginValidationError) -> str:
    return " ".join(str(error).splitlines()[1:])
