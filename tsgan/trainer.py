"""The loop of the adversarial game: steps, rates, averages, checks, and a state to resume from.

The trainer knows no file and no prices. It is given batches and two networks; what happens is told
to callbacks. Nothing in the loop waits for the device but the looks at the losses (and RMSProp in
float16, which must know whether a gradient overflowed).
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, cast

import torch
from torch import Generator as RandomStream
from torch import Tensor, nn

from tsgan.callbacks import Callback, Progress
from tsgan.config import TrainingConfig
from tsgan.descent import Descent
from tsgan.device import resolve_precision
from tsgan.errors import TrainingError
from tsgan.history import History
from tsgan.objectives import make_objective
from tsgan.ranks import ALONE, Ranks
from tsgan.state_checks import demand_state
from tsgan.states import digest, fitting_state, under
from tsgan.steps import (
    Batch,
    CriticNetwork,
    GeneratorNetwork,
    Recogniser,
    critic_step,
    generator_step,
    learning_rate,
    make_fakes,
    move_average,
)

Batches = Callable[[RandomStream], Batch]
State = tuple[dict[str, Tensor], dict[str, Any]]
"""Tensors on the CPU by name, and JSON numbers."""

PARTS = ("generator", "critic", "average", "best")
NUMBERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("step", "told", "checks", "returns", "best_step"), int),
    **dict.fromkeys(("seconds", "rate_factor"), float),
}
MAXIMAL_RETURNS = 3


class Trainer:
    """The state of a run, and the loop over it.

    Args:
        generator, critic: the two networks, on one device.
        batches: draws a real batch from a stream.
        config: rates, lengths and weights.
        stream: the random stream of the whole run, on the same device.
        score: held-out score of a generator, lower is better, None if nothing is held out.
        recogniser: finds the latent code of a fake again; its weights go the generator's way.
        ranks: the processes that train these networks together, each on its share of a batch.

    Attributes:
        clock: seconds by which time is kept, forward only.

    A network that changes in the course of a run, as one that grows, has a method ``follow``. It
    is told before each step how much of the run is done, and keeps that in a buffer.
    """

    def __init__(
        self,
        generator: nn.Module,
        critic: nn.Module,
        batches: Batches,
        config: TrainingConfig,
        stream: RandomStream,
        score: Callable[[nn.Module], float] | None = None,
        recogniser: nn.Module | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        self.generator, self.critic, self.batches = generator, critic, batches
        self.config, self.stream, self.score = config, stream, score
        self.recogniser, self.ranks = recogniser, ranks
        self.parts = PARTS if recogniser is None else (*PARTS, "recogniser")
        self.objective = make_objective(config)
        self.precision = resolve_precision(config.precision, stream.device)
        self.average = copy.deepcopy(generator).requires_grad_(False)
        self.best = copy.deepcopy(self.average)
        follows = generator if recogniser is None else nn.ModuleList([generator, recogniser])
        self.descents = {
            "critic": Descent(critic, config, self.precision, ranks),
            "generator": Descent(follows, config, self.precision, ranks),
        }
        self.clock = time.perf_counter
        self.step, self.told, self.seconds, self.checks = 0, 0, 0.0, 0
        self.rate_factor, self.returns = 1.0, 0
        self.history = History()
        self.scores: list[tuple[int, float]] = []
        self.best_score, self.best_step = math.inf, 0

    @property
    def fraction(self) -> float:
        """Return how much of the run is done, by steps or else by time, in [0, 1]."""
        if self.config.steps is not None:
            return min(self.step / self.config.steps, 1.0)
        return min(self.seconds / self.config.max_seconds, 1.0)

    @property
    def finished(self) -> bool:
        """Return whether the run is at its end, or out of patience."""
        patience = self.config.patience
        since_best = sum(step > self.best_step for step, _ in self.scores)
        return self.fraction >= 1 or (patience is not None and since_best >= patience)

    def run(
        self,
        callbacks: Sequence[Callback] = (),
        save: Callable[[Trainer], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Train to the end, or until ``stop()`` between two steps; return whether it was reached.

        Args:
            callbacks: told of the steps and checks.
            save: called at each of the evenly spaced checks, when the state may be saved.

        Raises:
            TrainingError: if the losses diverge in spite of three returns to the last check.
        """
        with ExitStack() as ends:
            for callback in callbacks:
                ends.callback(callback.on_end)
                callback.on_start(self.step)
            self._loop(callbacks, save, stop)
        return self.finished

    def _loop(
        self,
        callbacks: Sequence[Callback],
        save: Callable[[Trainer], None] | None,
        stop: Callable[[], bool],
    ) -> None:
        good = self.state()
        while not self.finished and not self.ranks.any(stop()):
            self._timed_iteration()
            if self._check_due or self.step % self.config.log_every == 0:
                good = self._look(good, callbacks, save)
        self._look(good, callbacks, save, tell=False)  # a stopped run tells it when it goes on
        if self.checks < self.config.check_every and self.fraction >= 1:
            self._check()  # the time ran out in a step that diverged: what stands may be the best

    @property
    def _check_due(self) -> bool:
        return self.fraction * self.config.check_every >= self.checks + 1

    def _look(
        self,
        good: State,
        callbacks: Sequence[Callback],
        save: Callable[[Trainer], None] | None,
        *,
        tell: bool = True,
    ) -> State:
        """Look at the newest steps, which waits for the device, and check if it is time.

        Return the state to go back to: this one after a check, else ``good``.
        """
        fine = self.history.look(self.config.divergence, self.ranks)
        due = self._check_due
        if not fine or (due and not self._check()):
            self._return_to(good)
            for callback in callbacks:
                callback.on_return(self.step)
            return good
        if tell or due:
            progress = self.progress()
            for callback in callbacks:
                if self.step > self.told:
                    callback.on_log(progress)
                if due:
                    callback.on_check(progress)
            self.told = self.step
        if due and save is not None:
            save(self)
        return self.state() if due else good

    def _timed_iteration(self) -> None:
        started = self.clock()
        numbers = self._iterate()
        seconds = self.seconds + (self.clock() - started)
        self.seconds = self.ranks.of_first(lambda: seconds)
        self.history.add(numbers, self.seconds)

    def _iterate(self) -> Tensor:
        """Do one generator step with its critic steps; return the numbers of ``history.TOLD``.

        The norm of the generator's new weights is among it besides the critic's losses: a critic
        that its last step has ruined spoils them at once.
        """
        rate = self.rate
        self.descents["generator"].set_rate(rate)
        self.descents["critic"].set_rate(rate * self.config.critic_rate)
        for network in (self.generator, self.critic):
            if (follow := getattr(network, "follow", None)) is not None:
                follow(self.fraction)
        critic = cast(CriticNetwork, self.critic)
        generator = cast(GeneratorNetwork, self.generator)
        recogniser = cast(Recogniser | None, self.recogniser)
        game = self.objective, self.precision
        fresh = self.config.fresh_fakes
        for left in reversed(range(self.config.critic_steps)):
            batch = self.batches(self.stream)
            with torch.set_grad_enabled(left == 0 and not fresh):
                fakes = make_fakes(generator, batch, self.precision, self.stream)
            told = critic_step(critic, batch, fakes, *game, self.descents["critic"], self.stream)
        if fresh:
            fakes = make_fakes(generator, batch, self.precision, self.stream)
        descend = self.descents["generator"]
        generator_step(critic, fakes, *game, descend, self.stream, recogniser)
        self.step += 1
        move_average(self.average, self.generator, self.step, self.config)
        norm = torch.nn.utils.get_total_norm(self.generator.parameters())
        return torch.cat([told, norm[None]])

    def _check(self) -> bool:
        """Score the averaged generator on held-out data; keep it if it is the best so far.

        Return whether the score is finite; if it is not, nothing has changed.
        """
        score = 0.0
        if (judge := self.score) is not None:
            score = self.ranks.of_first(lambda: judge(self.average))
        if not math.isfinite(score):
            return False
        self.checks = math.floor(self.fraction * self.config.check_every)
        competes = False
        if self.score is not None:
            self.scores.append((self.step, score))
            settled = self.fraction >= self.config.score_from
            competes = settled or self.config.patience is not None
        if not competes or score <= self.best_score:
            self.best.load_state_dict(self.average.state_dict())
            self.best_step = self.step
            self.best_score = score if competes else math.inf
        return True

    def _return_to(self, good: State) -> None:
        """Go back to the last check with half the rates; TrainingError after the third time."""
        if self.returns == MAXIMAL_RETURNS:
            raise TrainingError(
                f"training diverged at step {self.step} for the {MAXIMAL_RETURNS + 1}th time, "
                "expected finite losses and scores: check the data for outliers, or lower "
                "TrainingConfig.learning_rate"
            )
        seconds, factor, returns = self.seconds, self.rate_factor, self.returns
        self.load_state(*good)
        self.seconds, self.rate_factor, self.returns = seconds, factor / 2, returns + 1
        self.stream.manual_seed(self.stream.initial_seed() + self.returns)

    @property
    def rate(self) -> float:
        """Return the generator's learning rate in the next step."""
        return self.rate_factor * learning_rate(self.config, self.fraction)

    def progress(self) -> Progress:
        """Return where the run stands, its figures as means over the steps not yet told."""
        return Progress(
            step=self.step,
            fraction=self.fraction,
            seconds=self.seconds,
            **self.history.means(max(self.step - self.told, 1)),
            learning_rate=self.rate,
            score=self.scores[-1][1] if self.scores else None,
            best=self.best_score if math.isfinite(self.best_score) else None,
            best_step=self.best_step,
        )

    def state(self) -> State:
        """Return a copy of the whole state."""
        tensors = {"stream": self.stream.get_state().clone()}
        for part in self.parts:
            for name, tensor in getattr(self, part).state_dict().items():
                tensors[f"{part}.{name}"] = tensor.detach().cpu().clone()
        for part, descent in self.descents.items():
            for name, tensor in descent.state().items():
                tensors[f"{part}_descent.{name}"] = tensor
        for name, tensor in self.history.state().items():
            tensors[f"history.{name}"] = tensor
        numbers: dict[str, Any] = {name: getattr(self, name) for name in NUMBERS}
        numbers["scores"] = [list(pair) for pair in self.scores]
        numbers["best_score"] = self.best_score if math.isfinite(self.best_score) else None
        return tensors, numbers

    def digest(self) -> str:
        """Return a hash of the weights that are trained."""
        parameters = (p for descent in self.descents.values() for p in descent.parameters)
        return digest(parameters)

    def load_state(self, tensors: dict[str, Tensor], numbers: dict[str, Any]) -> None:
        """Continue from what ``state`` returned; CheckpointError if it does not fit."""
        with fitting_state():
            moved = {f"{part}_descent.": one.parameters for part, one in self.descents.items()}
            demand_state(tensors, numbers, self.state(), moved)
            for part in self.parts:
                getattr(self, part).load_state_dict(under(tensors, part))
            for part, descent in self.descents.items():
                descent.load_state(under(tensors, f"{part}_descent"))
            self.stream.set_state(tensors["stream"])
            self.history.load_state(under(tensors, "history"))
            for name, kind in NUMBERS.items():
                setattr(self, name, kind(numbers[name]))
            self.scores = [(int(step), float(score)) for step, score in numbers["scores"]]
            best = numbers["best_score"]
            self.best_score = math.inf if best is None else float(best)
