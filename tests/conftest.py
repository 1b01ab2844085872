"""Tests that are marked ``thorough`` take their time: they run in the gate, and with ``GRIDHOOK_THOROUGH=1``."""

import os


def pytest_xdist_auto_num_workers():
    """Return one more than there are processors: there is always a test that waits for a server."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(config, items):
    if os.environ.get("GRIDHOOK_THOROUGH"):
        return
    thorough = [item for item in items if item.get_closest_marker("thorough")]
    if thorough:
        config.hook.pytest_deselected(items=thorough)
        items[:] = [item for item in items if not item.get_closest_marker("thorough")]
