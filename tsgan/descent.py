"""One network's way down its loss: optimiser, rate, clipped gradients, scaled loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from tsgan.config import TrainingConfig
from tsgan.device import Precision
from tsgan.ranks import ALONE, Ranks

SCALE = "scale"


class Descent:
    """Steps of one network's weights down the gradient of a loss.

    Args:
        network: its weights, and no others, are differentiated for and moved. Only one that
            follows the run (see ``Trainer``) may have weights that the loss does not depend on yet.
        config: optimiser, rates, ``max_gradient_norm``.
        precision: in float16 the loss is scaled up before it is differentiated, by as much as its
            gradients bear (Micikevicius et al. 2018, section 3.2).
        ranks: the processes that hold the network together: the gradient is the mean of theirs.
    """

    def __init__(
        self,
        network: nn.Module,
        config: TrainingConfig,
        precision: Precision | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        self.ranks = ranks
        self.parameters = list(network.parameters())
        self.growing = any(hasattr(part, "follow") for part in network.modules())
        self.optimizer = make_optimizer(self.parameters, config)
        self.max_gradient_norm = config.max_gradient_norm
        self.scaler = None
        if precision is not None and precision.scales_loss:
            self.scaler = torch.amp.GradScaler(precision.device, init_scale=2.0**12)

    def __call__(self, loss: Tensor) -> None:
        """Take one step down the gradient of ``loss``, ()."""
        scaled = loss if self.scaler is None else self.scaler.scale(loss)
        gradients = torch.autograd.grad(scaled, self.parameters, allow_unused=self.growing)
        heard = [gradient for gradient in gradients if gradient is not None]
        means = iter(self.ranks.mean(heard))
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = None if gradient is None else laid_out_as(next(means), parameter)
        if self.max_gradient_norm is not None:
            if self.scaler is not None:
                self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.parameters, self.max_gradient_norm)
        if self.scaler is None:
            self.optimizer.step()
        else:
            self.scaler.step(self.optimizer)
            self.scaler.update()

    def set_rate(self, rate: float) -> None:
        """Take the next steps at this learning rate."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def state(self) -> dict[str, Tensor]:
        """Return a copy of the optimiser's slots by ``index.slot``, on the CPU."""
        tensors = {
            f"{index}.{slot}": torch.as_tensor(value).detach().cpu().clone()
            for index, slots in self.optimizer.state_dict()["state"].items()
            for slot, value in slots.items()
            if value is not None
        }
        if self.scaler is not None:
            state = self.scaler.state_dict()
            tensors[SCALE] = torch.tensor([state["scale"], state["_growth_tracker"]])
        return tensors

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue from what ``state`` returned; KeyError or ValueError if it does not fit."""
        slots: dict[int, dict[str, Any]] = {}
        for name, tensor in tensors.items():
            if name != SCALE:
                index, slot = name.split(".")
                slots.setdefault(int(index), {})[slot] = tensor.clone()
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": slots, "param_groups": groups})
        if self.scaler is not None:
            scale, tracker = tensors[SCALE].tolist()
            state = self.scaler.state_dict() | {"scale": scale, "_growth_tracker": int(tracker)}
            self.scaler.load_state_dict(state)


def laid_out_as(gradient: Tensor, parameter: Tensor) -> Tensor:
    """Return the gradient in the memory layout of its parameter.

    A convolution may leave the gradient of its weights in channels-last. torch's fused optimisers
    walk through both in the order of memory: on a GPU they refuse such a pair, on a CPU they move
    each weight by the gradient of another.
    """
    if gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)


def make_optimizer(parameters: list[nn.Parameter], config: TrainingConfig) -> torch.optim.Optimizer:
    """Return the optimiser that ``config`` names: Adam, RMSProp, or SGD with momentum."""
    fused = parameters[0].device.type in ("cpu", "cuda")
    if config.optimizer == "rmsprop":
        return torch.optim.RMSprop(
            parameters, lr=config.learning_rate, alpha=config.beta2, momentum=config.beta1
        )
    if config.optimizer == "sgd":
        return torch.optim.SGD(
            parameters, lr=config.learning_rate, momentum=config.beta1, fused=fused
        )
    return torch.optim.Adam(
        parameters, lr=config.learning_rate, betas=(config.beta1, config.beta2), fused=fused
    )
