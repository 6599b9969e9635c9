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
    assert rows.shape == (BATCH, FULL.fixed + 3 * TIME) and rows.dtype == torch.float32
    assert torch.equal(rows[:, :SCALE_SIZE], torch.stack([given["log_scale"], torch.ones(3)], 1))
    static = FULL.static_of(rows)
    assert torch.equal(static[:, :4].argmax(1), given["label"])
    assert torch.equal(static[:, :4].sum(1), torch.ones(BATCH))
    assert torch.equal(static[:, 4:], torch.cat([given["numbers"], torch.ones(BATCH, 1)], 1))
    history, is_given = FULL.history_of(rows)
    assert torch.equal(history, given["history"]) and torch.equal(is_given, torch.ones(BATCH, 1))
    assert torch.equal(FULL.covariates_of(rows), given["covariates"])
    assert torch.equal(FULL.log_scale_of(rows), given["log_scale"][:, None].expand(-1, TIME))


@pytest.mark.parametrize("name", list(everything()))
def test_each_is_optional_and_leaves_the_others_where_they_are(name) -> None:
    given = everything()
    whole, without = FULL.pack(BATCH, **given), FULL.pack(BATCH, **(given | {name: None}))
    parts = [FULL.pack(BATCH, **{other: given[other]}) for other in given if other != name]
    together = sum(part[:, : FULL.fixed] for part in parts)
    assert torch.equal(without[:, : FULL.fixed], together)
    assert not torch.equal(whole[:, : FULL.fixed], together) or name == "covariates"
    if name == "covariates":
        assert without.shape == (BATCH, FULL.fixed)
    else:
        assert torch.equal(FULL.covariates_of(without), given["covariates"])


def test_a_scale_may_change_along_the_sample() -> None:
    units = normal(BATCH, TIME, name=5)
    for layout, along in ((ConditionLayout(), None), (FULL, everything()["covariates"])):
        rows = layout.pack(BATCH, log_scale=units.mean(1), covariates=along, units=units)
        assert torch.equal(layout.log_scale_of(rows), units)
        scale = layout.scale_of(rows, TIME + 2)
        assert scale.shape == (TIME + 2, BATCH, SCALE_SIZE) and scale[..., 1].all()
        assert torch.equal(scale[:TIME, :, 0], units.T)
        assert torch.equal(scale[TIME:, :, 0], units.T[-1:].expand(2, -1))  # held
    constant = ConditionLayout().pack(BATCH, log_scale=units[:, 0])
    assert torch.equal(ConditionLayout().scale_of(constant, TIME), constant)
    held = FULL.pack(BATCH, covariates=everything()["covariates"][..., :1], units=units[:, :1])
    expected = torch.stack([units[:, 0], torch.zeros(BATCH)], dim=1)
    assert torch.equal(FULL.scale_of(held, TIME), expected)


def test_a_unit_that_is_not_given_says_so() -> None:
    units = normal(BATCH, TIME, name=5)
    rows = FULL.pack(BATCH, covariates=everything()["covariates"], units=units)
    torch.testing.assert_close(rows[:, 0], units.mean(dim=1))
    assert not rows[:, 1].any() and not FULL.scale_of(rows, TIME)[..., 1].any()


def test_rescaled_rows_have_another_scale_at_each_step_and_nothing_else() -> None:
    for given in (everything(), {"log_scale": normal(BATCH)}):
        rows = FULL.pack(BATCH, **given)
        larger = given | {"log_scale": given["log_scale"] + 0.5}
        torch.testing.assert_close(FULL.rescaled(rows, 0.5), FULL.pack(BATCH, **larger))


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
    """At step p, history is the return of p, and a covariate that of p + 1, before it the first."""
    before, given = 6, everything()
    rows = FULL.pack(BATCH, **given)
    tracks = FULL.tracks(rows, before, TIME)
    assert tracks.shape == (before + TIME - 1, BATCH, FULL.moving) == (10, BATCH, 3 + 2)
    past = given["history"] * torch.exp(-given["log_scale"])[:, None, None]
    for position in range(before + TIME - 1):
        step = position - before
        history, covariates = tracks[position, :, :3], tracks[position, :, 3:]
        if -FULL.history <= step < 0:
            torch.testing.assert_close(history[:, :2], past[:, :, step])
            assert history[:, 2].all()
        else:
            assert not history.any()
        assert torch.equal(covariates, given["covariates"][:, :, max(step + 1, 0)])


def test_tracks_of_nothing_given_are_silent() -> None:
    assert not FULL.tracks(FULL.pack(BATCH), 4, TIME).any()


def test_covariates_that_end_early_are_held() -> None:
    layout = ConditionLayout(covariates=1)
    rows = layout.pack(BATCH, covariates=torch.tensor([7.0, 8.0]).expand(BATCH, 1, 2))
    assert layout.tracks(rows, 4, TIME)[:, 0, 0].tolist() == [7.0] * 4 + [8.0] * 4


def test_one_step_holds_throughout() -> None:
    layout = ConditionLayout(covariates=2)
    along = normal(BATCH, 2, 1)
    short = layout.tracks(layout.pack(BATCH, covariates=along), 4, TIME)
    whole = layout.tracks(layout.pack(BATCH, covariates=along.expand(-1, -1, TIME)), 4, TIME)
    assert torch.equal(short, whole)


def test_in_units_divides_the_history_alone() -> None:
    given = everything() | {"log_scale": torch.full((BATCH,), math.log(4.0))}
    rows = FULL.in_units(FULL.pack(BATCH, **given))
    expected = FULL.pack(BATCH, **(given | {"history": given["history"] / 4}))
    torch.testing.assert_close(rows, expected)
    assert torch.equal(ConditionLayout().in_units(rows[:, :2]), rows[:, :2])
