"""Embeddings with few dimensions that keep the differences between texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIMENSIONS = 64
"""Of what is kept, at most."""


def principal_components(states: NDArray[np.float32]) -> NDArray[np.float32]:
    """The leading principal components of standardised states, shape (texts, at most 64).

    Each dimension is standardised first: in language models a few dimensions are so large that they alone would decide
    which texts are close (Timkey and van Schijndel 2021, "All Bark and No Bite: Rogue Dimensions in Transformer
    Language Models Obscure Representational Quality", arXiv:2109.04404). The components are scikit-learn's, with a
    fixed seed where it takes the randomised solver.

    Args:
        states: Finite numbers, shape (texts, dimension), of two texts at least.
    """
    from sklearn.decomposition import PCA  # noqa: PLC0415 - two seconds to import

    wide = states.astype(np.float64)
    spread = wide.std(axis=0)
    standard = (wide - wide.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    found: NDArray[np.float32] = PCA(min(DIMENSIONS, *standard.shape), random_state=0).fit_transform(standard)
    return found.astype(np.float32)
