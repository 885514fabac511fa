"""The process of a worker: ``python -m audit.engine.workers``, started by :mod:`audit.engine.workers.processes`."""

from __future__ import annotations

from audit.engine.workers.entry import main

if __name__ == "__main__":
    main()
