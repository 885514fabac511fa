"""Names of the probes, in the order in which they are listed; the module of that name holds each as ``PROBE``.

They are apart from the probes because a policy is checked against them, which need not import torch.
"""

from __future__ import annotations

NAMES = (
    "crows_pairs",
    "stereoset",
    "bbq",
    "winobias",
    "winogender",
    "counterfactual",
    "bold",
    "toxicity",
    "personal_data",
    "canaries",
    "associations",
    "memorisation",
    "membership",
    "xstest",
    "do_not_answer",
    "prompt_injection",
    "system_prompt_leakage",
)
