"""Scripts that run a library on a folder of scenarios, as they stand; the strategy is to replace.

``{folder!r}`` is where the folder goes.
"""

from __future__ import annotations

BACKTESTING = """\
from pathlib import Path

import pandas as pd
from backtesting import Backtest, Strategy


class Hold(Strategy):  # yours goes here
    def init(self):
        pass

    def next(self):
        if not self.position:
            self.buy()


gains = pd.Series(dtype=float)
for file in sorted(Path({folder!r}).rglob("*.parquet")):  # a path each, or one of its assets
    bars = pd.read_parquet(file)
    gains[str(file)] = Backtest(bars, Hold, cash=1e6, finalize_trades=True).run()["Return [%]"]
print(gains.describe())"""

BACKTRADER = """\
from pathlib import Path

import backtrader
import pandas as pd


class Hold(backtrader.Strategy):  # yours goes here
    def next(self):
        if not self.position:
            self.buy()


gains = pd.Series(dtype=float)
for file in sorted(Path({folder!r}).rglob("*.csv")):  # a path each, or one of its assets
    cerebro = backtrader.Cerebro()
    cerebro.broker.setcash(1e6)
    cerebro.adddata(backtrader.feeds.GenericCSVData(dataname=str(file)))
    cerebro.addstrategy(Hold)
    cerebro.run()
    gains[str(file)] = cerebro.broker.getvalue() - 1e6
print(gains.describe())"""

VECTORBT = """\
from pathlib import Path

import pandas as pd
import vectorbt

files = sorted(Path({folder!r}).glob("close-*.parquet"))
close = pd.concat(map(pd.read_parquet, files), axis=1)  # a column for each (path, asset)
above = close > close.rolling(20).mean()  # your signal goes here
portfolio = vectorbt.Portfolio.from_signals(close, above, ~above)
print(portfolio.total_return().describe())"""

ZIPLINE = """\
from pathlib import Path

import pandas as pd
from zipline import run_algorithm
from zipline.api import order_target, symbol
from zipline.data.bundles import ingest, register
from zipline.data.bundles.csvdir import csvdir_equities

folder = Path({folder!r})
register("tsgan", csvdir_equities(["daily"], str(folder)), calendar_name="XNYS")
ingest("tsgan")


def handle_data(context, data):  # your strategy goes here
    order_target(context.asset, 1)


gains = pd.Series(dtype=float)
for file in sorted(folder.glob("daily/*.csv")):  # a path each, or one of its assets

    def initialize(context, name=file.stem):
        context.asset = symbol(name)

    days = pd.read_csv(file, index_col="date", parse_dates=True).index
    done = run_algorithm(
        start=days[0],
        end=days[-1],
        initialize=initialize,
        handle_data=handle_data,
        capital_base=1e6,
        bundle="tsgan",
        benchmark_returns=pd.Series(0.0, days.tz_localize("UTC")),
    )
    gains[file.stem] = done["portfolio_value"].iloc[-1] - 1e6
print(gains.describe())"""

SKFOLIO = """\
from pathlib import Path

import pandas as pd
from skfolio.optimization import MeanRisk

weights = pd.DataFrame()
for file in sorted(Path({folder!r}).glob("returns-*.parquet")):  # a path each
    X = pd.read_parquet(file)
    weights[file.stem] = pd.Series(MeanRisk().fit(X).weights_, X.columns)
print(weights.T.describe())"""
