"""``python -m gridhook``."""

from gridhook.cli import main

main()
