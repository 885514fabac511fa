"""The script that writes a note on a merge request, against a GitLab of two pages of notes."""

from __future__ import annotations

import io
import json
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    from urllib.request import Request

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "gitlab_note.py"
NOTES = "https://gitlab.example/api/v4/projects/5/merge_requests/9/notes"


class GitLab:
    """Answers for the notes of one merge request, newest first."""

    def __init__(self, bodies: list[str]) -> None:
        self.notes = [{"id": place, "body": body} for place, body in enumerate(bodies)]

    def __call__(self, request: Request, timeout: float) -> io.BytesIO:
        assert request.get_header("Private-token") == "secret"
        address = urlsplit(request.full_url)
        path = address.geturl().partition("?")[0].removeprefix(NOTES)
        method, data = request.get_method(), request.data
        answer: Any = {}
        if method == "GET":
            query = parse_qs(address.query)
            start = 100 * (int(query["page"][0]) - 1)
            answer = sorted(self.notes, key=lambda note: -int(note["id"]))[start : start + 100]
        else:
            assert isinstance(data, bytes)
            body = json.loads(data)["body"]
            if method == "POST":
                self.notes.append({"id": len(self.notes), "body": body})
            else:
                self.notes[int(path.removeprefix("/"))]["body"] = body
        return io.BytesIO(json.dumps(answer).encode())


def write(gitlab: GitLab, text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Run the script on a file; the bodies of all notes."""
    (folder / "comment.md").write_text(text, "utf-8")
    variables = {"AUDIT_GITLAB_TOKEN": "secret", "CI_API_V4_URL": "https://gitlab.example/api/v4"}
    for name, value in {**variables, "CI_PROJECT_ID": "5", "CI_MERGE_REQUEST_IID": "9"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), str(folder / "comment.md")])
    monkeypatch.setattr("urllib.request.urlopen", gitlab)
    runpy.run_path(str(SCRIPT), run_name="__main__")
    return [str(note["body"]) for note in gitlab.notes]


@pytest.mark.parametrize("others", [0, 99, 100, 101, 200])
def test_one_note_is_updated(others: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gitlab = GitLab([])
    assert write(gitlab, "<!-- m -->\nfirst", tmp_path, monkeypatch) == ["<!-- m -->\nfirst"]
    gitlab.notes += [{"id": place, "body": "thanks"} for place in range(1, others + 1)]
    bodies = write(gitlab, "<!-- m -->\nsecond", tmp_path, monkeypatch)
    assert bodies == ["<!-- m -->\nsecond", *["thanks"] * others]
