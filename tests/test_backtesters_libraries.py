"""The real libraries run a moving-average cross on what was written; its profit is known by hand.

One share is held while the short mean of the closes is above the long one. An order fills one open
or one close later, which the arithmetic below follows exactly.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tsgan.backtesters import reading, write_for
from tsgan.calendars import BUSINESS_DAYS, Calendar
from tsgan.scenarios import Bars, Scenarios

PATHS, HORIZON = 3, 300
SHORT, LONG = 5, 20
CASH = 1e6
NAMES = ("AAPL", "BRK.B")


def dates(horizon: int = HORIZON) -> np.ndarray:
    return Calendar("2014-12-31", BUSINESS_DAYS).after(horizon)


def one() -> Scenarios:
    returns = np.random.default_rng(1).normal(2e-4, 0.01, (PATHS, HORIZON))
    return Scenarios(returns, 50.0, dates(), np.arange(PATHS))


def two() -> Scenarios:
    returns = np.random.default_rng(2).normal(2e-4, 0.01, (PATHS, HORIZON, 2))
    return Scenarios(returns, np.array([50.0, 20.0]), dates(), np.arange(PATHS), NAMES)


def with_bars() -> Scenarios:
    plain, random = one(), np.random.default_rng(3)
    closes = plain.closes()
    opens = closes * np.exp(random.normal(0, 0.003, closes.shape))
    above, below = (1 + abs(random.normal(0, 0.003, closes.shape)) for _ in range(2))
    high, low = np.maximum(opens, closes) * above, np.minimum(opens, closes) / below
    bars = Bars(opens, high, low, random.uniform(1e5, 1e6, closes.shape).round())
    return Scenarios(plain.log_returns, 50.0, plain.dates, plain.numbers, bars=bars)


def in_groups(whole: Scenarios) -> Iterator[Scenarios]:
    """The paths one by one."""
    for k in range(len(whole.numbers)):
        yield Scenarios(
            whole.log_returns[k : k + 1],
            whole.start_price,
            whole.dates,
            whole.numbers[k : k + 1],
            whole.names,
        )


def profit(
    closes: np.ndarray, fills: np.ndarray, first: int = LONG - 1, worth: float | None = None
) -> float:
    """Of one share bought and sold at ``fills``: (time,), NaN where an order comes too late.

    The first order comes at step ``first``, counted from 0; a share that is held in the end is
    worth the last close, or ``worth``.
    """
    series = pd.Series(closes)
    above = series.rolling(SHORT).mean() > series.rolling(LONG).mean()
    above[:first] = False
    crossings = np.diff(np.r_[0, above.to_numpy(int)])
    cash = -np.nansum(crossings * fills)
    shares = crossings[~np.isnan(fills)].sum()
    return float(cash + shares * (closes[-1] if worth is None else worth))


def after(prices: np.ndarray) -> np.ndarray:
    """The prices one step later."""
    return np.r_[prices[1:], np.nan]


def read(file: Path) -> pd.DataFrame:
    return pd.read_parquet(file)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:backtesting")
@pytest.mark.parametrize("scenarios", [one, with_bars], ids=["closes", "bars"])
def test_backtesting_trades_every_path(
    tmp_path: Path, scenarios: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its import and of its bars of progress
        library = pytest.importorskip("backtesting")
        from backtesting.lib import MultiBacktest

    def mean(x: np.ndarray, n: int) -> pd.Series:
        return pd.Series(x).rolling(n).mean()

    class Cross(library.Strategy):  # type: ignore[name-defined]
        def init(self) -> None:
            self.short = self.I(mean, self.data.Close, SHORT)
            self.long = self.I(mean, self.data.Close, LONG)

        def next(self) -> None:
            above = self.short[-1] > self.long[-1]
            if above and not self.position:
                self.buy(size=1)
            elif not above and self.position:
                self.position.close()

    whole = scenarios()
    write_for("backtesting", tmp_path / "x", [whole])
    frames = [read(file) for file in sorted((tmp_path / "x").rglob("*.parquet"))]
    closes = whole.closes()
    opens = [frame["Open"].to_numpy() for frame in frames]
    # it acts one step after the one at which the means are known, and sells out at the last open
    expected = [profit(c, after(o), LONG, o[-1]) for c, o in zip(closes, opens, strict=True)]
    for frame, close, gain in zip(frames, closes, expected, strict=True):
        stats = library.Backtest(frame, Cross, cash=CASH, finalize_trades=True).run()
        assert stats["Equity Final [$]"] - CASH == pytest.approx(gain, abs=1e-6)
        first = close[LONG - 1]  # the library counts from where the means are known
        assert stats["Buy & Hold Return [%]"] == pytest.approx(100 * (close[-1] / first - 1))
        assert stats["# Trades"] > 3
    monkeypatch.setattr(library, "Pool", ThreadPool)  # a local class cannot go to a process
    many = MultiBacktest(frames, Cross, cash=CASH, finalize_trades=True).run()
    gains = many.loc["Equity Final [$]"].to_numpy(float) - CASH
    np.testing.assert_allclose(gains, expected, atol=1e-6)


@pytest.mark.parametrize("scenarios", [one, with_bars], ids=["closes", "bars"])
def test_backtrader_trades_every_path(tmp_path: Path, scenarios: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its import
        library = pytest.importorskip("backtrader")

    class Cross(library.Strategy):  # type: ignore[name-defined]
        def __init__(self) -> None:
            self.mean = [library.ind.SMA(period=n) for n in (SHORT, LONG)]

        def next(self) -> None:
            above = self.mean[0][0] > self.mean[1][0]
            if above and not self.position:
                self.buy(size=1)
            elif not above and self.position:
                self.close()

    whole = scenarios()
    write_for("backtrader", tmp_path / "x", [whole])
    files = sorted((tmp_path / "x").rglob("*.csv"))
    assert len(files) == PATHS
    for number, (file, closes) in enumerate(zip(files, whole.closes(), strict=True)):
        table = pd.read_csv(file, index_col=0, parse_dates=True)
        feeds = (library.feeds.GenericCSVData(dataname=str(file)),) + (
            (library.feeds.PandasData(dataname=table),) if number == 0 else ()
        )
        for feed in feeds:
            cerebro = library.Cerebro()
            cerebro.broker.setcash(CASH)
            cerebro.adddata(feed)
            cerebro.addstrategy(Cross)
            (done,) = cerebro.run()
            gain = profit(closes, after(table["open"].to_numpy()))
            assert cerebro.broker.getvalue() - CASH == pytest.approx(gain, abs=1e-6)
            assert len(done) == HORIZON
            assert library.num2date(done.data.datetime[0]).date() == whole.dates[-1].item()


@pytest.mark.parametrize("scenarios", [one, two], ids=["one", "two"])
def test_vectorbt_trades_all_paths_at_once(
    tmp_path: Path, scenarios: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # compiling takes longer than all the rest
    monkeypatch.setattr(pytest.importorskip("numba").core.config, "DISABLE_JIT", 1)
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its import
        library = pytest.importorskip("vectorbt")
    whole = scenarios()
    write_for("vectorbt", tmp_path / "x", [whole])
    close = read(tmp_path / "x" / "close-000000.parquet")
    names = whole.names
    assert close.columns.tolist() == [(path, name) for path in range(PATHS) for name in names]
    above = close.rolling(SHORT).mean() > close.rolling(LONG).mean()
    portfolio = library.Portfolio.from_signals(
        close, above, ~above, size=1, init_cash=CASH, freq="D"
    )
    gains = portfolio.total_profit()
    kept = library.Portfolio.from_holding(close, init_cash=CASH, freq="D").total_return()
    for path, closes in enumerate(whole.closes().reshape(PATHS, HORIZON, -1)):
        for name, series in zip(names, closes.T, strict=True):
            assert gains[path, name] == pytest.approx(profit(series, series), abs=1e-6)
            assert kept[path, name] == pytest.approx(series[-1] / series[0] - 1)


def test_skfolio_optimises_on_the_returns(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its import
        pytest.importorskip("skfolio")
        from skfolio.optimization import MeanRisk
        from skfolio.preprocessing import prices_to_returns
    whole = two()
    write_for("skfolio", tmp_path / "x", in_groups(whole))
    files = sorted((tmp_path / "x").glob("returns-*.parquet"))
    assert len(files) == PATHS
    for file, prices in zip(files, whole.paths(), strict=True):
        X = read(file)
        pd.testing.assert_frame_equal(
            X.iloc[1:], prices_to_returns(prices), check_freq=False, check_index_type=False
        )
        weights = MeanRisk().fit(X).weights_
        covariance = np.cov(X.to_numpy().T)
        first = (covariance[1, 1] - covariance[0, 1]) / (
            covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
        )  # minimum variance of two assets
        np.testing.assert_allclose(weights, [first, 1 - first], atol=1e-4)


def part(whole: Scenarios, first: int) -> Scenarios:
    """The paths from ``first`` on, as ``--only`` makes them."""
    return Scenarios(
        whole.log_returns[first:],
        whole.start_price,
        whole.dates,
        whole.numbers[first:],
        whole.names,
    )


def gains_of_holding(library: str, whole: Scenarios) -> np.ndarray:
    """(paths, assets) what the strategy shown for a library comes to; a bar opens at a close."""
    closes = whole.closes().reshape(*whole.log_returns.shape[:2], -1)
    if library != "backtesting":  # a share, ordered at the first bar; zipline fills at a close
        return closes[:, -1] - closes[:, int(library == "zipline")]
    price = closes[:, 1]  # ordered at the second bar, sold at the open of the last, in percent
    return 100 * np.floor(CASH / price) * (closes[:, -2] - price) / CASH


@pytest.mark.parametrize("library", ["backtesting", "backtrader", "vectorbt", "skfolio"])
@pytest.mark.parametrize("scenarios", [one, two], ids=["one", "two"])
@pytest.mark.filterwarnings("ignore")  # of the libraries
def test_script_that_is_shown_runs_as_it_stands(
    tmp_path: Path,
    library: str,
    scenarios: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if library == "vectorbt":
        monkeypatch.setattr(pytest.importorskip("numba").core.config, "DISABLE_JIT", 1)
        monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    pytest.importorskip(library)
    whole, folder = part(scenarios(), 1), tmp_path / "it's {here}"
    write_for(library, folder, in_groups(whole))
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(reading(library, folder), library, "exec"), names)
    assert "mean" in capsys.readouterr().out
    count, assets = PATHS - 1, len(whole.names)
    if library == "vectorbt":
        assert names["close"].columns.tolist() == [(p, n) for p in (1, 2) for n in whole.names]
        returns = names["portfolio"].total_return()
        assert returns.shape == (count * assets,) and returns.abs().min() > 0
    elif library == "skfolio":
        assert list(names["weights"].columns) == ["returns-000001", "returns-000002"]
        np.testing.assert_allclose(names["weights"].sum(), 1)
    else:
        found = names["gains"].to_numpy().reshape(count, assets)
        np.testing.assert_allclose(found, gains_of_holding(library, whole), rtol=1e-9)


ZIPLINE = os.environ.get("TSGAN_ZIPLINE_PYTHON", sys.executable)
"""A Python with zipline, which does not go beside pandas 3."""

ALGORITHM = """
import sys, warnings
warnings.simplefilter("ignore")
import pandas as pd
from zipline import run_algorithm
from zipline.api import order, set_commission, set_slippage, symbol
from zipline.data.bundles import ingest, register
from zipline.data.bundles.csvdir import csvdir_equities
from zipline.finance.commission import NoCommission
from zipline.finance.slippage import FixedSlippage
from zipline.utils.calendar_utils import get_calendar

