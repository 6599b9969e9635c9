from pathlib import Path

import numpy as np
import pytest
from scenario_example import NAMES, Sampler
from scenario_example import scenarios as example

from tsgan.scenario_files import write_scenarios
from tsgan.scenario_requests import WriteRequest
from tsgan.synthetic_files import read_synthetic


@pytest.mark.parametrize("values", ["close", "log_return"])
@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_wide_table_of_a_panel_is_read_back(tmp_path: Path, suffix: str, values: str) -> None:
    request = WriteRequest(6, 40, 3, first=8, shape="wide", values=values)
    write_scenarios(tmp_path / f"x{suffix}", Sampler(40, 3), request)
    found = read_synthetic(tmp_path / f"x{suffix}")
    made = example(range(8, 14), 40, 3).log_returns
    assert found.assets == NAMES
    skipped = int(values == "close")
    np.testing.assert_allclose(found.log_returns, made[:, skipped:], atol=1e-12)
