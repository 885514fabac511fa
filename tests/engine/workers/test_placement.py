"""What each worker gets: GPUs of its own or a share of the cores, or one line that says why not."""

from __future__ import annotations

import pytest
import torch

from audit.core.config import RunConfig, validate
from audit.core.errors import ConfigError
from audit.engine.workers.placement import VISIBLE, environments, of_worker, threads_each


def test_cores_are_divided_and_gpus_are_not_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    config = RunConfig(workers=3, threads=8, device="cpu")
    assert environments(config) == [{"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}] * 3
    assert threads_each(RunConfig(workers=9, threads=4)) == 1
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    for visible, expected in (("", ["0,1", "2,3"]), ("7,5,GPU-a,2", ["7,5", "GPU-a,2"])):
        monkeypatch.setenv(VISIBLE, visible)
        places = environments(RunConfig(workers=2, gpus_per_worker=2))
        assert [place[VISIBLE] for place in places] == expected
    assert [place[VISIBLE] for place in environments(RunConfig(workers=2))] == ["7", "5"]
    loaded = of_worker(RunConfig(workers=2, gpus_per_worker=2, device="cuda", threads=8))
    assert (loaded.device, loaded.device_map, loaded.threads, loaded.workers) == ("auto", "auto", 4, None)
    assert of_worker(RunConfig(workers=2)).device_map is None


def test_what_there_is_not_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for gpus, values in (
        (0, {"workers": 2, "gpus_per_worker": 1}),
        (2, {"workers": 3}),
        (2, {"workers": 2, "device": "cuda:1"}),
    ):
        monkeypatch.setattr(torch.cuda, "device_count", lambda gpus=gpus: gpus)
        with pytest.raises(ConfigError) as caught:
            environments(RunConfig(**values))  # type: ignore[arg-type]
        found.append(str(caught.value))
    assert [line.partition(": ")[0] for line in found] == [
        "--gpus-per-worker 1",
        "--workers 3 with 1 GPU(s) each",
        "--workers 2",
    ]
    for values in ({"workers": 0}, {"workers": "two"}, {"gpus_per_worker": 2}):
        with pytest.raises(ConfigError, match=r"workers|gpus-per-worker"):
            validate(RunConfig, values, "here")
