"""The names of tasks and probes: each is a file, and each file has its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit import safety
from audit.core.names import PROBES as FOLDERS
from audit.core.names import TASKS, check_of, has_definitions, split_engine, web_address
from audit.evals.catalogue import own_tasks, tasks_folder
from audit.safety.suite import PROBES

PLACE = Path(str(safety.__file__)).parent / "probes"


def test_every_module_that_declares_a_probe_is_listed() -> None:
    files = PLACE.glob("*/*.py")
    declaring = {file.stem: file.parent.name for file in files if "\nPROBE = " in file.read_text("utf-8")}
    assert declaring == FOLDERS


@pytest.mark.parametrize("name", FOLDERS)
def test_a_probe_has_the_name_of_its_module(name: str) -> None:
    assert PROBES[name].name == name
    assert list(PROBES)[: len(FOLDERS)] == list(FOLDERS)


def test_every_task_file_is_listed_and_declares_its_own_name() -> None:
    assert {file.stem for file in tasks_folder().glob("*.yaml")} == set(TASKS)
    assert [task.name for task in own_tasks().values()] == list(TASKS)


def test_a_check_is_named_after_its_benchmark() -> None:
    cases = {
        "boolq.order": ("boolq", "order"),
        "lm-eval:a.b.min-k": ("lm-eval:a.b", "min-k"),
        "gsm8k.twins": ("gsm8k", "twins"),
        "boolq": None,
        "boolq.other": None,
        ".order": None,
        "order": None,
    }
    assert {name: check_of(name) for name in cases} == cases


@pytest.mark.parametrize(
    ("suite", "task", "expected"),
    [
        ("evals", "boolq", True),
        ("evals", "hellaswag_perturbed", True),
        ("evals", "gsm8k_forced", True),
        ("evals", "hellaswag", False),  # lm-eval's
        ("evals", "bbq", True),  # of a probe, moved to another suite
        ("evals", "lm-eval:bbq", False),
        ("evals", "hellaswag.order", True),  # made by the audit, whatever the benchmark
        ("safety", "bbq", True),
        ("safety", "a_plug_in", True),
        ("explain", "occlusion", True),
    ],
)
def test_only_benchmark_tasks_from_elsewhere_may_lack_definitions(suite: str, task: str, *, expected: bool) -> None:
    assert has_definitions(suite, task) is expected


def test_the_engine_of_a_name() -> None:
    assert split_engine("vllm:owner/name") == ("vllm", "owner/name")
    assert split_engine("sglang:owner/name") == ("sglang", "owner/name")
    assert split_engine("owner/vllm") == (None, "owner/vllm")
    assert split_engine("openai:http://host#vllm") == (None, "openai:http://host#vllm")
    assert split_engine("C:/models") == (None, "C:/models")


def test_addresses_of_servers() -> None:
    parts = web_address("https://user@[::1]:8443/a?b#c")
    assert parts is not None
    assert (parts.scheme, parts.hostname, parts.port, parts.path) == ("https", "::1", 8443, "/a")
    wrong = (
        "",
        "host",
        "ftp://h",
        "http://",
        "http://h:0",
        "http://h:99999",
        "http://[::1",
        "http://h/a b",
        "http://é",
    )
    assert [web_address(url) for url in (*wrong, "http://h/\n")] == [None] * (len(wrong) + 1)
