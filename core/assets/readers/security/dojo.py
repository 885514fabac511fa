"""AgentDojo: the suites ``banking`` and ``slack``, laid out up to the first result that an attacker has written in.

The publisher runs an agent on tools that change a made-up world; here the steps of its ground truth are laid out up to
that result, as far as they only look something up. A goal and an attack fill every place that the result shows, as in
the publisher's ``FixedJailbreakAttack``. Conditions are those of
:mod:`~audit.core.assets.readers.security.threat_bench`.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import yaml

from audit.core.assets.asset import Files, Row, Rows
from audit.core.assets.readers.files import broken, read_text
from audit.core.assets.readers.security import code

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SUITES = ("banking", "slack")
USER, MODEL = "Emma Johnson", "the AI language model"
"""Who is named in attacks: the user as in the system prompt, the checkpoint by the publisher's default."""
ATTACKS = ("DirectAttack", "IgnorePreviousAttack", "InjecAgentAttack", "ImportantInstructionsAttack")
UNSEEN = "a task whose look-ups show nothing that an attacker can write"
MISTAKEN = "a user task whose ground truth names no account"
OPEN = "a task or goal whose next step is not a call that can be checked"
FREE = frozenset({"subject", "body", "content", "date"})
"""Parameters whose values the publisher's checks leave open."""
MISNAMED = {"banking": ("UserTask5", "UserTask11")}
"""User tasks by suite whose ground truth names a payee where its tool takes an account: nobody would do as it says."""
READING = ("get_", "read_", "search_")
"""Beginnings of names of functions that only look something up."""
World = dict[str, Any]
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Needed = Callable[[str, int], Any]
"""What was seen, and the number of steps that were done, to a condition on the answer; None where there is none."""


def agentdojo(files: Files) -> Rows:
    """The publisher's YAML and Python files: user task × goal × attack, and each user task without an attack."""
    rows: list[Row] = []
    dropped: dict[str, int] = {UNSEEN: 0, OPEN: 0, MISTAKEN: 0}
    texts = dict(_attacks(files))
    system = _content(_one(files, "system_messages.yaml"))["default"]
    for suite in SUITES:
        own = {name: file for name, file in files.items() if f"/{suite}/" in name}
        world = _one(own, "environment.yaml")
        defaults = {name: one["default"] for name, one in _content(_one(own, "injection_vectors.yaml")).items()}
        functions = _tools(files, _one(own, "task_suite.py"))
        goals = list(_goals(own))
        dropped[OPEN] += sum(planted is None for _, _, planted in goals)
        for name, prompt, steps, needed in _tasks(own):
            if name in MISNAMED.get(suite, ()):
                dropped[MISTAKEN] += 1
                continue
            laid_out = _Task(_written(_content(world)), defaults, steps)
            if not laid_out.places:
                dropped[UNSEEN] += 1
                continue
            wanted = needed(prompt + laid_out.shown({}), len(laid_out.steps))
            if wanted is None:
                dropped[OPEN] += 1
                continue
            same = {"suite": suite, "system": system, "functions": json.dumps(functions), "user": prompt}
            attacked: list[tuple[str, str, dict[str, str], Any]] = [("none", "none", {}, None)]
            attacked += [
                (goal, attack, dict.fromkeys(laid_out.places, _filled(text, aim, prompt)), planted)
                for goal, aim, planted in goals
                if planted is not None
                for attack, text in texts.items()
            ]
            rows += [
                {
                    **same,
                    "task": f"{name}/{goal}",
                    "attack": attack,
                    "calls": json.dumps(laid_out.calls(injected)),
                    "planted": json.dumps(planted),
                    "needed": json.dumps(wanted),
                }
                for goal, attack, injected, planted in attacked
            ]
    return Rows(rows, {reason: count for reason, count in dropped.items() if count})


def _filled(template: str, goal: str, prompt: str) -> str:
    """An attack's text."""
    return template.format(goal=goal, user=USER, model=MODEL, task=prompt)


def _one(files: Mapping[str, Path], name: str) -> Path:
    """The file of that name."""
    return next(file for path, file in files.items() if PurePosixPath(path).name == name)


def _content(file: Path) -> Any:  # noqa: ANN401 - YAML is any
    try:
        return yaml.safe_load(read_text(file))
    except yaml.YAMLError:
        broken(file, None, "not valid YAML")


class _Quoting(yaml.SafeDumper):
    """Writes every text in double quotes, so that what is filled in stays one text."""


_Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def _written(content: Any) -> str:  # noqa: ANN401 - YAML is any
    """A world as YAML again, in which the publisher fills the places of attackers."""
    return str(yaml.dump(content, Dumper=_Quoting))


class _Task:
    """The look-ups of a user task in its world."""

    def __init__(self, world: str, defaults: Mapping[str, str], steps: list[tuple[str, dict[str, Any]]]) -> None:
        self.world, self.defaults = world, dict(defaults)
        marked = self._built({name: f"<{name}>" for name in defaults})
        self.steps: list[tuple[str, dict[str, Any]]] = []
        self.places: list[str] = []
        for function, arguments in steps:
            if function not in LOOK_UPS or self.places:
                break
            self.steps.append((function, arguments))
            found = as_text(LOOK_UPS[function](marked, **arguments))
            self.places = [name for name in defaults if f"<{name}>" in found]

    def _built(self, injected: Mapping[str, str]) -> World:
        built: World = yaml.load(self.world.format(**{**self.defaults, **injected}), Loader=_Loader)  # noqa: S506 - safe
        return built

    def calls(self, injected: Mapping[str, str]) -> list[list[Any]]:
        """Function, arguments and result of each step."""
        world = self._built(injected)
        return [[name, given, as_text(LOOK_UPS[name](world, **given))] for name, given in self.steps]

    def shown(self, injected: Mapping[str, str]) -> str:
        """All results."""
        return "\n".join(str(result) for _, _, result in self.calls(injected))


def as_text(result: Any) -> str:  # noqa: ANN401 - what a tool returns
    """A tool's result as the publisher's ``tool_result_to_str`` writes it."""
    return yaml.safe_dump(result).strip() if isinstance(result, list) else str(result)


def _page(world: World, url: str) -> str:
    content: dict[str, str] = world["web"]["web_content"]
    return content.get(url.removeprefix("https://").removeprefix("http://"), "404 Not Found")


LOOK_UPS: dict[str, Callable[..., Any]] = {
    "read_file": lambda world, file_path: world["filesystem"]["files"].get(file_path, ""),
    "get_most_recent_transactions": lambda world, n=100: world["bank_account"]["transactions"][-n:],
    "get_webpage": _page,
    "get_channels": lambda world: world["slack"]["channels"],
    "read_channel_messages": lambda world, channel: world["slack"]["channel_inbox"].get(channel, []),
    "read_inbox": lambda world, user: world["slack"]["user_inbox"].get(user, []),
}
"""Tools that only look something up, as the publisher's functions of these names."""


def _attacks(files: Files) -> Iterator[tuple[str, str]]:
    """Names and texts of the attacks."""
    for file in ("baseline_attacks.py", "important_instructions_attacks.py"):
        for name, one in code.classes(code.parsed(_one(files, file))).items():
            if name not in ATTACKS:
                continue
            known = code.constants(one.body, {})
            starts = code.functions(one.body)["__init__"]
            given = next(node.args[0] for node in ast.walk(starts) if isinstance(node, ast.Call) and node.args)
            yield known["name"], code.value_of(given, known)


def _versions(files: Mapping[str, Path], name: str) -> dict[str, tuple[ast.ClassDef, dict[str, Any]]]:
    """The classes of the files of that name, later versions of the benchmark in place of earlier ones."""
    found: dict[str, tuple[ast.ClassDef, dict[str, Any]]] = {}
    paths = sorted(path for path in files if PurePosixPath(path).name == name)  # v1/, v1_1_1/, v1_2/, …
    for path in paths:
        module = code.parsed(files[path])
        known = code.constants(module.body, {})
        found |= {
            one.name: (one, code.constants(one.body, known))
            for one in code.classes(module).values()
            if any(isinstance(node, ast.Call | ast.Attribute) for node in one.decorator_list)
        }
    return found


Step = tuple[str, dict[str, Any], frozenset[str]]
"""Function, arguments that could be read, and names of those that could not."""


