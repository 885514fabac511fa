"""transformers is imported without what no audit needs, and is what it was."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import util
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from transformers.utils import import_utils

from audit.engine.checkpoint import spared

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = """
import json, sys
opened = []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
import audit.engine
from transformers import AutoModelForCausalLM, LlamaForCausalLM
import transformers
from transformers.loss import loss_for_object_detection, loss_rt_detr
before = sorted(name for name in sys.modules if name.startswith("scipy"))
read = [name for name in opened if name.endswith("/transformers/models/albert/modeling_albert.py")]
places = [loss_for_object_detection.linear_sum_assignment([[4, 1], [2, 0]])[1].tolist()]
places.append("scipy.optimize" in sys.modules)
said = transformers.utils.is_scipy_available()
sys.stdout.write(json.dumps([before, len(read), places, said, sorted(dir(transformers.models))]))
"""
PLAIN = "import json, sys, transformers; sys.stdout.write(json.dumps(sorted(dir(transformers.models))))"


@pytest.mark.slow
def test_models_are_listed_once_and_scipy_is_not_imported_before_it_is_called() -> None:
    done, plain = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for code in (SCRIPT, PLAIN)
    )
    before, read, places, said, names = json.loads(done.stdout)
    assert before == []
    assert read == 1  # twice without it
    assert places == [[1, 0], True]  # of the assignment that costs least: 1 + 2
    assert said, "SciPy is there for everybody else"
    assert names == json.loads(plain.stdout)


def made(name: str, **content: Any) -> ModuleType:
    """A module with this content, and nothing else."""
    module = ModuleType(name)
    vars(module).update(content)
    return module


def test_the_list_of_a_folder_is_kept_and_a_file_stands_for_its_folder(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").touch()
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "configuration_one.py").write_text('__all__ = ["OneConfig"]\n', "utf-8")
    asked: list[str] = []

    def make(path: str) -> Any:
        asked.append(path)
        return import_utils.create_import_structure_from_path(path)

    module = made(spared.LIST, **{spared.MAKES_LIST: make})
    with spared._list_kept(module):
        pass
    once = getattr(module, spared.MAKES_LIST)
    assert once(tmp_path) == once(str(tmp_path / "__init__.py")) == make(str(tmp_path))
    assert asked == [str(tmp_path)] * 2, "one of them is this test's own"
    assert "OneConfig" in str(once(str(tmp_path)))


def test_versions_without_these_functions_are_imported_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    module = made(spared.LIST)
    with spared._list_kept(module):
        pass
    assert not hasattr(module, spared.MAKES_LIST)
    for utils in (SimpleNamespace(), SimpleNamespace(is_scipy_available=lambda: False)):
        monkeypatch.setitem(sys.modules, "transformers.utils", utils)
        before = dict(vars(utils))
        with spared._without_scipy(module):
            assert vars(utils) == before
        assert vars(utils) == before
        assert not hasattr(module, spared.ASSIGNS)


def test_scipy_is_hidden_while_a_module_is_made_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    utils = SimpleNamespace(is_scipy_available=lambda: True)
    monkeypatch.setitem(sys.modules, "transformers.utils", utils)
    modules = [made("transformers.loss.loss_of_something"), made("transformers.loss.loss_that_it_imports")]
    with spared._without_scipy(modules[0]):
        assert not utils.is_scipy_available()
        with spared._without_scipy(modules[1]):
            assert not utils.is_scipy_available()
    assert utils.is_scipy_available()
    for module in modules:
        rows, columns = vars(module)[spared.ASSIGNS](np.array([[4, 1, 3], [2, 0, 5], [3, 2, 2]]))
        assert (rows.tolist(), columns.tolist()) == ([0, 1, 2], [1, 0, 2])  # 1 + 2 + 2, the least of six
    with pytest.raises(ZeroDivisionError), spared._without_scipy(made("transformers.loss.loss_that_breaks")):
        raise ZeroDivisionError
    assert utils.is_scipy_available()


def test_a_module_that_was_made_so_has_its_own_loader_and_others_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finder = spared._Finder()
    assert finder.find_spec("json", None) is None
    assert finder.find_spec("transformers.loss.loss_nowhere", [str(tmp_path)]) is None
    (tmp_path / "loss_here.py").write_text("VALUE = 3\n", "utf-8")
    monkeypatch.setitem(sys.modules, "transformers.utils", SimpleNamespace())
    spec = finder.find_spec("transformers.loss.loss_here", [str(tmp_path)])
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.VALUE == 3
    assert type(module.__loader__).__name__ == type(spec.loader).__name__ == "SourceFileLoader"


def test_one_finder_is_enough() -> None:
    spared.spare()
    spared.spare()
    assert sum(isinstance(finder, spared._Finder) for finder in sys.meta_path) == 1
