"""How numbers are written for a reader."""

from __future__ import annotations

import math
import re


def number(value: float | None, decimals: int = 3) -> str:
    """Return ``value`` with three significant digits, but no more than so many decimals.

    What would be rounded to zero is written with a power of ten; what is no number, as a dash.
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if exponent < -decimals or exponent > 6:
        text = f"{value:.1e}".replace("e-0", "e-").replace("e+0", "e")
    else:
        text = f"{value:,.{min(max(2 - exponent, 0), decimals)}f}"
    return text.replace("-", "−")


def percent(share: float) -> str:
    """Return a share in percent; a dash where there is none."""
    return "–" if math.isnan(share) else f"{share:.1%}".replace("-", "−")


UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]",
)
"""Control characters, ends of lines, reversals of the direction of writing, half characters."""

LONGEST_NAME = 200
"""Characters of the name of a column, an asset or a class at most."""


def is_name(text: str) -> bool:
    """Return whether a text may name something: it is not endless, and hides nothing."""
    return len(text) <= LONGEST_NAME and UNSEEN.search(text) is None


def printable(text: str) -> str:
    r"""Return a text in which what a terminal would obey is spelled out, such as ``\x1b``."""
    return UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
