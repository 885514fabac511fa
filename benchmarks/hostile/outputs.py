"""Two hundred outputs that attack whoever reads them: which text, and a run folder whose samples hold them."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import cycle, islice, product
from typing import TYPE_CHECKING, Any

from audit.core import provenance
from audit.core.records import (
    Attribution,
    Choice,
    Feature,
    GitState,
    ModelRecord,
    RunManifest,
    Sample,
    SampledText,
    digest_of,
    sample_id,
)
from audit.core.run_folder import RunFolder
from audit.gate import evidence
from audit.stats.aggregate import unscored_metric
from audit.stats.definitions import Mean, measured

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 200
EXPLAINED = 10
"""Samples of each task that have an attribution."""
RAN = "document.title='owned';window.owned=1"
"""What a script that runs leaves behind."""
ELSEWHERE = "http://evil.example"
ATTACKS = (
    f"<script>{RAN}</script>",
    f'<img src=x onerror="{RAN}">',
    f'<svg onload="{RAN}"><a xlink:href="javascript:{RAN}"><text>x</text></a></svg>',
    f'<svg><style>{{}}</style><animate onbegin="{RAN}" attributeName=x dur=1s></svg>',
    f'<iframe srcdoc="<script>parent.{RAN}</script>"></iframe>',
    f'<iframe src="{ELSEWHERE}/frame"></iframe>',
    f'<details open ontoggle="{RAN}">x</details>',
    f'<math><mtext><table><mglyph><style><img src=x onerror="{RAN}"></style></mglyph></table></mtext></math>',
    f'"><body onload="{RAN}">',
    f"</script><script>{RAN}</script>",
    f"]]><script>{RAN}</script>",
    f"--><script>{RAN}</script><!--",
    f'</textarea></title></style></pre><img src=x onerror="{RAN}">',
    f"<link rel=stylesheet href={ELSEWHERE}/style.css>",
    f"<style>@import '{ELSEWHERE}/style.css';*{{background:url({ELSEWHERE}/pixel)}}</style>",
    f'<meta http-equiv="refresh" content="0;url={ELSEWHERE}/">',
    f"<base href={ELSEWHERE}/>",
    f"<form action={ELSEWHERE}/><button>x</button></form>",
    f"<video autoplay src={ELSEWHERE}/video onerror={RAN!r}></video>",
    f"![pixel]({ELSEWHERE}/pixel.png)",
    f"[![pixel]({ELSEWHERE}/pixel.png)](javascript:{RAN})",
    f"[open](javascript:{RAN})",
    f"<javascript:{RAN}>",
    f"[ref]: {ELSEWHERE}/ref\n![x][ref]",
    "# heading\n***\n| a | b |\n|---|---|\n| c | d |\n- [ ] list",
    "$x^2$ $$\\href{javascript:window.owned=1}{x}$$ \\(y\\) :red[red] :material/bug_report: :rainbow[x]",
    f"&lt;script&gt;{RAN}&lt;/script&gt; &#x3c;script>",
    "{{ 7 * 7 }} {% raw %} ${7*7} <%= 7 %> #{7}",
    "\x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x07link\x1b]8;;\x07 \x1b[2J\x1b[H\x1b]0;owned\x07 \x9b31m",
    "\u202egnp.exe\u202c \u2066isolate\u2069 \u200f right \u061c",
    "zero\u200bwidth\u200d\ufeff tag\U000e0041\U000e0042 " + "Z" + "\u0301" * 500,
    "lone \ud800 and \udfff halves",
    "NUL \x00 and \x01\x02\x07\x08\x0b\x0c\x7f\x85\u2028\u2029 controls",
    "=cmd|' /C calc'!A0\n+1+1\n@SUM(1)\n-2",
    "'; DROP TABLE ratings; -- \" OR 1=1",
    "x" * 200_000,
    "line\n" * 20_000,
    "<b>" * 20_000,
    "",
    " \t\r\n ",
)
"""Texts; ``RAN`` runs, or a request to ``ELSEWHERE`` leaves, where one is not escaped."""
LARGEST = "<img src=x onerror=window.owned=1>" * 310_000
"""Ten megabytes."""
FRAMES = ("{}", "The answer is {}", "{} {}", "```\n{}\n```", "`{}`")


def texts() -> list[str]:
    """The outputs: each attack in each frame, and the largest one."""
    framed = [frame.replace("{}", attack) for frame, attack in product(FRAMES, ATTACKS)]
    return [*islice(cycle(framed), COUNT - 1), LARGEST]


def make_run(folder: Path, name: str) -> RunFolder:
    """A sealed run whose benchmark answers, choices, sampled texts and probe answers are hostile."""
    manifest = RunManifest(
        run_id=f"20260131T120000Z-{name}-000000",
        model=ModelRecord(
            name=name, source=name, digest=digest_of(name), architecture="none", parameter_count=0, dtype="float32",
            max_length=2048, device="cpu",
        ),
        config={"profile": "hostile"},
        packages=provenance.package_versions(),
        platform=provenance.platform_record(threads=1),
        seeds={"run": 0},
        git=GitState(),
        started=datetime(2026, 1, 31, 12, tzinfo=UTC),
        finished=datetime(2026, 1, 31, 12, 4, tzinfo=UTC),
        status="complete",
        warnings=list(ATTACKS[:20]),
        signature="made up",
    )  # fmt: skip
    run = RunFolder.create(folder, manifest, begun=False)
    found = []
    for suite, task in (("evals", "asdiv"), ("evals", "boolq"), ("safety", "toxicity")):
        samples = [_sample(suite, task, number, text, name) for number, text in enumerate(texts())]
        run.write_samples(suite, task, samples)
        for sample in samples[:EXPLAINED]:
            run.write_attribution(_attribution(sample))
        better = suite == "evals"
        found.append(measured(Mean(), samples, metric="score", unit="share", higher_is_better=better, primary=True))
        found.append(unscored_metric(suite, task, samples))
    run.write_metrics(found)
    evidence.seal(run, manifest)
    return run


def _sample(suite: str, task: str, number: int, text: str, run: str) -> Sample:
    given: dict[str, Any] = {"prompt": f"{number}: {text[:5_000]}", "reference": text[:1_000], "output": text}
    if task == "boolq":
        options = [text[:500] or "yes", "no"]
        given |= {"choice": Choice(options=options, log_likelihoods=[-1.0, -2.0], chosen=0, right=number % 2)}
    else:
        given |= {"completions": [SampledText(text=text, value=0.5), SampledText(text=text[::-1], value=0.1)]}
    # In the other run every third answer is another one, so that there is something to compare.
    right = float((number + (run == "other") * (number % 3 == 0)) % 2)
    return Sample(
        sample_id=sample_id(task, task, number), suite=suite, task=task, score=right, tokens_in=9, tokens_out=9,
        slices={"kind": ATTACKS[number % len(ATTACKS)][:200]}, cluster=None, **given,
    )  # fmt: skip


def _attribution(sample: Sample) -> Attribution:
    """Each twenty characters of the beginning of a prompt are a feature."""
    prompt = sample.prompt[:1_000]
    parts = [(start, prompt[start : start + 20]) for start in range(0, len(prompt), 20)]
    return Attribution(
        attribution_id=sample_id("attribution", sample.task, sample.sample_id), sample_id=sample.sample_id,
        suite=sample.suite, task=sample.task, method="occlusion", prompt=prompt, target=(sample.output or "")[:500],
        reason="confident error", features=[Feature(text=text, start=at, end=at + len(text)) for at, text in parts],
        values=[float(place % 5 - 2) for place in range(len(parts))], unit="nats", target_log_prob=-0.4,
        baseline_log_prob=-2.5, faithfulness={}, verdict="believable", evaluations=1, seconds=0.1,
    )  # fmt: skip
