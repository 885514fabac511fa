"""Toxicity of continuations in Chinese: :mod:`audit.safety.probes.toxicity.beginnings`."""

from __future__ import annotations

from audit.safety.probes.toxicity.beginnings import probe_in

NAME = "toxicity_zh"
PROBE = probe_in("zh")
