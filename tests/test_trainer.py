from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from toys import (
    CONFIG,
    STEPS,
    Heads,
    Listener,
    Perceptron,
    assert_same_state,
    let_steps_last,
    scores,
    series_trainer,
    toy_trainer,
)

from tsgan.callbacks import Callback, Progress
from tsgan.config import TrainingConfig
from tsgan.objectives import preset
from tsgan.seeding import initial_weights, torch_generator
from tsgan.steps import Batch, learning_rate
from tsgan.trainer import Trainer


def test_the_critics_weights_are_clipped_after_each_of_its_steps() -> None:
    class Watcher(Callback):
        def on_log(self, progress: Progress) -> None:
            weights = torch.cat([p.flatten() for p in trainer.critic.parameters()])
            assert weights.abs().max() == torch.tensor(0.02)

    config = replace(CONFIG, **preset("wgan", "paper") | {"clip": 0.02})
    trainer = toy_trainer(config)
    assert trainer.run([Watcher()])


WAITING = ("item", "tolist", "cpu", "numpy", "__bool__", "__float__", "__int__", "__index__")


@pytest.mark.parametrize("settings", [{}, {"precision": "float16"}, {"max_gradient_norm": 1.0}])
def test_no_step_waits_for_the_device(monkeypatch, settings) -> None:
    trainer = series_trainer(**settings)
    trainer.run(stop=lambda: trainer.step == 2)  # lazy initialisation is over

    def wait(*_: object) -> None:
        raise AssertionError("a step reads a tensor's value")

    with monkeypatch.context() as patch:
        for name in WAITING:
            patch.setattr(Tensor, name, wait)
        told = trainer._iterate()
    assert told.isfinite().all() and trainer.step == 3


def test_buffers_of_the_generator_are_those_of_its_average() -> None:
    trainer = toy_trainer()
    for network in (trainer.generator, trainer.average, trainer.best):
        network.register_buffer("count", torch.zeros(()))
    trainer.generator.count += 3
    trainer.run()
    assert trainer.average.count == trainer.best.count == 3


def test_training_leaves_global_random_states_alone() -> None:
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    series_trainer().run()
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])  # noqa: NPY002
    assert random.getstate() == states[2]


@pytest.mark.parametrize("average", [0.0, 0.3, 0.999])
def test_the_average_is_the_exponential_one_quick_at_first(average) -> None:
    trainer = toy_trainer(replace(CONFIG, average=average))
    expected = trainer.generator.scale.item()

    class Follower(Callback):
        def on_log(self, progress: Progress) -> None:
            nonlocal expected
            n = progress.step
            decay = min(average, (1 + n) / (10 + n))
            expected = decay * expected + (1 - decay) * trainer.generator.scale.item()
            assert trainer.average.scale.item() == pytest.approx(expected, rel=1e-5)

    trainer.run([Follower()])
    assert trainer.step == STEPS
    assert not any(p.requires_grad for p in trainer.average.parameters())


def test_steps_of_each_network_and_their_rates() -> None:
    config = replace(CONFIG, critic_steps=3, critic_rate=2.5, decay_from=0.5, final_rate=0.1)
    trainer = toy_trainer(config)
    rates = {name: [] for name in trainer.descents}
    for name, descent in trainer.descents.items():
        descent.optimizer.register_step_pre_hook(
            lambda optimizer, *_, name=name: rates[name].append(optimizer.param_groups[0]["lr"])
        )
    trainer.run()
    expected = [learning_rate(config, step / STEPS) for step in range(STEPS)]
    assert rates["generator"] == expected
    assert rates["critic"] == [rate * 2.5 for rate in expected for _ in range(3)]
    assert expected[0] == 0.01 and expected[-1] < 0.003


