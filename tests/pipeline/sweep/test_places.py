"""Steps, epochs and bits from names and files, and the axis that checkpoints share."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from audit.core.records import SweptCheckpoint
from audit.pipeline.sweep.found import MatchedCheckpoint
from audit.pipeline.sweep.places import bits_of, epoch_of, placed, step_of


def named(path: str) -> MatchedCheckpoint:
    return MatchedCheckpoint(path, path=Path(path))


def test_numbers_of_names() -> None:
    steps = {"/c/step-1000": 1000, "/c/checkpoint-500": 500, "/c/step-7/hf": 7, "/c/epoch3": None, "/c/final": None}
    assert {path: step_of(named(path)) for path in steps} == steps
    epochs = {"/c/epoch3": 3, "/c/epoch-0.5": 0.5, "/c/step-3": None}
    assert {path: epoch_of(named(path)) for path in epochs} == epochs
    bits = {
        "/c/m-Q4_K_M.gguf": 4, "/c/m-q8_0.gguf": 8, "/c/m-bf16": 16, "/c/m.f32.gguf": 32, "/c/m-int8": 8,
        "/c/m-4bit": 4, "/c/m-w4a16": 4, "/c/m-nf4": 4, "/c/m-fp8": 8, "/c/IQ2_XS.gguf": 2, "/c/qwen3": None,
    }  # fmt: skip
    assert {path: bits_of(named(path)) for path in bits} == bits


def test_numbers_of_files(tmp_path: Path) -> None:
    one = named(str(tmp_path / "best"))
    (tmp_path / "best").mkdir()
    (tmp_path / "best" / "trainer_state.json").write_text('{"global_step": 400}')
    assert step_of(one) == 400
    (tmp_path / "best" / "trainer_state.json").write_text("[")
    assert step_of(one) is None
    cases: list[tuple[dict[str, Any], float | None]] = [
        ({"torch_dtype": "bfloat16"}, 16),
        ({"dtype": "float32"}, 32),
        ({"quantization_config": {"quant_method": "gptq", "bits": 3}}, 3),
        ({"quantization_config": {"load_in_8bit": True}}, 8),
        ({"quantization_config": {"quant_method": "fp8"}}, 8),
        ({}, None),
    ]
    for config, bits in cases:
        (tmp_path / "best" / "config.json").write_text(json.dumps(config))
        assert bits_of(one) == bits, config


def test_the_axis_is_the_first_that_all_have() -> None:
    def swept(name: str, day: int, **numbers: float) -> SweptCheckpoint:
        return SweptCheckpoint(name=name, model=name, modified=datetime(2026, 1, day, tzinfo=UTC), **numbers)

    cases = [
        ([swept("b", 1, step=2000, bits=16), swept("a", 2, step=100, bits=16)], "step", ["a", "b"], ["100", "2,000"]),
        ([swept("b", 1, step=2, bits=16), swept("a", 2, bits=4)], "bits", ["a", "b"], ["4", "16"]),
        ([swept("b", 3, bits=16), swept("a", 2, bits=16)], "date", ["a", "b"], ["2026-01-02", "2026-01-03"]),
        ([swept("a", 2, epoch=1.5)], "epoch", ["a"], ["1.5"]),
    ]
    for checkpoints, name, order, texts in cases:
        ordered, axis = placed(checkpoints)
        assert (axis.name, [one.name for one in ordered], [one.at_text for one in ordered]) == (name, order, texts)
    steps = [swept(f"s{n}", 9 - n, step=10 * n, bits=16) for n in (3, 1, 2)]
    ordered, axis = placed([swept("final", 9, bits=16), *steps])  # one more folder does not turn it into dates
    assert (axis.name, axis.places) == ("step", (10, 20, 30))
    assert [(one.name, one.at_text) for one in ordered] == [("s1", "10"), ("s2", "20"), ("s3", "30"), ("final", "")]
    unnamed = [swept(name, day, bits=16) for day, name in enumerate("abc", 1)]
    assert placed([*unnamed, *steps])[1].name == "date"  # half of them have no step
    assert placed([unnamed[0], *steps[:2]])[1].name == "date"  # a trend needs three
    hub = [SweptCheckpoint(name=name, model=name) for name in "ba"]
    assert [one.name for one in placed(hub)[0]] == ["b", "a"]
