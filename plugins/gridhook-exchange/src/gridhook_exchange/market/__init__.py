"""The market model: pure, deterministic, without I/O or clock."""
