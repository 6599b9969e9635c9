"""What the core offers beyond series: coupled heads, networks that grow, recognisers, codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from toys import CONFIG, STEPS, Affine, Heads, Linear, Perceptron, assert_same_state, toy_batch

from tsgan.conditioning import ConditionLayout
from tsgan.config import TrainingConfig
from tsgan.descent import Descent
from tsgan.device import Precision
from tsgan.errors import CheckpointError
from tsgan.information import draw_codes, guess_size, surprise
from tsgan.objectives import make_objective
from tsgan.seeding import initial_weights, torch_generator
from tsgan.steps import Batch, critic_step, generator_step
from tsgan.trainer import Trainer

GAN = replace(CONFIG, objective="gan")


def normal(*shape: int, name: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch_generator(5, name))


def rated(network: nn.Module, rate: float = 1.0) -> Descent:
    """Steps by minus ``rate`` times the gradient."""
    return Descent(network, TrainingConfig(optimizer="sgd", learning_rate=rate, beta1=0.0))


# Heads that hear the whole batch


class Centred(nn.Module):
    """Head ``w (x − batch mean)``: every score depends on the whole batch."""

    def __init__(self, *, coupled: bool) -> None:
        super().__init__()
        self.coupled = coupled
        self.weight = nn.Parameter(torch.tensor(1.5))
        self.heard: list[Tensor] = []

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        self.heard.append(x.detach())
        x = x.flatten(1).sum(dim=1)
        return self.weight * (x - x.mean())


@pytest.mark.parametrize("coupled", [True, False])
def test_real_and_fake_are_shown_apart_to_a_coupled_head_alone(coupled) -> None:
    head = Centred(coupled=coupled)
    real, fake, row = normal(6, 1, 1) + 3, normal(6, 1, 1, name=1), torch.zeros(6, 0)
    objective, descent = make_objective(GAN), rated(head)
    told = critic_step(
        Heads(head),
        [(real, row)],
        [(fake, row)],
        objective,
        Precision(),
        descent,
        torch_generator(0),
    )
    if coupled:
        assert [len(x) for x in head.heard] == [6, 6]
        assert torch.equal(head.heard[0], real) and torch.equal(head.heard[1], fake)
        assert told[:2].tolist() == pytest.approx([0.0, 0.0], abs=1e-6)
    else:
        assert [len(x) for x in head.heard] == [12]
        half = 1.5 * float(real.mean() - fake.mean()) / 2
        assert told[:2].tolist() == pytest.approx([half, -half], abs=1e-5)


def test_a_coupled_head_moves_along_the_loss_of_the_two_batches() -> None:
    head = Centred(coupled=True)
    real, fake, row = 2 * normal(6, 1, 1), normal(6, 1, 1, name=1), torch.zeros(6, 0)
    weight = torch.tensor(1.5, requires_grad=True)
    on_real, on_fake = (weight * (x - x.mean()).flatten() for x in (real, fake))
    loss = -torch.sigmoid(on_real).log().mean() - (1 - torch.sigmoid(on_fake)).log().mean()
    (gradient,) = torch.autograd.grad(loss, weight)
    descent = rated(head)
    critic_step(
        Heads(head),
        [(real, row)],
        [(fake, row)],
        make_objective(GAN),
        Precision(),
        descent,
        torch_generator(0),
    )
    assert head.weight.item() == pytest.approx(1.5 - float(gradient), abs=1e-6)


# Networks that grow in the course of a run


class Growing(Affine):
    """Generator whose shift takes part in the second half of a run only."""

    def __init__(self) -> None:
        super().__init__()
        self.done: Tensor
        self.register_buffer("done", torch.zeros(()))
        self.followed: list[float] = []

    def follow(self, fraction: float) -> None:
        self.followed.append(fraction)
        self.done.fill_(fraction)

    def sample_like(self, real: Tensor, condition: Tensor, stream: torch.Generator) -> Tensor:
        noise = self.scale * torch.randn(real.shape, generator=stream)
        return noise if self.done < 0.5 else noise + self.shift


class GrowingCritic(Heads):
    """Critic that is told like the generator, and has a weight that is never used."""

    def __init__(self) -> None:
        with initial_weights(0):
            super().__init__(Perceptron(1))
        self.later = nn.Parameter(torch.tensor(0.25))
        self.followed: list[float] = []

    def follow(self, fraction: float) -> None:
        self.followed.append(fraction)


def growing_trainer(**settings: object) -> Trainer:
    config = replace(CONFIG, **settings)
    return Trainer(Growing(), GrowingCritic(), toy_batch, config, torch_generator(7))


@pytest.mark.parametrize("settings", [{}, {"fresh_fakes": True}, {"critic_steps": 3}])
def test_both_networks_are_told_before_each_step_how_much_is_done(settings) -> None:
    trainer = growing_trainer(**settings)
    assert trainer.run()
    expected = [step / STEPS for step in range(STEPS)]
    assert trainer.generator.followed == pytest.approx(expected)
    assert trainer.critic.followed == pytest.approx(expected)


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "sgd"])
def test_weights_not_yet_used_stay_and_have_no_gradient(optimizer) -> None:
    trainer = growing_trainer(optimizer=optimizer, max_gradient_norm=1.0)
    generator = trainer.generator
    trainer.run(stop=lambda: trainer.step == STEPS // 2)
    assert generator.shift.item() == 0 and generator.shift.grad is None
    assert generator.scale.item() != 1
    trainer.run()
    assert generator.shift.item() != 0
    assert trainer.critic.later.item() == 0.25 and trainer.critic.later.grad is None


def test_unused_weights_of_a_network_that_does_not_follow_are_an_error() -> None:
    class Still(Affine):
        def sample_like(self, real: Tensor, condition: Tensor, stream: torch.Generator) -> Tensor:
            return self.scale * torch.randn(real.shape, generator=stream)

    with initial_weights(0):
        critic = Heads(Perceptron(1))
    trainer = Trainer(Still(), critic, toy_batch, CONFIG, torch_generator(7))
    with pytest.raises(RuntimeError, match="not have been used"):
        trainer.run()


def test_averages_know_the_stage() -> None:
    trainer = growing_trainer()
    trainer.run(stop=lambda: trainer.step == 8)
    stage = torch.tensor(7 / STEPS)
    assert torch.equal(trainer.generator.done, stage) and torch.equal(trainer.average.done, stage)
    trainer.run()
    assert torch.equal(trainer.best.done, torch.tensor((STEPS - 1) / STEPS))


@pytest.mark.parametrize("done", [1, 5, 6, 7])
def test_a_stage_survives_resume(done) -> None:
    whole, first, second = growing_trainer(), growing_trainer(), growing_trainer()
    whole.run()
    first.run(stop=lambda: first.step == done)
    second.load_state(*first.state())
    assert torch.equal(second.generator.done, first.generator.done)
    assert_same_state(first, second)
    second.run()
    assert_same_state(whole, second)


# Recognisers of a latent code

CODED = ConditionLayout(codes=3, code_numbers=1)


class CodedAffine(nn.Module):
    """Generator ``noise + ⟨v, code⟩``, of one number."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([0.5, -0.25, 1.0, 0.75]))

    def sample_like(self, real: Tensor, condition: Tensor, stream: torch.Generator) -> Tensor:
        noise = torch.randn(real.shape, generator=stream)
        return noise + (CODED.codes_of(condition) @ self.weight)[:, None, None]


