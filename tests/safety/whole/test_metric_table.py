"""Unit, direction and rank of every metric that a probe declares, written down once more by hand."""

from __future__ import annotations

import pytest

from audit.core.units import UNITS
from audit.safety.suite import PROBES

COUNTS = {
    "ties", "unmatched", "without_target", "truncated_outputs", "not_english", "empty_continuations", "empty_answers",
    "refusal_called_compliance", "not_taken_up", "echoed", "respelled", "too_short", "unscored", "no_code",
    "without_verdict",
}  # fmt: skip
PRIMARY, OTHER = True, False
UP, DOWN, NEITHER = True, False, None
IN_BOTH_ORDERS: dict[str, tuple[str, bool | None, bool]] = {"same_in_both_orders": ("share", NEITHER, OTHER)}
"""Of the probes whose answers another model may judge."""
TABLE: dict[str, dict[str, tuple[str, bool | None, bool]]] = {
    "crows_pairs": {
        "pct_stereotype": ("percent", NEITHER, PRIMARY),
        "likelihood_difference": ("nats", DOWN, OTHER),
    },
    "stereoset": {
        "icat": ("percent", UP, PRIMARY),
        "ss": ("percent", NEITHER, PRIMARY),
        "lms": ("percent", UP, OTHER),
    },
    "bbq": {
        "accuracy_ambiguous": ("share", UP, PRIMARY),
        "accuracy_disambiguated": ("share", UP, PRIMARY),
        "s_amb": ("points", NEITHER, PRIMARY),
        "s_dis": ("points", NEITHER, PRIMARY),
    },
    "cbbq": {
        "accuracy_ambiguous": ("share", UP, PRIMARY),
        "bias_ambiguous": ("share", DOWN, PRIMARY),
        "reverse_bias_ambiguous": ("share", DOWN, OTHER),
        "accuracy_disambiguated": ("share", UP, PRIMARY),
        "bias_disambiguated": ("share", DOWN, PRIMARY),
    },
    "winobias": {
        "difference": ("points", NEITHER, PRIMARY),
        "accuracy_pro": ("percent", UP, OTHER),
        "accuracy_anti": ("percent", UP, OTHER),
    },
    "winogender": {
        "accuracy": ("percent", UP, PRIMARY),
        "parity": ("percent", UP, PRIMARY),
        "correlation": ("correlation", NEITHER, OTHER),
    },
    "counterfactual": {
        "gap": ("nats", NEITHER, PRIMARY),
        "distance": ("nats", DOWN, OTHER),
        "p_value": ("probability", NEITHER, OTHER),
        "p_holm": ("probability", NEITHER, OTHER),
    },
    "counterfactual_zh": {
        "gap": ("nats", NEITHER, PRIMARY),
        "distance": ("nats", DOWN, OTHER),
        "p_value": ("probability", NEITHER, OTHER),
        "p_holm": ("probability", NEITHER, OTHER),
    },
    "bold": {
        "sentiment": ("sentiment", NEITHER, PRIMARY),
        "toxicity_in_thinking": ("share", DOWN, OTHER),
    },
    "toxicity": {
        "expected_max_toxicity": ("probability", DOWN, PRIMARY),
        "toxicity_probability": ("share", DOWN, PRIMARY),
        "expected_max_toxicity_in_thinking": ("probability", DOWN, OTHER),
        "toxic_share_in_thinking": ("share", DOWN, OTHER),
    },
    "personal_data": {
        "rate": ("share", DOWN, PRIMARY),
        "reserved": ("share", DOWN, OTHER),
        "rate_in_thinking": ("share", DOWN, OTHER),
    },
    "canaries": {
        "exposure": ("bits", DOWN, PRIMARY),
        "extracted": ("share", DOWN, PRIMARY),
        "extracted_in_thinking": ("share", DOWN, OTHER),
    },
    "associations": {
        "first": ("share", DOWN, PRIMARY),
        "reciprocal_rank": ("reciprocal_rank", DOWN, OTHER),
    },
    "memorisation": {
        "extracted": ("share", DOWN, PRIMARY),
        "common_prefix": ("tokens", DOWN, OTHER),
        "extracted_in_thinking": ("share", DOWN, OTHER),
    },
    "membership": {
        "auroc": ("probability", DOWN, PRIMARY),
        "blind_auroc": ("probability", NEITHER, PRIMARY),
        "tpr_at_1_fpr": ("share", DOWN, OTHER),
    },
    "xstest": {
        **IN_BOTH_ORDERS,
        "any_refusal_safe": ("share", DOWN, PRIMARY),
        "full_compliance_unsafe": ("share", DOWN, PRIMARY),
        "full_refusal_safe": ("share", DOWN, OTHER),
        "partial_refusal_safe": ("share", DOWN, OTHER),
        "partial_refusal_unsafe": ("share", DOWN, OTHER),
    },
    "do_not_answer": {
        **IN_BOTH_ORDERS,
        "any_refusal": ("share", UP, PRIMARY),
        "full_refusal": ("share", UP, OTHER),
        "partial_refusal": ("share", NEITHER, OTHER),
        "full_compliance": ("share", DOWN, OTHER),
        "harmful_steps_in_thinking": ("share", DOWN, OTHER),
        "refused_after_steps_in_thinking": ("share", DOWN, OTHER),
    },
    "harmful_requests": {
        **IN_BOTH_ORDERS,
        "compliance": ("share", DOWN, PRIMARY),
        "any_refusal": ("share", UP, OTHER),
        "partial_refusal": ("share", NEITHER, OTHER),
        "harmful_steps_in_thinking": ("share", DOWN, OTHER),
        "refused_after_steps_in_thinking": ("share", DOWN, OTHER),
    },
    "jailbreaks": {
        **IN_BOTH_ORDERS,
        "attack_success": ("share", DOWN, PRIMARY),
        "plain_compliance": ("share", DOWN, OTHER),
        "any_refusal": ("share", UP, OTHER),
        "harmful_steps_in_thinking": ("share", DOWN, OTHER),
        "refused_after_steps_in_thinking": ("share", DOWN, OTHER),
    },
    "jailbreakbench": {
        **IN_BOTH_ORDERS,
        "any_refusal_benign": ("share", DOWN, PRIMARY),
        "compliance_harmful": ("share", DOWN, PRIMARY),
    },
    "prompt_injection": {
        "success": ("share", DOWN, PRIMARY),
        "planted_word_in_thinking": ("share", NEITHER, OTHER),
    },
    "system_prompt_leakage": {
        "leaked": ("share", DOWN, PRIMARY),
        "secret": ("share", DOWN, OTHER),
        "overlap": ("share", DOWN, OTHER),
        "leaked_in_thinking": ("share", DOWN, OTHER),
        "secret_in_thinking": ("share", DOWN, OTHER),
        "overlap_in_thinking": ("share", DOWN, OTHER),
    },
    "refusal_twins": {
        "refusal_harmful": ("share", UP, PRIMARY),
        "refusal_harmless": ("share", DOWN, PRIMARY),
        **{
            f"gap_{kind}_{language}": ("points", NEITHER, OTHER)
            for kind in ("harmful", "harmless")
            for language in ("de", "es", "fr", "zh")
        },
    },
    "refusal_twins_zh": {
        "refusal_harmful": ("share", UP, PRIMARY),
        "refusal_harmless": ("share", DOWN, PRIMARY),
    },
    "jailbreaks_languages": {
        "not_declined": ("share", DOWN, PRIMARY),
        "plain_not_declined": ("share", DOWN, OTHER),
        **{f"gap_{language}": ("points", NEITHER, OTHER) for language in ("de", "es", "fr", "zh")},
    },
    "jailbreaks_zh": {
        "not_declined": ("share", DOWN, PRIMARY),
        "plain_not_declined": ("share", DOWN, OTHER),
    },
    **{
        f"toxicity_{language}": {
            "expected_max_toxicity": ("probability", DOWN, PRIMARY),
            "toxicity_probability": ("share", DOWN, PRIMARY),
            "toxic_share": ("share", DOWN, OTHER),
            "toxic_share_in_thinking": ("share", DOWN, OTHER),
        }
        for language in ("de", "en", "es", "fr", "zh")
    },
    "over_refusal": {
        **IN_BOTH_ORDERS,
        "any_refusal": ("share", DOWN, PRIMARY),
        "full_refusal": ("share", DOWN, OTHER),
        "partial_refusal": ("share", DOWN, OTHER),
    },
    "unsafe_output": {
        "unsafe": ("share", DOWN, PRIMARY),
        "planted": ("share", NEITHER, OTHER),
    },
    "instruction_hierarchy": {
        "higher_obeyed": ("share", UP, PRIMARY),
        "lower_obeyed": ("share", DOWN, OTHER),
        "agreement": ("share", NEITHER, OTHER),
    },
    "agent_injection": {
        "success": ("share", DOWN, PRIMARY),
        "ignored_and_helped": ("share", UP, PRIMARY),
        "neither": ("share", DOWN, OTHER),
        "helped_without_attack": ("share", UP, OTHER),
    },
    "tool_secrets": {
        "leaked": ("share", DOWN, PRIMARY),
        "kept_and_helped": ("share", UP, PRIMARY),
        "neither": ("share", DOWN, OTHER),
        "secret_in_thinking": ("share", NEITHER, OTHER),
    },
    "insecure_code": {
        "insecure": ("share", DOWN, PRIMARY),
        "invited": ("share", DOWN, OTHER),
    },
    "bbq_subset": {
        "subset_accuracy": ("share", UP, PRIMARY),
        "subset_s_dis": ("points", NEITHER, PRIMARY),
    },
    "book_cloze": {
        "recalled": ("share", DOWN, PRIMARY),
    },
    "slur_continuation": {
        "slur": ("share", DOWN, PRIMARY),
        "completed": ("share", DOWN, OTHER),
    },
    "snowball": {
        "accuracy": ("share", UP, PRIMARY),
        "says_yes": ("share", NEITHER, OTHER),
    },
    "sycophancy": {
        "agrees_opinions": ("share", DOWN, PRIMARY),
        "agrees_facts": ("share", DOWN, PRIMARY),
    },
    "trace_faithfulness": {
        "early_answering": ("share", UP, PRIMARY),
        "changed_by_mistake": ("share", UP, PRIMARY),
        "changed_by_filler": ("share", UP, PRIMARY),
        "changed_by_removal": ("share", NEITHER, OTHER),
        "unstable": ("share", DOWN, OTHER),
        "changed": ("share", NEITHER, OTHER),
        "accuracy": ("share", UP, OTHER),
    },
}  # fmt: skip


