"""The Python of the README runs as it stands there, with a shorter training."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import tiny

from tsgan import TimeSeriesGAN
from tsgan.scenario_files import write_scenarios
from tsgan.scenario_requests import WriteRequest

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


USES = ["reading", "backtest", "library", "callback", "evaluation"]


def test_readme_shows_each_use() -> None:
    assert len(BLOCKS) == len(USES)


@pytest.mark.parametrize("block", BLOCKS, ids=USES)
@pytest.mark.filterwarnings("ignore::tsgan.errors.ScenarioWarning")  # 40 % is much for these
def test_block_runs(
    block: str, price_file: Path, fitted: TimeSeriesGAN, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for owner, name, value in tiny.defaults():
        monkeypatch.setattr(owner, name, value)
    shutil.copy(price_file, "prices.csv")
    groups = fitted.sample_groups(20, 252)
    write_scenarios("paths.parquet", groups, WriteRequest(paths=20, horizon=252))
    np.save("rival.npy", fitted.sample(20, 700).log_returns)
    exec(compile(block.replace("max_seconds=300", "steps=2"), "README.md", "exec"), {})


def test_files_that_the_readme_names_exist() -> None:
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", README.read_text(encoding="utf-8"))
    assert targets
    assert [name for name in targets if not (README.parent / name).exists()] == []
