"""Tests that are marked ``thorough`` take their time: they run in the gate, and with ``GRIDHOOK_THOROUGH=1``."""

import os


def pytest_collection_modifyitems(config, items):
    if os.environ.get("GRIDHOOK_THOROUGH"):
        return
    thorough = [item for item in items if item.get_closest_marker("thorough")]
    if thorough:
        config.hook.pytest_deselected(items=thorough)
        items[:] = [item for item in items if not item.get_closest_marker("thorough")]
