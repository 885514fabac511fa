"""The Kubernetes job and the Slurm array: their schemas, and the script that both run, with ``audit`` played by one.

That the program knows the commands is asked of the program itself.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from audit.cli.main import load_command
from audit.core.errors import ExitCode

ROOT = Path(__file__).resolve().parents[2]
CLUSTER = ROOT / "examples" / "cluster"
SCRIPT = CLUSTER / "audit_checkpoint.sh"
CHECKPOINTS = (CLUSTER / "checkpoints.txt").read_text("utf-8").splitlines()
MANIFESTS: list[dict[str, Any]] = list(yaml.safe_load_all((CLUSTER / "kubernetes.yaml").read_text("utf-8")))
SHARDED: list[dict[str, Any]] = [
    manifest
    for name in ("kubernetes_shards.yaml", "kubernetes_merge.yaml")
    for manifest in yaml.safe_load_all((CLUSTER / name).read_text("utf-8"))
]
(JOB,) = (one for one in MANIFESTS if one["kind"] == "Job")
(CONTAINER,) = JOB["spec"]["template"]["spec"]["containers"]
SLURM = (CLUSTER / "slurm.sh").read_text("utf-8")
AUDIT = """#!{python}
import json, os, pathlib, signal, sys, time
words = sys.argv[1:]
with open(os.environ["CALLS"], "a", encoding="utf-8") as file:
    file.write(json.dumps(words) + "\\n")
if words[0] == "run":
    run = pathlib.Path(words[words.index("--out") + 1], "20260102-030405-abcdef")
    run.mkdir(parents=True, exist_ok=True)
    (run / "manifest.json").write_text("{{}}")
    if "WAIT" in os.environ:
        def interrupted(*_):
            (run / "interrupted").write_text("")
            sys.exit(13)
        signal.signal(signal.SIGTERM, interrupted)
        (run / "waits").write_text("")
        time.sleep(60)
sys.exit(int(os.environ.get(words[0].upper() + "_CODE", "0")))
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a shell whose ``audit`` notes its words in ``calls``."""
    program = tmp_path / "bin" / "audit"
    program.parent.mkdir()
    program.write_text(AUDIT.format(python=sys.executable + " -IS"), "utf-8")
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "CALLS": str(tmp_path / "calls")}


def audited(index: int, runs: Path, environment: dict[str, str], **changed: str) -> tuple[int, list[list[str]]]:
    """Exit code of one index of the list, and the commands that it has given ``audit``."""
    calls = Path(environment["CALLS"])
    calls.write_text("", "utf-8")
    command = ["bash", SCRIPT, CLUSTER / "checkpoints.txt", str(index), "audit.yaml", "policy.yaml", runs]
    done = subprocess.run(command, env={**environment, **changed}, capture_output=True, text=True, check=False)
    return done.returncode, [json.loads(line) for line in calls.read_text("utf-8").splitlines()]


@pytest.mark.slow
def test_an_index_is_audited_and_resumed(tmp_path: Path, environment: dict[str, str]) -> None:
    runs = tmp_path / "1"
    policy = ["--policy", "policy.yaml"]
    new = ["run", "--model", CHECKPOINTS[1], "--config", "audit.yaml", *policy, "--out", str(runs)]
    resumed = ["run", "--resume", "latest", "--out", str(runs)]
    gate = ["gate", "latest", "--runs", str(runs), *policy, "--junit", str(runs / "junit.xml")]
    assert audited(1, tmp_path, environment, RUN_CODE="1") == (1, [new])  # killed, or a crash
    assert audited(1, tmp_path, environment, RUN_CODE="13", GATE_CODE="13") == (13, [resumed, gate])
    assert audited(1, tmp_path, environment, GATE_CODE="10") == (10, [resumed, gate])
    assert audited(1, tmp_path, environment, RUN_CODE="2") == (2, [resumed])
    assert audited(0, tmp_path, environment)[1][0][2] == CHECKPOINTS[0]  # the runs of another index are not its own
    assert audited(len(CHECKPOINTS), tmp_path, environment) == (2, [])
    for name, *words in (new, resumed, gate):
        command: Any = load_command(name)
        with command.make_context(name, words) as context:
            assert not context.args


@pytest.mark.slow
def test_sigterm_reaches_the_audit_and_nothing_is_decided(tmp_path: Path, environment: dict[str, str]) -> None:
    command = ["bash", SCRIPT, CLUSTER / "checkpoints.txt", "2", "audit.yaml", "policy.yaml", tmp_path]
    run = tmp_path / "2" / "20260102-030405-abcdef"
    with subprocess.Popen(command, env={**environment, "WAIT": "1"}) as process:
        deadline = time.monotonic() + 60
        while not (run / "waits").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == ExitCode.INCOMPLETE
    assert (run / "interrupted").exists()
    assert len((tmp_path / "calls").read_text("utf-8").splitlines()) == 1


@pytest.mark.slow
def test_published_schemas_allow_the_job() -> None:
    """Of the oldest version whose job has all that it uses, and of a newer one."""
    for version in ("1.31", "1.36"):
        for manifest in (*MANIFESTS, *SHARDED):
            kubernetes_validate.validate(manifest, version, strict=True)
    wrong = {**JOB, "spec": {**JOB["spec"], "backoffLimitPerIndices": 3}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.31", strict=True)


@pytest.mark.slow
def test_job_of_kuberay_has_its_fields_and_valid_pods() -> None:
    """KubeRay's own schema is in no package: its names are those of the samples of its repository."""
    job = yaml.safe_load((CLUSTER / "kuberay.yaml").read_text("utf-8"))
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    spec = job["spec"]
    assert spec.keys() == {"entrypoint", "shutdownAfterJobFinishes", "ttlSecondsAfterFinished", "rayClusterSpec"}
    cluster = spec["rayClusterSpec"]
    assert cluster.keys() == {"rayVersion", "headGroupSpec", "workerGroupSpecs"}
    head, (group,) = cluster["headGroupSpec"], cluster["workerGroupSpecs"]
    assert head.keys() == {"rayStartParams", "template"}
    assert group.keys() == {"groupName", "replicas", "minReplicas", "maxReplicas", "rayStartParams", "template"}
    for one in (head, group):
        template = {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "x"}, "template": one["template"]}
        for version in ("1.31", "1.36"):
            kubernetes_validate.validate(template, version, strict=True)
    (container,) = group["template"]["spec"]["containers"]
    words = shlex.split(spec["entrypoint"])
    gpus = group["replicas"] * container["resources"]["limits"]["nvidia.com/gpu"]
    assert words[words.index("--workers") + 1] == str(gpus), "a worker for each GPU"
    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert {f"/{word.split('/')[1]}" for word in words if word.startswith("/")} <= mounted


