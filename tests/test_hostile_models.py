"""Model directories of someone who means harm: refused in one line, quickly, nothing executed."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import socket
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hostile
import pytest
import tiny_images
import torch
from hostile import change, change_weights, refusal, vouch

from tsgan import ImageGAN, TimeSeriesGAN, model_files
from tsgan.checkpoint import MANIFEST, WEIGHTS
from tsgan.errors import CheckpointError, DataError
from tsgan.synthetic_files import read_synthetic

Load = Callable[[Path], object]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")


@pytest.fixture(scope="session")
def image_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny image model; do not change it."""
    directory = tmp_path_factory.mktemp("images") / "model"
    ImageGAN(tiny_images.config(2, labels=True)).fit(tiny_images.sets()).save(directory)
    return directory


@pytest.fixture(params=["series", "images"])
def any_model(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Load, Path]:
    """How either kind of model is loaded, and a copy to be damaged."""
    name = "model_directory" if request.param == "series" else "image_directory"
    copy = Path(shutil.copytree(request.getfixturevalue(name), tmp_path / "model"))
    return (TimeSeriesGAN.load if request.param == "series" else ImageGAN.load), copy


@pytest.fixture
def series(model_directory: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model_directory, tmp_path / "model"))


@pytest.fixture
def images(image_directory: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(image_directory, tmp_path / "model"))


class Harm:
    """Pickled, it writes a file when it is loaded."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.trace),)


def pickled(trace: Path) -> Iterator[bytes]:
    """Yield what has run code in other programs: a pickle, that of torch, and an old one."""
    yield pickle.dumps(Harm(trace))
    for new in (True, False):
        buffer = io.BytesIO()
        torch.save({"a": Harm(trace)}, buffer, _use_new_zipfile_serialization=new)
        yield buffer.getvalue()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("../../escaped", "x")
    yield archive.getvalue()


@pytest.mark.parametrize("name", [WEIGHTS, MANIFEST])
def test_pickles_under_any_name_run_nothing(any_model: tuple[Load, Path], name: str) -> None:
    load, model = any_model
    trace = model / "harm"
    for data in pickled(trace):
        if name == WEIGHTS:
            vouch(model, data)
        else:
            (model / MANIFEST).write_bytes(data)
        (model / "generator.pt").write_bytes(data)
        assert name in refusal(load, model)
        assert not trace.exists()


def socket_at(path: Path) -> None:
    """Leave a socket's name at ``path``, which is longer than a socket may be bound to."""
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as made:
        made.bind(f"{short}/s")
        Path(short, "s").rename(path)


@POSIX
@pytest.mark.parametrize("name", [WEIGHTS, MANIFEST])
@pytest.mark.parametrize("kind", ["pipe", "socket", "folder", "device", "endless", "link"])
def test_what_is_no_file_is_refused_and_never_waited_for(
    any_model: tuple[Load, Path], name: str, kind: str
) -> None:
    load, model = any_model
    path, beside = model / name, model / "beside"
    path.rename(beside)
    make: dict[str, Callable[[], object]] = {
        "pipe": lambda: os.mkfifo(path),
        "socket": lambda: socket_at(path),
        "folder": path.mkdir,
        "device": lambda: path.symlink_to("/dev/zero"),
        "endless": lambda: path.symlink_to("/proc/self/pagemap"),
        "link": lambda: path.symlink_to(beside),
    }
    make[kind]()
    message = refusal(load, model)
    told = {"pipe": "a pipe", "socket": "a socket", "folder": "a folder"}.get(kind, "a symbolic")
    assert told in message or (name == MANIFEST and "has no manifest.json" in message)


@POSIX
def test_pipe_that_takes_the_place_of_a_file_meanwhile_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, regular = tmp_path / "pipe", tmp_path / "regular"
    regular.touch()
    os.mkfifo(path)
    found = regular.lstat()
    monkeypatch.setattr(Path, "lstat", lambda _: found)
    with pytest.raises(CheckpointError, match="a pipe"):
        model_files.read_bytes(path, 10)


