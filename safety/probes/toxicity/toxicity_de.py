"""Toxicity of continuations in German: :mod:`audit.safety.probes.toxicity.beginnings`."""

from __future__ import annotations

from audit.safety.probes.toxicity.beginnings import probe_in

NAME = "toxicity_de"
PROBE = probe_in("de")