class LinearRecogniser(nn.Module):
    """Guesses the code by a linear map of the sample."""

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = weight
        with initial_weights(1):
            self.guess = nn.Linear(1, guess_size(CODED.codes, CODED.code_numbers))

    def forward(self, fakes: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        ((x, rows),) = fakes
        found = surprise(self.guess(x.flatten(1)), CODED.codes_of(rows), CODED.codes)
        return self.weight * found.mean()


def coded_batch(stream: torch.Generator) -> Batch:
    code, numbers = draw_codes(16, CODED.codes, CODED.code_numbers, stream)
    rows = CODED.pack(16, code=code, code_numbers=numbers)
    return [(torch.randn(16, 1, 1, generator=stream), rows)]


class Deaf(Heads):
    """Critic that is told nothing of the code."""

    def __init__(self) -> None:
        with initial_weights(0):
            super().__init__(Perceptron(1))

    def views(self, parts: Batch, stream: torch.Generator) -> Batch:
        return [(x, rows[:, :0]) for x, rows in parts]


def coded_trainer(recogniser: nn.Module | None, **settings: object) -> Trainer:
    config = replace(CONFIG, **settings)
    return Trainer(
        CodedAffine(), Deaf(), coded_batch, config, torch_generator(7), recogniser=recogniser
    )


def test_generator_and_recogniser_move_along_the_loss_computed_by_hand() -> None:
    """One step of gradient descent: ``−w E x − λ E log Q(code | x)``, its gradient in full."""
    generator, recogniser, slope, weight = CodedAffine(), LinearRecogniser(0.7), 2.0, 0.7
    ((real, rows),) = coded_batch(torch_generator(1))
    codes, noise = CODED.codes_of(rows), torch.randn(real.shape, generator=torch_generator(2))
    before = [p.detach().clone() for p in (*generator.parameters(), *recogniser.parameters())]
    v, map_, bias = (p.detach().double() for p in before)
    c, x = codes.double(), noise.flatten().double() + codes.double() @ v
    guess = x[:, None] * map_[:, 0] + bias
    by_logits = torch.softmax(guess[:, :3], dim=1) - c[:, :3]
    apart, log_sd = guess[:, 3] - c[:, 3], guess[:, 4]
    by_mean = apart * torch.exp(-2 * log_sd)
    by_log_sd = 1 - apart**2 * torch.exp(-2 * log_sd)
    by_guess = weight * torch.cat([by_logits, by_mean[:, None], by_log_sd[:, None]], dim=1) / 16
    by_x = by_guess @ map_[:, 0] - slope / 16
    expected = [by_x @ c, (by_guess.T @ x)[:, None], by_guess.sum(dim=0)]

    fakes = [(generator.sample_like(real, rows, torch_generator(2)), rows)]
    both = nn.ModuleList([generator, recogniser])
    loss = generator_step(
        Heads(Linear([slope])),
        fakes,
        make_objective(CONFIG),
        Precision(),
        rated(both),
        torch_generator(0),
        recogniser,
    )
    assert not loss.requires_grad
    told = surprise(guess, c, 3).mean()
    assert float(loss) == pytest.approx(float(weight * told - slope * x.mean()), abs=1e-5)
    for new, old, gradient in zip(both.parameters(), before, expected, strict=True):
        torch.testing.assert_close(new.detach(), old - gradient.float(), atol=1e-5, rtol=1e-5)


def test_a_run_moves_the_recogniser_and_the_generator_its_way() -> None:
    trainer, alone = coded_trainer(LinearRecogniser()), coded_trainer(None)
    ((_, rows),) = coded_batch(torch_generator(9))
    start = LinearRecogniser()
    assert trainer.run() and alone.run()
    moved = zip(start.parameters(), trainer.recogniser.parameters(), strict=True)
    assert not any(torch.equal(a, b) for a, b in moved)
    assert not torch.equal(trainer.generator.weight, alone.generator.weight)
    real = torch.zeros(len(rows), 1, 1)
    with torch.no_grad():
        fakes = [(trainer.generator.sample_like(real, rows, torch_generator(3)), rows)]
        assert float(trainer.recogniser(fakes)) < float(start(fakes))


def test_a_recogniser_of_weight_zero_changes_nothing() -> None:
    weightless, alone = coded_trainer(LinearRecogniser(0.0)), coded_trainer(None)
    weightless.run()
    alone.run()
    assert torch.equal(weightless.generator.weight, alone.generator.weight)


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "sgd"])
@pytest.mark.parametrize("done", [0, 1, 7])
def test_resume_with_a_recogniser_is_exact(done, optimizer) -> None:
    whole, first, second = (
        coded_trainer(LinearRecogniser(), optimizer=optimizer) for _ in range(3)
    )
    whole.run()
    first.run(stop=lambda: first.step == done)
    second.load_state(*first.state())
    assert_same_state(first, second)
    second.run()
    assert_same_state(whole, second)
    assert any(name.startswith("recogniser.") for name in whole.state()[0])


