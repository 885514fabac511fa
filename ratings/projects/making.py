"""Making a project, its guidelines and its items."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from audit.core.errors import UsageError
from audit.core.text import named
from audit.ratings.database import reading, writing
from audit.ratings.projects.events import append, read_events, to_json
from audit.ratings.projects.item import RatedItem, read_items
from audit.ratings.projects.project import ProjectPlan, find, of_row
from audit.ratings.projects.roles import acting, append_role, require
from audit.ratings.raters import cleaned
from audit.ratings.tables import ItemRow, ProjectRow, SlotRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from audit.ratings.projects.item import ItemContent, Kind
    from audit.ratings.projects.project import Project
    from audit.ratings.projects.roles import Role

LONGEST_NAME = 100
"""Characters of a project's name."""


def create(
    database_url: str,
    name: str,
    plan: ProjectPlan,
    *,
    guidelines: str = "",
    roles: Mapping[str, Sequence[Role]] | None = None,
) -> Project:
    """Make a project; whoever makes it is its first admin.

    Args:
        database_url: URL of the database.
        name: What it is called.
        plan: What does not change about it.
        guidelines: How to rate, version 1.
        roles: Further roles, by name.

    Raises:
        UsageError: There is one of that name, the name is none, or the database cannot be written.
    """
    called = cleaned(name)
    if not called or len(called) > LONGEST_NAME:
        msg = f"--name: a project's name has 1 to {LONGEST_NAME} characters"
        raise UsageError(msg)
    with writing(database_url) as connection:
        if connection.execute(select(ProjectRow.id).where(ProjectRow.name == called)).first() is not None:
            msg = f"there is a rating project {named(called)} already: choose another name, or add items to it"
            raise UsageError(msg)
        values = {"created": datetime.now(UTC), "name": called, "content": to_json(plan.model_dump())}
        number = connection.execute(insert(ProjectRow).values(**values).returning(ProjectRow.id)).scalar_one()
        project, maker = of_row({"id": number, **values}), acting(plan.made_by)
        append_role(connection, project.id, maker, plan.made_by, "admin")
        for to, given in (roles or {}).items():
            for role in given:
                append_role(connection, project.id, maker, to, role)
        if guidelines:
            append(connection, project.id, "guidelines", maker, content={"version": 1, "text": guidelines})
    return project


def write_guidelines(database_url: str, project: str, user: str, text: str) -> int:
    """Write a new version of the guidelines; answers keep the version that their rater saw.

    Returns:
        Its number, from 1.

    Raises:
        NotAllowed: The user is not an admin of the project.
        UsageError: There is no such project, or the database cannot be written.
    """
    with writing(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "admin")
        version = guidelines_of(connection, found.id)[0] + 1
        append(connection, found.id, "guidelines", who, content={"version": version, "text": text})
    return version


def guidelines_of(connection: Connection, project_id: int) -> tuple[int, str]:
    """Version and text of the guidelines in force; version 0 where there are none."""
    versions = read_events(connection, project_id, ["guidelines"])
    return (versions[-1].content["version"], versions[-1].content["text"]) if versions else (0, "")


def read_guidelines(database_url: str, project: str, user: str) -> tuple[int, str]:
    """Version and text of the guidelines in force.

    Raises:
        NotAllowed: The user has no role in the project.
        UsageError: There is no such project, or the database cannot be read.
    """
    with reading(database_url) as connection:
        found = find(connection, project)
        require(connection, found, user, "viewer", "rater", "adjudicator", "admin")
        return guidelines_of(connection, found.id)


def add_items(
    database_url: str, project: str, user: str, items: Sequence[ItemContent], kind: Kind = "regular"
) -> list[RatedItem]:
    """Add items to a project; those that it has already are left out.

    Args:
        database_url: URL of the database.
        project: Name of the project.
        user: Who adds them.
        items: What is to be rated.
        kind: Calibration and gold items have no slots: everyone rates them.

    Returns:
        The items that were added.

    Raises:
        NotAllowed: The user is not an admin of the project.
        UsageError: There is no such project, an item does not fit its questions, or the database cannot be written.
    """
    with writing(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "admin")
        fitting = [_fitting(one, found, kind) for one in items]
        have = {_identity(one) for one in read_items(connection, found.id)}
        new = []
        for one in fitting:
            if _identity(one) not in have:
                have.add(_identity(one))
                new.append(one)
        added = [_add(connection, found, one, kind) for one in new]
        if kind == "regular" and added:
            slots = [
                {"item_id": one.id, "slot": slot, "project_id": found.id, "done": False}
                for one in added
                for slot in range(1, found.raters_per_item + 1)
            ]
            connection.execute(insert(SlotRow), slots)
        append(connection, found.id, "items_added", who, content={"kind": kind, "items": [one.id for one in added]})
    return added


def _add(connection: Connection, project: Project, item: ItemContent, kind: Kind) -> RatedItem:
    values = {"project_id": project.id, "kind": kind}
    row = insert(ItemRow).values(**values, content=to_json(item.model_dump())).returning(ItemRow.id)
    return RatedItem.model_validate({**item.model_dump(), **values, "id": connection.execute(row).scalar_one()})


def _identity(item: ItemContent) -> tuple[object, ...]:
    return item.suite, item.task, *((one.run_id, one.sample_id, one.sha256) for one in item.outputs)


def _fitting(item: ItemContent, project: Project, kind: Kind) -> ItemContent:
    """The item, if the project's questions can be asked about it."""
    where = f"{named(item.task)}, sample {named(item.outputs[0].sample_id)}"
    if (project.preference is not None) != (len(item.outputs) == 2):
        wanted = "two outputs: name two runs" if project.preference else "one output: name one run"
        msg = f"{where}: the questions of the project {named(project.name)} are about {wanted}"
        raise UsageError(msg)
    unknown = sorted(set(item.expected) - {one.name for one in project.questions})
    if unknown or (kind != "regular") != bool(item.expected):
        fault = f"no question is called {named(unknown[0])!r}" if unknown else f"a {kind} item has expected answers"
        msg = f"{where}: {fault if unknown or kind != 'regular' else 'a regular item has no expected answers'}"
        raise UsageError(msg)
    return item
