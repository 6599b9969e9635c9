import errno
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tsgan import locks
from tsgan.errors import DataError
from tsgan.files import appearing, replacing, shown, write_atomically


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


KILLED = """
import os, sys
from pathlib import Path
from tsgan.files import appearing, replacing
writing = {"file": replacing, "folder": appearing}[sys.argv[1]]
with writing(Path(sys.argv[2])) as temporary:
    (temporary / "half" if temporary.is_dir() else temporary).write_text("half")
    print("written", flush=True)
    sys.stdin.read()
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_next_writing_removes_what_a_killed_one_left_but_not_what_is_being_written(
    tmp_path: Path, kind: str
) -> None:
    def write() -> None:
        with (replacing if kind == "file" else appearing)(tmp_path / "x") as temporary:
            (temporary if kind == "file" else temporary / "all").write_text("whole")

    program = [sys.executable, "-c", KILLED, kind, str(tmp_path / "x")]
    pipe = subprocess.PIPE
    with subprocess.Popen(program, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        (half,) = names(tmp_path)
        write()
        assert names(tmp_path) == [half, "x"], "another process still writes it"
        process.kill()
        process.wait()
        (tmp_path / ".tsgan-0123abcd-y").touch()  # of another file
        if kind == "folder":
            (tmp_path / "x" / "all").unlink()
        write()
    assert names(tmp_path) == [".tsgan-0123abcd-y", "x"]


def test_nothing_is_swept_where_locks_are_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".tsgan-0123abcd-x").touch()
    monkeypatch.setattr("tsgan.locks.lock", lambda _: None)
    write_atomically(tmp_path / "x", "whole")
    assert names(tmp_path) == [".tsgan-0123abcd-x", "x"]


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_what_is_no_file_is_not_swept(tmp_path: Path, kind: str) -> None:
    (tmp_path / "kept").write_text("kept")
    odd = tmp_path / ".tsgan-0123abcd-x"
    odd.symlink_to(tmp_path / "kept") if kind == "link" else os.mkfifo(odd)
    write_atomically(tmp_path / "x", "whole")
    assert names(tmp_path) == [".tsgan-0123abcd-x", "kept", "x"]
    assert (tmp_path / "kept").read_text() == "kept"


def test_file_that_is_swept_before_it_is_locked_is_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, swept = locks.lock, []

    def sweeping(descriptor: int) -> bool | None:
        if not swept:
            (half,) = tmp_path.iterdir()
            swept.append(half)
            half.unlink()
        return lock(descriptor)

    monkeypatch.setattr(locks, "lock", sweeping)
    write_atomically(tmp_path / "x", "whole")
    assert (tmp_path / "x").read_text() == "whole" and names(tmp_path) == ["x"]


def test_file_and_then_the_names_in_its_folder_are_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[str, bool]] = []
    fsync = os.fsync

    def noting(descriptor: int) -> None:
        what = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        flushed.append((what, (tmp_path / "x").exists()))
        fsync(descriptor)

    monkeypatch.setattr("os.fsync", noting)
    write_atomically(tmp_path / "x", "whole")
    assert flushed == [("file", False), ("folder", True)]
    (tmp_path / "x").unlink()
    flushed.clear()
    with appearing(tmp_path / "x") as folder:
        (folder / "in").mkdir()
        (folder / "in" / "a").write_text("a")
    assert [what for what, there in flushed if not there] == ["folder", "file", "folder"]
    assert flushed[-1] == ("folder", True)


def test_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), appearing(tmp_path / "x") as folder:
        (folder / "half").touch()
        raise KeyboardInterrupt
    assert names(tmp_path) == []
    (tmp_path / "x").mkdir()
    with appearing(tmp_path / "x") as folder:
        (folder / "all").touch()
        assert names(tmp_path / "x") == []
    assert names(tmp_path / "x") == ["all"]


def test_full_disk_says_what_is_needed_and_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DataError) as caught:
        write_atomically(tmp_path / "x", bytes(2_340_000))
    said = r"cannot write .*/x: No space left on device \(2\.3 MB needed, [\d.,]+ .B left\); free"
    assert re.match(said, str(caught.value))


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 kB"), (1499, "1 kB"), (999_400, "999 kB"), (1e6, "1.0 MB"), (2.34e9, "2.3 GB")],
)
def test_sizes_are_shown_in_units_of_a_thousand(size: float, text: str) -> None:
    assert shown(size) == text


def test_dated_backups_of_others_stay(tmp_path: Path) -> None:
    backup = tmp_path / ".20240101-x"
    backup.touch()
    write_atomically(tmp_path / "x", b"new")
    assert names(tmp_path) == [".20240101-x", "x"]
