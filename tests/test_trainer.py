from __future__ import annotations

import itertools
import json
import random
from dataclasses import replace

import numpy as np
import pytest
import tiny
import torch
from torch import Tensor, nn
from toys import CONFIG, STEPS, Heads, Perceptron, let_steps_last, scores, toy_trainer

from tsgan.batches import SeriesBatches
from tsgan.config import TrainingConfig
from tsgan.errors import CheckpointError
from tsgan.networks import Critic, Generator
from tsgan.seeding import initial_weights, torch_generator
from tsgan.steps import Batch, learning_rate
from tsgan.trainer import Progress, Trainer


def series_trainer() -> Trainer:
    """The networks and batches of series, tiny, with a score that the weights decide."""
    config = tiny.config(STEPS)
    training = replace(config.training, critic_steps=2, check_every=4, score_from=0.5)
    with initial_weights(0):
        generator = Generator(config.network)
        critic = Critic(config.network, 128, 256, training.windows_per_path)
    series = torch.from_numpy(100 * tiny.garch_returns()).float()[:, None]
    batches = SeriesBatches(series, 128, 256, training)

    def score(generator: nn.Module) -> float:
        return next(generator.parameters()).sum().item()

    return Trainer(generator, critic, batches, training, torch_generator(7), score)


def assert_same_state(one: Trainer, other: Trainer) -> None:
    (tensors, numbers), (other_tensors, other_numbers) = one.state(), other.state()
    assert tensors.keys() == other_tensors.keys()
    differ = [k for k in tensors if not torch.equal(tensors[k], other_tensors[k])]
    assert differ in ([], ["history.seconds"])
    timeless = {"seconds": 0.0}
    assert numbers | timeless == other_numbers | timeless


@pytest.mark.parametrize("make", [toy_trainer, series_trainer])
@pytest.mark.parametrize("done", [0, 1, 3, 7])
def test_interrupted_and_resumed_equals_uninterrupted_bit_for_bit(make, done) -> None:
    whole, first, second = make(), make(), make()
    assert whole.run()
    left = iter(range(done))
    assert not first.run(stop=lambda: next(left, None) is None)
    assert first.step == done
    second.load_state(*first.state())
    assert_same_state(first, second)
    assert second.run()
    assert_same_state(whole, second)


def test_the_state_is_a_copy() -> None:
    trainer = toy_trainer()
    tensors, numbers = trainer.state()
    before = {name: tensor.clone() for name, tensor in tensors.items()}, dict(numbers)
    trainer.run()
    assert all(torch.equal(tensors[name], before[0][name]) for name in tensors)
    assert numbers == before[1]


def test_training_leaves_global_random_states_alone() -> None:
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    series_trainer().run()
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])  # noqa: NPY002
    assert random.getstate() == states[2]


@pytest.mark.parametrize("spoil", [
    lambda tensors, numbers: tensors.pop("stream"),
    lambda tensors, numbers: tensors.pop("generator.scale"),
    lambda tensors, numbers: tensors.update({"critic.heads.0.layers.0.bias": torch.zeros(99)}),
    lambda tensors, numbers: tensors.pop("history.penalty"),
    lambda tensors, numbers: numbers.pop("best_step"),
    lambda tensors, numbers: numbers.update(step="three"),
    lambda tensors, numbers: numbers.update(scores=[1, 2]),
])  # fmt: skip
def test_a_state_that_does_not_fit_is_refused_with_a_remedy(spoil) -> None:
    trainer = toy_trainer()
    trainer.run()
    state = trainer.state()
    spoil(*state)
    with pytest.raises(CheckpointError, match=r"^[^\n]*does not fit [^\n]*--overwrite$"):
        toy_trainer().load_state(*state)


def test_the_numbers_of_a_state_are_json() -> None:
    trainer = toy_trainer(score=scores(1.0, 2.0, 3.0, 4.0))
    for _ in range(3):
        trainer.run(stop=lambda reached=trainer.step + 4: trainer.step == reached)
        _, numbers = trainer.state()
        assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers


@pytest.mark.parametrize("average", [0.0, 0.3, 0.999])
def test_the_average_is_the_exponential_one_quick_at_first(average) -> None:
    trainer = toy_trainer(replace(CONFIG, average=average))
    expected = trainer.generator.scale.item()

    def follow(progress: Progress) -> None:
        nonlocal expected
        n = progress.step
        decay = min(average, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * trainer.generator.scale.item()
        assert trainer.average.scale.item() == pytest.approx(expected, rel=1e-5)

    trainer.run(follow)
    assert trainer.step == STEPS
    assert not any(p.requires_grad for p in trainer.average.parameters())


def test_steps_of_each_network_and_their_rates() -> None:
    config = replace(CONFIG, critic_steps=3, decay_from=0.5, final_rate=0.1)
    trainer = toy_trainer(config)
    rates = {name: [] for name in trainer.optimizers}
    for name, optimizer in trainer.optimizers.items():
        optimizer.register_step_pre_hook(
            lambda optimizer, *_, name=name: rates[name].append(optimizer.param_groups[0]["lr"])
        )
    trainer.run()
    expected = [learning_rate(config, step / STEPS) for step in range(STEPS)]
    assert rates["generator"] == expected
    assert rates["critic"] == [rate for rate in expected for _ in range(3)]
    assert expected[0] == 0.01 and expected[-1] < 0.003


def test_adam_has_the_configured_moments() -> None:
    trainer = toy_trainer(replace(CONFIG, beta1=0.4, beta2=0.7))
    for optimizer in trainer.optimizers.values():
        assert [group["betas"] for group in optimizer.param_groups] == [(0.4, 0.7)]


def test_a_callback_hears_of_every_step() -> None:
    told: list[Progress] = []
    trainer = toy_trainer(score=scores(4.0, 3.0, 2.0, 1.0))
    assert trainer.run(told.append)
    assert [p.step for p in told] == list(range(1, STEPS + 1))
    assert [p.fraction for p in told] == [step / STEPS for step in range(1, STEPS + 1)]
    assert [p.score for p in told][-4:] == [3.0, 2.0, 2.0, 2.0]  # the last check is not yet done
    assert all(a.seconds < b.seconds for a, b in itertools.pairwise(told))
    history = trainer.history
    wasserstein = [a - b for a, b in zip(history["real_score"], history["fake_score"], strict=True)]
    assert [p.wasserstein for p in told] == wasserstein
    assert [p.penalty for p in told] == history["penalty"]
    assert history["seconds"] == [p.seconds for p in told]


@pytest.mark.parametrize(
    ("check_every", "at"),
    [(4, [3, 6, 9, 12]), (1, [12]), (5, [3, 5, 8, 10, 12]), (100, list(range(1, 13)))],
)
def test_checks_are_evenly_spaced(check_every, at) -> None:
    seen: list[int] = []
    trainer = toy_trainer(replace(CONFIG, check_every=check_every))
    trainer.run(on_check=lambda state: seen.append(state.step))
    assert seen == at


def test_a_finished_run_does_nothing_more() -> None:
    trainer = toy_trainer()
    trainer.run()
    other = toy_trainer()
    other.load_state(*trainer.state())
    assert trainer.run(on_step=pytest.fail, on_check=pytest.fail)
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
    trainer.run(on_check=lambda t: averages.update({t.step: t.average.scale.clone()}))
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
    told: list[Progress] = []
    checked: list[int] = []
    trainer = toy_trainer(replace(CONFIG, steps=None, max_seconds=4.0))
    assert trainer.run(told.append, lambda state: checked.append(state.step))
    assert [p.fraction for p in told] == fractions
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
