"""Loading: what is wrong with a plugin is said when it is loaded, not when it is called."""

import sys
import textwrap
import warnings
from types import SimpleNamespace

import numpy as np
import pluggy
import pytest

from gridhook import hookimpl
from gridhook.config import Table
from gridhook.hookspecs import HookChangedWarning
from gridhook.plugins.discovery import PLUGINS, find_installed
from gridhook.plugins.guard import Guard
from gridhook.plugins.loading import HOOKS, Registry

MODULE = "a_plugin_of_this_test"


@pytest.fixture
def load(scripted_distribution, tmp_path):
    """Return a function that installs a module of this source and loads its entry point ``mine``."""

    def load(source, values=None, target=f"{MODULE}:Plugin"):
        text = "import attrs\nfrom gridhook import hookimpl\n" + textwrap.dedent(source)
        scripted_distribution("a-plugin", {MODULE: text}, {PLUGINS: {"mine": target}}, version="1.2")
        guard = Guard(0.2)
        with guard.armed():
            return Registry(guard).load(find_installed(PLUGINS)["mine"], Table("plugins.mine", values or {}, tmp_path))

    return load


def registered(instance):
    plugin, problems = Registry(Guard(10.0)).register("mine", instance)
    return plugin, [problem.message for problem in problems]


def problem_with(instance):
    _, (message,) = registered(instance)
    return message


def lines(problems):
    return [str(problem) for problem in problems]


SETTINGS = """
    @attrs.frozen
    class Plugin:
        rate: float = attrs.field(default=10.0, validator=attrs.validators.ge(0))

        @hookimpl
        def price_energy(self, lots):
            return [self.rate] * len(lots)
"""


def test_a_class_gets_its_settings(load):
    plugin, problems = load(SETTINGS, {"rate": 12})
    assert problems == []
    assert plugin.instance.rate == 12.0
    assert (plugin.name, plugin.distribution, plugin.version, plugin.domains) == (
        "mine",
        "a-plugin",
        "1.2",
        ("pricing",),
    )
    assert plugin.implementations["price_energy"].function([1, 2]) == [12.0, 12.0]


def test_all_that_is_wrong_with_settings_is_said(load):
    plugin, problems = load(SETTINGS, {"rate": -1, "step": 3})
    assert plugin is None
    assert lines(problems) == [
        "plugins.mine.rate: 'rate' must be >= 0: -1.0",
        "plugins.mine.step: no such setting; there are rate",
    ]


def test_a_module_is_a_plugin(load):
    plugin, problems = load("@hookimpl\ndef price_energy(lots, market):\n    return None", target=MODULE)
    assert problems == []
    assert plugin.instance is sys.modules[MODULE]
    assert plugin.implementations["price_energy"].arguments == ("lots", "market")


@pytest.mark.parametrize("target", [MODULE, f"{MODULE}:Plugin"])
def test_a_module_or_a_class_without_fields_has_no_settings(load, target):
    source = """
        class Plugin:
            @hookimpl
            def price_energy(self, lots): ...

        @hookimpl
        def price_energy(lots): ...
    """
    plugin, problems = load(source, {"rate": 1, "steps": 2}, target)
    assert plugin is None
    assert lines(problems) == [
        f"plugins.mine.{key}: 'mine' has no settings: only attrs classes have settings (@attrs.define)"
        for key in ("rate", "steps")
    ]


def test_a_class_without_attrs_is_a_plugin(load):
    plugin, problems = load("class Plugin:\n    @hookimpl\n    def price_energy(self, lots): ...")
    assert problems == []
    assert plugin.domains == ("pricing",)


def test_an_entry_point_is_a_class_or_a_module(load):
    _, problems = load("Plugin = 7")
    assert lines(problems) == ["'mine' is 7; an entry point is a class or a module"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import a_module_that_is_not_there", "ModuleNotFoundError: No module named 'a_module_that_is_not_there'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def broken(:", "SyntaxError: invalid syntax"),
        ("while True: pass", "did not answer within 0.2 s and was cut off"),
        ("", "AttributeError: module 'a_plugin_of_this_test' has no attribute 'Plugin'"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_a_problem(load, source, message):
    plugin, (problem,) = load(source)
    assert plugin is None
    assert problem.path == "", "the configuration knows where the plugin is named"
    assert problem.message.startswith(f"'mine' cannot be imported: {message}")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "class Plugin:\n    def __init__(self):\n        raise SystemExit(3)",
            f"'mine' cannot be constructed: SystemExit: 3 ({MODULE}.py, line 5)",
        ),
        (
            "class Plugin:\n    def __init__(self, rate):\n        self.rate = rate",
            (
                "'mine' cannot be constructed: missing a required argument: 'rate'; "
                "only attrs classes have settings (@attrs.define)"
            ),
        ),
        (
            "@attrs.define\nclass Plugin:\n    def __attrs_post_init__(self):\n        raise ValueError('no meter')",
            "plugins.mine: no meter",
        ),
        (
            "@attrs.define\nclass Plugin:\n    def __attrs_post_init__(self):\n        raise KeyError('MY_API_KEY')",
            f"plugins.mine: 'mine' cannot be constructed: KeyError: 'MY_API_KEY' ({MODULE}.py, line 6)",
        ),
    ],
)
def test_a_plugin_that_cannot_be_constructed_is_a_problem(load, source, message):
    plugin, problems = load(source)
    assert plugin is None
    assert lines(problems) == [message]


