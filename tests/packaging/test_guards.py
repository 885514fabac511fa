"""The rules of ``conftest.py`` hold: no connections, no forgotten skip, no broken log message; a tiny model."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"
SKIPS = """
import pytest

def test_runs(): pass

def test_skips(): pytest.skip("no data here")

@pytest.mark.xfail(raises=ZeroDivisionError)
def test_known_fault(): 1 / 0
"""


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.org", b"example.org"])
def test_other_machines_are_refused(host: str | bytes) -> None:
    with pytest.raises(pytest.fail.Exception, match="tests stay on this machine"):
        socket.create_connection((host, 9), timeout=0.1)  # type: ignore[arg-type]


def test_datagrams_to_other_machines_are_refused() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, pytest.raises(pytest.fail.Exception):
        sender.sendto(b"x", ("192.0.2.1", 9))


def test_this_machine_is_reachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=60).close()


@pytest.mark.network
def test_marked_tests_are_let_through() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, suppress(OSError):  # OSError: no route at all
        sender.connect(("192.0.2.1", 9))  # a datagram socket only notes the address: nothing is sent


def test_a_log_message_whose_arguments_do_not_fit_fails() -> None:
    with pytest.raises(TypeError, match="a real number is required"):
        logging.getLogger("audit.some").warning("%d items", "many")


def run_pytest(folder: Path, code: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run one test module under this project's ``conftest.py``; third-party plugins only cost time."""
    shutil.copy(CONFTEST, folder)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = network\n", "utf-8")
    (folder / "test_some.py").write_text(code, "utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no", *options]
    paths = filter(None, [str(CONFTEST.parents[1]), os.environ.get("PYTHONPATH")])
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": os.pathsep.join(paths)}
    environment.pop("AUDIT_REACHED", None)  # nothing of this repository is counted there
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_skip_is_only_reported(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, SKIPS)
    assert done.returncode == pytest.ExitCode.OK, done.stdout + done.stderr
    assert "1 passed, 1 skipped, 1 xfailed" in done.stdout


@pytest.mark.slow
def test_no_skips_turns_a_skip_into_a_failure(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, SKIPS, "--no-skips")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert "1 failed, 1 passed, 1 xfailed" in done.stdout
    assert "no data here (--no-skips)" in done.stdout


@pytest.mark.slow
def test_no_skips_turns_a_skipped_module_into_an_error(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "import pytest\npytest.importorskip('no_such_module')\n", "--no-skips")
    assert done.returncode == pytest.ExitCode.INTERRUPTED, done.stdout + done.stderr
    assert "1 error" in done.stdout


@pytest.mark.slow
def test_tiny_model_is_a_checkpoint_like_any_other(tiny_model: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    text = "Question: 狗 in 3 Körben? 🐕\n"
    ids = tokenizer(text)["input_ids"]
    assert tokenizer.decode(ids) == text
    chat = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], tokenize=False, add_generation_prompt=True
    )
    assert chat == "<|begin|>[user] Hi<|end|>[assistant] "
    with torch.inference_mode():
        log_probs = model(torch.tensor([ids])).logits.log_softmax(-1)[0]
    uniform = -torch.log(torch.tensor(float(len(tokenizer))))
    assert log_probs.isfinite().all()
    assert (log_probs.max(-1).values > uniform + 1).all()
    assert [file.name for file in tiny_model.glob("*.safetensors")] == ["model.safetensors"]
