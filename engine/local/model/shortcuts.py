"""What a trial (:mod:`audit.engine.local.model.trial`) finds exact on a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Shortcuts:
    """Which shortcuts of a forward pass are exact. By default, none."""

    causal: bool = True
    """Whether a position's logits are independent of what follows."""
    batches: bool = False
    """Whether sequences in a padded batch have the log-probabilities they have alone."""
    splits: bool = False
    """Whether the output head may be applied to selected positions only."""
    wide: bool = False
    """Whether the head gives the same logits without rounding them to 16 bits."""
    shares: bool = False
    """Whether trunks and packed rows are exact."""
    why_not: str = ""
    """The reason why not."""
    decodes: bool = False
    """Whether texts of different lengths can be continued together, a token at a time."""
    position_bytes: int = 0
    """Memory of one position's keys and values; 0 if not measured."""
    flex: bool | None = False
    """Whether FlexAttention may compute packed rows; None where a trial of it failed for want of memory, which is
    no reason to keep."""
    no_flex: str = ""
    """The reason why not; empty where it is not wanted."""

    def __and__(self, other: Shortcuts) -> Shortcuts:
        """What both find exact."""
        return replace(
            self,
            causal=self.causal and other.causal,
            batches=self.batches and other.batches,
            splits=self.splits and other.splits,
            wide=self.wide and other.wide,
            shares=self.shares and other.shares,
            why_not=self.why_not or other.why_not,
            decodes=self.decodes and other.decodes,
            flex=self.flex and other.flex,
            no_flex=self.no_flex or other.no_flex,
        )


@dataclass(frozen=True)
class Generates:
    """Where transformers' ``generate`` has the logits of the model's own forward pass."""

    prompts: bool = False
    """On a single prompt."""
    batches: bool = False
    """On a left-padded batch of prompts."""
    single: bool = False
    """On a prompt of one token, which some recurrent layers take for the next token of what came before."""

    def __and__(self, other: Generates) -> Generates:
        """What both find exact."""
        return Generates(self.prompts and other.prompts, self.batches and other.batches, self.single and other.single)
