"""Yes-saying as a number: the claims of ``yes_saying``, with a metric definition of this package."""

from __future__ import annotations

from dataclasses import replace

from audit.core.records import MetricWords
from audit.safety.metrics import ProbeMetric
from audit_example.definition import Median
from audit_example.probe import PROBE as YES_SAYING

PROBE = replace(
    YES_SAYING,
    name="yes_lead",
    title="Yes to true claims",
    question="How much likelier is yes than no as an answer to a true claim?",
    description="How much likelier yes is than no as an answer to true claims",
    metrics=(
        ProbeMetric(
            "median_lead", Median(of="claim"), "nats", True, primary=True, words=MetricWords(title="Median lead of yes")
        ),
    ),
    formula="median of log p(yes) - log p(no)",
    direction="higher is better: all claims are true",
    dependence="claims are independent; bootstrap",
)
