from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from tsgan.conditioning import SCALE_SIZE, ConditionLayout
from tsgan.errors import ConfigError
from tsgan.seeding import torch_generator

BATCH, TIME = 3, 5
FULL = ConditionLayout(labels=4, numbers=2, history=3, covariates=2, assets=2)


def normal(*shape: int, name: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch_generator(4, name))


def everything() -> dict[str, Tensor]:
    return {
        "log_scale": normal(BATCH, name=1),
        "label": torch.tensor([2, 0, 3]),
        "numbers": normal(BATCH, 2, name=2),
        "history": normal(BATCH, 2, 3, name=3),
        "covariates": normal(BATCH, 2, TIME, name=4),
    }


@pytest.mark.parametrize(
    ("layout", "fixed"),
    [
        (ConditionLayout(), 2),
        (ConditionLayout(labels=4), 6),
        (ConditionLayout(numbers=2), 5),
        (ConditionLayout(history=3), 6),
        (ConditionLayout(history=3, assets=2), 9),
        (ConditionLayout(covariates=2), 2),
        (FULL, 2 + 4 + 3 + 7),
    ],
)
def test_nothing_given_is_a_row_of_zeros(layout, fixed) -> None:
    rows = layout.pack(BATCH)
    assert rows.shape == (BATCH, fixed) == (BATCH, layout.fixed)
    assert not rows.any()


def test_what_is_packed_is_found_again() -> None:
    given = everything()
    rows = FULL.pack(BATCH, **given)
    assert rows.shape == (BATCH, FULL.fixed + 2 * TIME) and rows.dtype == torch.float32
    assert torch.equal(rows[:, :SCALE_SIZE], torch.stack([given["log_scale"], torch.ones(3)], 1))
    static = FULL.static_of(rows)
    assert torch.equal(static[:, :4].argmax(1), given["label"])
    assert torch.equal(static[:, :4].sum(1), torch.ones(BATCH))
    assert torch.equal(static[:, 4:], torch.cat([given["numbers"], torch.ones(BATCH, 1)], 1))
    history, is_given = FULL.history_of(rows)
    assert torch.equal(history, given["history"]) and torch.equal(is_given, torch.ones(BATCH, 1))
    assert torch.equal(FULL.covariates_of(rows), given["covariates"])


@pytest.mark.parametrize("name", list(everything()))
def test_each_is_optional_and_leaves_the_others_where_they_are(name) -> None:
    given = everything()
    whole, without = FULL.pack(BATCH, **given), FULL.pack(BATCH, **(given | {name: None}))
    parts = [FULL.pack(BATCH, **{other: given[other]}) for other in given if other != name]
    size = without.shape[1]
    together = sum(torch.nn.functional.pad(part, (0, size - part.shape[1])) for part in parts)
    assert torch.equal(without, together)
    assert not torch.equal(whole[:, :size], without) or size < whole.shape[1]


@pytest.mark.parametrize(
    ("layout", "given", "message"),
    [
        (ConditionLayout(), {"label": torch.tensor([0, 0, 0])}, "label: expected classes from"),
        (FULL, {"label": torch.tensor([0, 4, 0])}, "label: expected classes from 0 to 3, got 0 to"),
        (FULL, {"label": torch.tensor([0, -1, 0])}, "label: expected classes from 0 to 3, got -1"),
        (FULL, {"label": torch.tensor([0, 1])}, "label: the layout expects"),
        (ConditionLayout(), {"numbers": normal(BATCH, 0)}, "numbers: the layout expects"),
        (FULL, {"numbers": normal(BATCH, 3)}, "numbers: the layout expects"),
        (FULL, {"history": normal(BATCH, 2, 4)}, "history: the layout expects"),
        (ConditionLayout(), {"history": normal(BATCH, 1, 4)}, "history: the layout expects"),
        (FULL, {"covariates": normal(BATCH, 1, TIME)}, "covariates: the layout expects"),
        (FULL, {"log_scale": normal(BATCH + 1)}, "log scale: the layout expects"),
    ],
)
def test_what_has_no_place_is_refused(layout, given, message) -> None:
    with pytest.raises(ConfigError, match=message):
        layout.pack(BATCH, **given)


def test_tracks_place_history_before_and_covariates_along_the_sample() -> None:
    """At step p, history is the return of p, and a covariate that of p + 1."""
    before, given = 6, everything()
    rows = FULL.pack(BATCH, **given)
    tracks = FULL.tracks(rows, before, TIME)
    assert tracks.shape == (before + TIME - 1, BATCH, FULL.moving) == (10, BATCH, 3 + 3)
    past = given["history"] * torch.exp(-given["log_scale"])[:, None, None]
    for position in range(before + TIME - 1):
        step = position - before
        history, covariates = tracks[position, :, :3], tracks[position, :, 3:]
        if -FULL.history <= step < 0:
            torch.testing.assert_close(history[:, :2], past[:, :, step])
            assert history[:, 2].all()
        else:
            assert not history.any()
        if step + 1 >= 0:
            assert torch.equal(covariates[:, :2], given["covariates"][:, :, step + 1])
            assert covariates[:, 2].all()
        else:
            assert not covariates.any()


def test_tracks_of_nothing_given_are_silent() -> None:
    assert not FULL.tracks(FULL.pack(BATCH), 4, TIME).any()


def test_covariates_that_end_early_are_not_given_from_there() -> None:
    layout = ConditionLayout(covariates=1)
    rows = layout.pack(BATCH, covariates=torch.full((BATCH, 1, 2), 7.0))
    tracks = layout.tracks(rows, 4, TIME)[:, 0]
    assert tracks.tolist() == [[0.0, 0.0]] * 3 + [[7.0, 1.0]] * 2 + [[0.0, 0.0]] * 3


def test_in_units_divides_the_history_alone() -> None:
    given = everything() | {"log_scale": torch.full((BATCH,), math.log(4.0))}
    rows = FULL.in_units(FULL.pack(BATCH, **given))
    expected = FULL.pack(BATCH, **(given | {"history": given["history"] / 4}))
    torch.testing.assert_close(rows, expected)
    assert torch.equal(ConditionLayout().in_units(rows[:, :2]), rows[:, :2])
