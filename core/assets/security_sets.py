"""Data sets on what an agent does with tools' results, and rules on insecure code."""

from __future__ import annotations

from audit.core.assets.asset import Asset, WheelSource
from audit.core.assets.readers.security import code_rules, dojo, semgrep_rules, threat_bench
from audit.core.assets.wheels import AGENTDOJO, INSPECT_EVALS

_CONVERSATION = ("suite", "task", "attack", "system", "functions", "user", "calls", "planted", "needed")
_DOJO = (
    "agentdojo/data/system_messages.yaml",
    "agentdojo/attacks/baseline_attacks.py",
    "agentdojo/attacks/important_instructions_attacks.py",
    "agentdojo/default_suites/v1/tools/[a-z]*.py",
    "agentdojo/data/suites/workspace/include/*.yaml",
    *(
        member
        for suite in dojo.SUITES
        for member in (
            f"agentdojo/data/suites/{suite}/environment.yaml",
            f"agentdojo/data/suites/{suite}/injection_vectors.yaml",
            f"agentdojo/default_suites/v1/{suite}/task_suite.py",
            f"agentdojo/default_suites/*/{suite}/user_tasks.py",
            f"agentdojo/default_suites/*/{suite}/injection_tasks.py",
        )
    ),
)
_BENCH = "inspect_evals/agent_threat_bench"
_RULES = "inspect_evals/cyberseceval_4/insecure_code_detector/rules"
_LANGUAGES = (
    *("c", "cpp", "csharp", "java", "javascript", "language_agnostic", "objective_c", "php", "python", "ruby", "rust"),
    *("swift", "xml"),
)

SECURITY = (
    Asset(
        "agentdojo", "dataset", "conversations with injections in a tool's result",
        "Debenedetti et al. 2024", "MIT", "https://github.com/ethz-spylab/agentdojo",
        wheel=WheelSource(tuple((AGENTDOJO, member) for member in _DOJO), dojo.agentdojo),
        columns=_CONVERSATION,
    ),
    Asset(
        "agent_threat_bench", "dataset", "conversations with injections in a memory, an inbox, a customer's record",
        "inspect-evals", "MIT", "https://github.com/UKGovernmentBEIS/inspect_evals",
        wheel=WheelSource(
            tuple(
                (INSPECT_EVALS, f"{_BENCH}/{name}")
                for name in ("agent_threat_bench.py", "tools.py", *(f"data/{task}.json" for task in threat_bench.TOOLS))
            ),
            threat_bench.agent_threat_bench,
        ),
        columns=_CONVERSATION,
    ),
    Asset(
        "code_rules", "dataset", "regular expressions that find insecure constructs in code", "Bhatt et al. 2023",
        "MIT", "https://github.com/meta-llama/PurpleLlama",
        wheel=WheelSource(
            tuple(
                (INSPECT_EVALS, f"{_RULES}/{name}")
                for name in (
                    "config.yaml",
                    *(f"regex/{language}.yaml" for language in _LANGUAGES),
                    "semgrep/_generated_/*_cyberseceval.json",
                )
            ),
            code_rules.code_rules,
        ),
        columns=("language", "rule", "cwe", "severity", "description", "pattern"),
    ),
    Asset(
        "semgrep_rules", "dataset", "rules for semgrep that find insecure constructs in code", "Bhatt et al. 2023",
        "MIT", "https://github.com/meta-llama/PurpleLlama",
        wheel=WheelSource(
            ((INSPECT_EVALS, f"{_RULES}/semgrep/_generated_/*_cyberseceval.json"),), semgrep_rules.semgrep_rules
        ),
        columns=("language", "rule", "cwe", "severity", "content"),
    ),
)  # fmt: skip
