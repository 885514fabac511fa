"""Writes a file as a note on a GitLab merge request, in place of the last note with the same first line.

usage: gitlab_note.py FILE, with AUDIT_GITLAB_TOKEN and GitLab's own variables set. Needs Python alone.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

PAGE = 100
"""Notes that GitLab returns at most at a time."""


def call(method: str, path: str, content: dict[str, str] | None = None) -> Any:  # noqa: ANN401 - JSON
    """Ask GitLab's API for something.

    Args:
        method: HTTP method.
        path: Below the notes of the merge request.
        content: What is sent.
    """
    project, request = os.environ["CI_PROJECT_ID"], os.environ["CI_MERGE_REQUEST_IID"]
    address = f"{os.environ['CI_API_V4_URL']}/projects/{project}/merge_requests/{request}/notes{path}"
    headers = {"PRIVATE-TOKEN": os.environ["AUDIT_GITLAB_TOKEN"], "Content-Type": "application/json"}
    data = json.dumps(content).encode() if content else None
    with urlopen(Request(address, data, headers, method=method), timeout=60) as answer:  # noqa: S310 - GitLab's own
        return json.load(answer)


def last_note(marker: str) -> int | None:
    """Id of the newest note that begins with a line; None if there is none."""
    page = 1
    while True:
        notes = call("GET", f"?sort=desc&per_page={PAGE}&page={page}")
        for note in notes:
            if note["body"].startswith(marker):
                return int(note["id"])
        if len(notes) < PAGE:
            return None
        page += 1


def write(file: Path) -> None:
    """Write the note."""
    body = file.read_text("utf-8")
    found = last_note(body.splitlines()[0])
    if found is None:
        call("POST", "", {"body": body})
    else:
        call("PUT", f"/{found}", {"body": body})


if __name__ == "__main__":
    write(Path(sys.argv[1]))
