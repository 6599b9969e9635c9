"""How numbers are written for a reader."""

from __future__ import annotations

import math


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
