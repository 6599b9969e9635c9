from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from toys import (
    CONFIG,
    STEPS,
    Affine,
    Heads,
    Linear,
    Listener,
    Spoiled,
    let_steps_last,
    scores,
    toy_trainer,
)

from tsgan.errors import TrainingError
from tsgan.steps import Batch, learning_rate
from tsgan.trainer import MAXIMAL_RETURNS

ONE_CRITIC_STEP = replace(CONFIG, critic_steps=1)


def test_after_divergence_the_last_check_comes_back_with_half_the_rates() -> None:
    trainer = toy_trainer(ONE_CRITIC_STEP, Spoiled(5, 10))
    listener = Listener()
    assert trainer.run([listener])
    steps = [p.step for p in listener.of("log")]
    assert steps == [1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 11, 12]
    assert listener.of("return") == [3, 6]
    assert (trainer.returns, trainer.rate_factor) == (2, 0.25)
    assert trainer.descents["critic"].optimizer.param_groups[0]["lr"] == pytest.approx(
        0.25 * ONE_CRITIC_STEP.critic_rate * learning_rate(ONE_CRITIC_STEP, 11 / 12)
    )
    assert trainer.descents["generator"].optimizer.param_groups[0]["lr"] == pytest.approx(
        0.25 * learning_rate(ONE_CRITIC_STEP, 11 / 12)
    )
    assert all(len(values) == STEPS for values in trainer.history.columns.values())
    assert all(map(math.isfinite, itertools.chain(*trainer.history.columns.values())))
    assert all(tensor.isfinite().all() for tensor in trainer.state()[0].values())


def test_the_weights_that_come_back_are_those_of_the_check() -> None:
    trainer = toy_trainer(ONE_CRITIC_STEP, Spoiled(5))
    kept: dict[str, Tensor] = {}
    trainer.run(save=lambda state: kept.update(state.state()[0]), stop=lambda: trainer.returns == 1)
    tensors, _ = trainer.state()
    different = [name for name in kept if not torch.equal(kept[name], tensors[name])]
    assert trainer.step == 3 and different == ["stream"]  # other noise than the one that diverged


def test_time_that_divergence_took_is_spent(monkeypatch) -> None:
    let_steps_last(monkeypatch, 0.5)
    config = replace(ONE_CRITIC_STEP, steps=None, max_seconds=4.0)
    trainer = toy_trainer(config, Spoiled(6))  # one step after the check that comes back is lost
    assert trainer.run()
    assert (trainer.step, trainer.seconds, trainer.returns) == (6, 4.0, 1)
    assert trainer.history.columns["seconds"] == [0.5, 1.0, 1.5, 2.0, 3.5, 4.0]


@pytest.mark.parametrize("log_every", [1, 2, 100])
def test_divergence_is_noticed_at_the_next_look_at_the_latest(log_every) -> None:
    config = replace(ONE_CRITIC_STEP, log_every=log_every)
    trainer, listener = toy_trainer(config, Spoiled(5)), Listener()
    assert trainer.run([listener])
    assert trainer.returns == 1 and listener.of("return") == [3]
    assert all(len(values) == STEPS for values in trainer.history.columns.values())
    assert all(tensor.isfinite().all() for tensor in trainer.state()[0].values())


@pytest.mark.parametrize("critic_steps", [1, 2])
def test_divergence_for_the_fourth_time_is_an_error(critic_steps) -> None:
    batches = Spoiled(*range(1, 1000))
    trainer = toy_trainer(replace(CONFIG, critic_steps=critic_steps), batches)
    with pytest.raises(TrainingError, match=r"diverged .* 4th time.*learning_rate"):
        trainer.run()
    assert trainer.returns == MAXIMAL_RETURNS == 3
    assert batches.count == 4 * critic_steps


def test_a_loss_beyond_the_limit_counts_as_divergence() -> None:
    def batches(stream: torch.Generator) -> Batch:
        return [(torch.full((4, 1, 1), 1e4), torch.zeros(4, 0))]

    config = replace(CONFIG, divergence=1e3)
    with pytest.raises(TrainingError):
        toy_trainer(config, batches, critic=Heads(Linear([1.0]))).run()


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_a_score_that_is_not_finite_counts_as_divergence(score) -> None:
    trainer = toy_trainer(score=scores(1.0, score, 3.0, 2.0, 4.0))
    checks: list[int] = []
    assert trainer.run(save=lambda state: checks.append(state.step))
    assert checks == [3, 6, 9, 12] and trainer.returns == 1
    assert trainer.scores == [(3, 1.0), (6, 3.0), (9, 2.0), (12, 4.0)]
    with pytest.raises(TrainingError):
        toy_trainer(score=scores(*[score] * 4)).run()


class Breaking(Affine):
    """A generator whose gradient, not its path, is not a number at the given call for paths."""

    def __init__(self, call: int) -> None:
        super().__init__()
        self.call = call

    def sample_like(self, real: Tensor, condition: Tensor, stream: torch.Generator) -> Tensor:
        fake = super().sample_like(real, condition, stream)
        if len(self.conditions) == self.call:
            fake = fake + (self.shift * 0).square().sqrt()  # 0, with slope 0 · ∞
        return fake


def test_weights_that_are_not_finite_never_become_the_state_to_return_to() -> None:
    config = replace(ONE_CRITIC_STEP, check_every=STEPS)
    generator = Breaking(call=10)  # the generator's step 5, after which there is a check
    trainer = toy_trainer(config, generator=generator)
    states: list[dict[str, Tensor]] = []
    assert trainer.run(save=lambda state: states.append(state.state()[0]))
    assert trainer.returns == 1 and len(states) == STEPS
    assert all(tensor.isfinite().all() for state in states for tensor in state.values())
