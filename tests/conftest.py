"""What every test may rely on: small and embedded checkpoints, data, no network, no forgotten skip."""

from __future__ import annotations

import gc
import itertools
import logging
import os
import re
import shutil
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Before anything imports torch, tokenizers or a hub client: they read these once.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_EVALUATE_OFFLINE="1")
# MKL reads it at its first product, which a test may compute before any loads a checkpoint: products of this process
# would then differ in their last bits from those of processes that load one first, as workers do.
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")
if "PYTEST_XDIST_WORKER" in os.environ:  # workers share the cores: threads of their own would fight for them
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if os.environ["PYTEST_XDIST_WORKER"] != "gw0":  # what SHAP computes with is compiled in one process: six seconds
        os.environ.setdefault("NUMBA_DISABLE_JIT", "1")

import pytest
from hypothesis import HealthCheck, settings

if REACHED := os.environ.get("AUDIT_REACHED"):  # before anything of this repository is imported
    from tests.reached import count_here

    write_reached = count_here(Path(REACHED))

from tests import isolation

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from audit.core.sandbox.sandbox import Sandbox
    from audit.engine import Engine
    from tests.cli.whole.processes import Forks

# Installed for check-jsonschema alone; where it is found, importing jsonschema, as Altair does, takes a second longer.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
os.environ["AUDIT_HMAC_KEY"] = "the key of the tests"  # or one would be made in the home folder

pytest_plugins = ["tests.cases"]
ROOT = Path(__file__).resolve().parent.parent
# Files of tests need not outlive the machine: waiting for the disk takes longer than writing them. SQLite waits by
# itself, but not where there is no disk.
os.fsync = lambda _descriptor: None
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 8 * 2**30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


class _LastResort(logging.Handler):
    """Writes to stderr; unlike the standard one it raises where arguments do not fit the message's format."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(f"{self.format(record)}\n")


logging.lastResort = _LastResort(logging.WARNING)
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # in a shell's background; processes that tests start inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:  # under nohup
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
# How long an example takes says something about the machine, nothing about the code. CI tries the same examples each
# time, so that it is red where somebody can find out why; new ones are tried everywhere else.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("any machine")
MARKER_OF_FIXTURE = {
    "embedded": "slow",
    "audit_data": "data",
    "chromium": "browser",
    "postgresql": "slow",
    "sandbox": "slow",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="count every skipped test as failed (CI)")


def pytest_sessionfinish() -> None:
    if REACHED:
        write_reached()


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for fixture, marker in MARKER_OF_FIXTURE.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(marker)
    # A file goes to one process: those with the longest tests first, or one process ends long before the other.
    slow = {item.path for item in items if {mark.name for mark in item.iter_markers()} & {"slow", "browser"}}
    items.sort(key=lambda item: item.path not in slow)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    # What the libraries make while they are imported stays: the collector need not look at it again and again.
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    gc.freeze()  # without a look at it first: that takes a second of each process


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """What a test changes for the whole process is taken back: a hook, because thousands of fixtures cost seconds."""
    _network.allowed = item.get_closest_marker("network") is not None
    try:
        return (yield)
    finally:
        _network.allowed = False
        isolation.after_teardown(of_file=nextitem is None or nextitem.path != item.path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not hasattr(report, "wasxfail"):
        _refuse_skip(item.config, report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(collector.config, report)
    return report


def _refuse_skip(config: pytest.Config, report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and config.getoption("no_skips"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: {reason} (--no-skips)"


class _Network:
    """Refuses connections beyond this machine, made in this process by whatever library.

    An audit hook sees them all. ``pytest.fail`` raises what no ``except Exception`` swallows, so that
    code that falls back when offline cannot hide an attempt.
    """

    allowed = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.allowed or not event.startswith("socket."):
            return
        if event in {"socket.connect", "socket.sendto"}:
            address = arguments[1]
            host = address[0] if isinstance(address, tuple) else None  # a path: a socket of this machine
        elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
            host = arguments[0]
        else:
            return
        if not _is_local(host):
            pytest.fail(f"{event} {host!r}: tests stay on this machine; mark the test 'network' if it must not")


def _is_local(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    return name in {None, "", "localhost", "::1", "0.0.0.0"} or str(name).startswith("127.")  # noqa: S104 - a name only


_network = _Network()
sys.addaudithook(_network)


@contextmanager
def network_allowed() -> Iterator[None]:
    """Let this process connect to other machines for a while."""
    before, _network.allowed = _network.allowed, True
    try:
        yield
    finally:
        _network.allowed = before


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """Messages of INFO and above that reach the root logger (pytest's own `caplog` costs every test a millisecond)."""
    messages: list[str] = []

    class Messages(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    handler = Messages()
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.INFO)
    yield messages
    logging.root.removeHandler(handler)


def pytest_runtest_teardown() -> None:
    isolation.before_teardown()


@pytest.fixture(scope="session")
def _folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Iterator[int]]:
    return tmp_path_factory.mktemp("tests"), itertools.count()


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, _folders: tuple[Path, Iterator[int]]) -> Path:
    """A folder of the test's own, named after it (pytest's looks at all others' and links to itself each time)."""
    parent, numbers = _folders
    folder = parent / f"{re.sub(r'[^A-Za-z0-9]', '_', request.node.name)[:24]}{next(numbers)}"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture(scope="session")
