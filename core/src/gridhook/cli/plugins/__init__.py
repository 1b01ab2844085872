"""``gridhook plugins``: what is installed, and what is wrong with it. Commands are imported when they are called."""

from gridhook.cli.lazy import LazyGroup

__all__ = ["plugins"]

plugins = LazyGroup(
    "plugins",
    {
        "list": ("gridhook.cli.plugins.listing:list_plugins", "List what is installed, and what of it is enabled."),
        "show": ("gridhook.cli.plugins.showing:show_plugin", "Show what a plugin is for, its hooks and its settings."),
        "check": ("gridhook.cli.plugins.checking:check_plugin", "Check a plugin against the specifications."),
        "doctor": ("gridhook.cli.plugins.doctor:doctor", "Say what of that which is installed does not work, and why."),
        "new": ("gridhook.cli.plugins.new:new_plugin", "Write a new distribution with a small strategy that works."),
    },
    "See what is installed and what is wrong with it, or begin a plugin of your own.",
)
