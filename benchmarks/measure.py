"""How ours and a peer are timed: same process, warm, alternating, medians; and what the machine could do.

Results are kept in a file after each workload: an interrupted run goes on with ``--missing``.
"""

from __future__ import annotations

import argparse
import functools
import gc
import importlib.metadata
import json
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from audit.core.records import ModelRecord
from audit.engine import load
from audit.engine.checkpoint.device import choose_device, choose_dtype
from audit.engine.checkpoint.source import tokenizer_folder
from audit.engine.checkpoint.tokenizer import load_tokenizer
from audit.engine.local.engine import TransformersEngine
from audit.engine.local.hardware import cpu_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MATRIX_SECONDS = 0.5
MATRIX_SHAPE = {"cpu": (2048, 2048, 2048), "cuda": (8192, 8192, 8192)}
PACKAGES = ("torch", "transformers", "lm-eval")
RANDOM = {
    "random-1b": {
        "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32,
        "num_key_value_heads": 8, "head_dim": 64, "tie_word_embeddings": True,
    },
    "random-8b": {
        "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "head_dim": 128, "tie_word_embeddings": False,
    },
}  # fmt: skip
"""Shapes of Llama 3.2 1B and Llama 3.1 8B; weights are drawn, which costs as much as learnt ones."""
RANDOM_CONTEXT = 8192


def options(description: str | None) -> argparse.ArgumentParser:
    """Options that the scripts share."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2-135m-instruct", help="a checkpoint, random-1b or random-8b")
    parser.add_argument("--tokenizer", default="smollm2-135m-instruct", help="of the random models")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, help="folder for the results, as JSON and Markdown")
    parser.add_argument("--missing", action="store_true", help="go on: leave out what the results hold already")
    return parser


def loaded(arguments: argparse.Namespace) -> Any:
    """The engine, with as many threads as asked for."""
    torch.set_num_threads(arguments.threads)
    if arguments.model in RANDOM:
        return _random(arguments)
    return load(arguments.model, device=arguments.device, dtype=arguments.dtype)


def _random(arguments: argparse.Namespace) -> TransformersEngine:
    """A Llama of a published shape with weights that are drawn on the device."""
    device = choose_device(arguments.device)
    dtype = choose_dtype(arguments.dtype, device)
    folder = tokenizer_folder(arguments.tokenizer, None, offline=True)
    tokenizer = load_tokenizer(folder, {"local_files_only": True})
    config = LlamaConfig(
        vocab_size=128_256, max_position_embeddings=RANDOM_CONTEXT, rope_theta=500_000.0, **RANDOM[arguments.model]
    )
    torch.backends.cuda.enable_cudnn_sdp(enabled=False)  # as audit.engine.load does
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    with device:
        model = LlamaForCausalLM(config)
    torch.set_default_dtype(before)
    record = ModelRecord(
        name=arguments.model,
        source=arguments.model,
        digest="0" * 64,
        architecture="LlamaForCausalLM",
        parameter_count=sum(p.numel() for p in model.parameters()),
        dtype=str(dtype).removeprefix("torch."),
        max_length=RANDOM_CONTEXT,
        device=str(device),
    )
    return TransformersEngine(model.eval().requires_grad_(False), tokenizer, record)


class Peer:
    """lm-eval's ``HFLM`` on the same model object, one for each batch size."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine

    @functools.cache  # noqa: B019 - lives as long as the script
    def at(self, size: int) -> Any:
        """The peer at a batch size."""
        from lm_eval.models.huggingface import HFLM

        engine = self.engine
        return HFLM(pretrained=engine.model, tokenizer=engine.tokenizer, max_length=engine.max_length, batch_size=size)


class Results:
    """Rows by workload, kept in a file together with hardware and versions; a file of another setting is replaced."""

    def __init__(self, file: Path | None, about: dict[str, Any]) -> None:
        self.file = file
        self.about = about
        self.rows: dict[str, dict[str, Any]] = {}
        if file and file.is_file():
            kept = json.loads(file.read_text())
            same = all(kept["setting"].get(key) == value for key, value in about.items() if key != "date")
            self.rows = kept["rows"] if same else {}

    def add(self, name: str, row: dict[str, Any]) -> None:
        """Keep a row."""
        self.rows[name] = row
        if self.file:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.file.write_text(json.dumps({"setting": self.about, "rows": self.rows}, indent=1) + "\n")

    def table(self, headings: Sequence[str], line: Callable[[str, dict[str, Any]], Sequence[object]]) -> str:
        """All rows as a Markdown table, written next to the file."""
        text = markdown(headings, [line(name, row) for name, row in self.rows.items()])
        if self.file:
            self.file.with_suffix(".md").write_text(text)
        return text


@dataclass(frozen=True)
class Timing:
    """Seconds of both sides, and the machine's rate of matrix products."""

    ours: list[float]
    peer: list[float]
    rates: list[float]

    @property
    def ratio(self) -> float:
        """How many times faster ours is: the median of the pairwise ratios."""
        return statistics.median(peer / ours for ours, peer in zip(self.ours, self.peer, strict=True))


def alternate(ours: Callable[[], Any], peer: Callable[[], Any], repeats: int, rate: Callable[[], float]) -> Timing:
    """Time both in turn; ours has been run once before, the peer to find its batch size."""
    timing = Timing([], [], [])
    for _ in range(repeats):
        timing.rates.append(rate())
        timing.ours.append(seconds(ours))
        timing.peer.append(seconds(peer))
    return timing


def seconds(work: Callable[[], Any]) -> float:
    """Wall-clock seconds of one call, the device's work included."""
    gc.collect()
    start = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def best_batch(run: Callable[[int], Any], sizes: Sequence[int]) -> int:
    """The batch size with which the peer is fastest, each tried once after a warm-up."""
    run(sizes[0])
    return min(sizes, key=lambda size: seconds(lambda: run(size)))


def matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """FLOP per second of large matrix products."""
    rows, inner, columns = MATRIX_SHAPE[device.type]
    left = torch.randn(rows, inner, device=device, dtype=dtype)
    right = torch.randn(inner, columns, device=device, dtype=dtype)
    once = seconds(lambda: left @ right)
    count = max(3, int(MATRIX_SECONDS / max(once, 1e-6)))

    def products() -> None:
        for _ in range(count):
            torch.matmul(left, right)

    return 2.0 * rows * inner * columns * count / seconds(products)


def setting(arguments: argparse.Namespace, engine: Any) -> dict[str, Any]:
    """Model, hardware and versions, for the table."""
    device = engine.model.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_name()
    versions = {package: importlib.metadata.version(package) for package in PACKAGES}
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "hardware": f"{name}, {torch.get_num_threads()} threads",
        "model": arguments.model,
        "dtype": str(engine.model.dtype).removeprefix("torch."),
        "repeats": arguments.repeats,
        **versions,
    }


def markdown(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"
