"""Data sets of the audit in the form that lm-eval's task files need, without the hub."""

from __future__ import annotations

from datasets import Dataset, DatasetDict

from audit.core import assets


def load(
    data: str, *, shots: int = 0, shots_from: str | None = None, needs: str | None = None, **_: object
) -> DatasetDict:
    """A data set by its name in the asset registry; task files name this as ``custom_dataset``.

    Args:
        data: Name of the evaluated data set.
        shots: Rows that serve as examples in every prompt. They are taken from the start of
            ``shots_from``, else from the start of ``data`` and then left out of the evaluated rows.
        shots_from: Name of the data set that examples come from.
        needs: Column without which a row cannot be scored; rows where it is null are left out.

    Returns:
        Split ``test``, and ``shots`` where examples are wanted.

    Raises:
        AssetMissing: A data set is nowhere to be found.
    """
    rows = [row for row in assets.dataset(data).rows if needs is None or row[needs] is not None]
    if not shots:
        return DatasetDict({"test": Dataset.from_list(rows)})
    if shots_from is not None:
        examples = list(assets.dataset(shots_from).rows[:shots])
    else:
        examples, rows = rows[:shots], rows[shots:]
    return DatasetDict({"test": Dataset.from_list(rows), "shots": Dataset.from_list(examples)})
