"""``import audit`` is free: it loads none of the libraries behind the functions, and names stay what they say."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.whole.processes import Forks

HEAVY = ("torch", "pandas", "numpy", "streamlit", "transformers", "altair", "lm_eval", "pydantic", "sklearn", "IPython")


STEPS = ("import audit; dir(audit); audit.__all__", "audit.read_run; audit.Run; audit.UsageError; audit.Interrupted")


@pytest.mark.slow
def test_import_loads_nothing_heavy_and_reading_a_run_no_torch() -> None:
    code = "\n".join(f"{step}\nprint([name for name in {HEAVY!r} if name in sys.modules])" for step in STEPS)
    done = subprocess.run([sys.executable, "-c", f"import sys\n{code}"], capture_output=True, text=True, check=True)
    imported, read = map(ast.literal_eval, done.stdout.splitlines())
    assert imported == []
    assert set(read) <= {"pydantic", "numpy"}


@pytest.mark.slow
def test_the_package_explain_and_the_function_are_one_name(forks: Forks) -> None:
    """In a process that has imported the libraries, and the package anew."""
    code = """
import sys
for name in [name for name in sys.modules if name.partition(".")[0] == "audit"]:
    del sys.modules[name]
import audit
assert "audit.explain" not in sys.modules
assert callable(audit.explain)
from audit.explain.methods import registry
import audit.explain.methods.registry as same
assert same is registry and audit.explain.methods.registry is registry
assert callable(audit.explain)
try:
    audit.explain("no-such-model", "text", method="no_such_method")
except audit.UsageError as error:
    assert "unknown attribution method 'no_such_method'" in str(error), error
else:
    raise AssertionError
"""
    fork = forks.start([], code)
    assert (fork.poll(block=True), fork.error.read_text("utf-8")) == (0, "")


def test_an_unknown_name_is_an_attribute_error() -> None:
    import audit

    with pytest.raises(AttributeError, match="no attribute 'rum'"):
        audit.rum  # noqa: B018
    assert set(audit.__all__) <= set(dir(audit))
    assert all(getattr(audit, name) for name in audit.__all__)
