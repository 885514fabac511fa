"""Whether benchmark items are asked again with perturbed prompts, and how."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from audit.core.config.fields import Count, Folder, Option, Section


def _names(values: object) -> object:
    """Names separated by commas, as they are typed, one by one."""
    if not isinstance(values, list):
        return values
    parts = [value.split(",") if isinstance(value, str) else [value] for value in values]
    return [name.strip() if isinstance(name, str) else name for part in parts for name in part]


class RobustnessConfig(Section):
    """Benchmark items asked again with perturbed prompts (``docs/reference/robustness.md``)."""

    perturbations: Annotated[
        list[str],
        BeforeValidator(_names),
        Option(
            "Ask benchmark items again with perturbed prompts: typos,case,… or all (docs/reference/robustness.md).",
            ("run",),
            name="--perturb",
        ),
    ] = Field(default_factory=list)
    """Perturbations of the questions, e.g. ``[typos, option_order]``; ``all`` names all that can apply."""
    limit: Annotated[
        Count | None,
        Option("Maximum number of items per task that --perturb asks again.", ("run",), name="--perturb-limit"),
    ] = None
    """Maximum number of items of each task that are perturbed, drawn from those that are run; null takes all."""
    paraphrases: Annotated[
        Folder | None,
        Option("Other wordings of questions and instructions, and synonyms: CSV, JSON Lines, Parquet.", ("run",)),
    ] = None
    """File with other wordings of questions and instructions, and with words that mean the same."""