def test_job_gives_the_script_what_it_takes() -> None:
    spec = JOB["spec"]
    assert spec["completions"] == len(CHECKPOINTS)
    shell, *words = CONTAINER["command"]
    assert (shell, len(words)) == ("bash", 6)
    text = (CLUSTER / "kubernetes.yaml").read_text("utf-8")
    held = [Path(name).name for name in re.findall(r"--from-file=(\S+)", text)]
    assert all((ROOT / name).is_file() for name in re.findall(r"--from-file=(\S+)", text))
    assert {word.removeprefix("/config/") for word in words if word.startswith("/config/")} == set(held)
    mounted = {mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    assert {f"/{word.split('/')[1]}" for word in (*words, *CHECKPOINTS) if word.startswith("/")} <= mounted
    volumes = {volume["name"] for volume in spec["template"]["spec"]["volumes"]}
    assert {mount["name"] for mount in CONTAINER["volumeMounts"]} == volumes


def test_decisions_and_bad_input_are_not_tried_again() -> None:
    """All exit codes but those of a crash, an interruption and an incomplete run."""
    again = {ExitCode.DONE, ExitCode.CRASH, ExitCode.INCOMPLETE, ExitCode.INTERRUPTED}
    (rule,) = (one for one in JOB["spec"]["podFailurePolicy"]["rules"] if one["action"] == "FailIndex")
    assert rule["onExitCodes"]["containerName"] == CONTAINER["name"]
    assert rule["onExitCodes"]["values"] == sorted(set(ExitCode) - again)


@pytest.mark.slow
def test_a_task_of_the_array_runs_its_index(tmp_path: Path, environment: dict[str, str]) -> None:
    (array,) = re.findall(r"^#SBATCH --array=(.*)$", SLURM, re.MULTILINE)
    assert array.partition("%")[0] == f"0-{len(CHECKPOINTS) - 1}"
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "activate").write_text("", "utf-8")
    slurm = {"SLURM_SUBMIT_DIR": str(tmp_path), "SLURM_ARRAY_TASK_ID": "2", "GATE_CODE": "11"}
    done = subprocess.run(["bash", CLUSTER / "slurm.sh"], cwd="/", env={**environment, **slurm}, check=False)
    assert done.returncode == ExitCode.INCONCLUSIVE
    run, gate = (json.loads(line) for line in (tmp_path / "calls").read_text("utf-8").splitlines())
    assert shlex.join(run) == (
        f"run --model {CHECKPOINTS[2]} --config examples/audit.yaml --policy examples/policy.yaml --out runs/2"
    )
    assert gate[:4] == ["gate", "latest", "--runs", "runs/2"]


@pytest.mark.slow
def test_shards_are_answered_resumed_and_merged(tmp_path: Path, environment: dict[str, str]) -> None:
    """By the array, whose indices count from 1, and by the job, whose indices count from 0."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "activate").write_text("", "utf-8")
    slurm = {"SLURM_SUBMIT_DIR": str(tmp_path), "SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_MAX": "4"}
    shard = ["bash", CLUSTER / "slurm_shards.sh", "/models/one"]
    codes = [subprocess.run(shard, cwd="/", env={**environment, **slurm}, check=False).returncode for _ in range(2)]
    merge = ["bash", CLUSTER / "slurm_merge.sh"]
    done = subprocess.run(merge, cwd="/", env={**environment, **slurm, "GATE_CODE": "10"}, check=False)
    assert ([*codes, done.returncode]) == [0, 0, 10]
    called = [json.loads(line) for line in (tmp_path / "calls").read_text("utf-8").splitlines()]
    new = "run --model /models/one --config examples/audit.yaml --policy examples/policy.yaml --shard 2/4"
    assert [shlex.join(words) for words in called[:3]] == [
        f"{new} --out runs/shards/2",
        "run --resume latest --out runs/shards/2",
        "merge runs/shards/2/20260102-030405-abcdef/ --out runs",
    ]
    for name, *words in called:
        command: Any = load_command(name)
        with command.make_context(name, words) as context:
            assert not context.args
    (job,) = (one for one in SHARDED if one["metadata"]["name"] == "audit-shards")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    line = container["command"][-1].replace("exec bash", "echo")
    said = subprocess.run(["bash", "-c", line], env={"JOB_COMPLETION_INDEX": "0"}, capture_output=True, check=True)
    assert said.stdout.split()[2:4] == [b"1", str(job["spec"]["completions"]).encode()]
