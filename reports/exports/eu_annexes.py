"""The points of Annexes IV and XI of Regulation (EU) 2024/1689 (AI Act), and which facts of an audit belong to each.

Numbers are those of the Official Journal (OJ L, 2024/1689, 12.7.2024). Headings of points with letters are shortened;
the text of the Regulation decides what has to be said. Articles 11 and 53(1)(a) refer to these annexes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Fact = Literal[
    "name", "software", "hardware", "architecture", "size", "modality", "third_party", "testing", "metrics",
    "groups", "limits", "adversarial", "oversight", "decision", "context", "test_data", "security", "identity",
    "purpose",
]  # fmt: skip
"""What an audit may know for a point; :mod:`audit.reports.exports.documentation` words it."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point of an annex."""

    number: str
    """``2(g)``."""
    heading: str
    """What it asks for."""
    facts: tuple[Fact, ...] = ()
    """What an audit knows of it; nothing leaves it to the provider."""
    missing: str = ""
    """What the provider has to add, where the audit knows a part."""
    use: str = ""
    """What the intended use answers (``audit run --intended-use``); left to the provider where the run states none."""


@dataclass(frozen=True, slots=True)
class Annex:
    """An annex, or a section of one."""

    title: str
    """Its number and title."""
    points: tuple[Point, ...]
    """In order."""


ANNEX_IV = Annex(
    "Annex IV: Technical documentation referred to in Article 11(1)",
    (
        Point("1", "A general description of the AI system"),
        Point(
            "1(a)",
            "intended purpose, name of the provider, version and its relation to previous versions",
            ("purpose", "name", "identity"),
            "conditions of use, provider, relation to previous versions",
            use="intended purpose",
        ),
        Point("1(b)", "interaction with hardware or software that is not part of the system"),
        Point("1(c)", "versions of relevant software or firmware, requirements on updates", ("software",), "updates"),
        Point("1(d)", "all forms in which the system is placed on the market or put into service"),
        Point(
            "1(e)",
            "hardware on which the system is intended to run",
            ("hardware",),
            "the intended hardware; the audit knows its own",
        ),
        Point("1(f)", "for components of products: photographs or illustrations"),
        Point("1(g)", "basic description of the user interface provided to the deployer"),
        Point("1(h)", "instructions for use for the deployer"),
        Point("2", "A detailed description of the elements of the AI system and of the process for its development"),
        Point(
            "2(a)",
            "methods and steps of the development, use of pre-trained systems or tools of third parties",
            ("third_party",),
            "methods and steps of the development",
        ),
        Point("2(b)", "design specifications: general logic, key design choices, what is optimised for"),
        Point(
            "2(c)",
            "system architecture, computational resources used to develop, train, test and validate",
            ("architecture", "size", "hardware"),
            "architecture of the whole system, resources of development and training",
        ),
        Point("2(d)", "data requirements: training methodologies and training data sets"),
        Point("2(e)", "assessment of the human oversight measures needed in accordance with Article 14"),
        Point("2(f)", "pre-determined changes to the system and its performance"),
        Point(
            "2(g)",
            "validation and testing procedures, data used, metrics, potentially discriminatory impacts, test logs and "
            "reports, dated and signed",
            ("testing", "test_data", "metrics", "groups", "decision"),
            "other tests of the system; name and signature of the persons responsible",
        ),
        Point("2(h)", "cybersecurity measures put in place", ("security",), "the measures"),
        Point(
            "3",
            "Detailed information about the monitoring, functioning and control of the AI system",
            ("metrics", "groups", "limits", "oversight"),
            "unintended outcomes and risks in the intended use, human oversight, specifications on input data",
        ),
        Point(
            "4",
            "A description of the appropriateness of the performance metrics for the specific AI system",
            ("testing",),
            "why these metrics fit the intended purpose",
        ),
        Point("5", "A detailed description of the risk management system in accordance with Article 9"),
        Point("6", "A description of relevant changes made by the provider to the system through its lifecycle"),
        Point("7", "A list of the harmonised standards applied in full or in part, or of other solutions"),
        Point("8", "A copy of the EU declaration of conformity referred to in Article 47"),
        Point(
            "9",
            "A detailed description of the system in place to evaluate the AI system performance in the post-market "
            "phase in accordance with Article 72",
        ),
    ),
)
ANNEX_XI_1 = Annex(
    "Annex XI, Section 1: Information to be provided by all providers of general-purpose AI models",
    (
        Point("1", "A general description of the general-purpose AI model"),
        Point(
            "1(a)",
            "tasks that the model is intended to perform, type and nature of systems that it can be part of",
            ("purpose",),
            "type and nature of the systems",
            use="intended tasks",
        ),
        Point("1(b)", "acceptable use policies applicable"),
        Point("1(c)", "date of release and methods of distribution", ("name", "identity"), "date and methods"),
        Point("1(d)", "architecture and number of parameters", ("architecture", "size")),
        Point("1(e)", "modality and format of inputs and outputs", ("modality", "context"), "other modalities"),
        Point("1(f)", "licence"),
        Point("2", "A detailed description of the elements of the model and of the process for its development"),
        Point(
            "2(a)",
            "technical means required to integrate the model in AI systems",
            ("software", "hardware"),
            "instructions of use; the audit knows what it ran the model with",
        ),
        Point("2(b)", "design specifications of the model and training process"),
        Point(
            "2(c)",
            "data used for training, testing and validation",
            ("test_data",),
            "training data; test data other than the audit's",
        ),
        Point("2(d)", "computational resources used to train the model, training time"),
        Point("2(e)", "known or estimated energy consumption of the model"),
    ),
)
ANNEX_XI_2 = Annex(
    "Annex XI, Section 2: Additional information by providers of general-purpose AI models with systemic risk",
    (
        Point(
            "1",
            "evaluation strategies, including results, criteria, metrics and how limitations were identified",
            ("testing", "metrics", "limits", "decision"),
            "other evaluations",
        ),
        Point(
            "2",
            "measures for internal and external adversarial testing, model adaptations, alignment and fine-tuning",
            ("adversarial",),
            "red teaming, adaptations, alignment",
        ),
        Point("3", "system architecture: how software components build or feed into each other, where applicable"),
    ),
)
ANNEXES = (ANNEX_IV, ANNEX_XI_1, ANNEX_XI_2)
