"""Conversations as they are typed."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Attribution

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Audit = Callable[..., tuple[int, str, str]]


def made(audit: Audit, *words: object) -> Attribution:
    code, out, err = audit("explain", *words, "--json")
    assert code == 0, err
    return Attribution.model_validate(json.loads(out))


@pytest.mark.slow
def test_a_conversation_is_explained_as_its_template_writes_it(audit: Audit, tiny_model: Path, tmp_path: Path) -> None:
    """The expected texts are the tiny template's, written by hand."""
    model = ("-m", tiny_model, "--target", "yes")
    chat = made(audit, *model, "-p", "Is the dog lazy?", "--chat", "--features", "turns")
    assert chat.prompt == "<|begin|>[user] Is the dog lazy?<|end|>[assistant] "
    assert [feature.name for feature in chat.features if feature.name] == ["user 1"]
    system = made(
        audit, *model, "-p", "Is the dog lazy?", "--system", "Be brief.", "--field", "question=Is the dog lazy?"
    )
    assert system.prompt == "<|begin|>[system] Be brief.<|end|>[user] Is the dog lazy?<|end|>[assistant] "
    turns = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi."},
        {"role": "user", "content": "Is the dog lazy?"},
    ]
    file = tmp_path / "turns.json"
    file.write_text(json.dumps(turns))
    text = "<|begin|>[user] Hello<|end|>[assistant] Hi.<|end|>[user] Is the dog lazy?<|end|>[assistant] "
    assert made(audit, *model, "--messages", file).prompt == text
    assert made(audit, *model, "--messages", file, "--system", "Be brief.").prompt == text.replace(
        "<|begin|>", "<|begin|>[system] Be brief.<|end|>"
    )


@pytest.mark.slow
def test_one_of_several_templates_is_named(audit: Audit, tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "two"
    shutil.copytree(tiny_model, folder)
    for file in folder.glob("chat_template*"):
        file.unlink()
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config["chat_template"] = [
        {"name": name, "template": f"{name}: {{{{ messages[-1].content }}}}"} for name in ("default", "other")
    ]
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    words = ("-m", folder, "-p", "The dog.", "--chat", "--target", " x")
    assert made(audit, *words).prompt == "default: The dog."
    assert made(audit, *words, "--chat-template", "other").prompt == "other: The dog."
    code, _, err = audit("explain", *words, "--chat-template", "othr")
    assert code == 2
    assert "Did you mean 'other'" in err


@pytest.mark.slow
def test_bad_conversations_are_one_line(audit: Audit, tiny_model: Path, tmp_path: Path) -> None:
    def file(content: object) -> Path:
        path = tmp_path / "turns.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    user = {"role": "user", "content": "Hello"}
    plain = tmp_path / "plain"
    shutil.copytree(tiny_model, plain)
    for template in plain.glob("chat_template*"):
        template.unlink()
    config = json.loads((plain / "tokenizer_config.json").read_text())
    config.pop("chat_template", None)
    (plain / "tokenizer_config.json").write_text(json.dumps(config))
    cases: list[tuple[list[Any], str]] = [
        (["--messages", tmp_path / "none.json"], "cannot be read: No such file"),
        (["--messages", lambda: file("{")], "not valid JSON"),
        (["--messages", lambda: file([])], "give a list of turns"),
        (["--messages", lambda: file([{"role": "human", "content": "x"}])], "turn 1 needs a role (system, user"),
        (["--messages", lambda: file([user, {"role": "user", "content": None}])], "turn 2 needs a role"),
        (["--messages", lambda: file([{**user, "tool_calls": []}])], "turn 1 has tool_calls"),
        (["--messages", lambda: file([user, {"role": "assistant", "content": "x"}])], "ends with the assistant's turn"),
        (["--messages", lambda: file([{"role": "system", "content": "x"}, user]), "--system", "y"], "leave out one of"),
        (["-p", "x", "--chat-template", "other"], "add --chat"),
        (["-p", "x", "--chat", "--chat-template", "off"], "a conversation needs a chat template"),
        (["-p", "x", "--chat", "-m", plain], "has no chat template: give the exact text with --prompt"),
        (["-p", "", "--chat"], "--prompt is empty"),
        (["-p", "x", "--chat", "--field", "q=y"], "--field q: its text is not in the prompt"),
    ]
    for words, told in cases:
        typed = [word() if callable(word) else word for word in words]
        code, out, err = audit("explain", *([] if "-m" in typed else ["-m", tiny_model]), "--target", "x", *typed)
        assert (code, out) == (2, ""), typed
        assert told in err, err
        assert err.count("\n") == 1, err
