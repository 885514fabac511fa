"""What the methods that need weights make of every causal model type; writes the list of the documentation.

    python -m tests.explain.architectures --write

builds each type tiny and runs the gradient and attention methods once: a value, or a refusal by name. Integrated
gradients take most of the time and go the way of ``gradient_x_input``: the list leaves them out.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import transformers

from audit.core.errors import CheckpointError, WhiteBoxUnavailable
from audit.core.records import ModelRecord
from audit.engine.local.engine import TransformersEngine
from audit.explain.attribute import prepare
from audit.explain.methods.registry import METHODS
from tests.engine.whole import tiny_types

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from transformers import PreTrainedTokenizerBase

    from audit.explain.methods.registry import Method
    from audit.explain.prompt.game import MaskedPrompt

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "attribution_methods.md"
BEGIN, END = "<!-- list: python -m tests.explain.architectures --write -->", "<!-- end of list -->"
WHITE_BOX = [method for method in METHODS.values() if method.white_box]
INTEGRATED = [method for method in WHITE_BOX if method.name.startswith("integrated")]
LISTED = [method for method in WHITE_BOX if method not in INTEGRATED]
TEXT, TARGET = "The dog sleeps. Answer:", " yes"
CLOSE = 1e-3
"""Nats by which two plain passes over the same tokens may differ."""
ATTENTION = ("attention", "attention_rollout", "attention_flow")


def build(kind: str, tokenizer: PreTrainedTokenizerBase) -> MaskedPrompt | None:
    """A prompt on a tiny checkpoint of a type; None where transformers does not build it or the engine refuses it."""
    try:
        model = tiny_types.random_model(tiny_types.configuration(kind)).requires_grad_(False)
        with torch.no_grad():
            model(input_ids=torch.arange(3, 60)[None])
    except Exception:  # noqa: BLE001 - whatever transformers raises
        return None
    record = ModelRecord(
        name=kind,
        source=kind,
        digest=kind,
        architecture=type(model).__name__,
        parameter_count=0,
        dtype="float32",
        max_length=256,
        device="cpu",
    )
    try:
        return asked(TransformersEngine(model, tokenizer, record))
    except CheckpointError:
        return None


def asked(engine: TransformersEngine) -> MaskedPrompt:
    """The prompt whose answer is explained, on a checkpoint."""
    prompt = prepare(engine, TEXT, TARGET, max_features=12)
    _ = prompt.full
    return prompt


def outcomes(prompt: MaskedPrompt, methods: Iterable[Method] = LISTED) -> dict[str, str]:
    """By method: an empty text for a value that stands the test, a note on it, or ``refused`` and why.

    Raises:
        AssertionError: A value does not stand the test, or a refusal names no architecture.
    """
    name = type(prompt.engine.model).__name__
    request = prompt.features.request
    plain = plain_log_prob(prompt.engine.model, request.context_ids, request.target_ids)
    found = {}
    for method in methods:
        try:
            values = method.attribute(prompt, 0)
        except WhiteBoxUnavailable as error:
            found[method.name] = _refusal(str(error), method.name, name)
            continue
        check(method.name, values, apart=abs(plain - prompt.full))
        limited = (values.note or "").startswith(("attention of", "convolutions"))
        found[method.name] = str(values.note) if limited else ""
    return found


def _refusal(message: str, method: str, architecture: str) -> str:
    """A refusal without the names that differ from line to line."""
    assert architecture in message, f"{method}: {message}"
    why = message.partition(": use ")[0].removeprefix(f"{method} follows attention through all layers; ")
    return f"refused: {why.removeprefix(architecture).lstrip(': ')}"


def check(method: str, values: Any, apart: float) -> None:
    """A value, of a prompt whose log-probability is so far from that of a plain pass of transformers, nats."""
    assert np.isfinite(values.values).all(), method
    if method in ATTENTION:
        assert abs(sum(values.values) - 1) < CLOSE
        assert (values.heads.sum(axis=-1) <= 1 + CLOSE).all()
    else:
        assert apart <= CLOSE, f"{method}: {apart} nats from a plain pass"


def plain_log_prob(model: Any, context: tuple[int, ...], target: tuple[int, ...]) -> float:
    """Log-probability of a continuation by one plain pass over token ids, nats."""
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([[*context, *target[:-1]]]), use_cache=False).logits[0]
    log_probs = logits.double().log_softmax(-1)
    return float(sum(log_probs[len(context) - 1 + place, token] for place, token in enumerate(target)))


def listed(found: Mapping[str, Mapping[str, str]]) -> str:
    """The outcomes as Markdown: per outcome the types, those without any limit as a number."""
    free = [kind for kind, by_method in found.items() if not any(by_method.values())]
    builds = f"{len(found)} causal model types that transformers {transformers.__version__} builds tiny"
    lines = [f"Of {builds}, these methods work on {len(free)} without a limit. The others:", ""]
    groups: dict[tuple[str, str], list[str]] = {}
    for kind, by_method in found.items():
        for outcome in dict.fromkeys(filter(None, by_method.values())):
            methods = ", ".join(f"`{name}`" for name, one in by_method.items() if one == outcome)
            groups.setdefault((outcome, methods), []).append(kind)
    for (outcome, methods), kinds in sorted(groups.items()):
        lines.append(f"- {methods}: {outcome}: {' '.join(f'`{kind}`' for kind in kinds)}")
    return "\n".join(lines)


def written() -> str:
    """The list as the documentation has it."""
    return PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0].strip()


def main(arguments: Iterable[str]) -> None:
    """Print the list, or write it into the documentation."""
    from tests.conftest import _tiny_tokenizer

    prompts = {kind: build(kind, _tiny_tokenizer()) for kind in tiny_types.types()}
    text = listed({kind: outcomes(prompt) for kind, prompt in prompts.items() if prompt is not None})
    if "--write" in arguments:
        before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", "utf-8")
    else:
        print(text)  # noqa: T201 - a script


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    main(sys.argv[1:])
