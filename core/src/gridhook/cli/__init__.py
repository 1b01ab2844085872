"""The command line. Commands are imported when they are called, those of plugins too."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from types import ModuleType

from gridhook.cli.group import CommandGroup
from gridhook.cli.streams import StdoutError, checked_stdout

__all__ = ["main"]

_COMMANDS = {
    "run": ("gridhook.cli.run:run", "Trade until the exchange finishes; without CONFIG, a day of the demo community."),
    "doctor": ("gridhook.cli.doctor:doctor", "Say what is wrong with a configuration or its exchange, and what to do."),
    "why": ("gridhook.cli.why:why", "Tell from a record why an asset traded, or why not."),
    "replay": ("gridhook.cli.replay:replay", "Decide anew about the events of a record, and show what differs."),
    "config": ("gridhook.cli.config:config", "Check, show and start configurations."),
    "plugins": ("gridhook.cli.plugins:plugins", "See what is installed, or begin a plugin of your own."),
}

_HELP = """Trade energy assets on local energy markets by composing plugins.

`gridhook run` trades a day of a demo community on the embedded exchange, without any server.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    It exits with 0 (done), 1 (failed), 2 (the call, the configuration or a plugin's name is wrong), or 128 + the number
    of the signal that ended it.
    """
    group = CommandGroup("gridhook", _COMMANDS, _HELP)
    try:
        with checked_stdout():
            group.main(args=arguments, prog_name="gridhook")
    except StdoutError as error:
        _fail(error, 1)
    except _errors().ConfigError as error:
        _fail(error, 2)
    except _errors().GridhookError as error:
        _fail(error, 1)


def _errors() -> ModuleType:
    """Import the errors when there is one, so that --help stays fast."""
    return importlib.import_module("gridhook.errors")


def _fail(error: Exception, status: int) -> None:
    sys.stderr.write(f"{error}\n")
    sys.exit(status)
