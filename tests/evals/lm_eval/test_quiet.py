"""The hub's settings are put back."""

from __future__ import annotations

from audit.evals.lm_eval.quiet import hub


def test_hub_state_is_put_back() -> None:
    import datasets.config
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE
    with hub(offline=True):
        assert (constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE) == (True, True)
    assert before == (constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE)
