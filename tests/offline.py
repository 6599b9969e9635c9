"""``tsgan`` where any use of a network is refused: see ``test_no_network``.

``python tests/offline.py`` runs the commands of a whole life of a model of prices and of images; it
prints how each ended, and a line for each use of a network that Python's audit hooks saw.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path

ASKED: list[str] = []
EVENTS = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")


def note(event: str, arguments: tuple[object, ...]) -> None:
    """Remember, and refuse, whatever would leave this machine."""
    if event in EVENTS or event.startswith(("urllib.", "http.client.", "ftplib.", "smtplib.")):
        ASKED.append(f"{event} {arguments!r}"[:200])
        raise PermissionError(f"no network here: {event}")


sys.addaudithook(note)  # before tsgan is imported


def commands(folder: Path, prices: Path, pictures: Path) -> list[tuple[object, ...]]:
    """The commands, in order."""
    model, paths, digits = folder / "model", folder / "paths.csv", folder / "digits"
    report, figures = folder / "report.html", folder / "metrics.json"
    return [
        ("inspect", prices),
        ("fit", prices, "--out", model, "--steps", 3),
        ("info", model),
        ("generate", model, "--paths", 5, "--horizon", 260, "--out", paths),
        ("evaluate", prices, paths, "--report", report, "--json", figures),
        ("fit-images", pictures, "--labels", "--out", digits, "--steps", 3),
        ("info", digits),
        ("generate", digits, "--images", 20, "--out", folder / "digits.npy"),
    ]


def main(folder: Path) -> None:
    """Run them all, small."""
    tiny, tiny_images = importlib.import_module("tiny"), importlib.import_module("tiny_images")
    pytest = importlib.import_module("pytest")
    prices = tiny.write_prices(folder / "prices.csv", 520)
    pictures = tiny_images.write_idx(folder / "squares")
    with pytest.MonkeyPatch.context() as patch:
        for owner, name, value in tiny.defaults():
            patch.setattr(owner, name, value)
        tiny_images.make_small(patch, folder / "cache")
        for command in commands(folder, prices, pictures):
            result = tiny.command(*command)
            print(command[0], result.exit_code, flush=True)
            if result.exit_code:
                print(result.output, result.exception)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(Path(scratch))
    print("\n".join(f"ASKED {one}" for one in ASKED))
