"""Toxicity of continuations in English: :mod:`audit.safety.probes.toxicity.beginnings`."""

from __future__ import annotations

from audit.safety.probes.toxicity.beginnings import probe_in

NAME = "toxicity_en"
PROBE = probe_in("en")
