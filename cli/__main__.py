"""``python -m audit.cli`` is the ``audit`` command."""

from audit.cli.main import main

main()
