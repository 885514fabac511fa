"""A thousand random changes to a signed run: every one is found, and the changed file is named."""

from __future__ import annotations

import json
import random
from base64 import b64decode
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import rfc8785

from audit.core.errors import EvidenceInvalid
from audit.core.run_folder import RunFolder
from audit.gate.binding import kept_policy
from audit.gate.evidence import seal
from audit.gate.signing import envelope
from audit.gate.signing.keys import key_id
from audit.gate.signing.parts import chained, parts_of
from audit.gate.signing.statement import Statement, payload
from audit.gate.signing.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PER_KIND = 125
"""Of eight kinds."""


def write(path: Path, content: bytes | bytearray) -> None:
    """A new file in place of an old one: to empty the old one makes some file systems wait for the disk."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def names(run: RunFolder, *, with_bundle: bool = True) -> list[str]:
    return [part.name for part in parts_of(run)] + ([envelope.NAME] if with_bundle else [])


def flip(run: RunFolder, other: RunFolder, draw: random.Random) -> str:
    name = draw.choice(names(run))
    content = bytearray((run.path / name).read_bytes())
    content[draw.randrange(len(content))] ^= draw.randrange(1, 256)
    write(run.path / name, content)
    return name


def delete(run: RunFolder, other: RunFolder, draw: random.Random) -> str:
    name = draw.choice([one for one in names(run) if one != "raw.jsonl"])
    (run.path / name).unlink()
    return name


def truncate(run: RunFolder, other: RunFolder, draw: random.Random) -> str:
    name = draw.choice(names(run))
    content = (run.path / name).read_bytes()
    write(run.path / name, content[: draw.randrange(len(content))])
    return name


def swap_inside(run: RunFolder, other: RunFolder, draw: random.Random) -> str:
    one, two = draw.sample(names(run), 2)
    contents = [(run.path / name).read_bytes() for name in (one, two)]
    write(run.path / one, contents[1])
    write(run.path / two, contents[0])
    return envelope.NAME if envelope.NAME in {one, two} else one


def swap_between(run: RunFolder, other: RunFolder, draw: random.Random) -> str:
    """Some files of another run that is signed with the same key; not all of them, which would be that run."""
    candidates = [one for one in names(run) if (run.path / one).read_bytes() != (other.path / one).read_bytes()]
    assert set(names(run)) - set(candidates) == {kept_policy.NAME}  # both were judged under one policy
    chosen = draw.sample(candidates, draw.randrange(1, len(candidates)))
    for name in chosen:
        write(run.path / name, (other.path / name).read_bytes())
    others = [name for name in candidates if name not in chosen]
    return draw.choice(others if envelope.NAME in chosen else chosen)


def add(run: RunFolder, other: RunFolder, draw: random.Random) -> str:
    folder = draw.choice(["samples/evals", "samples/more", "attributions", "logged"])
    name = f"{folder}/{draw.randrange(10**6)}.{draw.choice(['parquet', 'json', 'json.gz'])}"
    (run.path / name).parent.mkdir(exist_ok=True)
    (run.path / name).write_bytes(draw.randbytes(draw.randrange(100)))
    return name


def reorder(run: RunFolder, other: RunFolder, draw: random.Random) -> str:
    """The list in the bundle in another order, its chain as it was or rebuilt, its signature kept."""
    plain, statement = opened(run)
    parts = statement.evidence.parts
    order = draw.sample(range(len(parts)), len(parts))
    while order == sorted(order):
        order = draw.sample(range(len(parts)), len(parts))
    mixed = [parts[index] for index in order]
    if draw.random() < 0.5:  # the digests of one file under the name of another, the chain rebuilt around them
        moved = zip(parts, mixed, strict=True)
        mixed = chained((part.name, from_.size, from_.sha256) for part, from_ in moved)
    statement.evidence.parts[:] = mixed
    close(run, plain, statement)
    return envelope.NAME


def rebuild(run: RunFolder, other: RunFolder, draw: random.Random) -> str:
    """A better value, everything sealed again and the chain rebuilt by somebody who lacks the key."""
    metrics = json.loads(run.metrics_path.read_text())
    metrics[0]["value"] += draw.random() / 100
    run.metrics_path.write_text(json.dumps(metrics))
    seal(run)
    plain, statement = opened(run)
    statement.evidence.parts[:] = parts_of(run)
    close(run, plain, statement, signature=draw.choice(["kept", "random", "empty"]), draw=draw)
    return envelope.NAME


def opened(run: RunFolder) -> tuple[dict[str, object], Statement]:
    plain = json.loads((run.path / envelope.NAME).read_text())
    return plain, Statement.model_validate_json(b64decode(plain["payload"]))


def close(
    run: RunFolder,
    plain: dict[str, object],
    statement: Statement,
    signature: str = "kept",
    draw: random.Random | None = None,
) -> None:
    """Write a bundle around another statement, without the key."""
    plain["payload"] = envelope._encoded(payload(statement))
    if draw is not None and signature != "kept":
        plain["signatures"][0]["sig"] = envelope._encoded(draw.randbytes(64) if signature == "random" else b"")  # type: ignore[index]
    (run.path / envelope.NAME).write_bytes(rfc8785.dumps(plain))  # type: ignore[arg-type]


Kind = Callable[[RunFolder, RunFolder, random.Random], str]
KINDS: list[Kind] = [flip, delete, truncate, swap_inside, swap_between, add, reorder, rebuild]
"""Each changes the first run, with the second at hand, and returns the name of the file that has to be named."""


def found(run: RunFolder, public: Ed25519PublicKey) -> list[str]:
    """What verifying finds."""
    try:
        return verify(run, public).faults
    except EvidenceInvalid as error:
        return [str(error)]


def contents(run: RunFolder) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}


def restore(run: RunFolder, before: dict[Path, bytes]) -> None:
    for path in [path for path in run.path.rglob("*") if path.is_file()]:
        if path not in before:
            path.unlink()
    for path, content in before.items():
        if not path.exists() or path.read_bytes() != content:
            write(path, content)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_change_is_found_and_named(
    kind: Kind,
    run: RunFolder,
    other: RunFolder,
    public: Ed25519PublicKey,
) -> None:
    draw = random.Random(f"mutations of {kind.__name__}")  # noqa: S311 - seeded
    before = contents(run)
    assert found(run, public) == []
    for _ in range(PER_KIND):
        name = kind(run, other, draw)
        faults = found(run, public)
        assert any(name in fault for fault in faults), (name, faults)
        restore(run, before)
    assert found(run, public) == []


def test_there_are_a_thousand() -> None:
    assert len(KINDS) * PER_KIND == 1000


def test_a_rebuilt_run_under_another_key_is_found(
    run: RunFolder, other_key: Ed25519PrivateKey, public: Ed25519PublicKey
) -> None:
    """Also where the bundle claims to be signed with the right one."""
    _, statement = opened(run)
    forged = json.loads(envelope.sealed(payload(statement), other_key))
    (run.path / envelope.NAME).write_bytes(rfc8785.dumps(forged))
    assert "signed with another key" in found(run, public)[0]
    forged["signatures"][0]["keyid"] = key_id(public)
    (run.path / envelope.NAME).write_bytes(rfc8785.dumps(forged))
    assert "its signature is wrong" in found(run, public)[0]
