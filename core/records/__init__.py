"""What an audit leaves on disk: every record, field by field.

The JSON Schemas under ``docs/schemas`` are exported from these models. A change of meaning or a removed field raises
``SCHEMA_VERSION``; readers refuse what is newer than they know.
"""

from __future__ import annotations

from audit.core.records.base import SCHEMA_VERSION, Record, Share, Suite, digest_of
from audit.core.records.comparison import Comparison, MetricDifference, Mismatch, RunReference
from audit.core.records.decision import (
    BaselineComparison,
    Decision,
    GateBudget,
    GateCheck,
    NotJudged,
    RuleKind,
    Severity,
    Verdict,
)
from audit.core.records.explanations import (
    DISCOVERY_RATE,
    LEAST_SAMPLES,
    Attribution,
    Counterfactual,
    CounterfactualSearch,
    DrivenAnswers,
    Driver,
    Drivers,
    Feature,
    OutputToken,
    Span,
)
from audit.core.records.flags import Flag
from audit.core.records.manifest import (
    AssetRecord,
    FileDigest,
    GitState,
    ModelRecord,
    NotRun,
    Platform,
    PluginRecord,
    RunCost,
    RunManifest,
    Status,
)
from audit.core.records.metric import Metric
from audit.core.records.sample import (
    Choice,
    FindingRecord,
    RawOutput,
    Sample,
    SampledText,
    completion_address,
    sample_id,
    split_address,
)
from audit.core.records.series import (
    SeriesComparison,
    SeriesMetric,
    SeriesMismatch,
    SeriesPair,
    SeriesRun,
    SeriesStep,
    SeriesTrend,
    SeriesValue,
)
from audit.core.records.task_result import TaskResult
from audit.core.records.waiver import JudgedWaiver, Waiver, WaiverScope

__all__ = [
    "DISCOVERY_RATE",
    "LEAST_SAMPLES",
    "SCHEMA_VERSION",
    "AssetRecord",
    "Attribution",
    "BaselineComparison",
    "Choice",
    "Comparison",
    "Counterfactual",
    "CounterfactualSearch",
    "Decision",
    "DrivenAnswers",
    "Driver",
    "Drivers",
    "Feature",
    "FileDigest",
    "FindingRecord",
    "Flag",
    "GateBudget",
    "GateCheck",
    "GitState",
    "JudgedWaiver",
    "Metric",
    "MetricDifference",
    "Mismatch",
    "ModelRecord",
    "NotJudged",
    "NotRun",
    "OutputToken",
    "Platform",
    "PluginRecord",
    "RawOutput",
    "Record",
    "RuleKind",
    "RunCost",
    "RunManifest",
    "RunReference",
    "Sample",
    "SampledText",
    "SeriesComparison",
    "SeriesMetric",
    "SeriesMismatch",
    "SeriesPair",
    "SeriesRun",
    "SeriesStep",
    "SeriesTrend",
    "SeriesValue",
    "Severity",
    "Share",
    "Span",
    "Status",
    "Suite",
    "TaskResult",
    "Verdict",
    "Waiver",
    "WaiverScope",
    "completion_address",
    "digest_of",
    "sample_id",
    "split_address",
]
