"""The errors that tsgan raises on purpose: what was expected, what came, and the remedy."""

from __future__ import annotations

from tsgan.wording import printable


class TsganError(Exception):
    """Base of every error that a user can mend; the command line prints it as one line.

    What a terminal would obey is spelled out in it: files and their names may be anybody's.
    """

    def __str__(self) -> str:
        return printable(super().__str__())


class DataError(TsganError):
    """A file or array does not hold what was expected of it."""


class ConfigError(TsganError, ValueError):
    """A setting is outside its range, or two settings contradict each other."""


class CheckpointError(TsganError):
    """A model directory is missing, truncated, foreign or from an incompatible version."""


class TrainingError(TsganError):
    """Training could not continue: it diverged in spite of the returns to the last good state."""


class RankError(TsganError):
    """Processes that train one model together lost each other, or do not do the same.

    Attributes:
        teller: number of the process that tells of it, since all know.
    """

    def __init__(self, text: str, teller: int = 0) -> None:
        super().__init__(text)
        self.teller = teller


class ShortSeriesWarning(UserWarning):
    """A series is learned that is too short for all that one would want to learn of it."""


class ScenarioWarning(UserWarning):
    """Paths were asked for under conditions, or on dates, that the model knows little of."""
