"""Random changes to a signed run of a checkpoint: how many verifying finds, and whether it names the changed file.

``python benchmarks/evidence.py CANDIDATE BASELINE --policy policy.yaml --waivers waivers.yaml``: two runs of the same
tasks. Copies of both are judged against each other, signed with a key and by the certificate authority of the tests,
and changed in the eight ways of ``tests/gate/signing/test_verify_mutations.py``.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sigstore import models
from sigstore.verify import Verifier

from audit.core.errors import EvidenceInvalid
from audit.core.run_folder import RunFolder
from audit.explain.methods.registry import METHODS
from audit.gate.binding import kept_policy
from audit.gate.decide import decide
from audit.gate.policy import load_policy
from audit.gate.signing import envelope, keyless
from audit.gate.signing.sign import sign, statement_of
from audit.gate.signing.statement import payload
from audit.gate.signing.verify import verify
from audit.gate.waivers.waiver_file import load_waivers

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.gate.signing import test_verify_mutations as mutations
from tests.gate.signing.local_sigstore import LocalSigstore

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNATORY = keyless.Signatory("ci@example.org", "https://issuer.example")


def main() -> None:
    """Count what is found and named, by kind of change."""
    given = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        home, authority = Path(folder), LocalSigstore()
        root = home / "root.json"
        root.write_text(authority.trusted_root())
        trusted = Verifier(trusted_root=models.TrustedRoot.from_file(str(root)))
        keyless.verifier = lambda: trusted  # type: ignore[assignment]
        sides = [RunFolder(Path(shutil.copytree(one, home / name / one.name))) for name, one in given.runs.items()]
        bare = [RunFolder(one) for one in given.runs.values()]
        for run, baseline in zip(sides, reversed(bare), strict=True):
            _signed(run, baseline, given, authority)
        total = [_count(kind, *sides, given.changes) for kind in mutations.KINDS]
    found, named = (sum(counts) for counts in zip(*total, strict=True))
    print(f"{found} of {given.changes * len(total)} changes found, the changed file named in {named}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("candidate", type=Path)
    parser.add_argument("baseline", type=Path)
    parser.add_argument("--policy", type=Path, required=True)
    parser.add_argument("--waivers", type=Path, required=True)
    parser.add_argument("--changes", type=int, default=mutations.PER_KIND, help="of each of the eight kinds")
    given = parser.parse_args()
    given.runs = {"candidate": given.candidate, "baseline": given.baseline}
    return given


def _signed(run: RunFolder, baseline: RunFolder, given: argparse.Namespace, authority: LocalSigstore) -> None:
    """Decide on a run, and sign it in both ways."""
    policy = load_policy(given.policy)
    kept_policy.keep(run, policy)
    run.write_decision(decide(run, policy, METHODS, baseline, load_waivers(given.waivers)))
    sign(run, KEY)
    (run.path / keyless.NAME).write_text(json.dumps(authority.bundle(payload(statement_of(run)))))


def _count(kind: mutations.Kind, run: RunFolder, other: RunFolder, changes: int) -> tuple[int, int]:
    """How many changes of a kind are found, and in how many of them the file is named."""
    draw = random.Random(f"mutations of {kind.__name__}")
    before, found, named = mutations.contents(run), 0, 0
    if faults := _faults(run):
        sys.exit(f"{run.path.name}: not valid before any change: {faults[0]}")
    for _ in range(changes):
        name = _swap(run, other, draw) if kind is mutations.swap_between else kind(run, other, draw)
        faults = _faults(run)
        found += bool(faults)
        named += any(name in fault for fault in faults)
        if not any(name in fault for fault in faults):
            print(f"{kind.__name__} of {name}: {faults[0] if faults else 'not found'}")
        mutations.restore(run, before)
    print(f"{kind.__name__}: {found} of {changes} found, {named} named", flush=True)
    return found, named


def _swap(run: RunFolder, other: RunFolder, draw: random.Random) -> str:
    """As ``swap_between``, of runs that have more files in common than the policy."""
    mine = _names(run)
    differ = [one for one in mine if (run.path / one).read_bytes() != (other.path / one).read_bytes()]
    chosen = draw.sample(differ, draw.randrange(1, len(differ)))
    for name in chosen:
        mutations.write(run.path / name, (other.path / name).read_bytes())
    others = [name for name in differ if name not in chosen]
    return draw.choice(others if envelope.NAME in chosen else chosen)


_plain_names = mutations.names


def _names(run: RunFolder, *, with_bundle: bool = True) -> list[str]:
    """The files of a run that are changed: both bundles are among them."""
    return [*_plain_names(run, with_bundle=with_bundle), keyless.NAME]


mutations.names = _names


def _faults(run: RunFolder) -> list[str]:
    try:
        return verify(run, KEY.public_key(), signer=SIGNATORY).faults
    except EvidenceInvalid as error:
        return [str(error)]


if __name__ == "__main__":
    main()
