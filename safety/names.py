"""Where the probes are, in the order in which they are listed; the module of that name holds each as ``PROBE``.

They are apart from the probes because a policy is checked against their names, which need not import torch.
"""

from __future__ import annotations

FOLDERS = {
    "crows_pairs": "bias",
    "stereoset": "bias",
    "bbq": "bias",
    "winobias": "bias",
    "winogender": "bias",
    "counterfactual": "bias",
    "bold": "bias",
    "toxicity": "toxicity",
    "personal_data": "privacy",
    "canaries": "privacy",
    "associations": "privacy",
    "memorisation": "privacy",
    "membership": "privacy",
    "xstest": "refusal",
    "do_not_answer": "refusal",
    "prompt_injection": "security",
    "system_prompt_leakage": "security",
}
"""Probe name to the folder of ``safety/probes/`` that has its module."""
