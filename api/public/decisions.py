"""A run judged by a policy from Python."""

from __future__ import annotations

from html import escape
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from audit.core.errors import ConfigError
from audit.core.formatting import interval, signed
from audit.core.records import GateCheck
from audit.core.text import printable
from audit.public.options import refuse_empty

if TYPE_CHECKING:
    from audit.core.records import Decision

TITLES = ("verdict", "metric", "rule", "difference", "interval", "reason")


class Judgement:
    """The verdict of a policy on a run. Made by :func:`gate`.

    Attributes:
        record: The decision, field by field, as the command line writes it to ``decision.json``.
    """

    def __init__(self, record: Decision) -> None:
        self.record = record

    @property
    def verdict(self) -> str:
        """``PASS``, ``FAIL`` or ``INCONCLUSIVE``."""
        return self.record.verdict

    @property
    def checks(self) -> pd.DataFrame:
        """One row per check, with the fields of :class:`audit.core.records.GateCheck`."""
        rows = [dict(check) for check in self.record.checks]
        return pd.DataFrame.from_records(rows, columns=list(GateCheck.model_fields)).convert_dtypes()

    def __repr__(self) -> str:
        """Verdict, run and policy."""
        return f"Judgement({self.record.verdict!r}, {self.record.run_id!r}, {self.record.policy!r})"

    def _repr_html_(self) -> str:
        """A table of the checks under the verdict."""
        head = "".join(f"<th>{title}</th>" for title in TITLES)
        rows = "".join(_row(check) for check in self.record.checks)
        said = escape(printable(f"{self.record.verdict} (policy {self.record.policy})", 200))
        return f"<p><strong>{said}</strong></p><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def gate(
    run: str | PathLike[str],
    *,
    policy: str | PathLike[str] = "default",
    baseline: str | PathLike[str] | None = None,
    waivers: str | PathLike[str] | None = None,
    database: str | None = None,
    out: str | PathLike[str] = "runs",
) -> Judgement:
    """Judge a run by a policy; nothing is written, except that a log is imported into ``out`` first.

    Args:
        run: Path of the run, its id in ``out``, or ``latest``; or the log of another tool.
        policy: YAML file of rules, or the name of a shipped policy.
        baseline: The run or log that rules compare with.
        waivers: YAML file of rules that may be broken for a while.
        database: URL of the ratings that correct metrics; None takes ``ratings.sqlite`` next to the run.
        out: Folder of run folders.

    Raises:
        EvidenceInvalid: The files of a folder contradict each other, or a log contradicts itself.
        RunFolderError: A run cannot be read, or has not ended.
        UsageError: A log cannot be read.
        ConfigError: A path is none, or empty; the policy or the waivers are broken; the policy names what cannot
            exist, or needs a baseline.
    """
    from audit.explain.methods.registry import METHODS  # noqa: PLC0415 - PyTorch takes seconds to import
    from audit.gate.corrected.ratings import RatedOutputs  # noqa: PLC0415 - SQLAlchemy is slow to import, too
    from audit.gate.decide import decide  # noqa: PLC0415 - SciPy takes a second to import
    from audit.gate.importers.opening.named_run import open_run  # noqa: PLC0415 - see above
    from audit.gate.policy import load_policy  # noqa: PLC0415 - see above
    from audit.gate.waivers.waiver_file import load_waivers  # noqa: PLC0415 - see above

    named = {"run": run, "policy": policy, "baseline": baseline, "waivers": waivers, "out": out}
    for name, given in named.items():
        _refuse_no_path(name, given, optional=name in {"baseline", "waivers"})
    folder = open_run(str(run), Path(out))
    other = None if baseline is None else open_run(str(baseline), Path(out))
    waived = None if waivers is None else load_waivers(Path(waivers))
    rated = None if database is None else RatedOutputs.of_database(database)
    return Judgement(decide(folder, load_policy(Path(policy)), METHODS, other, waived, ratings=rated))


def _refuse_no_path(name: str, given: object, *, optional: bool) -> None:
    """Refuse an argument that is not a path.

    Raises:
        ConfigError: It is of another type, or empty.
    """
    if not isinstance(given, str | PathLike) and not (given is None and optional):
        msg = f"audit.gate: {name} is a path or a name, not {type(given).__name__}"
        raise ConfigError(msg)
    refuse_empty(f"audit.gate: {name}", given)


def _row(check: GateCheck) -> str:
    found: Any = check.baseline and check.baseline.difference
    shown = found is not None and found.difference is not None
    cells = (
        check.verdict,
        check.metric,
        check.rule,
        signed(found.difference, found.unit) if shown else "",
        interval(found.ci_low, found.ci_high, found.unit) if shown else "",
        check.reason,
    )
    return f"<tr>{''.join(f'<td>{escape(printable(cell, 600))}</td>' for cell in cells)}</tr>"