def test_two_names_for_one_module_are_a_problem_and_no_crash(scripted_distribution, tmp_path):
    source = "from gridhook import hookimpl\n@hookimpl\ndef price_energy(lots): ..."
    scripted_distribution("a-plugin", {MODULE: source}, {PLUGINS: {"mine": MODULE, "yours": MODULE}})
    registry = Registry(Guard(10.0))
    installed = find_installed(PLUGINS)
    assert registry.load(installed["mine"], Table("plugins.mine", {}, tmp_path))[1] == []
    plugin, (problem,) = registry.load(installed["yours"], Table("plugins.yours", {}, tmp_path))
    assert plugin is None
    assert str(problem) == "'yours' is the same module as 'mine'; name one of them only"


@pytest.mark.parametrize("equal", [True, False], ids=["equal", "cannot-be-compared"])
def test_two_plugins_of_one_class_with_the_same_settings_are_two(equal):
    class Plugin:
        def __eq__(self, other):
            if not equal:
                raise ValueError
            return True

        __hash__ = None

        @hookimpl
        def price_energy(self, lots): ...

    registry = Registry(Guard(10.0))
    for name in ("one", "other"):
        plugin, problems = registry.register(name, Plugin())
        assert problems == []
        assert list(plugin.implementations) == ["price_energy"]


def test_a_plugin_may_implement_hooks_of_several_domains():
    class Plugin:
        @hookimpl
        def session_started(self): ...

        @hookimpl
        def adjust_rates(self, rates): ...

        @hookimpl
        def forecast_energy(self, slots, assets): ...

        @hookimpl
        def price_energy(self, lots): ...

    plugin, messages = registered(Plugin())
    assert messages == []
    assert plugin.domains == ("forecasting", "pricing", "observation")
    assert plugin.implementations["forecast_energy"].arguments == ("slots", "assets")


def test_an_implementation_may_have_another_name():
    class Plugin:
        @hookimpl(specname="price_energy")
        def at_twelve_cents(self, lots): ...

    plugin, messages = registered(Plugin())
    assert messages == []
    assert list(plugin.implementations) == ["price_energy"]


def test_what_is_lifted_is_called_with_what_its_specification_offers():
    from gridhook import per_lot
    from gridhook.testing import make_lots, make_market

    class Plugin:
        @hookimpl
        @per_lot
        def price_energy(self, lot):
            return 12.0

    plugin, messages = registered(Plugin())
    assert messages == []
    implementation = plugin.implementations["price_energy"]
    assert implementation.arguments == ("lots", "market")
    np.testing.assert_array_equal(implementation.function(make_lots({}), make_market()), [12.0])


def test_a_misspelt_hook_names_the_nearest():
    class Plugin:
        @hookimpl
        def price_enrgy(self, lots): ...

    message = problem_with(Plugin())
    assert message.startswith("'mine' implements 'price_enrgy', which is no hook; did you mean 'price_energy' or")


def test_a_misspelt_argument_names_the_nearest():
    class Plugin:
        @hookimpl
        def price_energy(self, lots, markt): ...

    assert problem_with(Plugin()).endswith("; did you mean 'market' or 'markets'?")


def test_a_coroutine_is_no_hook():
    class Plugin:
        @hookimpl
        async def price_energy(self, lots): ...

    assert problem_with(Plugin()).startswith(
        "'mine' has 'price_energy' as a coroutine; a hook answers when it is called"
    )


def test_a_misspelt_hook_cannot_be_called_optional():
    class Plugin:
        @hookimpl(optionalhook=True)
        def price_enrgy(self, lots): ...

    assert "which is no hook" in problem_with(Plugin())


