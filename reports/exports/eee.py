"""A run as Every Eval Ever JSON, version 0.2.2 of its schema (https://github.com/evaleval/every_eval_ever).

The schema asks of every result which direction is better and, of continuous scores, for the lowest and highest possible
value. Metrics for which there is no such answer (neither end is good, no bounds) cannot be said in it and are left out.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from audit.core.errors import ConfigError
from audit.core.text import printable
from audit.core.units import unit_of
from audit.reports.exports.publication import Publication
from audit.reports.exports.results import Result, results

if TYPE_CHECKING:
    from audit.core.records import AssetRecord, RunManifest
    from audit.reports.contents import RunContents

SCHEMA_VERSION = "0.2.2"
LIBRARY = "checkpoint-audit"
UNITS = {"share": "proportion"}
"""The schema's words for units, where they differ."""


def render(contents: RunContents, publication: Publication | None = None) -> str:
    """The record as JSON text, a pure function of the run.

    Raises:
        ConfigError: The run has no result that the schema can say.
    """
    manifest = contents.manifest
    published, withheld = results(contents)
    said = [result for result in published if _can_be_said(result)]
    if not said:
        msg = f"{manifest.run_id}: none of its {len(published) + len(withheld)} primary metrics can be exported: "
        raise ConfigError(msg + "each needs a direction, a bounded unit, an interval and no open rule")
    moment = manifest.finished or manifest.started
    identity = _identity(manifest)
    seconds = str(int(moment.timestamp()))
    record = {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"checkpoint-audit/{identity}/{seconds}",
        "evaluation_timestamp": manifest.started.isoformat(),
        "retrieved_timestamp": seconds,
        "source_metadata": {
            "source_name": LIBRARY,
            "source_type": "evaluation_run",
            "source_organization_name": (publication or Publication()).organisation,
            "evaluator_relationship": "other",
        },
        "eval_library": {"name": LIBRARY, "version": manifest.packages.get(LIBRARY, "unknown")},
        "model_info": _model(manifest, identity),
        "evaluation_results": [_result(result, contents) for result in said],
    }
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _can_be_said(result: Result) -> bool:
    return result.metric.higher_is_better is not None and unit_of(result.metric.unit).whole_range is not None


def _identity(manifest: RunManifest) -> str:
    """The id on the Hub of a checkpoint that came from there, else its name: a path says nothing elsewhere."""
    return printable(manifest.model.source if manifest.model.revision else manifest.model.name, 200)


def _model(manifest: RunManifest, identity: str) -> dict[str, Any]:
    model = manifest.model
    details = {
        "sha256": model.digest,
        "architecture": model.architecture,
        "parameters": str(model.parameter_count),
        "dtype": model.dtype,
        "quantization": model.quantization,
        "revision": model.revision,
    }
    known = {name: printable(text) for name, text in details.items() if text}
    return {"name": printable(model.name, 200), "id": identity, "additional_details": known}


def _result(result: Result, contents: RunContents) -> dict[str, Any]:
    metric, manifest = result.metric, contents.manifest
    unit = unit_of(metric.unit)
    details = {"run_id": manifest.run_id, "verdict": result.verdict or "not judged", "signature": manifest.signature}
    interval = {
        "lower": result.low,
        "upper": result.high,
        "confidence_level": metric.confidence,
        "method": metric.ci_method or "unknown",
    }
    return {
        "evaluation_result_id": f"{manifest.run_id}/{metric.name}",
        "evaluation_name": metric.task,
        "source_data": _source(metric.task, manifest),
        "evaluation_timestamp": manifest.started.isoformat(),
        "metric_config": {
            "metric_id": metric.name.replace("/", "."),
            "metric_name": metric.metric,
            "metric_unit": UNITS.get(metric.unit, metric.unit),
            "lower_is_better": not metric.higher_is_better,
            "score_type": "continuous",
            "min_score": unit.low,
            "max_score": unit.high,
        },
        "score_details": {
            "score": result.value,
            "details": {name: printable(text) for name, text in details.items()},
            "uncertainty": {"confidence_interval": interval, "num_samples": metric.n},
        },
        "generation_config": {"additional_details": _settings(manifest.tasks.get(metric.task, {}))},
    }


def _settings(settings: dict[str, Any]) -> dict[str, str]:
    """The settings of a task that are numbers or words; the schema has texts alone."""
    kept = {name: value for name, value in settings.items() if isinstance(value, (bool, int, float, str))}
    return {name: printable(str(value), 200) for name, value in kept.items() if not _is_nan(value)}


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _source(task: str, manifest: RunManifest) -> dict[str, Any]:
    """Where the data of a task came from."""
    used = set(manifest.task_assets.get(task, [task]))
    data = [asset for asset in manifest.assets if asset.kind == "dataset" and asset.name in used]
    pages = [asset.homepage for asset in data if asset.homepage]
    kind: dict[str, Any] = {"source_type": "url", "url": pages} if pages else {"source_type": "other"}
    details = {"additional_details": _digests(data)} if data else {}
    return {"dataset_name": task, **kind, **details}


def _digests(data: list[AssetRecord]) -> dict[str, str]:
    return {asset.name: f"{printable(asset.source)}, version {asset.version}, SHA-256 {asset.sha256}" for asset in data}
