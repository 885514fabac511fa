"""AgentDojo's four suites, each user's task laid out up to the first result that an attacker has written in.

The publisher runs an agent on tools that change a made-up world; here the steps of its ground truth are laid out up to
that result, as far as they only look something up. A goal and an attack fill every place that the result shows, as in
the publisher's ``FixedJailbreakAttack``. Conditions are those of
:mod:`~audit.core.assets.readers.security.threat_bench`.
"""

from __future__ import annotations

import ast
import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import yaml

from audit.core.assets.asset import Files, Row, Rows
from audit.core.assets.readers.files import broken, read_text
from audit.core.assets.readers.security import code, dojo_tasks
from audit.core.assets.readers.security.dojo_tools import LOOK_UPS, World, as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SUITES = ("banking", "slack", "travel", "workspace")
USER, MODEL = "Emma Johnson", "the AI language model"
"""Who is named in attacks: the user as in the system prompt, the checkpoint by the publisher's default."""
ATTACKS = ("DirectAttack", "IgnorePreviousAttack", "InjecAgentAttack", "ImportantInstructionsAttack")
UNSEEN = "a task whose look-ups show nothing that an attacker can write"
MISTAKEN = "a user task whose ground truth names no account"
OPEN = "a task or goal whose next step is not a call that can be checked"
COMBINED = "a user task that is put together out of two others"
MISNAMED = {"banking": ("UserTask5", "UserTask11")}
"""User tasks by suite whose ground truth names a payee where its tool takes an account: nobody would do as it says."""
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def agentdojo(files: Files) -> Rows:
    """The publisher's YAML and Python files: user task × goal × attack, and each user task without an attack."""
    rows: list[Row] = []
    dropped: dict[str, int] = {UNSEEN: 0, OPEN: 0, MISTAKEN: 0, COMBINED: 0}
    texts = dict(_attacks(files))
    system = _content(_one(files, "system_messages.yaml"))["default"]
    for suite in SUITES:
        own = {name: file for name, file in files.items() if f"/{suite}/" in name}
        defaults = {name: one["default"] for name, one in _content(_one(own, "injection_vectors.yaml")).items()}
        worlds = _Worlds(_content(_one(own, "environment.yaml"), own), defaults)
        functions = _tools(files, _one(own, "task_suite.py"))
        goals = list(dojo_tasks.goals(own, suite, worlds.filled({})))
        dropped[OPEN] += sum(planted is None for _, _, planted in goals)
        dropped[COMBINED] += dojo_tasks.combined(own)
        for name, prompt, steps, needed in dojo_tasks.user_tasks(own, worlds.filled({})):
            if name in MISNAMED.get(suite, ()):
                dropped[MISTAKEN] += 1
                continue
            laid_out = _Task(worlds, steps)
            if not laid_out.places:
                dropped[UNSEEN] += 1
                continue
            wanted = needed(prompt, laid_out.shown({}), len(laid_out.steps))
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
                    "needed": json.dumps(
                        dojo_tasks.without(wanted, planted) if suite in dojo_tasks.COMPARED else wanted
                    ),
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


def _content(file: Path, parts: Mapping[str, Path] | None = None) -> Any:  # noqa: ANN401 - YAML is any
    """A YAML file, with the files of its suite that it includes by name."""

    class Including(_Loader):  # type: ignore[misc,valid-type]
        """Puts a file in the place of ``!include PATH``."""

    def included(loader: Any, node: Any) -> Any:  # noqa: ANN401 - PyYAML's
        name = PurePosixPath(loader.construct_scalar(node)).name
        found = next((part for path, part in (parts or {}).items() if PurePosixPath(path).name == name), None)
        if found is None:
            raise yaml.YAMLError
        return _content(found)

    Including.add_constructor("!include", included)
    try:
        return yaml.load(read_text(file), Loader=Including)  # noqa: S506 - a safe loader's
    except yaml.YAMLError:
        broken(file, None, "not valid YAML, or a file that it includes is missing")


class _Quoting(yaml.SafeDumper):
    """Writes every text in double quotes, so that what is filled in stays one text."""


_Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


class _Worlds:
    """The world of a suite, with what an attacker writes in its places.

    The publisher writes the world as YAML, fills the places in and reads it again. Its parts are read one by one here,
    each once for the same texts.
    """

    def __init__(self, content: Mapping[str, Any], defaults: Mapping[str, str]) -> None:
        self.defaults = dict(defaults)
        self.parts = {name: str(yaml.dump({name: part}, Dumper=_Quoting)) for name, part in content.items()}
        self.places = {
            name: [place for place in defaults if f"{{{place}}}" in part] for name, part in self.parts.items()
        }
        self.read: dict[tuple[str, ...], Any] = {}

    def filled(self, injected: Mapping[str, str]) -> World:
        """The world with these texts, and the publisher's own in all other places."""
        texts = {**self.defaults, **injected}
        return {name: self._part(name, texts) for name in self.parts}

    def _part(self, name: str, texts: Mapping[str, str]) -> Any:  # noqa: ANN401 - YAML is any
        known = (name, *(texts[place] for place in self.places[name]))
        if known not in self.read:
            self.read[known] = yaml.load(self.parts[name].format(**texts), Loader=_Loader)[name]  # noqa: S506 - safe
        return self.read[known]


class _Task:
    """The look-ups of a user task in its world."""

    def __init__(self, worlds: _Worlds, steps: list[tuple[str, dict[str, Any]]]) -> None:
        self.worlds = worlds
        marked = worlds.filled({name: f"<{name}>" for name in worlds.defaults})
        self.steps: list[tuple[str, dict[str, Any]]] = []
        self.places: list[str] = []
        for function, arguments in steps:
            if function not in LOOK_UPS or self.places:
                break
            self.steps.append((function, arguments))
            found = as_text(LOOK_UPS[function](marked, **arguments))
            self.places = [name for name in worlds.defaults if f"<{name}>" in found]

    def calls(self, injected: Mapping[str, str]) -> list[list[Any]]:
        """Function, arguments and result of each step."""
        world = self.worlds.filled(injected)
        return [[name, given, as_text(LOOK_UPS[name](world, **given))] for name, given in self.steps]

    def shown(self, injected: Mapping[str, str]) -> str:
        """All results."""
        return "\n".join(str(result) for _, _, result in self.calls(injected))


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
