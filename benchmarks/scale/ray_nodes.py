"""A Ray cluster of two nodes on this machine, one of which is killed in the middle of a run.

The metrics of the run must be those of a run in one process, to the last bit. Needs Ray: pip install -e '.[ray]'.

python benchmarks/scale/ray_nodes.py
python benchmarks/scale/ray_nodes.py --tasks boolq --limit 40
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

from ray.cluster_utils import Cluster

ENOUGH = 20
"""Answers in the journal before a node is killed."""


def audit(out: Path, arguments: argparse.Namespace, *options: str) -> subprocess.Popen[str]:
    """Start an audit."""
    what = ["--tasks", arguments.tasks, "--limit", str(arguments.limit), "--no-explain", "--offline"]
    command = [sys.executable, "-m", "audit.cli", "run", "--model", arguments.model, *what, "--out", str(out), *options]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # noqa: S603 - ours


def answers(out: Path) -> int:
    """Answers in the journal of the run that is going on."""
    try:
        path = next(out.glob("*/journal.sqlite"))
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            return int(database.execute("select count(*) from answers").fetchone()[0])
    except (StopIteration, sqlite3.Error):
        return 0


def metrics(out: Path) -> Any:
    """The metrics of the run in a folder."""
    return json.loads(next(out.glob("*/metrics.json")).read_text())


def main() -> None:
    """Run both and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--tasks", default="boolq,crows_pairs,asdiv")
    parser.add_argument("--limit", type=int, default=30)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        alone, spread = Path(folder) / "alone", Path(folder) / "spread"
        started = time.monotonic()
        process = audit(alone, arguments)
        printed = process.communicate()[0]
        if process.returncode:
            sys.exit(f"the run in one process failed\n{printed[-3000:]}")
        print(f"one process: {time.monotonic() - started:.0f} s")
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
        started, killed = time.monotonic(), 0.0
        process = audit(spread, arguments, "--workers", "2", "--ray", cluster.address)
        while process.poll() is None:
            time.sleep(0.5)
            if not killed and answers(spread) >= ENOUGH:
                killed = time.monotonic() - started
                cluster.remove_node(nodes[0], allow_graceful=False)
        printed = process.communicate()[0]
        print(f"two nodes: {time.monotonic() - started:.0f} s, one killed after {killed:.0f} s")
        cluster.shutdown()
        if process.returncode or not killed:
            sys.exit(f"exit code {process.returncode}, killed after {killed:.0f} s\n{printed[-3000:]}")
        print("\n".join(line for line in printed.splitlines() if "worker" in line))
        same = metrics(alone) == metrics(spread)
        print(f"metrics {'identical' if same else 'DIFFERENT'}: {len(metrics(alone))} of them")
        sys.exit(not same)


if __name__ == "__main__":
    main()
