"""``audit keys``: the pair of keys that evidence is signed and verified with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import Annotated

import typer

from audit.cli.console import JsonFlag, err, out, print_json
from audit.cli.options import Given, command
from audit.gate.signing import keys

EXAMPLES = """\b
Examples:
  audit keys make                          audit.key and audit.pub
  audit keys make --out release.key        release.key and release.pub
  AUDIT_SIGNING_KEY=release.key audit gate latest
  audit verify latest --key release.pub
"""


@dataclass(frozen=True)
class Arguments:
    """Where the keys go."""

    private: Annotated[
        Path,
        typer.Option("--out", help="File of the private key; must not exist yet. The public key gets the ending .pub."),
    ] = keys.PRIVATE_KEY
    as_json: JsonFlag = False


def register(program: typer.Typer) -> None:
    """Add ``audit keys make``."""
    group = typer.Typer(
        name="keys", help="Keys to sign evidence with.", epilog=EXAMPLES, no_args_is_help=True, rich_markup_mode=None
    )
    group.command("make", epilog=EXAMPLES)(command("keys make", make, Arguments))
    program.add_typer(group)


def make(_: Given, arguments: Arguments) -> None:
    """Make a pair of Ed25519 keys: a private one that signs, and a public one that verifies.

    Keep the private key secret, and hand out the public one.
    """
    public, key_id = keys.make(arguments.private)
    if arguments.as_json:
        print_json({"private_key": str(arguments.private), "public_key": str(public), "key_id": key_id})
        return
    for line in (f"public key  {public}", f"key id      {key_id}"):
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    secret = f"{arguments.private} is the private key: keep it secret, and set {keys.VARIABLE} to its path to sign"
    err.print(secret, markup=False, highlight=False, soft_wrap=True)
