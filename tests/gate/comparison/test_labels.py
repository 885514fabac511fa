"""Names of runs are as short as they can be and never the same."""

from __future__ import annotations

from typing import Any

from audit.gate.comparison.labels import labels
from tests.reports.conftest import a_manifest


def of_models(*models: dict[str, Any]) -> list[str]:
    bare = a_manifest()
    return labels([bare.model_copy(update={"model": bare.model.model_copy(update=model)}) for model in models])


def test_names_where_they_differ() -> None:
    assert of_models({"name": "a"}, {"name": "b"}) == ["a", "b"]


def test_what_differs_where_names_do_not() -> None:
    assert of_models({"revision": "step1"}, {"revision": "step2"}) == ["tiny-chat step1", "tiny-chat step2"]
    assert of_models({"dtype": "float32"}, {"dtype": "bfloat16"}) == ["float32", "bfloat16"]
    assert of_models({"quantization": "int8"}, {"quantization": "nf4"}) == ["int8, float32", "nf4, float32"]
    twins: list[dict[str, Any]] = [
        {"name": "a", "dtype": "float32"}, {"name": "a", "dtype": "float16"}, {"name": "b", "dtype": "float32"},
    ]  # fmt: skip
    assert of_models(*twins) == ["a gguf:Q4_1, float32", "a gguf:Q4_1, float16", "b gguf:Q4_1, float32"]


def test_the_places_where_too_little_differs() -> None:
    assert of_models({}, {}) == ["tiny-chat #1", "tiny-chat #2"]
    again: list[dict[str, Any]] = [{"dtype": "float32"}, {"dtype": "bfloat16"}, {"dtype": "float32"}]
    assert of_models(*again) == ["tiny-chat #1", "tiny-chat #2", "tiny-chat #3"]
