"""Generator and critic with every kind of condition at once, and each alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from toys import plain_score

from tsgan.conditioning import ConditionLayout
from tsgan.config import NetworkConfig
from tsgan.critics import Critic, CriticHead
from tsgan.networks import Generator
from tsgan.penalty import gradient_penalty
from tsgan.seeding import initial_weights, torch_generator
from tsgan.slow_noise import grid_points

TINY = NetworkConfig(
    channels=4,
    layers=3,
    slow_noise=(20.0, 200.0),
    innovation_width=4,
    critic_channels=(4, 6),
    critic_dense=7,
)
LAYOUT = ConditionLayout(labels=3, numbers=2, history=5, covariates=2, assets=2)
BATCH, TIME = 4, 16
KINDS = ("log_scale", "label", "numbers", "history", "covariates")


def normal(*shape: int, name: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch_generator(6, name))


def given() -> dict[str, Tensor]:
    return {
        "log_scale": normal(BATCH, name=1),
        "label": torch.tensor([0, 1, 2, 1]),
        "numbers": normal(BATCH, 2, name=2),
        "history": normal(BATCH, 2, 5, name=3),
        "covariates": normal(BATCH, 2, TIME, name=4),
    }


def others(kind: str) -> dict[str, Tensor]:
    """The same conditions, but for one that is another."""
    value = given()[kind]
    return given() | {kind: (value + 1) % 3 if kind == "label" else value + 1.0}


@pytest.fixture(params=["residual", "gated"])
def generator(request) -> Generator:
    with initial_weights(0):
        return Generator(replace(TINY, stack=request.param), 2, LAYOUT).double()


def made(generator: Generator, noise: Tensor, rows: Tensor) -> Tensor:
    """Return paths of ``noise`` with the same slow noise each time."""
    points = grid_points(len(noise) - 1), noise.shape[1], len(generator.slow)
    paths: Tensor = generator(noise, rows, normal(*points, name=9))
    return paths


def make_head(layout: ConditionLayout | None = LAYOUT) -> CriticHead:
    with initial_weights(0):
        return CriticHead(2, TIME, TINY, layout).double()


@pytest.mark.parametrize("kind", KINDS)
def test_a_path_depends_on_each_of_its_conditions(generator, kind) -> None:
    noise = normal(generator.memory + TIME, BATCH, 4)
    paths, different = (
        made(generator, noise, LAYOUT.pack(BATCH, **g)) for g in (given(), others(kind))
    )
    without = made(generator, noise, LAYOUT.pack(BATCH, **(given() | {kind: None})))
    assert paths.shape == (BATCH, 2, TIME)
    for i in range(BATCH):
        assert not torch.allclose(paths[i], different[i])
        assert not torch.allclose(paths[i], without[i])


def test_a_return_hears_covariates_up_to_its_own_step_and_memory_before(generator) -> None:
    covariates = given()["covariates"].requires_grad_()
    rows = LAYOUT.pack(BATCH, **(given() | {"covariates": covariates}))
    paths = made(generator, normal(generator.memory + TIME, BATCH, 4), rows)
    for t in range(TIME):
        (heard,) = torch.autograd.grad(paths[:, :, t].sum(), covariates, retain_graph=True)
        steps = heard.abs().sum(dim=(0, 1)).nonzero().flatten().tolist()
        assert steps == list(range(max(0, t - generator.memory + 1), t + 1))


def test_history_is_heard_as_long_as_it_is_in_the_receptive_field(generator) -> None:
    history = given()["history"].requires_grad_()
    rows = LAYOUT.pack(BATCH, **(given() | {"history": history}))
    paths = made(generator, normal(generator.memory + TIME, BATCH, 4), rows)
    for t in range(TIME):
        (heard,) = torch.autograd.grad(
            paths[:, :, t].sum(), history, retain_graph=True, materialize_grads=True
        )
        steps = (heard.abs().sum(dim=(0, 1)).nonzero().flatten() - LAYOUT.history).tolist()
        assert steps == list(range(max(-LAYOUT.history, t - generator.memory), 0))


def test_twice_the_scale_and_twice_the_history_is_twice_the_path(generator) -> None:
    noise, conditions = normal(generator.memory + TIME, BATCH, 4), given()
    generator.tilt.weight.data.zero_()
    double = conditions | {
        "log_scale": conditions["log_scale"] + torch.log(torch.tensor(2.0)),
        "history": 2 * conditions["history"],
    }
    paths, twice = (made(generator, noise, LAYOUT.pack(BATCH, **g)) for g in (conditions, double))
    torch.testing.assert_close(twice, 2 * paths, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_score_depends_on_each_condition(kind) -> None:
    head, x = make_head(), normal(BATCH, 2, TIME)
    scores, different = (head(x, LAYOUT.pack(BATCH, **g)) for g in (given(), others(kind)))
    assert scores.shape == (BATCH,)
    assert (scores != different).all()


@pytest.mark.parametrize(
    "layout",
    [
        None,
        ConditionLayout(assets=2),
        ConditionLayout(labels=3, assets=2),
        ConditionLayout(numbers=2, assets=2),
        ConditionLayout(history=5, assets=2),
        ConditionLayout(covariates=2, assets=2),
        LAYOUT,
    ],
)
def test_written_out_gradient_with_conditions_is_that_of_autograd(layout) -> None:
    head, x = make_head(layout), normal(BATCH, 2, TIME).requires_grad_()
    kinds = ["log_scale"] + [k for k in KINDS[1:] if layout and getattr(layout, _size(k))]
    rows = (layout or LAYOUT).pack(BATCH, **{kind: given()[kind] for kind in kinds})
    got = head.input_gradient(x, rows)
    (expected,) = torch.autograd.grad(plain_score(head, x, rows).sum(), x, create_graph=True)
    torch.testing.assert_close(head(x, rows), plain_score(head, x, rows), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-12)
    of = list(head.parameters())
    for a, b in zip(
        *(
            torch.autograd.grad(g.square().sum(), of, materialize_grads=True)
            for g in (got, expected)
        ),
        strict=True,
    ):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


def _size(kind: str) -> str:
    return {"label": "labels"}.get(kind, kind)


def test_the_penalty_is_of_the_slope_by_the_sample_alone() -> None:
    """A condition that the score leans on heavily does not count."""
    head = make_head()
    real, fake = normal(BATCH, 2, TIME, name=7), normal(BATCH, 2, TIME, name=8)
    rows = LAYOUT.pack(BATCH, **given())
    got = gradient_penalty(head, real, fake, rows, torch_generator(0))
    epsilon = torch.rand(BATCH, 1, 1, generator=torch_generator(0)).double()
    x = (fake + epsilon * (real - fake)).requires_grad_()
    (slope,) = torch.autograd.grad(head(x, rows).sum(), x)
    expected = (slope.flatten(1).norm(dim=1) - 1).square().mean()
    torch.testing.assert_close(got, expected)


def test_the_conditional_critic_sees_window_and_history_in_units_of_the_scale() -> None:
    with initial_weights(0):
        critic = Critic(TINY, TIME, 64, 2, LAYOUT).double()
    rows = LAYOUT.pack(BATCH, **given())
    windows, paths = normal(BATCH, 2, TIME), normal(3, 2, 64)
    parts = [(paths, torch.zeros(3, LAYOUT.fixed)), (windows, rows)]
    seen, told = critic.views(parts, torch_generator(0))[-1]
    scale = torch.exp(given()["log_scale"])[:, None, None]
    torch.testing.assert_close(seen, windows / scale)
    torch.testing.assert_close(LAYOUT.history_of(told)[0], given()["history"] / scale)
    assert torch.equal(LAYOUT.covariates_of(told), given()["covariates"])
    assert torch.equal(LAYOUT.static_of(told), LAYOUT.static_of(rows))
    assert critic.heads[-1](seen, told).shape == (BATCH,)


def test_history_stands_before_the_window_and_covariates_beside_it() -> None:
    head, x, conditions = make_head(), normal(BATCH, 2, TIME), given()
    seen, static = head._told(x, LAYOUT.pack(BATCH, **conditions))
    before = head.before
    assert seen.shape == (BATCH, 4, before + TIME) and before == 8  # 5 steps, halved twice
    assert torch.equal(seen[:, :2, before:], x)
    assert torch.equal(seen[:, :2, 3:before], conditions["history"]) and not seen[:, :2, :3].any()
    assert torch.equal(seen[:, 2:, before:], conditions["covariates"])
    assert not seen[:, 2:, :before].any()
    assert torch.equal(static[:, -1], torch.ones(BATCH, dtype=torch.float64))
    _, without = head._told(x, LAYOUT.pack(BATCH, **(conditions | {"history": None})))
    assert not without[:, -1].any() and torch.equal(without[:, :-1], static[:, :-1])


def test_a_scale_of_each_step_multiplies_that_step(generator) -> None:
    """Where no track is heard, and the drift does not lean on the scale."""
    generator.tilt.weight.data.zero_()
    noise, conditions = normal(generator.memory + TIME, BATCH, generator.noise_channels), given()
    units = normal(BATCH, TIME, name=5)
    log_scale = conditions["log_scale"]
    plain = LAYOUT.pack(BATCH, **(conditions | {"history": None}))
    rows = LAYOUT.pack(BATCH, **(conditions | {"history": None}), units=units)
    paths, scaled = (made(generator, noise, row) for row in (plain, rows))
    expected = paths * torch.exp(units - log_scale[:, None])[:, None]
    torch.testing.assert_close(scaled, expected, rtol=1e-9, atol=1e-12)


def test_the_drift_leans_on_the_scale_of_its_step(generator) -> None:
    generator.tilt.weight.data.normal_(generator=torch_generator(7))
    units = normal(BATCH, TIME, name=5).requires_grad_()
    rows = LAYOUT.pack(BATCH, **(given() | {"history": None, "log_scale": None}), units=units)
    paths = made(generator, normal(generator.memory + TIME, BATCH, generator.noise_channels), rows)
    for t in (0, TIME - 1):
        (heard,) = torch.autograd.grad(paths[:, :, t].sum(), units, retain_graph=True)
        assert heard.abs().sum(dim=0).nonzero().flatten().tolist() == [t]


def test_a_row_of_one_step_is_that_of_all_steps(generator) -> None:
    noise = normal(generator.memory + TIME, BATCH, generator.noise_channels)
    tracks, units = normal(BATCH, 2, 1, name=4), normal(BATCH, 1, name=5)
    short = LAYOUT.pack(BATCH, covariates=tracks, units=units)
    along = {"covariates": tracks.expand(-1, -1, TIME), "units": units.expand(-1, TIME)}
    whole = LAYOUT.pack(BATCH, **along)
    paths, same = (made(generator, noise, row) for row in (short, whole))
    torch.testing.assert_close(paths, same, rtol=1e-9, atol=1e-12)


def test_the_conditional_critic_sees_each_step_in_units_of_its_own() -> None:
    with initial_weights(0):
        critic = Critic(TINY, TIME, 64, 2, LAYOUT).double()
    units, windows = normal(BATCH, TIME, name=5), normal(BATCH, 2, TIME)
    rows = LAYOUT.pack(BATCH, **(given() | {"log_scale": None, "history": None}), units=units)
    parts = [(normal(3, 2, 64), torch.zeros(3, LAYOUT.fixed)), (windows, rows)]
    seen, told = critic.views(parts, torch_generator(0))[-1]
    torch.testing.assert_close(seen, windows / torch.exp(units)[:, None])
    assert torch.equal(LAYOUT.covariates_of(told), given()["covariates"])
    assert critic.heads[-1](seen, told).shape == (BATCH,)
