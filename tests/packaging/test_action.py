"""The composite action and the workflows that use it: their schemas, their references, their own lines in a shell.

``audit``, ``pip`` and ``gh`` are played by scripts; that ``audit`` knows the options is asked of the program itself.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.cli.main import load_command
from tests.packaging.composite import EXPRESSION, Runner

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
EXAMPLES = ROOT / "examples"
CI_PAGE = (ROOT / "docs" / "howto" / "ci.md").read_text("utf-8")
SCHEMAS = [
    ("vendor.github-actions", "action.yml"),
    ("vendor.github-workflows", "examples/github-action.yml"),
    ("vendor.gitlab-ci", "examples/gitlab-ci.yml"),
    ("vendor.compose-spec", "compose.yaml"),
]
CHECK = """
import json, sys
from check_jsonschema import main
sys.exit(any([main(words, standalone_mode=False) for words in json.loads(sys.argv[1])]))
"""
"""What ``check-jsonschema`` does, several times: it returns the exit code."""
AUDIT = """#!{python}
import json, os, pathlib, sys
words = sys.argv[1:]
with open(os.environ["CALLS"], "a", encoding="utf-8") as file:
    file.write(json.dumps(words) + "\\n")
for option in ("--junit", "--comment"):
    if option in words:
        pathlib.Path(words[words.index(option) + 1]).write_text("<!-- marker -->\\n" + os.environ["VERDICT"])
sys.exit(int(os.environ[words[0].upper() + "_CODE"]))
"""
GH = """#!{python}
import json, os, pathlib, sys
store = pathlib.Path(os.environ["COMMENTS"])
words, comments = sys.argv[1:], json.loads(store.read_text("utf-8"))
if os.environ["GH_TOKEN"] != "secret":
    sys.exit("HTTP 403: Resource not accessible by integration")
assert words.pop(0) == "api"
if "--jq" in words:
    assert words[:2] == ["--paginate", "repos/owner/name/issues/7/comments"], words
    query = words[words.index("--jq") + 1]
    wanted = '.[] | select(.user.type == "Bot") | select(.body | startswith(env.MARKER)) | .id'
    assert query == wanted, query
    marker = os.environ["MARKER"]
    found = [one for one in comments if one["user"]["type"] == "Bot" and one["body"].startswith(marker)]
    print("".join(str(one["id"]) + "\\n" for one in found), end="")
    sys.exit()
method, path, name = words[words.index("--method") + 1], words[2], words[words.index("--field") + 1]
body = pathlib.Path(name.removeprefix("body=@")).read_text("utf-8")
if method == "POST":
    assert path == "repos/owner/name/issues/7/comments", path
    comments.append({{"id": len(comments), "user": {{"type": "Bot"}}, "body": body}})
else:
    comments[int(path.removeprefix("repos/owner/name/issues/comments/"))]["body"] = body
store.write_text(json.dumps(comments), "utf-8")
"""


def test_the_published_schemas_allow_them() -> None:
    """One process for all: importing what knows the formats of texts takes more than a second."""
    lines = [["--builtin-schema", schema, str(ROOT / file)] for schema, file in SCHEMAS]
    words = [sys.executable, "-c", CHECK, json.dumps(lines)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines().count("ok -- validation done") == len(SCHEMAS)


def test_every_expression_names_what_exists() -> None:
    steps = ACTION["runs"]["steps"]
    ids = {step["id"] for step in steps if "id" in step}
    named = set(
        re.findall(r"(inputs|steps)\.([\w-]+)", " ".join(EXPRESSION.findall(yaml.safe_dump(ACTION, width=9999))))
    )
    assert {name for kind, name in named if kind == "inputs"} == set(ACTION["inputs"])
    assert {name for kind, name in named if kind == "steps"} <= ids
    for step in steps:
        for step_id, output in re.findall(r"steps\.(\w+)\.outputs\.(\w+)", json.dumps(step)):
            (giver,) = (one for one in steps if one.get("id") == step_id)
            assert f"{output}=" in giver["run"]


def test_no_expression_is_pasted_into_a_shell() -> None:
    """A value with a quotation mark would become part of the script; steps get values by their environment."""
    workflow = yaml.safe_load((EXAMPLES / "github-action.yml").read_text("utf-8"))
    steps = [*ACTION["runs"]["steps"], *(step for job in workflow["jobs"].values() for step in job["steps"])]
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


def test_actions_of_others_are_pinned_to_commits() -> None:
    for file in (ROOT / "action.yml", EXAMPLES / "github-action.yml"):
        used = re.findall(r"uses: (\S+)(.*)", file.read_text("utf-8"))
        assert all(name == "./" or re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", name) for name, _ in used)
        assert all(name == "./" or re.fullmatch(r" # v\d+\.\d+\.\d+", version) for name, version in used)


def test_the_workflows_give_the_action_what_it_takes() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", CI_PAGE, re.DOTALL)
    example = yaml.safe_load((EXAMPLES / "github-action.yml").read_text("utf-8"))["jobs"]["audit"]["steps"]
    (used,) = (step for step in example if step.get("uses") == "./")
    (shown,) = yaml.safe_load(block)
    for step in (used, shown):
        assert set(step["with"]) <= set(ACTION["inputs"])
    assert (ROOT / used["with"]["config"]).is_file()
    assert (ROOT / used["with"]["policy"]).is_file()


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """Variables of a runner on which ``audit``, ``pip`` and ``gh`` are scripts; the pull request has two comments."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {"audit": AUDIT, "gh": GH, "pip": '#!/bin/sh\necho "pip $*"\n'}.items():
        (programs / name).write_text(text.format(python=sys.executable), "utf-8")
        (programs / name).chmod(0o755)
    kept = [("User", "<!-- marker -->"), ("Bot", "x")]
    stored = [{"id": place, "user": {"type": kind}, "body": body} for place, (kind, body) in enumerate(kept)]
    (tmp_path / "comments.json").write_text(json.dumps(stored), "utf-8")
    (tmp_path / "calls").write_text("", "utf-8")
    return {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_REPOSITORY": "owner/name",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "CALLS": str(tmp_path / "calls"),
        "COMMENTS": str(tmp_path / "comments.json"),
        "RUN_CODE": "0",
        "GATE_CODE": "0",
        "VERDICT": "first",
    }


