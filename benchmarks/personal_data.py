"""The detectors of personal data compared with presidio's own recognisers, on the generated sentences of the tests.

python benchmarks/personal_data.py

Presidio's recognisers are asked one by one, without its engine, which needs a language model and would raise scores
where a word of context is near. What they see with a score of at least a threshold counts, once per place and kind.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent))
import tldextract

from audit.safety.privacy.detectors import DETECTORS, find
from tests.safety.privacy.cases.personal_cases import Tally, evaluate, near_misses, positives

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = 20261125
THRESHOLDS = (0.3, 0.5, 1.0)
PEERS = {
    "email": ["EmailRecognizer"],
    "iban": ["IbanRecognizer"],
    "wallet": ["CryptoRecognizer"],
    "card": ["CreditCardRecognizer"],
    "it_fiscal_code": ["ItFiscalCodeRecognizer"],
    "fi_hetu": ["FiPersonalIdentityCodeRecognizer"],
    "kr_rrn": ["KrRrnRecognizer"],
    "se_personnummer": ["SePersonnummerRecognizer"],
    "es_nif": ["EsNifRecognizer", "EsNieRecognizer"],
    "in_pan": ["InPanRecognizer"],
    "uk_nino": ["UkNinoRecognizer"],
    "pl_pesel": ["PlPeselRecognizer"],
    "de_tax_id": ["DeTaxIdRecognizer"],
    "in_aadhaar": ["InAadhaarRecognizer"],
    "uk_nhs": ["NhsRecognizer"],
    "au_tfn": ["AuTfnRecognizer"],
    "ssn": ["UsSsnRecognizer"],
    "ip": ["IpRecognizer"],
    "phone": ["PhoneRecognizer"],
}
"""Kind to the classes of presidio that look for it; it has none for the others."""


def ours(text: str) -> list[tuple[str, int, int]]:
    """Kind, start and end of what the package finds, without what is reserved."""
    return [(finding.kind, finding.start, finding.end) for finding in find(text) if not finding.reserved]


def presidio(threshold: float) -> Callable[[str], list[tuple[str, int, int]]]:
    """All recognisers, unfiltered but for the score."""
    from presidio_analyzer import predefined_recognizers

    # The default would fetch the list of public suffixes.
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    made = [(kind, getattr(predefined_recognizers, name)()) for kind, names in PEERS.items() for name in names]

    def look(text: str) -> list[tuple[str, int, int]]:
        return sorted(
            {
                (kind, result.start, result.end)
                for kind, one in made
                for result in one.analyze(text, one.supported_entities, None)
                if result.score >= threshold
            }
        )

    return look


def table(tallies: dict[str, Tally], kinds: list[str | None]) -> str:
    """Precision, recall and F1 in percent of each kind and each detector, as Markdown."""
    lines = [f"| kind | {' | '.join(tallies)} |", f"|---|{'---|' * len(tallies)}"]
    for kind in kinds:
        cells = []
        for tally in tallies.values():
            precision, recall, f1 = (f"{100 * value:.1f}" for value in tally.scores(kind))
            cells.append(f"{precision} / {recall} / {f1}")
        lines.append(f"| {kind or 'all'} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Print both tables."""
    cases: list[Any] = [*positives(SEED), *near_misses(SEED)]
    shared = [case for case in cases if case.kind is None or case.kind in PEERS]
    detectors = {"ours": ours, **{f"presidio from {score}": presidio(score) for score in THRESHOLDS}}
    with_data = sum(case.kind is not None for case in cases)
    print(f"{with_data} positives, {len(cases) - with_data} near misses")
    print("precision / recall / F1 in percent, kinds that presidio knows\n")
    tallies = {name: evaluate(shared, detector) for name, detector in detectors.items()}
    print(table(tallies, [None, *PEERS]))
    print("\nall kinds, ours\n")
    print(table({"ours": evaluate(cases, ours)}, [None, *DETECTORS]))


if __name__ == "__main__":
    main()
