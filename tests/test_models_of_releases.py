"""Model directories as earlier versions wrote them load, and give the paths that they gave then.

Each folder in ``releases`` is a model of that version, fitted to ``tiny.write_prices`` in six steps
with ``tiny.config(holdout=0.2)``; beside it are the log returns of its
``sample(n_samples=3, horizon=20, seed=5)`` of that time.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tsgan import TimeSeriesGAN

RELEASES = Path(__file__).parent / "releases"
VERSIONS = sorted(path.name for path in RELEASES.iterdir() if path.is_dir())


def test_the_first_release_is_among_them() -> None:
    assert "0.1.0" in VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_a_model_of_an_earlier_version_gives_its_paths_again(version: str) -> None:
    model = TimeSeriesGAN.load(RELEASES / version)
    made = model.sample(n_samples=3, horizon=20, seed=5).log_returns
    given = np.load(RELEASES / f"{version}.npy", allow_pickle=False)
    np.testing.assert_allclose(made, given, rtol=0, atol=1e-6 * np.abs(given).max())


@pytest.mark.parametrize("version", VERSIONS)
def test_it_is_saved_as_one_of_this_version(version: str, tmp_path: Path) -> None:
    shutil.copytree(RELEASES / version, tmp_path / "old")
    model = TimeSeriesGAN.load(tmp_path / "old")
    model.save(tmp_path / "new")
    again = TimeSeriesGAN.load(tmp_path / "new")
    paths = [one.sample(n_samples=2, horizon=9, seed=1).log_returns for one in (model, again)]
    np.testing.assert_array_equal(*paths)