@pytest.mark.parametrize(
    ("patience", "values", "last", "best"),
    [
        (1, [1.0, 2.0, 0.0, 0.0], 6, 3),
        (2, [3.0, 2.0, 2.5, 2.25], 12, 6),
        (2, [1.0, 2.0, 3.0, 0.0], 9, 3),
        (3, [4.0, 3.0, 2.0, 1.0], 12, 12),
    ],
)
def test_patience_ends_a_run_that_does_not_get_better(patience, values, last, best) -> None:
    trainer = toy_trainer(replace(CONFIG, patience=patience), score=scores(*values))
    assert trainer.run() and trainer.finished
    assert (trainer.step, trainer.best_step) == (last, best)
    assert trainer.best_score == min(values[: last // 3])
    again = toy_trainer(replace(CONFIG, patience=patience), score=scores())
    again.load_state(*trainer.state())
    assert again.finished and again.run()
    assert again.step == last


@pytest.mark.parametrize(
    ("check_every", "at"),
    [(4, [3, 6, 9, 12]), (1, [12]), (5, [3, 5, 8, 10, 12]), (100, list(range(1, 13)))],
)
def test_checks_are_evenly_spaced(check_every, at) -> None:
    seen: list[int] = []
    trainer = toy_trainer(replace(CONFIG, check_every=check_every))
    trainer.run(save=lambda state: seen.append(state.step))
    assert seen == at


def test_a_finished_run_does_nothing_more() -> None:
    trainer = toy_trainer()
    trainer.run()
    other = toy_trainer()
    other.load_state(*trainer.state())
    silent = Listener()
    assert trainer.run([silent], save=pytest.fail)
    assert silent.heard == [("start", STEPS), ("end", None)]
    assert_same_state(trainer, other)


@pytest.mark.parametrize(
    ("values", "step", "best"),
    [
        ([0.1, 3.0, 2.0, 4.0], 9, 2.0),  # the first is lower, but not settled
        ([0.1, 2.0, 3.0, 4.0], 6, 2.0),
        ([4.0, 3.0, 2.0, 2.0], 12, 2.0),  # of equals the later one
    ],
)
def test_the_best_is_the_lowest_score_of_settled_weights(values, step, best) -> None:
    trainer = toy_trainer(replace(CONFIG, score_from=0.5), score=scores(*values))
    averages: dict[int, Tensor] = {}
    trainer.run(save=lambda t: averages.update({t.step: t.average.scale.clone()}))
    assert (trainer.best_step, trainer.best_score) == (step, best)
    assert torch.equal(trainer.best.scale, averages[step])
    assert trainer.progress().best == best
    assert [s for s, _ in trainer.scores] == [3, 6, 9, 12]


def test_without_scores_the_last_average_is_kept() -> None:
    trainer = toy_trainer()
    trainer.run()
    assert trainer.best_step == STEPS
    assert torch.equal(trainer.best.scale, trainer.average.scale)
    assert trainer.progress().best is None and trainer.progress().score is None


def test_before_any_settled_score_the_newest_average_is_kept() -> None:
    trainer = toy_trainer(replace(CONFIG, score_from=0.5), score=scores(1.0, 2.0))
    trainer.run(stop=lambda: trainer.step == 5)
    assert trainer.best_step == 3 and trainer.progress().best is None
    assert trainer.progress().score == 1.0


def test_the_score_is_taken_of_the_average() -> None:
    scored: list[nn.Module] = []

    def score(generator: nn.Module) -> float:
        scored.append(generator)
        return 0.0

    trainer = toy_trainer(score=score)
    trainer.run()
    assert len(scored) == 4 and all(generator is trainer.average for generator in scored)


@pytest.mark.parametrize(
    ("lasting", "fractions", "checks"),
    [
        ((0.5,), [i / 8 for i in range(1, 9)], [2, 4, 6, 8]),
        ((2.0, 0.5), [0.5, 0.625, 0.75, 0.875, 1.0], [1, 3, 5]),
        ((5.0,), [1.0], [1]),
    ],
)
def test_a_time_budget_ends_the_run(monkeypatch, lasting, fractions, checks) -> None:
    let_steps_last(monkeypatch, *lasting)
    listener = Listener()
    checked: list[int] = []
    trainer = toy_trainer(replace(CONFIG, steps=None, max_seconds=4.0))
    assert trainer.run([listener], lambda state: checked.append(state.step))
    assert [p.fraction for p in listener.of("log")] == fractions
    assert checked == checks
    assert trainer.best_step == trainer.step == len(fractions)


def test_a_generator_obeys_its_condition() -> None:
    """Data are c · noise, c of ½ or 2: the generator must learn to scale by what it is given."""

    class Scale(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(1, 8), nn.LeakyReLU(0.1), nn.Linear(8, 1))

        def sample_like(self, real: Tensor, condition: Tensor, stream: torch.Generator) -> Tensor:
            noise = torch.randn(real.shape, generator=stream)
            return self.layers(condition)[..., None] * noise

    def batches(stream: torch.Generator) -> Batch:
        given = 2 * torch.randint(2, (128, 1), generator=stream).float() - 1
        noise = torch.randn(128, 4, 1, generator=stream)
        return [(noise * 2 ** given[..., None], given)]

    with initial_weights(0):
        generator, critic = Scale(), Heads(Perceptron(5, 32))
    config = replace(TrainingConfig(), steps=300, critic_steps=2, learning_rate=5e-3, average=0.98)
    trainer = Trainer(generator, critic, batches, config, torch_generator(1))
    trainer.run()
    with torch.no_grad():
        scale = trainer.average.layers(torch.tensor([[-1.0], [1.0]]))[:, 0].abs()
    torch.testing.assert_close(scale, torch.tensor([0.5, 2.0]), rtol=0.15, atol=0)
