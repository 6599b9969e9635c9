"""The loop of the adversarial game: steps, rates, averages, checks, and a state to resume from.

The trainer knows no file and no prices. It is given batches and two networks; what happens is told
to callbacks.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Generator as RandomStream
from torch import Tensor, nn

from tsgan.config import TrainingConfig
from tsgan.errors import CheckpointError, TrainingError
from tsgan.objectives import make_objective
from tsgan.steps import (
    Batch,
    CriticNetwork,
    GeneratorNetwork,
    critic_step,
    generator_step,
    learning_rate,
)

Batches = Callable[[RandomStream], Batch]
HISTORY = ("real_score", "fake_score", "penalty", "seconds")
MAXIMAL_RETURNS = 3


@dataclass(frozen=True)
class Progress:
    """What a callback is told after each step.

    Attributes:
        step: generator steps done; fraction: of the whole run, in [0, 1].
        seconds: of training so far, resumed parts included.
        wasserstein: ``E D(real) − E D(fake)`` over all heads; penalty: λ × gradient penalty.
        score: newest held-out score; best: the lowest, of ``best_step``; None before the first.
    """

    step: int
    fraction: float
    seconds: float
    wasserstein: float
    penalty: float
    score: float | None
    best: float | None
    best_step: int


class Trainer:
    """The state of a run, and the loop over it.

    Args:
        generator, critic: the two networks, on one device.
        batches: draws a real batch from a stream.
        config: rates, lengths and weights.
        stream: the random stream of the whole run, on the same device.
        score: held-out score of a generator, lower is better, None if nothing is held out.
    """

    def __init__(
        self,
        generator: nn.Module,
        critic: nn.Module,
        batches: Batches,
        config: TrainingConfig,
        stream: RandomStream,
        score: Callable[[nn.Module], float] | None = None,
    ) -> None:
        self.generator, self.critic, self.batches = generator, critic, batches
        self.config, self.stream, self.score = config, stream, score
        self.objective = make_objective(config.objective, config.penalty_weight)
        self.average = copy.deepcopy(generator).requires_grad_(False)
        self.best = copy.deepcopy(self.average)
        self.optimizers = {
            "critic": _adam(critic, config),
            "generator": _adam(generator, config),
        }
        self.step, self.seconds, self.checks = 0, 0.0, 0
        self.rate_factor, self.returns = 1.0, 0
        self.history: dict[str, list[float]] = {name: [] for name in HISTORY}
        self.scores: list[tuple[int, float]] = []
        self.best_score, self.best_step = math.inf, 0

    @property
    def fraction(self) -> float:
        """Return how much of the run is done, by steps or else by time, in [0, 1]."""
        if self.config.steps is not None:
            return min(self.step / self.config.steps, 1.0)
        return min(self.seconds / self.config.max_seconds, 1.0)

    def run(
        self,
        on_step: Callable[[Progress], None] | None = None,
        on_check: Callable[[Trainer], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Train to the end, or until ``stop()`` between two steps; return whether it was reached.

        Args:
            on_step: told after each generator step.
            on_check: told at each of the evenly spaced checks, when the state may be saved.

        Raises:
            TrainingError: if the losses diverge in spite of three returns to the last check.
        """
        good = self.state()
        while self.fraction < 1 and not stop():
            started = time.perf_counter()
            finite = self._iterate()
            self.seconds += time.perf_counter() - started
            if not finite:
                self._return_to(good)
                continue
            self.history["seconds"].append(self.seconds)
            if on_step is not None:
                on_step(self.progress())
            if self.fraction * self.config.check_every >= self.checks + 1:
                if not self._check():
                    self._return_to(good)
                    continue
                good = self.state()
                if on_check is not None:
                    on_check(self)
        if self.fraction >= 1 and self.checks < self.config.check_every:
            self._check()  # the time ran out in a step that diverged: what stands may be the best
        return self.fraction >= 1

    def _iterate(self) -> bool:
        """Do one generator step with its critic steps; return whether all stayed finite.

        The norm of the generator's new weights is looked at besides the critic's losses: a critic
        that its last step has ruined spoils them at once, and must not reach the average.
        """
        rate = self.rate_factor * learning_rate(self.config, self.fraction)
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = rate
        critic = cast(CriticNetwork, self.critic)
        generator = cast(GeneratorNetwork, self.generator)
        for _ in range(self.config.critic_steps):
            batch = self.batches(self.stream)
            scores = critic_step(
                critic, generator, batch, self.objective, self.optimizers["critic"], self.stream
            )
        generator_step(
            critic, generator, batch, self.objective, self.optimizers["generator"], self.stream
        )
        norm = torch.nn.utils.get_total_norm(self.generator.parameters())
        numbers = torch.stack([*scores, norm]).tolist()
        if not all(math.isfinite(x) and abs(x) <= self.config.divergence for x in numbers):
            return False
        self.step += 1
        for name, number in zip(HISTORY[:3], numbers[:3], strict=True):
            self.history[name].append(number)
        self._move_average()
        return True

    @torch.no_grad()
    def _move_average(self) -> None:
        """Average the weights exponentially, quickly at first so that the start is forgotten."""
        decay = min(self.config.average, (1 + self.step) / (10 + self.step))
        for mean, weight in zip(
            self.average.parameters(), self.generator.parameters(), strict=True
        ):
            mean.lerp_(weight, 1 - decay)

    def _check(self) -> bool:
        """Score the averaged generator on held-out data; keep it if it is the best so far.

        Return whether the score is finite; if it is not, nothing has changed.
        """
        score = 0.0 if self.score is None else self.score(self.average)
        if not math.isfinite(score):
            return False
        self.checks = math.floor(self.fraction * self.config.check_every)
        settled = False
        if self.score is not None:
            self.scores.append((self.step, score))
            settled = self.fraction >= self.config.score_from
        if not settled or score <= self.best_score:
            self.best.load_state_dict(self.average.state_dict())
            self.best_step = self.step
            self.best_score = score if settled else math.inf
        return True

    def _return_to(self, good: tuple[dict[str, Tensor], dict[str, Any]]) -> None:
        """Go back to the last check with half the rates; TrainingError after the third time."""
        if self.returns == MAXIMAL_RETURNS:
            raise TrainingError(
                f"training diverged at step {self.step} for the {MAXIMAL_RETURNS + 1}th time, "
                "expected finite losses and scores: check the prices for outliers, or lower "
                "TrainingConfig.learning_rate"
            )
        seconds, factor, returns = self.seconds, self.rate_factor, self.returns
        self.load_state(*good)
        self.seconds, self.rate_factor, self.returns = seconds, factor / 2, returns + 1
        self.stream.manual_seed(self.stream.initial_seed() + self.returns)

    def progress(self) -> Progress:
        """Return where the run stands."""
        history = self.history
        return Progress(
            step=self.step,
            fraction=self.fraction,
            seconds=self.seconds,
            wasserstein=history["real_score"][-1] - history["fake_score"][-1],
            penalty=history["penalty"][-1],
            score=self.scores[-1][1] if self.scores else None,
            best=self.best_score if math.isfinite(self.best_score) else None,
            best_step=self.best_step,
        )

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return a copy of the whole state: tensors on the CPU by name, and JSON numbers."""
        tensors = {"stream": self.stream.get_state().clone()}
        for part in ("generator", "critic", "average", "best"):
            for name, tensor in getattr(self, part).state_dict().items():
                tensors[f"{part}.{name}"] = tensor.detach().cpu().clone()
        for part, optimizer in self.optimizers.items():
            for index, slots in optimizer.state_dict()["state"].items():
                for slot, tensor in slots.items():
                    tensors[f"{part}_adam.{index}.{slot}"] = tensor.detach().cpu().clone()
        for name, values in self.history.items():
            tensors[f"history.{name}"] = torch.tensor(values, dtype=torch.float64)
        numbers = {
            "step": self.step,
            "seconds": self.seconds,
            "checks": self.checks,
            "rate_factor": self.rate_factor,
            "returns": self.returns,
            "scores": [list(pair) for pair in self.scores],
            "best_score": self.best_score if math.isfinite(self.best_score) else None,
            "best_step": self.best_step,
        }
        return tensors, numbers

    def load_state(self, tensors: dict[str, Tensor], numbers: dict[str, Any]) -> None:
        """Continue from what ``state`` returned; CheckpointError if it does not fit."""
        try:
            for part in ("generator", "critic", "average", "best"):
                getattr(self, part).load_state_dict(_under(tensors, part))
            for part, optimizer in self.optimizers.items():
                _load_adam(optimizer, _under(tensors, f"{part}_adam"))
            self.stream.set_state(tensors["stream"])
            self.history = {n: tensors[f"history.{n}"].tolist() for n in HISTORY}
            self.step, self.seconds = int(numbers["step"]), float(numbers["seconds"])
            self.checks, self.returns = int(numbers["checks"]), int(numbers["returns"])
            self.rate_factor = float(numbers["rate_factor"])
            self.scores = [(int(step), float(score)) for step, score in numbers["scores"]]
            best = numbers["best_score"]
            self.best_score = math.inf if best is None else float(best)
            self.best_step = int(numbers["best_step"])
        except (KeyError, ValueError, TypeError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise CheckpointError(
                f"the training state does not fit this configuration ({reason}); train anew with "
                "--overwrite"
            ) from error


def _adam(network: nn.Module, config: TrainingConfig) -> torch.optim.Adam:
    parameters = list(network.parameters())
    return torch.optim.Adam(
        parameters,
        lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        fused=parameters[0].device.type in ("cpu", "cuda"),
    )


def _under(tensors: dict[str, Tensor], part: str) -> dict[str, Tensor]:
    return {k[len(part) + 1 :]: v for k, v in tensors.items() if k.startswith(part + ".")}


def _load_adam(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    slots: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, slot = name.split(".")
        slots.setdefault(int(index), {})[slot] = tensor.clone()
    state = optimizer.state_dict()
    optimizer.load_state_dict({"state": slots, "param_groups": state["param_groups"]})