def played(machine: dict[str, str], variables: dict[str, str] | None = None, **context: str) -> tuple[Runner, Any]:
    """A runner after all steps, and the outputs of the action."""
    given = {name.replace("__", "."): value for name, value in context.items()}
    event = {"github.event_name": "pull_request", "github.event.pull_request.number": "7"}
    runner = Runner(ACTION, Path(machine["RUNNER_TEMP"]), {**machine, **(variables or {})}, {**event, **given})
    return runner, runner.run()


def comments(machine: dict[str, str]) -> list[str]:
    return [one["body"] for one in json.loads(Path(machine["COMMENTS"]).read_text("utf-8"))]


def calls(machine: dict[str, str]) -> list[list[str]]:
    return [json.loads(line) for line in Path(machine["CALLS"]).read_text("utf-8").splitlines()]


CODES = {0: "PASS", 10: "FAIL", 11: "INCONCLUSIVE", 13: "INCONCLUSIVE", 14: "FAIL", 2: "", 12: ""}


@pytest.mark.parametrize(("code", "verdict"), CODES.items())
def test_the_exit_code_of_the_gate_is_that_of_the_job(code: int, verdict: str, machine: dict[str, str]) -> None:
    """And the evidence is kept whatever it is."""
    runner, outputs = played(machine, {"GATE_CODE": str(code)})
    assert runner.codes["Gate"] == code
    assert (outputs["verdict"], outputs["code"]) == (verdict, str(code))
    assert runner.used["actions/upload-artifact"]["path"] == outputs["runs"]
    assert (comments(machine)[2:] == ["<!-- marker -->\nfirst"]) is bool(verdict)


@pytest.mark.parametrize(("code", "goes_on"), [(0, True), (13, True), (2, False)])
def test_an_incomplete_run_is_the_gates_to_judge(code: int, goes_on: bool, machine: dict[str, str]) -> None:
    """A broken run fails the job, but the gate says what it can of it."""
    runner, _ = played(machine, {"RUN_CODE": str(code)})
    assert (runner.codes["Audit"] == 0) is goes_on
    assert runner.codes["Gate"] == 0


def test_one_comment_is_updated_and_those_of_others_stay(machine: dict[str, str]) -> None:
    played(machine)
    played(machine, {"VERDICT": "second"})
    assert comments(machine) == ["<!-- marker -->", "x", "<!-- marker -->\nsecond"]


@pytest.mark.parametrize("context", [{"inputs__comment": "false"}, {"github__event_name": "push"}])
def test_no_comment_where_none_is_wanted_or_possible(context: dict[str, str], machine: dict[str, str]) -> None:
    runner, _ = played(machine, **context)
    assert "Comment" not in runner.codes
    assert len(comments(machine)) == 2


def test_a_token_that_may_not_write_costs_the_comment_alone(machine: dict[str, str]) -> None:
    runner, outputs = played(machine, inputs__token="of a fork")  # noqa: S106 - not one
    assert runner.codes["Comment"] == 0
    assert "::warning::the verdict is not written as a comment" in runner.log
    assert outputs["verdict"] == "PASS"


GIVEN = {
    "inputs__config": "my config.yaml",
    "inputs__policy": "a policy.yaml",
    "inputs__baseline": "old runs/a",
    "inputs__waivers": "the waivers.yaml",
    "inputs__limit": "4",
}


@pytest.mark.parametrize("context", [{}, GIVEN])
def test_the_program_knows_what_it_is_asked(context: dict[str, str], machine: dict[str, str]) -> None:
    """Words with spaces stay one word; parsed by the program itself, up to the command's own code."""
    runner, outputs = played(machine, **context)
    run, gate = calls(machine)
    assert ("my config.yaml" in run and "4" in run) is bool(context)
    assert ({"a policy.yaml", "old runs/a", "the waivers.yaml"} <= {*gate}) is bool(context)
    assert outputs["runs"] in run
    assert outputs["runs"] in gate
    assert f"pip install --constraint {ROOT}/constraints.txt --extra-index-url https" in runner.log
    for name, *words in (run, gate):
        command: Any = load_command(name)
        with command.make_context(name, words) as parsed:
            assert not parsed.args