def test_a_misspelt_argument_is_named():
    class Plugin:
        @hookimpl
        def price_energy(self, lots, mraket): ...

    message = problem_with(Plugin())
    assert message.startswith("'mine' does not fit the specification")
    assert "mraket" in message


@pytest.mark.parametrize("options", [{"wrapper": True}, {"hookwrapper": True}])
def test_wrappers_are_refused(options):
    class Plugin:
        @hookimpl(**options)
        def price_energy(self, lots):
            yield

    assert problem_with(Plugin()) == (
        "'mine' wraps 'price_energy'; wrappers cannot be isolated, adjust_rates is the way to wrap"
    )


@pytest.mark.parametrize("options", [{"tryfirst": True}, {"trylast": True}])
def test_the_order_is_the_configurations_alone(options):
    class Plugin:
        @hookimpl(**options)
        def price_energy(self, lots): ...

    assert problem_with(Plugin()) == (
        "'mine' orders 'price_energy' by tryfirst or trylast; the order is the configuration's"
    )


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_without_its_mark_is_told(hook):
    assert problem_with(SimpleNamespace(**{hook: lambda: None})) == f"'mine' has {hook} without @hookimpl on top"


def test_a_mark_that_is_forgotten_on_one_of_two_hooks_is_told_too():
    class Plugin:
        @hookimpl
        def price_energy(self, lots): ...

        def adjust_rates(self, rates): ...

    assert problem_with(Plugin()) == "'mine' has adjust_rates without @hookimpl on top"


def test_a_plugin_without_hooks_is_none():
    assert problem_with(SimpleNamespace(price=1)) == "'mine' implements no hook"


def test_all_misspelt_hooks_are_told_at_once():
    class Plugin:
        @hookimpl
        def price_enrgy(self, lots): ...

        @hookimpl
        def claim_asset(self, grid): ...

    _, messages = registered(Plugin())
    assert len(messages) == 2


class Specifications:
    """As a later version might have them: a hook and an argument that will be removed, one hook that has been."""

    hookspec = pluggy.HookspecMarker("gridhook")

    @hookspec
    def price_energy(self, lots, market): ...

    @hookspec(warn_on_impl=HookChangedWarning("old_hook will be removed in 0.9; implement price_energy"))
    def old_hook(self, lots): ...

    @hookspec(warn_on_impl_args={"weather": HookChangedWarning("weather will be removed in 0.9")})
    def forecast_energy(self, assets, slots, weather): ...


@pytest.fixture
def later():
    return Registry(Guard(10.0), {"all": Specifications}, {"gone_hook": "implement price_energy"})


def test_a_hook_that_was_removed_warns_for_a_release_and_the_rest_of_the_plugin_works(later):
    class Plugin:
        @hookimpl
        def gone_hook(self, lots): ...

        @hookimpl
        def price_energy(self, lots): ...

    with pytest.warns(
        HookChangedWarning, match="'mine' implements 'gone_hook', which is asked no more: implement price"
    ):
        plugin, problems = later.register("mine", Plugin())
    assert problems == []
    assert list(plugin.implementations) == ["price_energy"]


def test_a_hook_that_will_be_removed_warns_and_still_works(later):
    class Plugin:
        @hookimpl
        def old_hook(self, lots): ...

    with pytest.warns(HookChangedWarning, match="old_hook will be removed in 0.9"):
        plugin, problems = later.register("mine", Plugin())
    assert problems == []
    assert list(plugin.implementations) == ["old_hook"]


@pytest.mark.parametrize("arguments", ["assets, slots", "slots", "assets, slots, weather"])
def test_an_argument_that_will_be_removed_warns_who_takes_it(later, arguments):
    namespace = {"hookimpl": hookimpl}
    exec(f"@hookimpl\ndef forecast_energy({arguments}): ...", namespace)  # noqa: S102
    module = SimpleNamespace(forecast_energy=namespace["forecast_energy"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        plugin, problems = later.register("mine", module)
    assert problems == []
    assert ", ".join(plugin.implementations["forecast_energy"].arguments) == arguments
    assert [str(one.message) for one in caught] == ["weather will be removed in 0.9"] * ("weather" in arguments)


def test_who_has_only_hooks_that_were_removed_is_warned_and_stays(later):
    class Plugin:
        @hookimpl
        def gone_hook(self, lots): ...

    with pytest.warns(HookChangedWarning):
        plugin, problems = later.register("mine", Plugin())
    assert (plugin.domains, problems) == ((), [])


def test_users_see_what_will_be_removed():
    """Python hides warnings for developers from them."""
    assert issubclass(HookChangedWarning, FutureWarning)
