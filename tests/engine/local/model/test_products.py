"""oneDNN's products against torch's own, and which layers take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn
from torch.autograd import forward_ad

from audit.engine.local.engine import TransformersEngine
from audit.engine.local.model import head, products
from audit.engine.local.model.head import tiles_of, whole
from audit.engine.local.model.products import OneDnnLinear, PackedWeights, by_onednn, onednn_is_faster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from audit.engine import Engine

AMD = ("AMD EPYC", frozenset({"avx2", "avx512_f"}))
AVAILABLE = torch.backends.mkldnn.is_available()


@pytest.fixture
def faster(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which oneDNN is taken."""
    monkeypatch.setattr(products, "onednn_is_faster", lambda: True)


def _layers(inputs: int, outputs: int, *, bias: bool = False) -> tuple[nn.Linear, nn.Linear]:
    """A layer of torch's and the same one by oneDNN."""
    torch.manual_seed(inputs * outputs)
    plain = nn.Linear(inputs, outputs, bias=bias).requires_grad_(False)
    other = nn.Linear(inputs, outputs, bias=bias).requires_grad_(False)
    other.load_state_dict(plain.state_dict())
    other.__class__ = OneDnnLinear
    return plain, other


@pytest.mark.parametrize("shape", [(5, 96), (1, 96), (0, 96), (96,), (2, 3, 96), (1, 1, 96)])
@pytest.mark.parametrize("bias", [False, True])
def test_a_product_is_torch_s(shape: tuple[int, ...], bias: bool) -> None:
    plain, other = _layers(96, 40, bias=bias)
    states = torch.randn(shape)
    for inferring in (True, False):
        with torch.inference_mode(inferring):
            torch.testing.assert_close(other(states), plain(states), rtol=1e-5, atol=1e-6)
    turned = torch.randn(96, 7).T
    torch.testing.assert_close(other(turned), plain(turned), rtol=1e-5, atol=1e-6)