def audit_data() -> Path:
    """Folder of the publishers' data sets: ``AUDIT_DATA``, else ``../shared/data``."""
    folder = Path(os.environ.get("AUDIT_DATA") or ROOT.parent / "shared" / "data").resolve()
    if not folder.is_dir():
        pytest.skip(f"no data sets at {folder}: set AUDIT_DATA")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium that Playwright can drive: ``launch(executable_path=chromium)``."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("no Chromium: apt-get install chromium")
    return found


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """The sandbox of this machine, which has been tried."""
    from audit.core.errors import SandboxUnavailable
    from audit.core.sandbox.sandbox import this_sandbox

    try:
        return this_sandbox()
    except SandboxUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """URL of a database on a PostgreSQL server that lives as long as the tests; it may create other databases."""
    from tests import postgresql

    if postgresql.programs() is None:
        pytest.skip(postgresql.HOW_TO_GET_IT)
    with postgresql.server("fsync=off", "full_page_writes=off") as url:
        yield url


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A two-layer Llama with seeded random weights and a tokenizer of its own, as a safetensors folder."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("checkpoint") / "tiny-llama"
    tokenizer = _tiny_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        initializer_range=0.3,  # wide enough that the argmax is no tie of rounding errors
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        LlamaForCausalLM(config).eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    for file in folder.iterdir():  # else a sweep takes it for one that is still being written
        os.utime(file, (1e9, 1e9))
    return folder


def _tiny_tokenizer() -> Any:
    """Byte-level BPE of 384 entries that can spell any text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<|begin|>", "<|end|>", "<|pad|>"]
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=384, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    sentences = [
        "Question: Which of these is the capital of France? Answer: Paris",
        "The quick brown fox jumps over the lazy dog, and the dog does not mind.",
        "She said that the nurse was kind. He said that the engineer was right.",
        "There are 12 apples in 3 baskets; how many apples are there in each basket?",
        "Der Hund schläft. El perro duerme. Le chien dort. 狗在睡觉。",
    ]
    bpe.train_from_iterator(sentences, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token=special[0], eos_token=special[1], pad_token=special[2], model_max_length=256
    )
    tokenizer.chat_template = (
        "{{ bos_token }}{% for message in messages %}[{{ message.role }}] {{ message.content }}{{ eos_token }}"
        "{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}"
    )
    return tokenizer


@pytest.fixture(scope="session")
def embedded() -> Engine:
    """The embedded checkpoint, loaded once per test process; marks its tests slow. First use downloads it."""
    from audit.engine import load

    with network_allowed():
        return load("smollm2-135m-instruct")


@pytest.fixture(scope="session")
def reasoner(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a two-layer Llama that thinks before it answers, with the same words whatever it is asked."""
    from tests.reasoners import write_reasoner

    return write_reasoner(tmp_path_factory.mktemp("checkpoint") / "reasoner", tiny_model)


@pytest.fixture(scope="session")
def thinker(embedded: Engine, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The embedded checkpoint behind a chat template that opens ``<think>``: it writes traces of its own."""
    from audit.engine import load
    from tests.reasoners import write_thinking_tokenizer

    folder = write_thinking_tokenizer(tmp_path_factory.mktemp("tokenizer"), embedded.tokenizer)
    return load("smollm2-135m-instruct", tokenizer=str(folder), thinking_tokens=48)


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """Starts processes that need not import torch and transformers first; one does so for all test processes."""
    from tests.cli.whole.processes import Forks

    folder = tmp_path_factory.mktemp("forks")
    shared = folder.parent.parent / "forks" if "PYTEST_XDIST_WORKER" in os.environ else None
    made = Forks(folder, address=shared)
    yield made
    made.close()
