"""What plugins rely on is written down in interface.txt, so that every change of it is made on purpose.

After a change that is meant: ``python core/tests/test_interface.py > core/tests/interface.txt``. What each kind of
change asks for, a new ``gridhook.hookspecs.VERSION`` among other things, is said in docs/explanation/stability.md.
"""

import importlib
import inspect
import re
import sys
import types
import typing
from importlib.metadata import version
from pathlib import Path

import attrs

SNAPSHOT = Path(__file__).with_name("interface.txt")

MODULES = {
    "gridhook": None,
    "gridhook.checks": None,
    "gridhook.commands": None,
    "gridhook.events": None,
    "gridhook.figures": None,
    "gridhook.inprocess": None,
    "gridhook.links": None,
    "gridhook.plugins.naming": ["NamingSpec"],
    "gridhook.testing": None,
    "gridhook.trades": None,
}
"""Modules that plugins may import from, and which of their names; None: all that they offer."""


def interface():
    """Return the lines of the snapshot."""
    specifications = importlib.import_module("gridhook.hookspecs")
    yield f"specifications {specifications.VERSION}"
    for domain, specification in specifications.SPECIFICATIONS.items():
        yield ""
        yield f"domain {domain}: {specification.__name__}"
        for name, hook in vars(specification).items():
            if not name.startswith("_"):
                yield f"    {name}{signature(hook)}"
    for module, chosen in MODULES.items():
        loaded = importlib.import_module(module)
        for name in sorted(chosen or loaded.__all__):
            yield ""
            yield from described(f"{module}.{name}", getattr(loaded, name))


def described(name, value):
    if inspect.isclass(value):
        yield f"class {name}({', '.join(base.__name__ for base in value.__bases__)})"
        yield from (f"    {line}" for line in (*fields(value), *offers(value)))
    elif inspect.isroutine(value):
        yield f"function {name}{signature(value)}"
    elif typing.get_origin(value) is not None or isinstance(value, types.UnionType):
        yield f"type {name}"
    else:
        yield f"constant {name} = {value if isinstance(value, tuple | str | float) else type(value).__name__}"


def fields(cls):
    """The values that an object has, those of its bases first."""
    if attrs.has(cls):
        for field in attrs.fields(cls):
            if field.init:
                kind = next(
                    vars(base)["__annotations__"][field.name] for base in cls.__mro__ if declares(base, field.name)
                )
                yield f"{field.name}: {kind}{'' if field.default is attrs.NOTHING else ' = …'}"
    elif hasattr(cls, "_fields"):
        yield from (f"{name}: {kind.__forward_arg__}" for name, kind in cls.__annotations__.items())
    elif hasattr(cls, "__members__"):
        yield from (f"{member.name} = {member.value}: {member.label}" for member in cls)


def declares(cls, name):
    return name in vars(cls).get("__annotations__", ())


def offers(cls):
    """The properties and methods that an object has, also from gridhook's own bases."""
    own = [base for base in cls.__mro__ if base.__module__.startswith("gridhook")]
    for name in sorted({name for base in own for name in vars(base) if not name.startswith(("_", "test_"))}):
        value = inspect.getattr_static(cls, name)
        # attrs makes slots of cached properties.
        is_slot = isinstance(value, types.MemberDescriptorType) and name not in {
            field.name for field in attrs.fields(cls)
        }
        if isinstance(value, property) or is_slot:
            yield f"property {name}"
        elif inspect.isroutine(value):
            yield f"{name}{signature(getattr(cls, name))}"


def signature(function):
    return str(inspect.signature(function)).replace("'", "")


def test_what_plugins_rely_on_is_as_it_is_written_down():
    assert list(interface()) == SNAPSHOT.read_text(encoding="utf-8").splitlines()


def test_the_version_of_the_specifications_is_that_of_a_core():
    (said,) = re.findall(r"^specifications (\S+)$", SNAPSHOT.read_text(encoding="utf-8"), re.MULTILINE)
    numbers = [tuple(map(int, text.split(".")[:2])) for text in (said, version("gridhook"))]
    assert numbers == sorted(numbers), "no core has specifications of a later one"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in interface())
