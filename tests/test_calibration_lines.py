"""The map between knots is ``np.interp``, however the knots lie."""

from __future__ import annotations

import numpy as np
import pytest

from tsgan.calibration import Calibration

STREAM = np.random.default_rng(0)


def knots(kind: str) -> tuple[np.ndarray, np.ndarray]:
    if kind == "even":
        made = np.linspace(-2, 3, 50)
    elif kind == "crowded":  # nearly all in one cell of the table
        made = np.concatenate([[-1e6], np.sort(STREAM.normal(size=100)), [1e6]])
    elif kind == "steps":  # neighbours as near as numbers can be
        made = np.sort(STREAM.normal(size=30))
        made = np.sort(np.concatenate([made, np.nextafter(made, np.inf)]))
    else:
        made = np.array([-1.0, 1.0])
    return made, np.sort(STREAM.standard_t(3, made.size))


@pytest.mark.parametrize("kind", ["even", "crowded", "steps", "two"])
def test_lines_are_those_of_numpy(kind: str) -> None:
    made, meant = knots(kind)
    wide = STREAM.standard_t(2, (40, 50, 1)) * (1e5 if kind == "crowded" else 1)
    x = np.concatenate([wide.ravel(), made, np.nextafter(made, -np.inf)]).reshape(-1, 1)
    beyond = 1.5 * np.minimum(x - made[0], 0.0) + 0.7 * np.maximum(x - made[-1], 0.0)
    expected = np.interp(x, made, meant) + beyond
    mapped = Calibration(made, meant, (1.5, 0.7))(x)
    assert mapped.shape == x.shape
    np.testing.assert_allclose(mapped, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(Calibration(made, meant, (1.5, 0.7))(made), meant)


def test_what_is_not_a_number_stays_none() -> None:
    calibration = Calibration(*knots("even"), (1.0, 1.0))
    mapped = calibration(np.array([np.nan, np.inf, -np.inf, 0.0], dtype=np.float32))
    assert np.isnan(mapped[0]) and mapped[1] == np.inf and mapped[2] == -np.inf
    assert np.isfinite(mapped[3])


def test_one_knot_has_a_line_on_either_side() -> None:
    calibration = Calibration(np.array([1.0]), np.array([5.0]), (0.5, 2.0))
    np.testing.assert_array_equal(calibration(np.array([-1.0, 1.0, 2.0])), [4.0, 5.0, 7.0])
