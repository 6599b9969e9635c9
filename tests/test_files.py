import errno
import os
from pathlib import Path

import pytest

from tsgan.errors import DataError
from tsgan.files import replacing, write_atomically


def test_writes_bytes_and_utf8_text(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"\x00\xff")
    write_atomically(tmp_path / "b", "5 % ≤ 95 %\n")
    assert (tmp_path / "a").read_bytes() == b"\x00\xff"
    assert (tmp_path / "b").read_bytes() == "5 % ≤ 95 %\n".encode()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]


def test_new_file_has_ordinary_permissions(tmp_path: Path) -> None:
    (tmp_path / "ordinary").touch()
    write_atomically(tmp_path / "x", "")
    assert (tmp_path / "x").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


@pytest.mark.parametrize("failure", [ValueError("no"), KeyboardInterrupt()])
def test_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, failure: BaseException
) -> None:
    target = tmp_path / "x.csv.gz"
    write_atomically(target, "old")
    with pytest.raises(type(failure)), replacing(target) as temporary:
        assert temporary.parent == tmp_path and temporary.name.endswith("x.csv.gz")
        temporary.write_text("half")
        raise failure
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_old_file_is_there_until_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "x"
    write_atomically(target, "old")
    with replacing(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"


def test_full_disk_is_a_data_error(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    message = r"out\.npy.*No space left.*free some space"
    with pytest.raises(DataError, match=message), replacing(tmp_path / "out.npy"):
        raise full
    assert list(tmp_path.iterdir()) == []


def test_error_of_another_file_passes_unchanged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="input"), replacing(tmp_path / "x"):
        (tmp_path / "input").read_text()


def test_missing_folder_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere/x: the folder .*nowhere does not exist; create"):
        write_atomically(tmp_path / "nowhere" / "x", "")


@pytest.mark.parametrize("target", ["", "/dev/null"])
def test_folders_and_devices_are_refused(tmp_path: Path, target: str) -> None:
    with pytest.raises(DataError, match="exists and is no file"):
        write_atomically(tmp_path / target, "")


def test_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "behind")
    write_atomically(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "behind").read_text() == "new"
