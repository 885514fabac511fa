"""Runs to judge, policies to judge them by."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from audit.gate.decide import RUN_CHECK
from audit.gate.policy import PolicyFile, Rule, load_policy
from tests.reports.conftest import full_run, make_run, records, shared_run, written_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from audit.core.records import Decision, GateCheck
    from audit.core.run_folder import RunFolder

__all__ = ["full_run", "make_run", "records", "shared_run", "written_run"]

RULE = Rule(metric="boolq/accuracy", min=0.6)
"""On the metric of :func:`tests.reports.conftest.a_metric`, whose interval spans its limit."""


@pytest.fixture
def make_policy(tmp_path: Path) -> Callable[..., PolicyFile]:
    """Makes a policy of rules; keyword arguments are its other settings."""

    def make(*rules: dict[str, Any], **policy: Any) -> PolicyFile:
        file = tmp_path / "policy.yaml"
        file.write_text(yaml.safe_dump({**policy, "rules": list(rules)}), "utf-8")
        return load_policy(file)

    return make


@contextmanager
def journal_open_elsewhere(run: RunFolder) -> Iterator[subprocess.Popen[str]]:
    """Another process that keeps the journal of a run open, as an audit does until it has ended."""
    # The journal's own module, without the rest of its package, which takes seconds to import.
    code = """if True:
        import sys, importlib.util
        engine = importlib.util.find_spec("audit.engine").submodule_search_locations[0]
        spec = importlib.util.spec_from_file_location("journal", engine + "/journal.py")
        spec.loader.exec_module(module := importlib.util.module_from_spec(spec))
        held = module.Journal(sys.argv[1])
        print("open", flush=True)
        input()"""
    words = [sys.executable, "-c", code, str(run.journal_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        try:
            yield process
        finally:
            process.kill()


def the_check(decision: Decision) -> GateCheck:
    """The one check of a decision that is on a rule."""
    (check,) = [check for check in decision.checks if check.metric != RUN_CHECK]
    return check