def test_gradients_are_torch_s_one_by_one_and_together() -> None:
    plain, other = _layers(96, 40, bias=True)
    states = torch.randn(1, 6, 96, requires_grad=True)
    rows = torch.randn(4, 1, 6, 40)
    for layer in (plain, other):
        assert layer(states).requires_grad
    (expected,) = torch.autograd.grad(plain(states), states, rows, is_grads_batched=True)
    output = other(states)
    (batched,) = torch.autograd.grad(output, states, rows, is_grads_batched=True, retain_graph=True)
    together = torch.vmap(lambda row: torch.autograd.grad(output, states, row, retain_graph=True)[0])(rows)
    alone = [torch.autograd.grad(output, states, row, retain_graph=True)[0] for row in rows]
    torch.testing.assert_close(batched, expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(together, expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(torch.stack(alone), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("behind", [0, 1, 9, 20, 39, 40])
def test_rows_of_zeros_are_zeros(behind: int) -> None:
    """Of each gradient what is behind its token; a row that begins with a zero and holds another number counts."""
    plain, other = _layers(96, 40)
    states = torch.randn(40, 96, requires_grad=True)
    gradient = torch.randn(40, 40)
    gradient[40 - behind :] = 0
    gradient[::3, 0] = 0
    expected, found = (torch.autograd.grad(layer(states), states, gradient)[0] for layer in (plain, other))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    assert not found[40 - behind :].any()


def test_few_rows_are_rounded_as_among_many() -> None:
    """On the processors for which it is taken."""
    _, other = _layers(576, 640)
    states = torch.randn(64, 576, requires_grad=True)
    gradient = torch.randn(64, 640)
    (whole,) = torch.autograd.grad(other(states), states, gradient)
    gradient[:63] = 0
    (last,) = torch.autograd.grad(other(states), states, gradient)
    close = torch.equal if onednn_is_faster() else torch.allclose
    assert close(last[63], whole[63])


def test_other_number_types_and_trained_weights_are_torch_s() -> None:
    plain, other = _layers(96, 40)
    half = torch.randn(3, 96, dtype=torch.bfloat16)
    assert torch.equal(other.bfloat16()(half), plain.bfloat16()(half))
    plain, other = _layers(96, 40)
    other.requires_grad_()
    other(torch.randn(3, 96)).sum().backward()
    assert other.weight.grad is not None


def test_a_trained_bias_is_torch_s() -> None:
    """As where a user's adapter trains nothing else; torch drops the gradients of what it has no rule for."""
    for states in (torch.randn(3, 96), torch.randn(3, 96, requires_grad=True)):
        _, layer = _layers(96, 40, bias=True)
        layer.bias.requires_grad_()
        layer(states).sum().backward()
        assert layer.bias.grad is not None
        assert layer.bias.grad.tolist() == [3.0] * 40


def _cubed(layer: nn.Linear) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda states: layer(states).pow(3).sum()


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # torch's own, at its first jvp
@pytest.mark.slow
def test_derivatives_of_all_kinds_are_torch_s() -> None:
    """oneDNN's product has no rule for them: forward-mode ones came out as 0."""
    plain, other = _layers(96, 40, bias=True)
    states, along = torch.randn(6, 96), torch.randn(6, 96)
    for derive in (
        lambda layer: torch.func.jvp(layer, (states,), (along,))[1],
        lambda layer: _along(layer, states, along),
        lambda layer: _along(layer, states.clone().requires_grad_(), along),
        lambda layer: torch.func.grad(_cubed(layer))(states),
        lambda layer: torch.func.hessian(_cubed(layer))(states[0]),
        lambda layer: torch.vmap(layer)(states),
        lambda layer: _gradient_of_gradient(_cubed(layer), states.clone().requires_grad_()),
    ):
        torch.testing.assert_close(derive(other), derive(plain), rtol=1e-4, atol=1e-4)


def _along(layer: nn.Linear, states: torch.Tensor, along: torch.Tensor) -> torch.Tensor | None:
    """Derivative of its output along a direction."""
    with forward_ad.dual_level():
        tangent: torch.Tensor | None = forward_ad.unpack_dual(layer(forward_ad.make_dual(states, along))).tangent
    return tangent


def _gradient_of_gradient(function: Callable[[torch.Tensor], torch.Tensor], states: torch.Tensor) -> torch.Tensor:
    (gradient,) = torch.autograd.grad(function(states), states, create_graph=True)
    return torch.autograd.grad(gradient.pow(2).sum(), states)[0]


def test_autocast_is_torch_s() -> None:
    plain, other = _layers(96, 40, bias=True)
    states = torch.randn(3, 96)
    with torch.autocast("cpu", torch.bfloat16):
        assert other(states).dtype == torch.bfloat16
        assert torch.equal(other(states), plain(states))


@pytest.mark.slow
def test_weights_changed_before_the_backward_pass_are_refused_as_by_torch() -> None:
    for layer in _layers(96, 40):
        product = layer(torch.randn(3, 96, requires_grad=True))
        layer.weight.mul_(2)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            product.sum().backward()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("states", "message"),
    [
        (torch.ones(3, 95), "shapes cannot be multiplied"),
        (torch.tensor(1.0), "at least 1D"),
        (torch.ones(3, 96, device="meta"), "device"),
    ],
    ids=["inputs", "scalar", "device"],
)
def test_what_does_not_fit_is_refused_as_by_torch(states: torch.Tensor, message: str) -> None:
    for layer in _layers(96, 40, bias=True):
        with pytest.raises(RuntimeError, match=message):
            layer(states)


@pytest.mark.parametrize("value", [torch.inf, -torch.inf, torch.nan])
def test_values_that_are_not_finite_come_through_as_in_torch(value: float) -> None:
    plain, other = _layers(96, 40)
    states = torch.randn(5, 96)
    states[2, 3] = value
    states[3, 4] = 0
    for layer in (plain, other):
        layer.weight[7, 4] = value
    torch.testing.assert_close(other(states), plain(states), rtol=1e-5, atol=1e-6, equal_nan=True)


@pytest.mark.usefixtures("faster")
def test_large_plain_matrices_of_32_bits_on_a_cpu_are_taken() -> None:
    class Doubled(nn.Linear):
        pass

    small, trained, half = nn.Linear(8, 8), nn.Linear(512, 512), nn.Linear(512, 512).bfloat16()
    other, meta, replaced = Doubled(512, 512), nn.Linear(512, 512, device="meta"), nn.Linear(512, 512)
    replaced.forward = lambda states: states  # type: ignore[method-assign]
    large = nn.Linear(512, 512)
    model = nn.Sequential(small, half, other, meta, replaced, large).requires_grad_(False)
    model.append(trained)
    assert by_onednn(model)
    assert [type(layer) is OneDnnLinear for layer in model] == [layer is large for layer in model]
    assert not by_onednn(nn.Sequential(small))


@pytest.mark.parametrize(
    ("machine", "found", "taken"),
    [
        ("x86_64", AMD, AVAILABLE),
        ("AMD64", AMD, AVAILABLE),
        ("aarch64", AMD, False),
        ("x86_64", ("AMD EPYC", frozenset({"avx2"})), False),
        ("x86_64", ("Intel(R) Xeon(R)", AMD[1]), False),
        ("x86_64", ("", frozenset()), False),
    ],
    ids=["amd", "amd-windows", "arm", "amd-without-avx512", "intel", "unknown"],
)
def test_it_is_faster_where_it_was_measured(
    machine: str, found: tuple[str, frozenset[str]], taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr(products, "instructions", lambda: found)
    assert onednn_is_faster() is taken


def test_nothing_changes_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "onednn_is_faster", lambda: False)
    model = nn.Sequential(nn.Linear(512, 512)).requires_grad_(False)
    assert not by_onednn(model)
    assert type(model[0]) is nn.Linear


def _products_of_many_sizes() -> Iterator[tuple[int, torch.Tensor]]:
    """Number of rows and the product of the first so many rows."""
    _, layer = _layers(576, 640)
    states = torch.randn(300, 576)
    for rows in (2, 3, 5, 7, 16, 33, 64, 127, 300):
        yield rows, layer(states[:rows])


def test_a_row_has_the_same_product_in_any_company_with_any_threads() -> None:
    """On the processors for which it is taken: elsewhere oneDNN has other kernels."""
    threads = torch.get_num_threads()
    made = []
    for number in (1, 2):
        torch.set_num_threads(number)
        torch.manual_seed(1)
        made.append(dict(_products_of_many_sizes()))
    torch.set_num_threads(threads)
    for rows, product in made[0].items():
        close = torch.equal if onednn_is_faster() else torch.allclose
        assert close(product, made[1][rows])
        assert close(product, made[0][300][:rows])


@pytest.mark.parametrize("bias", [False, True])
def test_packed_weights_give_the_same_bits(bias: bool) -> None:
    _, layer = _layers(576, 640, bias=bias)
    states = torch.randn(100, 1, 576)
    sizes = (1, 2, 3, 7, 16, 33, 64, 100)
    threads = torch.get_num_threads()
    with torch.inference_mode():
        before = [layer(states[:rows]) for rows in sizes]
        with PackedWeights(layer, lambda: 1e9) as packed:
            _count(packed, products.STEPS_BEFORE_PACKING)
            assert layer.packed is not None
            assert layer.packed.is_mkldnn
            for number in (1, 2):
                torch.set_num_threads(number)
                after = [layer(states[:rows]) for rows in sizes]
                torch.set_num_threads(threads)
                close = torch.equal if onednn_is_faster() else torch.allclose
                assert all(map(close, after, before))


def test_weights_are_packed_once_that_pays_and_dropped_at_the_end() -> None:
    plain, layer = _layers(576, 640)
    asked = []

    def room() -> float:
        asked.append(1)
        return 576 * 640 * 4

    with PackedWeights(nn.Sequential(layer, plain), room) as packed:
        _count(packed, products.STEPS_BEFORE_PACKING - 1)
        assert layer.packed is None
        assert not asked
        packed.count_step()
        assert layer.packed is not None
        assert not layer.state_dict().keys() - {"weight"}
        assert packed.drop()
        assert layer.packed is None
        assert not packed.drop()
        _count(packed, 2 * products.STEPS_BEFORE_PACKING)  # memory ran out: they are not made again
        assert layer.packed is None
    with PackedWeights(layer, lambda: 1e9) as packed:
        _count(packed, products.STEPS_BEFORE_PACKING)
        assert layer.packed is not None
    assert layer.packed is None


def test_weights_that_do_not_fit_or_that_onednn_does_not_take_are_not_packed() -> None:
    _, layer = _layers(576, 640)
    with PackedWeights(layer, lambda: 576 * 640 * 4 - 1) as packed:
        _count(packed, products.STEPS_BEFORE_PACKING)
        assert layer.packed is None
    _, trained = _layers(576, 640)
    trained.requires_grad_()
    _, half = _layers(576, 640)
    for other in (trained, half.bfloat16(), nn.Linear(576, 640)):
        with PackedWeights(other, lambda: 1e9) as packed:
            _count(packed, products.STEPS_BEFORE_PACKING)
            assert packed.size == 0
            assert getattr(other, "packed", None) is None


def test_gradients_with_packed_weights_are_those_without() -> None:
    _, layer = _layers(576, 640)
    states = torch.randn(4, 576, requires_grad=True)
    (before,) = torch.autograd.grad(layer(states).sum(), states)
    with PackedWeights(layer, lambda: 1e9) as packed:
        _count(packed, products.STEPS_BEFORE_PACKING)
        (after,) = torch.autograd.grad(layer(states).sum(), states)
    assert torch.equal(before, after)


def _count(packed: PackedWeights, steps: int) -> None:
    for _ in range(steps):
        packed.count_step()


def test_a_head_in_tiles_is_the_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(head.TILE, "cpu", (3, 16))
    plain, other = _layers(96, 40, bias=True)
    hidden = torch.randn(7, 96)
    taken = []
    monkeypatch.setattr(products, "linear", lambda *given, made=products.linear: taken.append(1) or made(*given))
    tiles = list(tiles_of(other, hidden, hidden.device))
    assert [(tile.position, tile.word) for tile in tiles] == [(p, w) for p in (0, 3, 6) for w in (0, 16, 32)]
    assert len(taken) == len(tiles)
    torch.testing.assert_close(whole(tiles), plain(hidden), rtol=1e-5, atol=1e-6)


def test_a_head_that_was_cast_or_is_trained_is_torch_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(head.TILE, "cpu", (3, 16))
    plain, other = (layer.half() for layer in _layers(96, 40, bias=True))
    hidden = torch.randn(7, 96).half()
    tiled = [whole(tiles_of(module, hidden, hidden.device)) for module in (plain, other)]
    assert torch.equal(*tiled)
    _, trained = _layers(96, 40)
    trained.requires_grad_()
    whole(tiles_of(trained, hidden.float(), hidden.device)).sum().backward()
    assert trained.weight.grad is not None


@pytest.mark.slow
def test_a_loaded_checkpoint_takes_them_where_they_are_faster(embedded: Engine) -> None:
    assert isinstance(embedded, TransformersEngine)
    taken = [layer for layer in embedded.model.modules() if isinstance(layer, OneDnnLinear)]
    assert len(taken) == (211 if onednn_is_faster() else 0)  # seven for each of 30 layers, and the head
