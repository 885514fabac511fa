"""Toxicity of continuations in Spanish: :mod:`audit.safety.probes.toxicity.beginnings`."""

from __future__ import annotations

from audit.safety.probes.toxicity.beginnings import probe_in

NAME = "toxicity_es"
PROBE = probe_in("es")