def test_every_probe_is_in_the_table() -> None:
    assert set(TABLE) == set(PROBES)


@pytest.mark.parametrize("name", TABLE)
def test_metrics_are_what_the_table_says(name: str) -> None:
    declared = PROBES[name].metrics
    assert {metric.name for metric in declared} - COUNTS == set(TABLE[name])
    for metric in declared:
        assert metric.unit in UNITS
        if metric.name in COUNTS:
            assert (metric.unit, metric.primary) == ("count", False)
            assert metric.higher_is_better is (False if metric.name == "unscored" else None)
            continue
        unit, direction, primary = TABLE[name][metric.name]
        is_blind = (metric.slice or {}).get("attack") == "blind"
        assert metric.unit == unit
        assert metric.higher_is_better is (None if is_blind else direction)
        if metric.slice is None and metric.whole:
            assert metric.primary is primary


@pytest.mark.parametrize("name", TABLE)
def test_primary_metrics_come_first_and_are_about_all_items(name: str) -> None:
    ranks = [metric.primary for metric in PROBES[name].metrics if metric.slice is None and metric.whole]
    assert any(ranks)
    assert all(metric.whole and metric.slice is None for metric in PROBES[name].metrics if metric.primary)
    shown = [metric.name for metric in PROBES[name].metrics if metric.primary]
    assert len(shown) == len(set(shown))
