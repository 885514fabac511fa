"""Names of the audit's own tasks and probes: the line that each has in addition to its file.

They are in ``core`` because gate, reports and app know no benchmark and no probe, and yet have to know which metrics
must follow from samples (:func:`has_definitions`).
"""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

TASKS = (
    "asdiv",
    "bfcl",
    "bfcl_irrelevance",
    "bfcl_live",
    "bfcl_relevance",
    "bbh",
    "boolq",
    "cmmlu",
    "commonsenseqa",
    "gsm8k",
    "humaneval",
    "ifbench",
    "ifeval",
    "long_context_1k",
    "long_context_2k",
    "long_context_4k",
    "long_context_8k",
    "long_context_16k",
    "long_context_32k",
    "long_context_64k",
    "long_context_128k",
    "medmcqa",
    "medqa",
    "mgsm_de",
    "mgsm_en",
    "mgsm_zh",
    "mmath_ar",
    "mmath_en",
    "mmath_es",
    "mmath_fr",
    "mmath_ja",
    "mmath_ko",
    "mmath_pt",
    "mmath_th",
    "mmath_vi",
    "mmath_zh",
    "mmlu",
    "nq_open",
    "ntrex_en_de",
    "ntrex_en_fr",
    "ntrex_en_zh",
    "ntrex_zh_en",
    "openbookqa",
    "piqa",
    "pubmedqa",
    "reasoning_gym",
    "translation_en_de",
    "translation_en_es",
    "translation_en_fr",
    "translation_en_zh",
    "translation_zh_en",
    "truthfulqa",
    "xsum",
)
"""Benchmark tasks: each is ``evals/tasks/NAME.yaml``."""
PROBES = {
    "crows_pairs": "bias",
    "stereoset": "bias",
    "bbq": "bias",
    "cbbq": "bias",
    "winobias": "bias",
    "winogender": "bias",
    "counterfactual": "bias",
    "counterfactual_zh": "bias",
    "bold": "bias",
    "toxicity": "toxicity",
    "personal_data": "privacy",
    "canaries": "privacy",
    "associations": "privacy",
    "memorisation": "privacy",
    "membership": "privacy",
    "xstest": "refusal",
    "do_not_answer": "refusal",
    "harmful_requests": "refusal",
    "jailbreaks": "refusal",
    "jailbreakbench": "refusal",
    "prompt_injection": "security",
    "system_prompt_leakage": "security",
    "over_refusal": "refusal",
    "unsafe_output": "security",
    "instruction_hierarchy": "security",
    "agent_injection": "security",
    "tool_secrets": "security",
    "insecure_code": "security",
    "bbq_subset": "bias",
    "book_cloze": "privacy",
    "slur_continuation": "toxicity",
    "snowball": "honesty",
    "sycophancy": "honesty",
    "trace_faithfulness": "honesty",
    "refusal_twins": "refusal",
    "refusal_twins_zh": "refusal",
    "jailbreaks_languages": "refusal",
    "jailbreaks_zh": "refusal",
    "toxicity_de": "toxicity",
    "toxicity_en": "toxicity",
    "toxicity_es": "toxicity",
    "toxicity_fr": "toxicity",
    "toxicity_zh": "toxicity",
}
"""Probes, in the order in which they are listed, and the folder of ``safety/probes/`` whose module of that name holds
each as ``PROBE``."""

CHECKS = ("order", "min-k", "overlap", "twins")
"""What is asked about a benchmark task, as a task called ``TASK.CHECK``: signs of contamination, and fresh twins."""

ENGINES = ("vllm", "sglang")
"""Inference engines of others that run in this process: ``vllm:MODEL``."""


def split_engine(model: str) -> tuple[str | None, str]:
    """The inference engine that ``ENGINE:MODEL`` asks for, and the checkpoint; None and the whole name for our own."""
    kind, colon, name = model.partition(":")
    return (kind, name) if colon and kind in ENGINES else (None, model)


def web_address(url: str) -> SplitResult | None:
    """The parts of the address of a server, ``http`` or ``https``; None for anything else."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if usable and url.isascii() and url.isprintable() and " " not in url else None


def check_of(name: str) -> tuple[str, str] | None:
    """The benchmark task and the check of a task called ``TASK.CHECK``; None for any other name."""
    base, _, check = name.rpartition(".")
    return (base, check) if base and check in CHECKS else None


PERTURBED = "_perturbed"
"""Suffix of the name of a task that asks the items of another one again, perturbed."""
PERTURBATION = "perturbation"
"""Slice of a sample: how its item was perturbed."""
UNPERTURBED = "unperturbed"
"""In ``Sample.scores``, of a perturbed item: its score as it was asked first; null if it has none, or its answer was
cut."""
FORCED = "_forced"
"""Suffix of the name of a task with the answers to another one's items that were forced at thinking budgets."""
THINKING_BUDGET = "thinking_budget"
"""Slice of a sample of such a task, and of the metrics of a curve: the budget, in tokens."""


def asked_again(task: str) -> bool:
    """Whether a task asks the items of another one again, perturbed or with their answers forced."""
    return task.endswith((PERTURBED, FORCED))


def plain_name(task: str) -> str:
    """The name of the task whose items it asks again; that of any other task as it is."""
    return task.removesuffix(PERTURBED).removesuffix(FORCED)


def has_definitions(suite: str, task: str) -> bool:
    """Whether every metric of a task has a definition, so that its value follows from samples.

    Those of probes and explanations have one, whoever wrote the probe or the method. Statistics of benchmark tasks from
    elsewhere may have none. No such task has the name of a probe (``evals.choice.checks``): a rule names task and
    metric alone, so a metric that was moved from ``safety`` to ``evals`` would be judged in place of the probe's.
    """
    known = task in TASKS or task in PROBES or asked_again(task) or check_of(task) is not None
    return suite != "evals" or known