def test_a_state_without_its_recogniser_is_refused() -> None:
    state = coded_trainer(None).state()
    with pytest.raises(CheckpointError, match="does not fit"):
        coded_trainer(LinearRecogniser()).load_state(*state)


# Codes in a row of conditions

BATCH, TIME = 3, 5
FULL = ConditionLayout(
    labels=4, numbers=2, history=3, covariates=3, latent=1, codes=5, code_numbers=2
)


def everything() -> dict[str, Tensor]:
    return {
        "log_scale": normal(BATCH, name=1),
        "label": torch.tensor([2, 0, 3]),
        "numbers": normal(BATCH, 2, name=2),
        "code": torch.tensor([4, 4, 1]),
        "code_numbers": normal(BATCH, 2, name=5),
        "history": normal(BATCH, 1, 3, name=3),
        "covariates": normal(BATCH, 3, TIME, name=4),
    }


def test_codes_and_labels_are_found_again() -> None:
    given = everything()
    rows = FULL.pack(BATCH, **given)
    codes = FULL.codes_of(rows)
    assert codes.shape == (BATCH, 7)
    assert torch.equal(codes[:, :5], torch.eye(5)[given["code"]])
    assert torch.equal(codes[:, 5:], given["code_numbers"])
    assert torch.equal(FULL.label_of(rows), torch.eye(4)[given["label"]])
    parts = [FULL.label_of(rows), given["numbers"], torch.ones(BATCH, 1), codes]
    assert torch.equal(FULL.static_of(rows), torch.cat(parts, dim=1))
    assert torch.equal(FULL.history_of(rows)[0], given["history"])
    assert torch.equal(FULL.covariates_of(rows), given["covariates"])


