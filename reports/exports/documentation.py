"""A form for technical documentation, filled with what an audit knows; what it cannot know is a marked blank.

Points are those of Annexes IV and XI of the EU AI Act (:mod:`audit.reports.exports.eu_annexes`); a table maps the parts
of the audit to other frameworks (:mod:`audit.reports.exports.frameworks`). Long facts stand once, in the record at the
beginning, and points refer to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.formatting import REASON_LIMIT, estimate, metric_label, number, unit_text
from audit.core.names import PROBES
from audit.core.text import printable
from audit.reports.exports.eu_annexes import ANNEXES, Annex, Fact, Point
from audit.reports.exports.frameworks import mapping_lines
from audit.reports.not_assessed import not_assessed
from audit.reports.render import markdown
from audit.reports.render.verdict_text import verdict_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from audit.core.records import Metric
    from audit.reports.contents import RunContents

BLANK = "**☐ To be completed by the provider**"
"""Marks what an audit cannot know."""
NOTICE = (
    "This form was filled from the files of one audit. It is an aid, not legal advice, and no statement of compliance "
    "with any law or standard. An audit sees a checkpoint and its answers, not the system that it becomes part of, its "
    "training or its use. Headings are shortened: the text of the Regulation decides."
)
ADVERSARIAL = ("security", "refusal", "privacy")
"""Kinds of probes that try to make a checkpoint do what it should not."""


def render(contents: RunContents) -> str:
    """The form as Markdown."""
    name = markdown.escaped(contents.manifest.model.name)
    lines = [f"# Technical documentation: {name}", "", NOTICE, "", f"Blanks are marked {BLANK}.", ""]
    lines += ["# Record of the audit", "", *_record(contents)]
    for annex in ANNEXES:
        lines += [f"# {annex.title}", "", *_form(annex, contents)]
    lines += ["# Other frameworks", "", *mapping_lines(contents)]
    return "\n".join(lines)


def _record(contents: RunContents) -> Iterator[str]:
    """Everything that points refer to, each thing once."""
    yield from ("## Checkpoint", "", *_checkpoint(contents), "")
    yield from ("## Intended use", "", _intended_use(contents), "")
    yield from ("## Software", "", *_software(contents), "")
    yield from ("## Data sets and scorers", "", *_assets(contents), "")
    yield from ("## Results", "", *_results(contents), "")
    yield from ("## Results by group", "", *_by_group(contents), "")
    yield from ("## Human ratings", "", *_ratings(contents), "")
    yield from ("## Release decision", "", *_decision(contents), "")
    gaps = markdown.not_assessed_lines(not_assessed(contents.manifest, contents.metrics, contents.decision))
    yield from gaps or ("## Not assessed", "", "Nothing that the policy or the configuration asks for.", "")


def _checkpoint(contents: RunContents) -> Iterator[str]:
    model = contents.manifest.model
    rows = {
        "name": model.name,
        "source": model.source,
        "revision": model.revision or "none",
        "digest (SHA-256)": model.digest,
        "architecture": model.architecture,
        "parameters": f"{model.parameter_count:,}" if model.parameter_count else "not reported",
        "number type": model.dtype,
        "quantization": model.quantization or "none",
        "context length": f"{model.max_length:,} tokens",
        "device": model.device,
        "adapter of": model.base or "none",
    }
    yield from markdown.table(("Field", "Value"), ((one, markdown.escaped(text)) for one, text in rows.items()))
    if model.files:
        yield ""
        files = ((markdown.escaped(one.path), one.kind, f"{one.size:,}", one.sha256) for one in model.files)
        yield from markdown.table(("File", "Kind", "Bytes", "SHA-256"), files)


def _intended_use(contents: RunContents) -> str:
    """The words of the run's configuration as they are; they may be the provider's, or not."""
    use = contents.manifest.config.get("intended_use")
    if not use:
        return f"Not stated ({markdown.STATE_USE})."
    return f"As stated for this audit: {markdown.escaped(use, len(use))}"


def _software(contents: RunContents) -> Iterator[str]:
    manifest = contents.manifest
    versions = [*manifest.packages.items(), *((f"plug-in {one.name}", one.version) for one in manifest.plugins)]
    rows = ((markdown.escaped(name), markdown.escaped(version)) for name, version in versions)
    yield from markdown.table(("Package", "Version"), rows)
    platform = manifest.platform
    yield ""
    where = f"{platform.system}, {platform.machine}, Python {platform.python}, {platform.gpu or 'no GPU'}"
    yield f"Run on {markdown.escaped(where)}, from {manifest.started:%Y-%m-%d %H:%M} UTC."


def _assets(contents: RunContents) -> Iterator[str]:
    assets = contents.manifest.assets
    if not assets:
        yield "None is recorded."
        return
    head = ("Name", "Kind", "Source", "Version", "Licence", "SHA-256", "Items in the data set")
    available = contents.manifest.items_available
    rows = (
        (
            *(markdown.escaped(text) for text in (one.name, one.kind, one.source, one.version, one.licence)),
            markdown.escaped(one.sha256),
            f"{available[one.name]:,}" if one.name in available else "",
        )
        for one in assets
    )
    yield from markdown.table(head, rows)


def _results(contents: RunContents) -> Iterator[str]:
    yield from _metrics(metric for task in contents.tasks for metric in task.primary)
    unscored = [task for task in contents.tasks if task.unscored and task.unscored.value]
    for task in unscored:
        counted = task.unscored
        if counted is not None:
            yield ""
            count = f"{number(counted.value, 'count')} of {counted.n:,}"
            yield f"Not scored in {markdown.escaped(task.task)}: {count} samples."


def _by_group(contents: RunContents) -> Iterator[str]:
    names = {metric.name for task in contents.tasks for metric in task.primary}
    parts = [metric for task in contents.tasks for metric in task.slices if metric.name in names and metric.n]
    yield from _metrics(parts) if parts else ("No task has metrics by group.",)


def _metrics(metrics: Iterable[Metric]) -> list[str]:
    rows = []
    for metric in metrics:
        value, ends = estimate(metric.value, metric.ci_low, metric.ci_high, metric.unit)
        why = metric.error if metric.value is None else metric.no_interval
        shown = value if metric.value is not None else "not computed"
        ends = f"{ends} ({metric.confidence:.0%})" if metric.ci_low is not None else markdown.escaped(why, REASON_LIMIT)
        unit = markdown.escaped(unit_text(metric.unit, metric.higher_is_better))
        rows.append((markdown.escaped(metric_label(metric)), shown, ends, f"{metric.n:,}", unit))
    return markdown.table(("Metric", "Value", "Interval", "n", "Unit"), rows)


def _ratings(contents: RunContents) -> list[str]:
    if not contents.ratings and not contents.people:
        return ["No output of this run was rated by people."]
    return markdown.rating_lines(contents)


def _decision(contents: RunContents) -> Iterator[str]:
    decision = contents.decision
    if decision is None:
        why = markdown.escaped(contents.stale_reason, REASON_LIMIT) if contents.stale_reason else ""
        yield f"The last decision is not shown: {why}." if why else "Not judged by a release policy."
        return
    policy = f"{markdown.escaped(decision.policy)} (SHA-256 {decision.policy_sha256})"
    yield f"**{decision.verdict}** under policy {policy}: {verdict_text(decision)}."
    before = contents.manifest.policy
    yield ""
    if before is None:
        yield "No policy was registered before the run."
    else:
        named = f"{markdown.escaped(before.name)} (SHA-256 {before.sha256})"
        yield f"Registered before the run, {before.registered:%Y-%m-%d %H:%M} UTC: {named}."
    rows = (
        (one.verdict, *(markdown.escaped(text) for text in (one.metric, one.rule, one.owner or "none", one.reason)))
        for one in decision.checks
    )
    yield from ("", *markdown.table(("Verdict", "Metric", "Rule", "Owner", "Reason"), rows))
    for waiver in decision.waivers:
        yield from ("", f"Waiver {markdown.escaped(waiver.id)}: {markdown.escaped(waiver.text, REASON_LIMIT)}")


def _form(annex: Annex, contents: RunContents) -> Iterator[str]:
    """The points of an annex, each with its facts and its blank."""
    with_parts = {point.number.partition("(")[0] for point in annex.points if "(" in point.number}
    for point in annex.points:
        yield from (f"## {point.number}. {point.heading}", "")
        if point.number not in with_parts:
            yield from (*_filled(point, contents), "")


def _filled(point: Point, contents: RunContents) -> Iterator[str]:
    """What an audit knows for a point, and the blank for the rest."""
    stated = bool(contents.manifest.config.get("intended_use"))
    known = [fact for fact in point.facts if stated or fact != "purpose"]
    missing = ", ".join(part for part in ("" if stated else point.use, point.missing) if part)
    for fact in known:
        yield f"- {FACTS[fact](contents)}"
    if not known:
        yield BLANK
    elif missing:
        yield f"- {BLANK}: {missing}"


def _architecture(contents: RunContents) -> str:
    return f"Architecture: {markdown.escaped(contents.manifest.model.architecture)}."


def _size(contents: RunContents) -> str:
    count = contents.manifest.model.parameter_count
    return f"Parameters: {count:,}, tied ones counted once." if count else "Parameters: not reported by the server."


def _hardware(contents: RunContents) -> str:
    model = contents.manifest.model
    return f"The audit ran it on {markdown.escaped(model.device)}, as {markdown.escaped(model.dtype)}; see *Software*."


def _testing(contents: RunContents) -> str:
    tasks = ", ".join(markdown.escaped(task.task) for task in contents.tasks)
    manifest = contents.manifest
    return (
        f"Tasks, probes and methods that were run: {tasks or 'none'}. Settings are in the manifest of run "
        f"{markdown.escaped(manifest.run_id)}, signature {markdown.code(manifest.signature)}."
    )


def _limits(contents: RunContents) -> str:
    gaps = not_assessed(contents.manifest, contents.metrics, contents.decision)
    said = [markdown.escaped(text, REASON_LIMIT) for text in contents.manifest.remarks]
    more = f" Remarks of the run: {'; '.join(said)}." if said else ""
    return f"*Not assessed* lists {len(gaps)} open {'point' if len(gaps) == 1 else 'points'}.{more}"


def _adversarial(contents: RunContents) -> str:
    return _probes_run(contents, ADVERSARIAL, "Probes of refusal, privacy, injection and leakage")


def _security(contents: RunContents) -> str:
    return _probes_run(contents, ("security",), "Probes of injection and leakage of system prompts")


def _probes_run(contents: RunContents, kinds: Collection[str], what: str) -> str:
    ran = [task.task for task in contents.of("safety") if PROBES.get(task.task, "") in kinds]
    return f"{what}: {', '.join(map(printable, ran))}; see *Results*." if ran else f"{what}: none was run."


def _third_party(contents: RunContents) -> str:
    base = contents.manifest.model.base
    return f"Adapter of {markdown.escaped(base)}." if base else "The checkpoint is no adapter of another one."


def _oversight(contents: RunContents) -> str:
    rated = sum(one.n_ratings for one in contents.ratings)
    return f"Ratings of outputs by people: {rated:,}; see *Human ratings*."


FACTS: dict[Fact, Callable[[RunContents], str]] = {
    "purpose": lambda _: "Intended use, in the words of this audit's configuration: see *Intended use*.",
    "name": lambda contents: f"Name of the checkpoint: {markdown.escaped(contents.manifest.model.name)}.",
    "identity": lambda contents: f"Version: digest SHA-256 {contents.manifest.model.digest}.",
    "software": lambda _: "Versions of the software that the audit used: see *Software*.",
    "hardware": _hardware,
    "architecture": _architecture,
    "size": _size,
    "modality": lambda _: "Text in, text out, as far as the audit used it.",
    "context": lambda contents: f"Context length: {contents.manifest.model.max_length:,} tokens.",
    "third_party": _third_party,
    "testing": _testing,
    "test_data": lambda _: "Data used to test: see *Data sets and scorers*, with digests.",
    "metrics": lambda _: "Metrics with intervals: see *Results*.",
    "groups": lambda _: "Metrics for groups: see *Results by group*.",
    "limits": _limits,
    "adversarial": _adversarial,
    "security": _security,
    "oversight": _oversight,
    "decision": lambda contents: (
        f"Decision: {contents.decision.verdict if contents.decision else 'none'}; see *Release decision*."
    ),
}