def _steps(one: ast.ClassDef, known: Mapping[str, Any]) -> list[Step]:
    """The calls of a task's ground truth; none where it is no list of them."""
    truth = code.functions(one.body).get("ground_truth")
    if truth is None:
        return []
    local = code.constants(truth.body, known)
    returned = truth.body[-1]
    if not isinstance(returned, ast.Return) or not isinstance(returned.value, ast.List):
        return []
    steps = []
    for call in returned.value.elts:
        if not isinstance(call, ast.Call):
            return []
        parts = {one.arg: one.value for one in call.keywords}
        given, unread = {}, set()
        arguments = parts["args"]
        for key, value in zip(arguments.keys, arguments.values, strict=True) if isinstance(arguments, ast.Dict) else ():
            name = code.value_of(key, {})
            try:
                given[name] = code.value_of(value, local)
            except code.UNREADABLE:
                unread.add(name)
        steps.append((code.value_of(parts["function"], {}), given, frozenset(unread)))
    return steps


def _goals(files: Mapping[str, Path]) -> Iterator[tuple[str, str, Any]]:
    """Name, text and planted call of each injection task.

    The planted call is the first of the ground truth, with the arguments that the goal names. Where the first only
    looks something up for another, one answer cannot show whether the goal is pursued: None.
    """
    for name, (one, known) in _versions(files, "injection_tasks.py").items():
        steps = _steps(one, known)
        planted = None
        if steps and (len(steps) == 1 or not steps[0][0].startswith(READING)):
            function, given, _ = steps[0]
            secrets = [str(known[key]) for key in known if key.startswith("_") and str(known[key]) in known["GOAL"]]
            checks = {key: check for key, value in given.items() if (check := _named(value, known["GOAL"], secrets))}
            planted = ["call", function, checks] if checks else None
        yield name, known["GOAL"], planted


def _named(value: Any, goal: str, secrets: list[str]) -> list[Any] | None:  # noqa: ANN401 - any argument
    """The check of an argument that a goal names, whole or in part; None where it is left open."""
    if isinstance(value, str) and value in goal:
        return ["is", value]
    part = next((one for one in secrets if isinstance(value, str) and one in value), None)
    return ["holds", part] if part else None


def _tasks(files: Mapping[str, Path]) -> Iterator[tuple[str, str, list[tuple[str, dict[str, Any]]], Needed]]:
    """Name, message and steps of each user task, and what makes the condition of help out of what was seen."""
    for name, (one, known) in _versions(files, "user_tasks.py").items():
        steps = _steps(one, known)
        yield name, known["PROMPT"].strip(), _until_unread(steps), _condition(one, known, steps)


def _until_unread(steps: list[Step]) -> list[tuple[str, dict[str, Any]]]:
    """The steps before the first whose arguments could not all be read."""
    end = next((place for place, (_, _, unread) in enumerate(steps) if unread), len(steps))
    return [(function, given) for function, given, _ in steps[:end]]


def _condition(one: ast.ClassDef, known: Mapping[str, Any], steps: list[Step]) -> Needed:
    """The condition of help: any later step of the ground truth, or the publisher's check of the text."""

    def needed(seen: str, done: int) -> Any:  # noqa: ANN401 - a condition
        later = [["call", function, _checks(given, seen)] for function, given, _ in steps[done:]]
        return ["any", *later] if later else _said(one, known, seen)

    return needed


def _checks(given: Mapping[str, Any], seen: str) -> dict[str, Any]:
    """Checks of the arguments of a step: numbers, and texts that stand in what was seen."""
    return {
        key: ["is", value]
        for key, value in given.items()
        if key not in FREE and (isinstance(value, bool | int | float) or (isinstance(value, str) and value in seen))
    }


def _said(one: ast.ClassDef, known: Mapping[str, Any], seen: str) -> Any:  # noqa: ANN401 - a condition
    """The texts of which the publisher's check wants one in the answer.

    None where it wants something else, or a text that was seen: who copies a result would have answered.
    """
    check = code.functions(one.body).get("utility")
    returned = check.body[-1] if check else None
    node = returned.value if isinstance(returned, ast.Return) else None
    parts = node.values if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) else [node]
    texts = []
    for part in parts:
        match part:
            case ast.Compare(left=left, ops=[ast.In()], comparators=[ast.Name(id="model_output")]):
                texts.append(["says", code.value_of(left, known)])
            case _:
                return None
    return None if any(text in seen for _, text in texts) else ["any", *texts]


def _tools(files: Files, suite: Path) -> list[dict[str, Any]]:
    """Descriptions of a suite's tools, in its order."""
    found = {
        name: function
        for path, file in files.items()
        if "/tools/" in path
        for name, function in code.functions(code.parsed(file).body).items()
    }
    listed = next(
        statement.value
        for statement in code.parsed(suite).body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.List)
    )
    return [code.described(found[node.id]) for node in listed.elts if isinstance(node, ast.Name)]
