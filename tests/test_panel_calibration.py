import numpy as np
import pytest

from tsgan.errors import DataError
from tsgan.panel_calibration import PanelCalibration, correlation_root


def correlated(seed: int, count: int, correlation: np.ndarray) -> np.ndarray:
    """Student returns of a given correlation."""
    stream = np.random.default_rng(seed)
    normal = stream.multivariate_normal(np.zeros(len(correlation)), correlation, count)
    return normal / np.sqrt(stream.chisquare(6, (count, 1)) / 6)


REAL = np.array([[1.0, 0.7, 0.2], [0.7, 1.0, 0.4], [0.2, 0.4, 1.0]])
MADE = np.array([[1.0, 0.1, 0.5], [0.1, 1.0, -0.3], [0.5, -0.3, 1.0]])


def test_the_root_of_a_correlation_matrix_is_symmetric_and_its_square_is_the_matrix() -> None:
    returns = correlated(0, 4000, REAL) * [1.0, 5.0, 0.01]
    root = correlation_root(returns)
    np.testing.assert_allclose(root, root.T, atol=1e-12)
    np.testing.assert_allclose(root @ root, np.corrcoef(returns.T), atol=1e-12)
    np.testing.assert_allclose(correlation_root(returns, -0.5) @ root, np.eye(3), atol=1e-10)


def test_two_assets_that_are_the_same_have_a_root() -> None:
    series = correlated(0, 500, REAL)[:, [0, 0, 1]]
    assert np.isfinite(correlation_root(series, -0.5)).all()


def test_calibrated_returns_have_the_real_correlations_and_marginals() -> None:
    real = correlated(1, 5000, REAL) * [1.0, 2.0, 0.5] + [0.1, 0.0, -0.1]
    made = correlated(2, 200_000, MADE)
    calibrated = PanelCalibration.fit(real, made)(made)
    correlations = np.corrcoef(calibrated.T)
    np.testing.assert_allclose(correlations, np.corrcoef(real.T), atol=0.01)
    for level in (0.02, 0.25, 0.5, 0.75, 0.98):
        gap = np.quantile(calibrated, level, axis=0) - np.quantile(real, level, axis=0)
        np.testing.assert_array_less(np.abs(gap) / real.std(axis=0), 0.06)


def test_what_is_right_already_is_left_as_it_is() -> None:
    made = correlated(3, 100_000, REAL)
    turn = PanelCalibration.fit(made, made).turn
    np.testing.assert_allclose(turn, np.eye(3), atol=1e-10)


def test_any_number_of_paths_is_mapped_in_the_same_way() -> None:
    real, made = correlated(1, 3000, REAL), correlated(2, 6000, MADE)
    calibration = PanelCalibration.fit(real, made)
    paths = made.reshape(6, 1000, 3)
    np.testing.assert_array_equal(calibration(paths).reshape(-1, 3), calibration(made))


def test_json_keeps_it_exactly() -> None:
    calibration = PanelCalibration.fit(correlated(1, 3000, REAL), correlated(2, 6000, MADE))
    again = PanelCalibration.from_dict(calibration.to_dict())
    probe = correlated(4, 100, REAL)
    np.testing.assert_array_equal(again(probe), calibration(probe))


def test_a_generator_that_does_not_move_is_left_alone() -> None:
    calibration = PanelCalibration.fit(correlated(1, 3000, REAL), np.zeros((100, 3)))
    probe = correlated(4, 100, REAL)
    np.testing.assert_array_equal(calibration(probe), probe)


def test_an_asset_that_moves_next_to_not_at_all_leaves_the_map_readable() -> None:
    made = correlated(2, 500, MADE) * [1.0, 1.0, 1e-9]
    calibration = PanelCalibration.fit(correlated(1, 3000, REAL), made)
    again = PanelCalibration.from_dict(calibration.to_dict())
    np.testing.assert_array_equal(again(made), made)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"turn": [[1.0]], "each": []},
        {"turn": [[1.0, 0.0]], "each": [{"made": [], "meant": [], "slopes": [1, 1]}]},
        {"turn": [[1.0001e6]], "each": [{"made": [], "meant": [], "slopes": [1, 1]}]},
        {"turn": [[-1e300]], "each": [{"made": [], "meant": [], "slopes": [1, 1]}]},
        {"turn": [[float("nan")]], "each": [{"made": [], "meant": [], "slopes": [1, 1]}]},
        {"turn": "x", "each": 3},
        {"turn": [[1.0]], "each": [3]},
    ],
)
def test_values_that_no_fit_writes_are_refused(values) -> None:
    with pytest.raises(DataError, match="fit the model again"):
        PanelCalibration.from_dict(values)