folder, cash, short, long = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
register("tsgan", csvdir_equities(["daily"], folder), calendar_name="XNYS")
ingest("tsgan")
for name, first, last in zip(*[iter(sys.argv[5:])] * 3):
    def initialize(context):
        context.asset, context.closes, context.held = symbol(name), [], False
        set_commission(NoCommission())
        set_slippage(FixedSlippage(0.0))

    def handle_data(context, data):
        context.closes.append(data.current(context.asset, "close"))
        series = pd.Series(context.closes)
        above = bool(series.tail(short).mean() > series.tail(long).mean())
        above = above and len(series) >= long
        if above != context.held:
            order(context.asset, 1 if above else -1)
            context.held = above

    done = run_algorithm(
        start=pd.Timestamp(first), end=pd.Timestamp(last), initialize=initialize,
        handle_data=handle_data, capital_base=cash, bundle="tsgan",
        trading_calendar=get_calendar("XNYS"),
        benchmark_returns=pd.Series(0.0, pd.date_range(first, last, tz="UTC")),
    )
    print("gain", name, len(done), done["portfolio_value"].iloc[-1] - cash)
"""


def run_zipline(root: Path, program: str, *arguments: object) -> str:
    """What a program prints in the Python with zipline."""
    if subprocess.run([ZIPLINE, "-c", "import zipline"], capture_output=True).returncode:
        pytest.skip("needs zipline-reloaded, for which pandas is too new")
    run = subprocess.run(
        [ZIPLINE, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ZIPLINE_ROOT": str(root)},
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return run.stdout


@pytest.mark.parametrize("scenarios", [one, two], ids=["one", "two"])
def test_script_that_is_shown_for_zipline_runs_as_it_stands(tmp_path: Path, scenarios: Any) -> None:
    pytest.importorskip("exchange_calendars")
    whole, folder = part(scenarios(), 1), tmp_path / "it's {here}"
    write_for("zipline", folder, in_groups(whole))
    script = reading("zipline", folder).replace("gains.describe()", "gains.to_csv(header=False)")
    told = run_zipline(tmp_path / "root", script).split()
    found = np.array([float(line.rpartition(",")[2]) for line in told])
    expected = gains_of_holding("zipline", whole).ravel()
    np.testing.assert_allclose(found, expected, atol=0.03)  # less slippage and commission


def test_zipline_trades_a_csvdir_bundle(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    write_for("zipline", folder, in_groups(one()))
    write_for("zipline", tmp_path / "y", [two()])
    for file in (tmp_path / "y" / "daily").glob("PATH000001_*.csv"):
        file.rename(folder / "daily" / file.name)
    tables = {
        file.stem: pd.read_csv(file, index_col=0) for file in (folder / "daily").glob("*.csv")
    }
    assert sorted(tables) == [
        "PATH000000", "PATH000001", "PATH000001_AAPL", "PATH000001_BRKB", "PATH000002",
    ]  # fmt: skip
    asked = [x for name, t in tables.items() for x in (name, t.index[0], t.index[-1])]
    said = run_zipline(tmp_path / "root", ALGORITHM, folder, CASH, SHORT, LONG, *asked)
    told = [line.split() for line in said.splitlines() if line.startswith("gain")]
    assert len(told) == len(tables)
    for _, name, sessions, gain in told:
        closes = tables[name]["close"].round(3).to_numpy()  # as zipline keeps them
        assert int(sessions) == HORIZON
        assert float(gain) == pytest.approx(profit(closes, after(closes)), abs=1e-6)
