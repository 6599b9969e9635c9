"""Model directories that are whole, damaged, foreign or hostile."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from tsgan import TimeSeriesGAN, checkpoint
from tsgan.checkpoint import MANIFEST, WEIGHTS
from tsgan.errors import CheckpointError, TsganError

ROOT = Path(__file__).parents[1]
TENSORS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(1.5)}


@pytest.fixture
def model(model_directory: Path, tmp_path: Path) -> Path:
    """A copy of a whole model, to be damaged."""
    return Path(shutil.copytree(model_directory, tmp_path / "model"))


def change(model: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Edit the manifest as JSON."""
    manifest = json.loads((model / MANIFEST).read_text())
    edit(manifest)
    (model / MANIFEST).write_text(json.dumps(manifest))


def change_weights(model: Path, edit: Callable[[dict[str, torch.Tensor]], object]) -> None:
    """Edit the weights, and let the manifest vouch for them."""
    weights = safetensors.torch.load((model / WEIGHTS).read_bytes())
    edit(weights)
    data = safetensors.torch.save(weights)
    (model / WEIGHTS).write_bytes(data)
    change(model, lambda m: m.update(weights_sha256=hashlib.sha256(data).hexdigest()))


def refusal(model: Path, load: Callable[[Path], object] = TimeSeriesGAN.load) -> str:
    """Return the message with which ``model`` is refused."""
    with pytest.raises(CheckpointError) as caught:
        load(model)
    message = str(caught.value)
    assert "\n" not in message and "expected" in message and len(message) < 1000
    return message


def test_weights_and_manifest_come_back(tmp_path: Path) -> None:
    checkpoint.write_model(tmp_path / "new" / "m", TENSORS, {"x": [1, 0.1, None, "é"]})
    manifest = checkpoint.read_manifest(tmp_path / "new" / "m")
    assert manifest["x"] == [1, 0.1, None, "é"]
    weights = checkpoint.read_weights(tmp_path / "new" / "m", manifest)
    assert all(torch.equal(weights[name], tensor) for name, tensor in TENSORS.items())


def test_model_is_two_files_of_open_formats(model_directory: Path) -> None:
    assert {file.name for file in model_directory.iterdir()} == {MANIFEST, WEIGHTS}
    manifest = json.loads((model_directory / MANIFEST).read_text())
    data = (model_directory / WEIGHTS).read_bytes()
    assert manifest["weights_sha256"] == hashlib.sha256(data).hexdigest()
    assert safetensors.torch.load(data)


def test_no_pickle_anywhere() -> None:
    sources = [*ROOT.glob("tsgan/*.py"), *ROOT.glob("data/*.py"), *ROOT.glob("cli/*.py")]
    assert len(sources) > 40
    executes = re.compile(
        r"import pickle|(?<!safetensors\.)torch\.(load|save)\b|allow_pickle=True|joblib|read_pickle"
    )
    assert [file.name for file in sources if executes.search(file.read_text())] == []


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.touch(), "is a file"),
        (lambda path: path.mkdir(), r"has no manifest\.json"),
    ],
)
def test_what_is_no_model_is_said(
    tmp_path: Path, prepare: Callable[[Path], object], message: str
) -> None:
    prepare(tmp_path / "m")
    assert re.search(message, refusal(tmp_path / "m"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b"{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"format": 1, "config": 1' + b"0" * 5000 + b"}",
    ],
    ids=lambda content: f"{content[:9]!r}…{len(content)}",
)
def test_manifest_that_is_none_is_refused(model: Path, content: bytes) -> None:
    (model / MANIFEST).write_bytes(content)
    assert MANIFEST in refusal(model)


def test_manifest_of_megabytes_is_not_even_read(model: Path) -> None:
    with (model / MANIFEST).open("ab") as file:
        file.write(b" " * checkpoint.LARGEST_MANIFEST)
    assert "at most" in refusal(model)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400])
@pytest.mark.parametrize("name", ["last_price", "periods_per_year", "prices"])
def test_number_that_is_none_is_refused(model: Path, number: str, name: str) -> None:
    text = (model / MANIFEST).read_text()
    changed = re.sub(rf'("{name}": )[\d.]+', rf"\g<1>{number}", text)
    assert changed != text
    (model / MANIFEST).write_text(changed)
    assert "number out of range" in refusal(model)


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_other_format_is_refused(model: Path, version: object) -> None:
    change(model, lambda m: m.update(format=version))
    assert f"expected a tsgan manifest of format 1, got format {version!r}" in refusal(model)


@pytest.mark.parametrize("size", [0, 10, 300, -1])
def test_truncated_weights_are_refused(model: Path, size: int) -> None:
    data = (model / WEIGHTS).read_bytes()
    (model / WEIGHTS).write_bytes(data[:size])
    assert "truncated or changed" in refusal(model)


