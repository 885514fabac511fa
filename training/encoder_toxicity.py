"""Fits the toxicity scorer that stands on the sentence encoder; writes its weights, prints the figures of its card.

Needs the project's environment, the asset ``all-minilm-l6-v2`` and the data sets that ``encoder_texts.py`` names in
``AUDIT_DATA``. In four steps:

1. Low-rank adapters on every linear part of the upper half of the encoder, and heads, over texts that are no
   ToxiGen; the lower half never changes, so its states are computed once.
2. The same adapters and heads go on over ToxiGen and a part of the texts of step 1. For the figures of groups of
   ToxiGen this is done again from the end of step 1 without any text of ToxiGen about these groups.
3. One logistic regression on the heads for toxicity and hate and on ``audit-toxicity``, on texts that steps 1 and 2
   never saw, and on ToxiGen as judged without its groups.
4. Figures by cross-validation of step 3 over texts, and on texts that no step saw.

    nice -n 4 python training/encoder_toxicity.py --kept FOLDER --write
"""

from __future__ import annotations

import argparse
import json
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from encoder_fit import Learner, LowerStates, fit
from encoder_heads import figures, groups_of, hatecheck, mixed
from encoder_texts import Labelled, texts
from safetensors.torch import load_file, save_file

from audit.safety.scorers.encoder.encoder import base_files
from audit.safety.scorers.encoder.toxicity import EncoderToxicity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.safety.scorers.encoder.encoder import EncoderFiles

MODELS = Path(__file__).resolve().parents[1] / "safety" / "models"
SEED = 1
FIRST, SECOND = 1e-3, 4e-4
"""Highest learning rates of steps 1 and 2."""
EPOCHS = {1: 2, 2: 2}
PARTS = {"implicit": 0.4, "tweets": 0.33, "own": 0.7}
"""Share of a kind of text that an epoch of step 1 takes, each epoch others as far as they go; of other kinds all."""
REPEATED = {"slurs": 2}
"""How often an epoch takes a text."""
READ = len(EncoderToxicity.labels)
"""Heads that the scorer has; the third one, nearly the first, only has ToxiGen weigh more in what is learnt."""
AGAIN = {"own": 350, "slurs": 150, "prompts": 250, "implicit": 250, "tweets": 200}
"""Texts of step 1 that each epoch of step 2 takes."""
LEFT_OUT = (("middle-eastern", "lgbtq"), ("asian", "mental dis"), ("jewish", "black"))
"""Families of groups of ToxiGen that are left out together."""


