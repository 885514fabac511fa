"""Which run a reader most likely wants to compare a run with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Decision, RunManifest
    from audit.reports.browsing.run_list import RunSummary


def others(name: str, summaries: Sequence[RunSummary]) -> list[str]:
    """Folders of the other runs whose manifest can be read: first those that have a task in common with a run.

    Args:
        name: Folder of the run.
        summaries: Of all runs.
    """
    mine = _tasks(_find(name, summaries))
    found = [one for one in summaries if one.name != name and one.manifest]
    return [one.name for one in sorted(found, key=lambda one: not _tasks(one) & mine)]


def usual_other(name: str, summaries: Sequence[RunSummary], decision: Decision | None) -> str | None:
    """The folder of the run to compare with where the reader chose none; None where no run has a task in common.

    That is the baseline of the verdict; else the last run before of the same checkpoint's name and the same tasks, of
    that name, of the same tasks, or of any common task; else the next newer one.

    Args:
        name: Folder of the run.
        summaries: Of all runs.
        decision: The verdict on the run.
    """
    run = _find(name, summaries)
    if run is None or run.manifest is None:
        return None
    mine, started, model = _tasks(run), run.manifest.started, run.manifest.model.name
    found = [(one, one.manifest) for one in summaries if one is not run and one.manifest and _tasks(one) & mine]
    wanted = decision.baseline.run_id if decision and decision.baseline else None

    def distance(pair: tuple[RunSummary, RunManifest]) -> tuple[bool | float, ...]:
        one, manifest = pair
        apart = (started - manifest.started).total_seconds()
        return manifest.run_id != wanted, apart < 0, manifest.model.name != model, _tasks(one) != mine, abs(apart)

    return min(found, key=distance)[0].name if found else None


def _find(name: str, summaries: Sequence[RunSummary]) -> RunSummary | None:
    return next((one for one in summaries if one.name == name), None)


def _tasks(one: RunSummary | None) -> frozenset[str]:
    return frozenset(one.tasks if one else ())