@pytest.mark.parametrize(
    "digest", ["../../etc/passwd", "/etc/passwd", "0" * 63, "..", ["a"], {"a": 1}, None, "A" * 64]
)
def test_no_file_outside_is_named_by_a_manifest(
    any_model: tuple[Load, Path], digest: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    load, model = any_model
    change(model, lambda m: m.update(weights_sha256=digest))
    opened: list[str] = []
    usual = os.open

    def noted(path: Any, *arguments: Any, **options: Any) -> int:
        opened.append(os.path.realpath(path))
        return usual(path, *arguments, **options)

    monkeypatch.setattr(os, "open", noted)
    refusal(load, model)
    assert opened and {Path(path).parent for path in opened} == {model.resolve()}


BOMBS: dict[str, bytes] = {
    "deep lists": b"[" * 10**6,
    "deep objects": b'{"a":' * 10**6,
    "many lists": b"[" + b"[]," * 2_000_000 + b"1]",
    "many objects": b"[" + b"{}," * 200_000 + b"1]",
    "many numbers": b"[" + b"1," * 5_000_000 + b"1]",
    "many digits": b'{"format": 1' + b"0" * 20_000_000 + b"}",
    "many decimals": b'{"format": 1.' + b"1" * 20_000_000 + b"}",
    "long exponent": b'{"format": 1e' + b"9" * 1_000_000 + b"}",
    "beyond 64 bits": b'{"format": 18446744073709551616}',
    "not a number": b'{"format": NaN}',
    "infinity": b'{"format": -Infinity}',
    "a name twice": b'{"format": 1, "format": 1}',
    "escape": b'{"format": 1, "a": "\\u001b[2J"}',
    "escape as a name": b'{"format": 1, "\\u001b[2J": 1}',
    "reversal": b'{"format": 1, "a": "\\u202egnp.exe"}',
    "half a character": b'{"format": 1, "a": "\\ud800"}',
    "endless text": b'{"format": 1, "a": "' + b"x" * 5_000_000 + b'"}',
    "other encoding": '{"format": 1, "a": "é"}'.encode("utf-16"),
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS.keys())
def test_json_bombs_are_refused(any_model: tuple[Load, Path], data: bytes) -> None:
    load, model = any_model
    (model / MANIFEST).write_bytes(data)
    assert MANIFEST in refusal(load, model)


def test_manifest_of_a_gigabyte_is_not_read(
    any_model: tuple[Load, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    load, model = any_model
    for name, most in ((MANIFEST, "at most 33554432"), (WEIGHTS, "at most 1073741824")):
        whole = (model / name).read_bytes()
        os.truncate(model / name, 2**30 + 1)  # sparse: it takes no room on the disk
        assert most in refusal(load, model)
        (model / name).write_bytes(whole)


@pytest.mark.parametrize("data", hostile.HEADERS.values(), ids=hostile.HEADERS.keys())
def test_tensors_that_are_none_are_refused(any_model: tuple[Load, Path], data: bytes) -> None:
    load, model = any_model
    vouch(model, data)
    assert WEIGHTS in refusal(load, model)


def put(change: Callable[[torch.Tensor], torch.Tensor]) -> hostile.Edit:
    """Return an edit that changes one weight."""
    return lambda w: w.update({(k := hostile.first_weight(w)): change(w[k])})


@pytest.mark.parametrize(
    "edit",
    [
        *(put(lambda x, t=kind: x.to(t)) for kind in (torch.int8, torch.float64, torch.bfloat16)),
        *(put(lambda x, t=kind: x.to(t)) for kind in (torch.float16, torch.bool, torch.int64)),
        *(put(lambda x, v=value: x.fill_(v)) for value in (torch.nan, torch.inf, -torch.inf)),
        put(lambda x: x[:0].contiguous()),
        put(lambda x: x.reshape(-1)),
        put(lambda x: x.expand(2, *x.shape).contiguous()),
        lambda w: w.pop(hostile.first_weight(w)),
        lambda w: w.update({"__class__": torch.zeros(1)}),
        lambda w: w.update({"a" * 10**6: torch.zeros(1)}),
        lambda w: w.clear(),
    ],
)
def test_other_weights_are_refused(any_model: tuple[Load, Path], edit: hostile.Edit) -> None:
    load, model = any_model
    change_weights(model, edit)
    assert "do not fit together" in refusal(load, model)


def set_at(*keys: str, to: object) -> hostile.Edit:
    """Return an edit that puts a value at a place of the manifest."""

    def edit(manifest: dict[str, Any]) -> None:
        for key in keys[:-1]:
            manifest = manifest[key]
        manifest[keys[-1]] = to

    return edit


LONG = "x" * 10**6
DEEP = json.loads("[" * 500 + "]" * 500)
FIRST_BARS = {"step": 3600, "runs": [[0, 1], [86400, 1]], "cut": True}
"""Sessions of one bar each, none of which ends a return: the next one would be sought forever."""

OF_SERIES: list[hostile.Edit] = [
    set_at("data", "assets", to=["a", "a"]),
    set_at("data", "source", to=LONG),
    set_at("data", "column", to=LONG),
    set_at("data", "assets", to=[LONG]),
    set_at("data", "training", to=-1),
    set_at("data", "training", to=10**15),
    set_at("data", "prices", to=2**63),
    set_at("data", "breaks", to=-1),
    set_at("data", "last_volume", to=-1.0),
    set_at("data", "last_price", to=1e308),
    set_at("data", "periods_per_year", to=1e300),
    set_at("data", "means", to=[1e300]),
    set_at("data", "dates", to={"exchange": "../x"}),
    set_at("data", "dates", to={"sessions": {"step": 1, "runs": [[0, 10**12]]}}),
    set_at("data", "dates", to={"sessions": FIRST_BARS}),
    set_at("data", "reading", to={"sheet": DEEP}),
    set_at("data", "first_date", to=DEEP),
    set_at("scaler", to={"mean": [], "scale": []}),
    set_at("scaler", "scale", to=[1e300]),
    set_at("scaler", "mean", to=[1e300]),
    set_at("scaler", "scale", to=DEEP),
    set_at(
        "calibration", to={"made": list(range(20_000)), "meant": [0] * 20_000, "slopes": [1, 1]}
    ),
    set_at("calibration", to={"made": [-1e300, 1e300], "meant": [0, 1], "slopes": [1, 1]}),
    set_at("calibration", to={"made": [0, 1], "meant": [0, 1e300], "slopes": [1, 1]}),
    set_at("calibration", to={"made": [0, 1], "meant": [0, 1], "slopes": [1e9, 1]}),
    set_at("calibration", to={"made": DEEP, "meant": DEEP, "slopes": [1, 1]}),
    set_at("calibration", to={"turn": [[1e300]], "each": []}),
    set_at("calibration", to={"turn": [], "each": []}),
    set_at("conditions", to={"tracks": [{}] * 10**4, "units": None}),
    set_at("conditions", to={"tracks": [], "units": {"means": [0.0] * 10**5}}),
    set_at("conditions", to={"tracks": [], "units": None, "regimes": DEEP}),
    set_at("profile", to={"factors": [[1.0]] * 10**5}),
    set_at("profile", to={"factors": DEEP}),
    set_at("bars", to={"names": ["return"] * 10**5, "floor": 0, "lot": 0, "volume": False}),
    set_at("volatility", "unit", to=1e308),
    set_at("training", "seconds", to=-1.0),
    set_at("training", "device", to=LONG),
    set_at("versions", to=[["a", 1]]),
    set_at("config", "network", "channels", to=10**9),
    set_at("config", "training", "batch", to=10**9),
    set_at("config", "window", to=2**40),
    set_at("config", "conditions", to=[1]),
]


@pytest.mark.parametrize("edit", OF_SERIES)
def test_values_that_no_fit_of_prices_writes_are_refused(series: Path, edit: hostile.Edit) -> None:
    change(series, edit)
    assert "do not fit together" in refusal(TimeSeriesGAN.load, series)


OF_IMAGES: list[hostile.Edit] = [
    set_at("data", "classes", to=[LONG, *map(str, range(9))]),
    set_at("data", "source", to=LONG),
    set_at("data", "counts", to=[2**63] * 10),
    set_at("data", "groups", to=[1] * 10**5),
    set_at("data", "groups", to=DEEP),
    set_at("data", "images", to=-1),
    set_at("config", "codes", to=10**9),
    set_at("config", "groups", to=10**9),
    set_at("config", "network", "embedding", to=10**9),
    set_at("config", "network", "generator_channels", to=[10**9, 10**9]),
    set_at("config", "network", "critic_dense", to=10**9),
    set_at("config", "network", "kind", to=["slim"]),
    set_at("training", to=DEEP),
    set_at("versions", to="all"),
]


@pytest.mark.parametrize("edit", OF_IMAGES)
def test_values_that_no_fit_of_images_writes_are_refused(images: Path, edit: hostile.Edit) -> None:
    change(images, edit)
    assert "do not fit together" in refusal(ImageGAN.load, images)


@pytest.mark.parametrize("value", [None, True, -1, 1e308, "text", [], {}, [[]], DEEP])
def test_no_type_anywhere_brings_another_error(
    model_directory: Path, image_directory: Path, tmp_path: Path, value: object
) -> None:
    """Each entry of the manifest becomes another: the model loads, or is refused as it should."""
    for load, whole in ((TimeSeriesGAN.load, model_directory), (ImageGAN.load, image_directory)):
        model = Path(shutil.copytree(whole, tmp_path / whole.parent.name / "model"))
        manifest = json.loads((model / MANIFEST).read_text())
        for place in places(manifest):
            (model / MANIFEST).write_text(json.dumps(replaced(manifest, place, value)))
            try:
                load(model)
            except CheckpointError as error:
                assert len(str(error)) < 1000


def places(value: object, *, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each entry of a JSON value; of a list to the first one alone."""
    keys: Any = (
        value
        if isinstance(value, dict)
        else range(min(len(value), 1))
        if isinstance(value, list)
        else ()
    )
    for key in keys:
        yield (*above, key)
        yield from places(value[key], above=(*above, key))  # type: ignore[index]


def replaced(value: Any, place: tuple[Any, ...], other: object) -> Any:
    """Return a copy of a JSON value with another one at this place."""
    if not place:
        return other
    copy = value.copy()
    copy[place[0]] = replaced(value[place[0]], place[1:], other)
    return copy


@POSIX
def test_pipe_in_a_folder_of_scenarios_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "paths.parquet")
    with pytest.raises(DataError):
        read_synthetic(tmp_path)