def test_changed_weights_are_refused(model: Path) -> None:
    data = bytearray((model / WEIGHTS).read_bytes())
    data[-1] ^= 1
    (model / WEIGHTS).write_bytes(data)
    assert "truncated or changed" in refusal(model)


def test_missing_weights_are_refused(model: Path) -> None:
    (model / WEIGHTS).unlink()
    assert WEIGHTS in refusal(model)


def test_weights_in_another_format_are_refused(model: Path) -> None:
    data = b"\x80\x04pickle"
    (model / WEIGHTS).write_bytes(data)
    change(model, lambda m: m.update(weights_sha256=hashlib.sha256(data).hexdigest()))
    assert "expected safetensors" in refusal(model)


def first(weights: dict[str, torch.Tensor]) -> str:
    return next(name for name, tensor in weights.items() if tensor.ndim == 2)


@pytest.mark.parametrize(
    "edit",
    [
        lambda w: w.pop(first(w)),
        lambda w: w.update(extra=torch.zeros(3)),
        lambda w: w.update({first(w): w[first(w)].t().contiguous()[:1]}),
        lambda w: w.update({first(w): w[first(w)].double()}),
        lambda w: w.update({first(w): w[first(w)].half()}),
        lambda w: w.update({first(w): w[first(w)].int()}),
        lambda w: w[first(w)].fill_(float("nan")),
        lambda w: w[first(w)].fill_(float("-inf")),
    ],
    ids=["missing", "extra", "shape", "float64", "float16", "integers", "nan", "infinite"],
)
def test_weights_that_do_not_fit_are_refused(
    model: Path, edit: Callable[[dict[str, torch.Tensor]], object]
) -> None:
    change_weights(model, edit)
    assert "do not fit together" in refusal(model)


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("config", {"surprise": 1}),
        ("config", {"seed": -1}),
        ("config", {"seed": "0"}),
        ("config", {"window": 127}),
        ("config", {"network": []}),
        ("config", {"training": {}}),
        ("data", {"surprise": 1}),
        ("data", {"prices": "701"}),
        ("data", {"notes": "none"}),
        ("data", {"notes": [1]}),
        ("data", {"last_price": 0}),
        ("data", {"last_price": True}),
        ("data", {"last_date": "yesterday"}),
        ("data", {"step": "fortnights"}),
        ("data", {"step": None}),
        ("scaler", {"mean": None}),
        ("scaler", {"scale": [0.0]}),
        ("scaler", {"scale": ["wide"]}),
        ("scaler", {"mean": [0.0, 0.0], "scale": [1.0, 1.0]}),
        ("volatility", {"surprise": 1}),
        ("volatility", {"unit": -0.2}),
        ("volatility", {"high": "very"}),
        ("volatility", {"response": 1}),
        ("training", {"surprise": 1}),
        ("training", {"steps": 1.5}),
        ("training", {"finished": 1}),
    ],
)
def test_values_that_no_fit_writes_are_refused(
    model: Path, section: str, values: dict[str, object]
) -> None:
    change(model, lambda m: m[section].update(values))
    assert "do not fit together" in refusal(model)


@pytest.mark.parametrize("instead", [None, [], 3, "text"])
@pytest.mark.parametrize(
    "section", ["config", "data", "scaler", "volatility", "training", "versions"]
)
def test_section_of_another_kind_is_refused(model: Path, section: str, instead: object) -> None:
    change(model, lambda m: m.update({section: instead}))
    refusal(model)
    change(model, lambda m: m.pop(section))
    refusal(model)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("channels", 10**6),
        ("channels", 1024),
        ("layers", 60),
        ("noise_channels", 10**9),
        ("innovation_width", 10**7),
        ("critic_channels", [10**6] * 8),
        ("critic_channels", 5),
        ("critic_dense", 10**12),
        ("scales", [10**6]),
        ("stretch", 10**12),
        ("slow_noise", [250.0] * 10**5),
        ("slow_noise", [250.0] * 8),
    ],
)
def test_huge_networks_are_refused_without_being_built(
    model: Path, monkeypatch: pytest.MonkeyPatch, name: str, size: object
) -> None:
    built: list[int] = []
    allocate = torch.empty

    def counting(*shape: Any, **options: Any) -> torch.Tensor:
        tensor = allocate(*shape, **options)
        built.append(0 if tensor.is_meta else tensor.numel())
        return tensor

    monkeypatch.setattr(torch, "empty", counting)
    change(model, lambda m: m["config"]["network"].update({name: size}))
    refusal(model)
    assert sum(built) < 1_000_000


def test_every_refusal_is_a_domain_error() -> None:
    assert issubclass(CheckpointError, TsganError)
