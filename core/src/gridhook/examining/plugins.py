"""Plugins: what is loaded, from where, and what each domain is left to."""

from __future__ import annotations

from gridhook.checks import Check, Tell, ok, warning, wrong
from gridhook.config import DOMAINS, ROUTED_DOMAINS, Config
from gridhook.deployment import Survey
from gridhook.plugins.discovery import PLUGINS, find_installed
from gridhook.plugins.loading import Plugin
from gridhook.plugins.manager import named_plugins

__all__ = ["check_domains", "check_plugins", "loaded"]

_WITHOUT = {
    "requirements": "orders are free to trade with anybody",
    "forecasting": "no forecasts are sent",
    "settlement": "nothing measured is sent, and no deviation settled",
    "grid_fees": "fees of markets stay as they are",
}
_NEEDED = {
    "registration": ("no asset is claimed, and nothing traded", "claim"),
    "pricing": ("no orders are made", "ramp"),
}


def check_plugins(found: Survey, tell: Tell) -> None:
    """Tell of each enabled plugin whether it is loaded, what it is for, and which core it works with."""
    installed = find_installed(PLUGINS)
    for name in named_plugins(found.reading.config):
        plugin = found.manager.plugins.get(name)
        if plugin is None:
            remedy = "do what is said under config; gridhook plugins list shows what is installed"
            tell(wrong(f"plugin {name}", "is not loaded", remedy, is_config=True))
        elif name in found.manager.broken:
            tell(_broken(name, found))
        else:
            tell(loaded(plugin, installed[name].core_range))


def check_domains(config: Config, tell: Tell) -> None:
    """Tell which plugins each domain is left to, in which order and for which assets."""
    for domain in DOMAINS:
        use, routes = config.section(domain).use, config.routes(domain)
        if not use and not routes:
            tell(_without(domain))
            continue
        parts = [f"{key}: {', '.join(route) or 'nobody'}" for key, route in routes.items()]
        others = "all others" if routes else "all assets"
        text = (
            "; ".join([*parts, f"{others}: {', '.join(use) or 'nobody'}"])
            if domain in ROUTED_DOMAINS
            else ", ".join(use)
        )
        tell(ok(domain, text))


def loaded(plugin: Plugin, core_range: str | None) -> Check:
    """Return the check of a plugin that could be loaded."""
    name, origin = f"plugin {plugin.name}", f"{plugin.distribution} {plugin.version}, for {', '.join(plugin.domains)}"
    if core_range is None:
        remedy = f"ask the authors of {plugin.distribution} to name a range; until then, try it before it trades"
        return warning(name, f"{origin}; it does not say which versions of gridhook it works with", remedy)
    return ok(name, f"{origin}; works with gridhook{core_range}")


def _broken(name: str, found: Survey) -> Check:
    text = "; ".join(str(found.reading.place(problem)) for problem in found.manager.broken[name])
    remedy = f"a run goes on, and {name} fails whenever it is asked; gridhook plugins doctor {name} tells more"
    return wrong(f"plugin {name}", text, remedy)


def _without(domain: str) -> Check:
    if domain in _WITHOUT:
        return ok(domain, f"no plugin, which is fine: {_WITHOUT[domain]}")
    text, usual = _NEEDED[domain]
    return warning(domain, f"no plugin: {text}", f'name one: [{domain}] use = ["{usual}"]')
