"""Bias-reduced standard errors of a regression by its matrices, for tests."""

from __future__ import annotations

import numpy as np


def bias_reduced(values: np.ndarray, design: np.ndarray, codes: np.ndarray) -> tuple[float, float]:
    """Clustered standard error (CR2) and degrees of freedom of the last coefficient.

    Imbens and Kolesár 2016, "Robust Standard Errors in Small Samples", Review of Economics and Statistics 98:701,
    section 4.2: column g is (I - H)' of cluster g's (I - H_gg)^(-1/2) X (X'X)^(-1) l.

    Args:
        values: One number per item.
        design: Shape (items, coefficients).
        codes: Cluster of each item.
    """
    inverse = np.linalg.inv(design.T @ design)
    left = np.eye(len(values)) - design @ inverse @ design.T
    columns, squares = [], 0.0
    for code in np.unique(codes):
        own = codes == code
        roots, vectors = np.linalg.eigh(left[np.ix_(own, own)])
        adjusted = vectors @ np.diag(roots**-0.5) @ vectors.T @ design[own] @ inverse[:, -1]
        squares += float(adjusted @ (left @ values)[own]) ** 2
        columns.append(left[:, own] @ adjusted)
    found = np.linalg.eigvalsh(np.column_stack(columns).T @ np.column_stack(columns))
    return squares**0.5, float(found.sum() ** 2 / (found**2).sum())


def on_membership(values: np.ndarray, codes: np.ndarray, subset: np.ndarray) -> tuple[float, float]:
    """Those of the slope of values on a constant and membership in a subset."""
    return bias_reduced(values, np.column_stack([np.ones(len(values)), subset.astype(float)]), codes)
