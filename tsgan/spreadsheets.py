"""Names in CSV files that a spreadsheet would take for formulas, made text and found again.

Excel, LibreOffice and others compute what begins with = + - @, a tab or the end of a line, so what
is called ``=HYPERLINK(…)`` could act when the file is opened (OWASP, "CSV Injection"). As OWASP
recommends, an apostrophe before such a name makes it text. Another one goes before one that stands
there already, so that nothing is lost. Names such as ``ES=F``, ``^GSPC`` and ``BRK-B`` stay.
"""

from __future__ import annotations

import re

_BEGIN = r'(?:^|(?<=[;,"\t\r\n]))'
"""Where a cell begins, also in a spreadsheet that takes another mark for the separator."""

_FORMULA = "[=+\\-@\t\r\n＝＋－＠]"
_BARE = re.compile(f"{_BEGIN}(?='*{_FORMULA})")
_SHIELDED = re.compile(f"{_BEGIN}'(?='*{_FORMULA})")


def shielded(name: str) -> str:
    """Return a name as it stands in a CSV file: ``'=1+1`` for ``=1+1``, others as they are."""
    return _BARE.sub("'", name)


def unshielded(name: str) -> str:
    """Return the name that ``shielded`` made text of."""
    return _SHIELDED.sub("", name)
