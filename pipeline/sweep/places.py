"""Where the checkpoints of a sweep lie: at a training step, an epoch, a number of bits per weight, or a time."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal

from audit.gate.comparison.axis import EPOCH_NUMBER, STEP, Axis, date_texts, days_since_1970, number_in

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.core.records import SweptCheckpoint
    from audit.pipeline.sweep.found import MatchedCheckpoint

TRAINER_STATE = "trainer_state.json"
"""Of transformers' Trainer, with ``global_step``."""
BITS = (
    (re.compile(r"(?<![a-z0-9])i?q([1-8])(?:_[0-9a-z]+)*(?![a-z0-9])"), None),
    (re.compile(r"(?<![a-z0-9])w([1-8])a\d+(?![a-z0-9])"), None),
    (re.compile(r"(?<![a-z0-9])(?:u?int|fp|nf|mxfp|nvfp)(4|8)(?![a-z0-9])"), None),
    (re.compile(r"(?<![a-z0-9])([2-8])-?bits?(?![a-z0-9])"), None),
    (re.compile(r"(?<![a-z0-9])(?:bf|fp|f|bfloat|float)16(?![a-z0-9])"), 16.0),
    (re.compile(r"(?<![a-z0-9])(?:fp|f|float)32(?![a-z0-9])"), 32.0),
)
"""Bits per weight in a name, and how many where the name does not have them in a group."""
DTYPES = {"float32": 32.0, "bfloat16": 16.0, "float16": 16.0, "float8_e4m3fn": 8.0, "float8_e5m2": 8.0}
METHODS = {"fp8": 8.0, "fbgemm_fp8": 8.0, "mxfp4": 4.0, "awq": 4.0}
"""Bits of quantisation methods whose configuration need not say them."""

AxisName = Literal["step", "epoch", "bits", "date", "order"]
KINDS: tuple[AxisName, ...] = ("step", "epoch", "bits")
"""Axes of numbers that not all checkpoints may have."""
FEWEST = 3
"""Checkpoints that a trend needs."""


def step_of(one: MatchedCheckpoint) -> float | None:
    """The training step in a checkpoint's names, else in its ``trainer_state.json``."""
    named = number_in(one.names, STEP)
    if named is not None or one.path is None:
        return named
    said = _read(one.path / TRAINER_STATE).get("global_step")
    return float(said) if isinstance(said, int | float) and not isinstance(said, bool) else None


def epoch_of(one: MatchedCheckpoint) -> float | None:
    """The epoch in a checkpoint's names."""
    return number_in(one.names, EPOCH_NUMBER)


def bits_of(one: MatchedCheckpoint) -> float | None:
    """Bits per weight, as the name of a checkpoint or else its ``config.json`` has them; scales do not count."""
    name = one.names[0].lower().removesuffix(".gguf")
    for pattern, fixed in BITS:
        found = pattern.findall(name)
        if len(found) == 1:
            return fixed or float(found[0])
    if one.path is None or not one.path.is_dir():
        return None
    config = _read(one.path / "config.json")
    packed = config.get("quantization_config")
    if isinstance(packed, dict):
        return _bits_of_method(packed)
    return DTYPES.get(str(config.get("dtype") or config.get("torch_dtype")))


def _bits_of_method(packed: dict[str, Any]) -> float | None:
    """Bits per weight of packed weights, from their configuration."""
    for name, bits in (("load_in_4bit", 4.0), ("load_in_8bit", 8.0)):
        if packed.get(name):
            return bits
    said = packed.get("bits")
    return float(said) if type(said) is int else METHODS.get(str(packed.get("quant_method")))


def axis_of(checkpoints: Sequence[SweptCheckpoint]) -> AxisName:
    """What orders them: the first of step, epoch, bits and date that all have, and that differs.

    Of steps and epochs it is enough if three and more checkpoints, and most of them, have one: one more folder must not
    turn a trend over steps into one over dates.
    """
    for kind in KINDS:
        numbers = [number for one in checkpoints if (number := getattr(one, kind)) is not None]
        most = kind != "bits" and len(numbers) >= FEWEST and 2 * len(numbers) > len(checkpoints)
        if not most and len(numbers) < len(checkpoints):
            continue
        if len(set(numbers)) > 1 or (len(checkpoints) == 1 and kind != "bits"):
            return kind
    return "date" if all(one.modified for one in checkpoints) else "order"


def placed(checkpoints: Sequence[SweptCheckpoint]) -> tuple[list[SweptCheckpoint], Axis]:
    """The checkpoints in the order of their axis, with their places as shown, and the axis.

    Those without a place come last: the axis has the others alone.
    """
    name = axis_of(checkpoints)
    absent = [one for one in checkpoints if name in KINDS and getattr(one, name) is None]
    checkpoints = [one for one in checkpoints if one not in absent]
    if name == "date":
        dates = [one.modified for one in checkpoints if one.modified]
        found = Axis(name, tuple(map(days_since_1970, dates)), date_texts(dates))
    else:
        numbers = [float(place) for place in range(1, len(checkpoints) + 1)]
        if name != "order":
            numbers = [getattr(one, name) for one in checkpoints]
        found = Axis(name, tuple(numbers), tuple(f"{number:,.10g}" for number in numbers))
    order = found.order
    texts = tuple(found.texts[place] for place in order)
    sorted_ = [
        checkpoints[place].model_copy(update={"at_text": text}) for place, text in zip(order, texts, strict=True)
    ]
    sorted_ += [one.model_copy(update={"at_text": ""}) for one in absent]
    return sorted_, Axis(name, tuple(found.places[place] for place in order), texts)


def _read(file: Path) -> dict[str, Any]:
    """A JSON object; empty where there is none, or it cannot be read."""
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
