"""MNIST from mirrors on this machine that fail, dawdle, hang up, or send something else."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tsgan.data import mnist
from tsgan.data.idx_folders import FILES
from tsgan.data.images import read_images
from tsgan.data.mnist import CONTENTS, MIRRORS, WAITS, Content, fetch_mnist
from tsgan.errors import DataError

SHARED = Path(__file__).parents[2] / "shared" / "data" / "mnist"
PAGE = b"<!DOCTYPE html><html><body>Sign in to continue</body></html>"
Answer = Callable[["Handler", bytes], None]


def tiny(name: str, count: int = 12) -> bytes:
    """Return a small idx file in place of one of MNIST's."""
    if "labels" in name:
        return struct.pack(">II", 0x801, count) + bytes(k % 2 for k in range(count))
    body = bytes((k * 7 + k // 784 + len(name)) % 256 for k in range(784 * count))
    return struct.pack(">IIII", 0x803, count, 28, 28) + body


PLAIN = {name: tiny(name) for name in FILES}
TINY = {name: Content(len(raw), hashlib.sha256(raw).hexdigest()) for name, raw in PLAIN.items()}
PACKED = {f"{name}.gz": gzip.compress(raw, 6, mtime=5) for name, raw in PLAIN.items()}


@dataclass
class Mirror:
    """A server: ``answers`` are taken one for each request, the last one for good.

    Attributes:
        files: what it holds by name.
        asked: names in the order in which it was asked for them.
        left: set once a client hangs up before all is sent.
    """

    files: Mapping[str, bytes]
    answers: list[Answer]
    asked: list[str] = field(default_factory=list)
    address: str = ""
    left: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    mirror: Mirror

    def do_GET(self) -> None:
        name = self.path.rsplit("/", 1)[-1]
        self.mirror.asked.append(name)
        answers = self.mirror.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        try:
            answer(self, self.mirror.files.get(name, b""))
        except (BrokenPipeError, ConnectionResetError):
            self.mirror.left.set()
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass

    def begin(self, length: int | None, status: int = 200) -> None:
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()


def whole(handler: Handler, content: bytes) -> None:
    handler.begin(len(content))
    handler.wfile.write(content)


def endless(handler: Handler, content: bytes) -> None:
    """Do not say how much comes."""
    handler.begin(None)
    handler.wfile.write(content)


def half(handler: Handler, content: bytes) -> None:
    handler.begin(len(content))
    handler.wfile.write(content[: len(content) // 2])


def half_as_if_whole(handler: Handler, content: bytes) -> None:
    whole(handler, content[: len(content) // 2])


def page(handler: Handler, _content: bytes) -> None:
    whole(handler, PAGE)


def other(handler: Handler, content: bytes) -> None:
    raw = bytearray(gzip.decompress(content))
    raw[-1] ^= 1
    whole(handler, gzip.compress(raw))


def more(handler: Handler, _content: bytes) -> None:
    handler.begin(None)
    for _ in range(64):
        handler.wfile.write(bytes(2**16))


def zeros(handler: Handler, _content: bytes) -> None:
    whole(handler, gzip.compress(bytes(2**24)))


def again(handler: Handler, content: bytes) -> None:
    """Send the content in another gzip file, as mirrors do."""
    whole(handler, gzip.compress(gzip.decompress(content), 1, mtime=77))


def unpacked(handler: Handler, content: bytes) -> None:
    whole(handler, gzip.decompress(content))


def slow(handler: Handler, content: bytes) -> None:
    handler.begin(len(content))
    handler.wfile.flush()
    time.sleep(0.6)


def trickle(handler: Handler, content: bytes) -> None:
    handler.begin(len(content))
    for k in range(1000):
        handler.wfile.write(content[k : k + 1])
        handler.wfile.flush()
        time.sleep(0.01)


def garbage(handler: Handler, _content: bytes) -> None:
    handler.wfile.write(b"no HTTP\r\n\r\n")


def hang_up(handler: Handler, _content: bytes) -> None:
    handler.close_connection = True


def refuse(status: int) -> Answer:
    def answer(handler: Handler, _content: bytes) -> None:
        handler.begin(0, status)

    return answer


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Mirror]]:
    """Start mirrors; they are gone at the end of the test."""
    monkeypatch.setenv("no_proxy", "*")
    servers = []

    def start(*answers: Answer, files: Mapping[str, bytes] = PACKED) -> Mirror:
        mirror = Mirror(files, list(answers))
        handler = type("Bound", (Handler,), {"mirror": mirror})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        mirror.address = f"http://127.0.0.1:{server.server_port}/mnist/"
        return mirror

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def fetch(tmp_path: Path, pauses: list[float]) -> Callable[..., Path]:
    def fetch(*mirrors: Mirror, **options: Any) -> Path:
        options = {"contents": TINY, "pause": pauses.append, **options}
        addresses = [mirror.address for mirror in mirrors]
        return fetch_mnist(tmp_path / "cache" / "mnist", mirrors=addresses, **options)

    return fetch


def is_whole(folder: Path) -> bool:
    """Return whether the folder holds the four files, and nothing else."""
    there = {path.name: path.read_bytes() for path in folder.iterdir()}
    return there.keys() == PACKED.keys() and all(
        (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw) == PLAIN[name.removesuffix(".gz")]
        for name, raw in there.items()
    )


def test_contents_are_those_of_mnist() -> None:
    assert list(CONTENTS) == list(FILES) and len(MIRRORS) >= 2
    assert all(mirror.startswith("https://") and mirror.endswith("/") for mirror in MIRRORS)
    if not SHARED.exists():
        pytest.skip("../shared/data/mnist is not on this machine")
    for name, content in CONTENTS.items():
        raw = gzip.decompress((SHARED / f"{name}.gz").read_bytes())
        assert content == Content(len(raw), hashlib.sha256(raw).hexdigest()), name


def test_files_are_downloaded_once(serve: Any, fetch: Any, tmp_path: Path) -> None:
    mirror = serve(whole)
    folder = fetch(mirror)
    assert folder == tmp_path / "cache" / "mnist" and is_whole(folder)
    assert mirror.asked == list(PACKED)
    assert fetch(mirror) == folder and len(mirror.asked) == 4
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(PACKED["t10k-labels-idx1-ubyte.gz"][:-3])
    (folder / "t10k-images-idx3-ubyte.gz").unlink()
    assert is_whole(fetch(mirror))
    assert mirror.asked[4:] == ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"]


@pytest.mark.parametrize("answer", [again, unpacked, endless])
def test_content_counts_and_not_its_wrapping(serve: Any, fetch: Any, answer: Answer) -> None:
    mirror = serve(answer)
    assert is_whole(fetch(mirror)) and is_whole(fetch(mirror)) and len(mirror.asked) == 4


@pytest.mark.parametrize(
    "answer",
    [page, other, more, zeros, half_as_if_whole, refuse(404), refuse(403)],
    ids=["page", "other", "more", "zeros", "half as if whole", "404", "403"],
)
def test_a_mirror_without_the_file_is_passed_over(
    serve: Any, fetch: Any, pauses: list[float], answer: Answer
) -> None:
    bad, good = serve(answer), serve(whole)
    assert is_whole(fetch(bad, good))
    # the one that answers is asked first from then on
    assert len(bad.asked) == 1 and good.asked == list(PACKED) and pauses == []


@pytest.mark.parametrize(
    "answer",
    [half, slow, hang_up, garbage, refuse(503), refuse(429)],
    ids=["half", "slow", "hang up", "garbage", "503", "429"],
)
def test_what_may_pass_is_tried_again_after_the_others(
    serve: Any, fetch: Any, pauses: list[float], answer: Answer
) -> None:
    ill, good = serve(answer), serve(whole)
    assert is_whole(fetch(ill, good, timeout=0.3)) and pauses == []
    assert len(ill.asked) == 1 and len(good.asked) == 4
    shutil.rmtree(fetch(good))
    recovering = serve(answer, answer, whole)
    assert is_whole(fetch(recovering, timeout=0.3))
    assert pauses == list(WAITS) and len(recovering.asked) == 6


def test_a_mirror_that_trickles_is_left(serve: Any, fetch: Any) -> None:
    """Each byte comes in time, the file would not."""
    files = {**PACKED, "train-images-idx3-ubyte.gz": bytes(2000)}
    mirror, good = serve(trickle, files=files), serve(whole)
    assert is_whole(fetch(mirror, good, patience=0.2)) and mirror.left.wait(10)


def test_all_failing_is_one_error_with_every_reason(
    serve: Any, fetch: Any, tmp_path: Path, pauses: list[float]
) -> None:
    mirrors = [serve(a) for a in (page, refuse(503), slow, half, other, refuse(404), more)]
    with pytest.raises(DataError) as raised:
        fetch(*mirrors, timeout=0.3)
    text = str(raised.value)
    assert text.startswith("mnist, train-images-idx3-ubyte.gz: expected the file from one of 7 mir")
    for mirror, reason in zip(
        mirrors,
        (
            "sends a web page instead of the file",
            "HTTP 503",
            "timed out",
            f"hung up after {len(PACKED['train-images-idx3-ubyte.gz']) // 2:,} of",
            "sends other bytes than those of MNIST",
            "HTTP 404",
            "sends more than the file holds",
        ),
        strict=True,
    ):
        assert f"{mirror.address.split('/')[2]}: {reason}" in text
    assert text.endswith("and name that folder instead of mnist") and "\n" not in text
    assert pauses == list(WAITS)
    assert [len(mirror.asked) for mirror in mirrors] == [1, 3, 3, 3, 1, 1, 1]
    assert not (tmp_path / "cache").exists()


def test_no_network(fetch: Any, serve: Any, pauses: list[float]) -> None:
    nowhere = Mirror({}, [], address="http://127.0.0.1:9/mnist/")
    nonsense = Mirror({}, [], address="nonsense")
    with pytest.raises(
        DataError, match=r"127.0.0.1:9: .*refused.*nonsense: unknown url.*check the net"
    ):
        fetch(nowhere, nonsense)
    assert pauses == list(WAITS)


def test_an_interruption_leaves_whole_files_or_none(serve: Any, fetch: Any, tmp_path: Path) -> None:
    mirror = serve(whole, whole, half)
    told: list[float] = []

    def stop(_message: str, share: float) -> None:
        told.append(share)
        if len(mirror.asked) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(mirror, progress=stop)
    folder = tmp_path / "cache" / "mnist"
    assert sorted(path.name for path in folder.iterdir()) == sorted(list(PACKED)[:2])
    mirror.answers[:] = [whole]
    assert is_whole(fetch(mirror)) and mirror.asked[3:] == list(PACKED)[2:]


def test_progress_rises_to_the_whole(serve: Any, fetch: Any) -> None:
    told: list[tuple[str, float]] = []
    fetch(serve(whole), progress=lambda *what: told.append(what))
    shares = [share for _, share in told]
    assert shares == sorted(shares) and told[-1] == ("MNIST is there", 1.0)
    assert (
        0
        < shares[0]
        <= TINY["train-images-idx3-ubyte"].size / sum(content.size for content in TINY.values())
    )
    names = list(dict.fromkeys(message for message, _ in told))
    assert names[:4] == [f"downloading {name}" for name in PACKED]


def test_cache_that_cannot_be_written_to_is_named(serve: Any, fetch: Any, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(DataError, match=r"a cache that can be written to, .* by TSGAN_CACHE$"):
        fetch(serve(whole))


def test_a_full_disk_leaves_nothing_that_looks_whole(
    serve: Any, fetch: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half_written(path: Path, content: bytes) -> None:
        with path.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half_written)
    with pytest.raises(DataError, match=r"No space left on device.*name another folder"):
        fetch(serve(whole))
    assert list((tmp_path / "cache" / "mnist").iterdir()) == []


def test_mnist_is_read_from_the_cache(
    serve: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = serve(whole)
    monkeypatch.setenv("TSGAN_CACHE", str(tmp_path))
    monkeypatch.setattr(mnist, "MIRRORS", (mirror.address,))
    monkeypatch.setattr(mnist, "CONTENTS", TINY)
    told: list[tuple[str, float]] = []
    sets = read_images("mnist", progress=lambda *what: told.append(what))
    assert is_whole(tmp_path / "mnist")
    assert sets.training.pixels.tobytes() == PLAIN["train-images-idx3-ubyte"][16:]
    assert sets.test.pixels.tobytes() == PLAIN["t10k-images-idx3-ubyte"][16:]
    assert sets.training.source == "mnist, training images" and sets.training.classes == ("0", "1")
    shares = [share for _, share in told]
    assert shares == sorted(shares) and shares[-1] == 1
    assert read_images("mnist").test.sha256 == sets.test.sha256 and len(mirror.asked) == 4


def test_real_mnist_through_a_mirror(
    serve: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not SHARED.exists():
        pytest.skip("../shared/data/mnist is not on this machine")
    mirror = serve(whole, files={path.name: path.read_bytes() for path in SHARED.iterdir()})
    bad = serve(page)
    monkeypatch.setenv("TSGAN_CACHE", str(tmp_path))
    monkeypatch.setattr(mnist, "MIRRORS", (bad.address, mirror.address))
    sets = read_images("mnist")
    assert (len(sets.training), len(sets.test)) == (60_000, 10_000)
    assert sets.training.sha256 == read_images(SHARED).training.sha256
