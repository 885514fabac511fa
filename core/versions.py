"""Versions of what is written to disk and read again, separate from the package's own version."""

from __future__ import annotations

from typing import Final

SCHEMA_VERSION: Final = 2
"""Of all records in a run folder (``docs/schemas/``). 2: samples keep every sampled text, choices, pairs and findings
as fields; maps are typed columns."""
POLICY_VERSION: Final = 1
"""Of the policy files that ``audit gate`` reads (``docs/reference/gate.md``): raised where a policy that was valid
before means something else, or is refused."""
