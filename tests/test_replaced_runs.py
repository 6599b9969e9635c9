"""A run that takes the place of another leaves its lines alone until it has a state of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny
from test_logs import PROGRESS, SERIES, strict, timeless

from tsgan import Callback, Progress, TimeSeriesGAN
from tsgan.logs import LOG, MetricsFile


def test_run_that_is_not_yet_replaced_keeps_its_lines_and_can_go_on(tmp_path: Path) -> None:
    """Another run in its place is killed, as far as its files go, before its first check."""

    class Killed(Callback):
        def on_log(self, progress: Progress) -> None:
            if progress.step == 2:
                raise RuntimeError("killed")

    config = tiny.config(9)  # checks at 3, 6 and 9
    TimeSeriesGAN(config).fit(SERIES, directory=tmp_path / "whole")
    asked = iter(range(5))
    TimeSeriesGAN(config).fit(
        SERIES, directory=tmp_path / "cut", stop=lambda: next(asked, None) is None
    )
    before = (tmp_path / "cut" / LOG).read_bytes()
    with pytest.raises(RuntimeError, match="killed"):
        TimeSeriesGAN(tiny.config(9, seed=5)).fit(
            SERIES, directory=tmp_path / "cut", callbacks=[Killed()]
        )
    assert (tmp_path / "cut" / LOG).read_bytes() == before
    TimeSeriesGAN(config).fit(SERIES, directory=tmp_path / "cut", resume=True)
    assert timeless(tmp_path / "cut" / LOG) == timeless(tmp_path / "whole" / LOG)


def test_lines_held_back_are_written_when_they_are_released(tmp_path: Path) -> None:
    (tmp_path / LOG).write_text("of an earlier run\n")
    file = MetricsFile(tmp_path / LOG, held=True)
    file.on_start(0)
    file.on_log(PROGRESS)
    assert (tmp_path / LOG).read_text() == "of an earlier run\n"
    file.release()
    file.release()
    file.on_return(20)
    assert [one["event"] for one in strict(tmp_path / LOG)] == ["log", "return"]
