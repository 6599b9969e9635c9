"""Answers that are kept, so that the same question is not asked twice on one day."""

from __future__ import annotations

import time
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pandas as pd

from tsgan.data.spans import Span
from tsgan.errors import DataError
from tsgan.files import write_atomically

KEPT_DAYS = 30
"""Days after which an answer is deleted when the next one is stored."""


def cached_file(folder: Path, ticker: str, span: Span) -> Path:
    """Return where an answer is kept; another day, where the end is open, is another name."""
    return folder / "answers" / f"{span.interval}-{ticker}-{span.first}-{span.last}.parquet"


def load(file: Path) -> pd.DataFrame | None:
    """Return a kept answer with its ``attrs``, or None where there is none or it is damaged."""
    try:
        frame = pd.read_parquet(BytesIO(file.read_bytes()))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return frame if "fetched" in frame.attrs else None


def store(file: Path, frame: pd.DataFrame) -> str:
    """Keep an answer, delete those that are old; return why that was not possible, or ""."""
    content = BytesIO()
    frame.to_parquet(content)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, content.getvalue())
    except (OSError, DataError) as error:
        return " ".join(str(error).split())
    oldest = time.time() - KEPT_DAYS * 86_400
    for other in file.parent.glob("*.parquet"):
        with suppress(OSError):
            if other.stat().st_mtime < oldest:
                other.unlink()
    return ""