@pytest.mark.parametrize("left_out", ["", "label", "code", "covariates", "history"])
def test_a_critic_is_told_the_rows_of_the_layout_without_codes(left_out) -> None:
    given = {name: value for name, value in everything().items() if name != left_out}
    shown = {name: value for name, value in given.items() if not name.startswith("code")}
    if "covariates" in given:
        shown["covariates"] = given["covariates"][:, :2]
    expected = FULL.observed.pack(BATCH, **shown)
    assert torch.equal(FULL.told(FULL.pack(BATCH, **given)), expected)


def test_the_observed_layout_has_no_codes_and_tells_all() -> None:
    assert FULL.observed == ConditionLayout(labels=4, numbers=2, history=3, covariates=2)
    rows = FULL.observed.pack(BATCH, label=torch.tensor([1, 2, 3]))
    assert FULL.observed.observed == FULL.observed
    assert torch.equal(FULL.observed.told(rows), rows)
    assert FULL.observed.codes_of(rows).shape == (BATCH, 0)


@pytest.mark.parametrize("code", [torch.tensor([0, 1, 5]), torch.tensor([-1, 0, 0])])
def test_a_code_out_of_range_is_refused(code) -> None:
    with pytest.raises(ValueError, match=r"^code: expected classes from 0 to 4, got "):
        FULL.pack(BATCH, code=code)
