"""What people type for tasks: names, globs, files and folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import ConfigError
from audit.evals.choice.chosen import expand
from tests.evals.lm_eval.own_files import CAPITALS, SAID

if TYPE_CHECKING:
    from pathlib import Path


def test_files_folders_and_globs_become_names(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / "capitals.yaml"
    assert expand([str(file), "boolq"], [], ()) == (["capitals", "boolq"], [file.resolve()])
    assert expand([str(folder)], [], ()) == (["capitals", "ends", "said"], [folder.resolve()])
    assert expand([str(folder / "heavy.yaml")], [], ()) == (["heavy"], [(folder / "heavy.yaml").resolve()])
    assert expand(["c*tals", "ends"], [folder], ()) == (["capitals", "ends"], [folder])
    names, _ = expand(["arc_*"], [], ())
    assert {"arc_easy", "arc_challenge"} <= set(names)
    assert expand(["translation_en_[df]?", "toxic*"], [], ["toxicity", "bold"])[0][:3] == [
        "translation_en_de",
        "translation_en_fr",
        "toxicity",
    ]
    stock = expand(["lm-eval:boolq*"], [], ())[0]
    assert "lm-eval:boolq" in stock
    assert all(name.startswith("lm-eval:boolq") for name in stock)
    monkeypatch.chdir(folder)
    assert expand(["./capitals.yaml", "capitals.yaml"], [], ())[0] == ["capitals"]


@pytest.mark.parametrize("name", ["openbookqa", "hellaswag", "bbq"])
def test_a_name_is_not_hidden_by_a_folder_that_is_called_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(folder)
    (folder / name).mkdir()
    (folder / name / "capitals.yaml").write_text(CAPITALS)
    (folder / "other").mkdir()
    (folder / "other" / "said.yaml").write_text(SAID)
    assert expand([name], [], ["bbq"]) == ([name], [])
    assert expand([f"./{name}"], [], ["bbq"]) == (["capitals"], [folder / name])
    assert expand([f"{name}/"], [], ["bbq"]) == (["capitals"], [folder / name])
    assert expand(["other"], [], ["bbq"]) == (["said"], [folder / "other"])


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("capitols.yaml", r"no such task file. Did you mean 'capitals.yaml'\?"),
        ("zzz*", "matches no task"),
        ("bolq*", r"Did you mean 'boolq'\?"),
        ("nothing.yaml", "declares no task"),
        ("other.yml", "rename it"),
        ("", "empty name"),
    ],
)
def test_what_cannot_be_found_is_one_line(
    folder: Path, typed: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "nothing.yaml").write_text("a: 1\n")
    (folder / "other.yml").write_text(CAPITALS)
    monkeypatch.chdir(folder)
    with pytest.raises(ConfigError, match=message):
        expand([typed], [], ())
