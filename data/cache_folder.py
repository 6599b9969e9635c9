"""Where tsgan keeps what it would otherwise fetch or work out again."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def cache_folder(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """Return the folder of the cache: ``TSGAN_CACHE``, else where the system has such folders."""
    if environment.get("TSGAN_CACHE"):
        return Path(environment["TSGAN_CACHE"])
    if platform == "win32":
        local = environment.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "tsgan" / "Cache"
    if platform == "darwin":
        return Path.home() / "Library" / "Caches" / "tsgan"
    named = Path(environment.get("XDG_CACHE_HOME", ""))
    return (named if named.is_absolute() else Path.home() / ".cache") / "tsgan"
