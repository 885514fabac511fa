"""A Hugging Face model card: evaluation results as ``model-index`` metadata, and a page that says what they are worth.

Written with ``huggingface_hub``'s own classes, so that ``ModelCard`` reads it back (https://huggingface.co/docs/hub/model-cards).
The Hub's form has a value and no interval; the interval is in the arguments of the metric and on the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from huggingface_hub import EvalResult, ModelCardData

from audit.core.errors import ConfigError, did_you_mean
from audit.core.formatting import REASON_LIMIT
from audit.core.text import printable
from audit.reports.exports.publication import Publication
from audit.reports.exports.results import Result, Withheld, require, results
from audit.reports.not_assessed import not_assessed
from audit.reports.render import markdown
from audit.reports.render.verdict_text import verdict_text

if TYPE_CHECKING:
    from audit.reports.contents import RunContents

TASK = "text-generation"
"""The Hub's name for what a language model does."""


def render(contents: RunContents, publication: Publication | None = None) -> str:
    """The card as text, to be the ``README.md`` of a model repository.

    Raises:
        ConfigError: The run has no result that may be published, or a benchmark is of no primary metric of the run.
    """
    found, withheld = results(contents)
    published = require(found, withheld, contents)
    name = printable(contents.manifest.model.name, 200)
    said = publication or Publication()
    _refuse_unknown(said, [*(one.metric.name for one in published), *(one.name for one in withheld)])
    data = ModelCardData(model_name=name, eval_results=[_result(one, said) for one in published])
    page = "\n".join(_page(contents, published, withheld))
    return f"---\n{data.to_yaml()}\n---\n\n{page}\n"


def _refuse_unknown(said: Publication, known: list[str]) -> None:
    for name in said.benchmarks:
        if name not in known:
            msg = f"--benchmark {name}: no primary metric of this run.{did_you_mean(name, known)}"
            raise ConfigError(msg)


def _result(result: Result, publication: Publication) -> EvalResult:
    metric = result.metric
    benchmark = publication.benchmarks.get(metric.name)
    arguments: dict[str, Any] = {
        "unit": metric.unit,
        "items": metric.n,
        "ci_low": result.low,
        "ci_high": result.high,
        "confidence": metric.confidence,
        "ci_method": metric.ci_method or "unknown",
    }
    return EvalResult(
        task_type=TASK,
        dataset_type=benchmark.dataset if benchmark else metric.task,
        dataset_name=printable(metric.task),
        metric_type=metric.metric,
        metric_name=printable(metric.name),
        metric_value=result.value,
        metric_args=arguments,
    )


def _page(contents: RunContents, published: list[Result], withheld: list[Withheld]) -> list[str]:
    manifest, decision = contents.manifest, contents.decision
    verdict = "Not judged by a release policy."
    if decision:
        verdict = f"**{decision.verdict}** under policy {markdown.escaped(decision.policy)}: {verdict_text(decision)}."
    lines = [f"# {markdown.escaped(manifest.model.name)}", "", "## Identity and intended use", ""]
    lines += [*markdown.identity_lines(contents), "## Evaluation", "", verdict, ""]
    head = (*markdown.metric_head(contents), "Verdict")
    lines += [*markdown.table(head, (_row(contents, one) for one in published)), "", _confidence(published), ""]
    if withheld:
        left = [f"- {markdown.escaped(one.name)}: {markdown.escaped(one.reason, REASON_LIMIT)}" for one in withheld]
        lines += ["Measured, but not published as results:", "", *left, ""]
    lines += [*markdown.change_lines(contents), *markdown.failure_lines(contents)]
    lines += markdown.not_assessed_lines(not_assessed(manifest, contents.metrics, decision))
    lines += markdown.waiver_lines(decision)
    lines += ["## Provenance", "", f"- checkpoint: SHA-256 {manifest.model.digest}"]
    lines += [f"- run: {markdown.escaped(manifest.run_id)}", f"- signature: {markdown.code(manifest.signature)}"]
    return lines


def _confidence(published: list[Result]) -> str:
    """Nominal coverage of the intervals of the table."""
    levels = sorted({one.metric.confidence for one in published})
    return f"Intervals: {' and '.join(f'{100 * level:g} %' for level in levels)}."


def _row(contents: RunContents, result: Result) -> tuple[str, ...]:
    return *markdown.metric_row(contents, result.metric), result.verdict or "not judged"