def wanted(rows: list[Labelled]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Targets and weights of the losses, texts x 3: toxicity, hate, and toxicity where ToxiGen weighs more."""
    targets = np.array([[row.toxicity, row.hate, row.toxicity] for row in rows])
    of_toxigen = np.array([row.kind == "toxigen" for row in rows])[:, None]
    return targets, np.where(of_toxigen, [0.7, 0.7, 1.0], [1.0, 0.7, 0.3])


def numbers_of(rows: list[Labelled], kind: str) -> NDArray[np.int64]:
    """Training texts of a kind."""
    return np.flatnonzero([row.kind == kind and row.split == "train" for row in rows])


def first_epochs(rows: list[Labelled]) -> list[NDArray[np.int64]]:
    """Texts of each epoch of step 1."""
    rng = np.random.default_rng(SEED)
    kinds = sorted({row.kind for row in rows if row.split == "train"})
    shuffled = {kind: rng.permutation(numbers_of(rows, kind)) for kind in kinds}
    epochs = []
    for epoch in range(EPOCHS[1]):
        chosen = []
        for kind, numbers in shuffled.items():
            size = int(len(numbers) * PARTS.get(kind, 1.0))
            chosen += [np.roll(numbers, -epoch * size)[:size]] * REPEATED.get(kind, 1)
        epochs.append(np.concatenate(chosen))
    return epochs


def second_epochs(rows: list[Labelled], left_out: tuple[str, ...]) -> list[NDArray[np.int64]]:
    """Texts of each epoch of step 2: ToxiGen without texts about the groups that are left out, and some of step 1."""
    rng = np.random.default_rng(SEED + 1)
    fitted = np.array(
        [n for n, row in enumerate(rows) if row.kind == "toxigen" and not set(groups_of(row)) & set(left_out)]
    )
    return [
        np.concatenate([fitted, *(rng.permutation(numbers_of(rows, kind))[:size] for kind, size in AGAIN.items())])
        for _ in range(EPOCHS[2])
    ]


def arrays(learner: Learner) -> dict[str, torch.Tensor]:
    """Adapters and the heads that the scorer has, by the names of the package's file."""
    weight, bias = learner.heads.weight.data, learner.heads.bias.data
    return {**learner.adapters(), "head.weight": weight[:READ].clone(), "head.bias": bias[:READ].clone()}


def fitted_files(rows: list[Labelled], files: EncoderFiles, folder: Path) -> dict[tuple[str, ...], Path]:
    """Steps 1 and 2: a file for each combination of groups that are left out; what the folder already has is kept."""
    lower = LowerStates(files, [row.text for row in rows])
    lower.compute(np.flatnonzero([row.split != "test" for row in rows]))
    targets, weights = wanted(rows)
    learner, first = Learner(files, SEED), folder / "first.safetensors"
    if first.exists():
        learner.load_state_dict(load_file(first))
    else:
        fit(learner, lower, targets, weights, first_epochs(rows), FIRST, SEED)
        save_file(learner.state_dict(), first)
    made: dict[tuple[str, ...], Path] = {}
    for left_out in ((), *LEFT_OUT):
        made[left_out] = folder / f"without_{'_'.join(left_out).replace(' ', '-') or 'none'}.safetensors"
        if not made[left_out].exists():
            going_on = deepcopy(learner)
            fit(going_on, lower, targets, weights, second_epochs(rows, left_out), SECOND, SEED)
            save_file(arrays(going_on), made[left_out])
    return made


def judged_features(
    made: dict[tuple[str, ...], Path], files: EncoderFiles, rows: list[Labelled]
) -> NDArray[np.float64]:
    """What the scorer computes before the mixture; of a text of ToxiGen, without its group."""
    family = [groups_of(row)[0] if row.kind == "toxigen" else "" for row in rows]
    values = np.zeros((len(rows), READ + 1))
    for left_out, file in made.items():
        chosen = [n for n, group in enumerate(family) if (group in left_out if left_out else not group)]
        if chosen:
            values[chosen] = EncoderToxicity(files, file).features([rows[n].text for n in chosen])
    return values


def main() -> None:
    """Fit, measure, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kept", type=Path, required=True, help="folder for the weights of steps 1 and 2")
    parser.add_argument("--write", action="store_true", help="replace the weights of the package")
    parser.add_argument("--every", type=int, default=1, help="only every so manieth text: a trial of the script")
    arguments = parser.parse_args()
    arguments.kept.mkdir(parents=True, exist_ok=True)
    rows = texts()[:: arguments.every]
    files = base_files()
    made = fitted_files(rows, files, arguments.kept)
    judged = [row for row in rows if row.split != "train"]
    values = judged_features(made, files, judged)
    weight, bias, probabilities = mixed(values, judged)
    np.savez(arguments.kept / "judged.npz", values=values, probabilities=probabilities)
    print(json.dumps(figures(probabilities, values[:, READ], judged), indent=1))
    print(json.dumps(hatecheck(values[:, 1], judged), indent=1))
    print("mixture", weight, bias)
    if arguments.write:
        tensors = {"mix.weight": torch.tensor(weight).float(), "mix.bias": torch.tensor(bias).float()}
        save_file(load_file(made[()]) | tensors, MODELS / "encoder_toxicity.safetensors")


if __name__ == "__main__":
    main()
