"""What could not be done about personal data is said in the manifest, which everybody reads, and not in a log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.run_folder import RunFolder
from audit.core.sensitive import WITHHELD
from audit.safety.privacy import redaction

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_a_forgotten_key_and_unsearched_outputs_are_warnings_of_the_run(
    audit: Any, tiny_model: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.delenv("AUDIT_HMAC_KEY")
    monkeypatch.setattr(redaction, "user_config_path", lambda *_a, **_k: tmp_path / "file")
    find, calls = redaction.find, 0

    def sometimes_broken(text: str) -> Any:
        nonlocal calls
        calls += 1
        if calls > 2:
            raise RecursionError
        return find(text)

    monkeypatch.setattr(redaction, "find", sometimes_broken)
    words = ("--model", tiny_model, "--data-dir", data_dir, "--out", tmp_path / "runs", "--offline", "--no-explain")
    code, _, error = audit("run", *words, "--tasks", "crows_pairs", "--limit", 5)
    assert code == 0, error
    run = RunFolder.resolve("latest", tmp_path / "runs")
    samples = run.read_samples("safety", "crows_pairs")
    lost = sum(WITHHELD in sample.flags for sample in samples)
    assert 0 < lost == sum(sample.output is None for sample in samples)
    forgotten, unsearched = run.read_manifest().warnings
    assert forgotten.startswith(f"{tmp_path / 'file' / 'hmac.key'}: no key can be kept there (")
    assert "set AUDIT_HMAC_KEY" in forgotten
    assert unsearched == (
        f"crows_pairs: {lost} of {len(samples)} outputs could not be searched for personal data: not kept"
    )
    assert forgotten in error
    assert unsearched in error
