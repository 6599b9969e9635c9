from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from tsgan.config import TrainingConfig
from tsgan.descent import Descent
from tsgan.device import Precision

CONFIG = replace(TrainingConfig(), learning_rate=0.1, beta1=0.3, beta2=0.8)
GRADIENTS = ([3.0, -4.0], [1.0, 0.5], [-2.0, 0.0])


class Weights(nn.Module):
    """Two numbers that start at 1 and 2."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor([1.0, 2.0]))


def follow(network: Weights, descend: Descent, slopes=GRADIENTS) -> list[list[float]]:
    """Step down losses of the given gradients; return the weights after each."""
    trail = []
    for slope in slopes:
        descend((network.w * torch.tensor(slope)).sum())
        trail.append(network.w.tolist())
    return trail


def by_hand(optimizer: str) -> list[list[float]]:
    """Adam (Kingma & Ba 2015, alg. 1), RMSProp (Hinton 2012) and momentum, number by number."""
    rate, first_decay, second_decay = 0.1, 0.3, 0.8
    w, first, second = [1.0, 2.0], [0.0, 0.0], [0.0, 0.0]
    trail = []
    for t, slope in enumerate(GRADIENTS, 1):
        for i, g in enumerate(slope):
            if optimizer == "adam":
                first[i] = first_decay * first[i] + (1 - first_decay) * g
                second[i] = second_decay * second[i] + (1 - second_decay) * g * g
                mean, square = first[i] / (1 - first_decay**t), second[i] / (1 - second_decay**t)
                w[i] -= rate * mean / (math.sqrt(square) + 1e-8)
            elif optimizer == "rmsprop":
                second[i] = second_decay * second[i] + (1 - second_decay) * g * g
                first[i] = first_decay * first[i] + g / (math.sqrt(second[i]) + 1e-8)
                w[i] -= rate * first[i]
            else:
                first[i] = first_decay * first[i] + g
                w[i] -= rate * first[i]
        trail.append(list(w))
    return trail


PLAIN = {"adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop, "sgd": torch.optim.SGD}


@pytest.mark.parametrize("optimizer", PLAIN)
def test_a_gradient_in_another_memory_layout_moves_the_weights_it_belongs_to(optimizer) -> None:
    """That of a convolution's weights is in channels-last where its input is."""
    stream = torch.Generator().manual_seed(1)
    start, slope = torch.randn(2, 8, 4, 3, 3, generator=stream)
    network = nn.Conv2d(4, 8, 3, bias=False)
    network.weight.data.copy_(start)
    reference = nn.Parameter(start.clone())
    descend = Descent(network, replace(CONFIG, optimizer=optimizer))
    plain = PLAIN[optimizer]([reference], **plain_settings(optimizer))

    class Strided(torch.autograd.Function):
        @staticmethod
        def forward(ctx, weight):
            return weight.sum()

        @staticmethod
        def backward(ctx, upstream):
            return (upstream * slope).to(memory_format=torch.channels_last)

    for _ in range(3):
        descend(Strided.apply(network.weight))
        reference.grad = slope.clone()
        plain.step()
    torch.testing.assert_close(network.weight, reference, rtol=1e-5, atol=1e-6)


def plain_settings(optimizer: str) -> dict[str, object]:
    settings: dict[str, object] = {"lr": CONFIG.learning_rate}
    if optimizer == "adam":
        return settings | {"betas": (CONFIG.beta1, CONFIG.beta2), "fused": False}
    settings["momentum"] = CONFIG.beta1
    return settings | ({"alpha": CONFIG.beta2} if optimizer == "rmsprop" else {})


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "sgd"])
def test_each_optimiser_steps_as_in_its_paper(optimizer) -> None:
    network = Weights()
    trail = follow(network, Descent(network, replace(CONFIG, optimizer=optimizer)))
    for got, expected in zip(trail, by_hand(optimizer), strict=True):
        assert got == pytest.approx(expected, rel=1e-5)


def test_the_rate_can_be_set() -> None:
    network = Weights()
    descend = Descent(network, replace(CONFIG, optimizer="sgd", beta1=0.0))
    descend.set_rate(0.01)
    assert follow(network, descend, [[1.0, -2.0]])[0] == pytest.approx([0.99, 2.02])


@pytest.mark.parametrize(
    ("longest", "expected"), [(None, [3.0, -4.0]), (5.1, [3.0, -4.0]), (1.0, [0.6, -0.8])]
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_longer_gradients_are_scaled_down_to_the_norm(longest, expected, dtype) -> None:
    network = Weights()
    config = replace(CONFIG, optimizer="sgd", beta1=0.0, max_gradient_norm=longest)
    follow(network, Descent(network, config, Precision("cpu", dtype)), GRADIENTS[:1])
    step = [(1.0 - network.w[0].item()) / 0.1, (2.0 - network.w[1].item()) / 0.1]
    assert step == pytest.approx(expected, rel=1e-5)


def test_only_its_own_network_is_differentiated_and_moved() -> None:
    network, other = Weights(), Weights()
    Descent(network, CONFIG)((network.w * other.w).sum())
    assert other.w.grad is None and other.w.tolist() == [1.0, 2.0]
    assert network.w.tolist() != [1.0, 2.0]


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "sgd"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_interrupted_and_resumed_equals_uninterrupted(optimizer, dtype) -> None:
    config, precision = replace(CONFIG, optimizer=optimizer), Precision("cpu", dtype)
    whole, first, second = Weights(), Weights(), Weights()
    trail = follow(whole, Descent(whole, config, precision))
    descend = Descent(first, config, precision)
    follow(first, descend, GRADIENTS[:2])
    state = descend.state()
    assert all(isinstance(x, Tensor) and x.device.type == "cpu" for x in state.values())
    second.load_state_dict(first.state_dict())
    resumed = Descent(second, config, precision)
    resumed.load_state(state)
    assert follow(second, resumed, GRADIENTS[2:]) == trail[2:]


def test_in_float16_a_loss_that_overflows_skips_the_step_and_lowers_the_scale() -> None:
    network = Weights()
    descend = Descent(network, CONFIG, Precision("cpu", torch.float16))
    before = descend.scaler.get_scale()
    follow(network, descend, [[math.inf, 1.0]])
    assert network.w.tolist() == [1.0, 2.0]
    assert descend.scaler.get_scale() == before / 2


def test_without_a_step_there_is_no_state_to_keep() -> None:
    network = Weights()
    descend = Descent(network, CONFIG)
    assert descend.state() == {}
    descend.load_state({})
    assert follow(network, descend)
