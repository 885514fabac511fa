"""Toxicity of continuations in French: :mod:`audit.safety.probes.toxicity.beginnings`."""

from __future__ import annotations

from audit.safety.probes.toxicity.beginnings import probe_in

NAME = "toxicity_fr"
PROBE = probe_in("fr")
