"""The data folder, the key and the one-bridge lock, on a real file system."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bridge import home
from bridge.errors import Trouble


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_data_folder_is_made_for_this_user_alone(tmp_path):
    folder = home.data_folder({"HUGGABLE_DATA": str(tmp_path / "a" / "b")})
    assert folder == tmp_path / "a" / "b"
    assert mode_of(folder) == 0o700


def test_a_relative_data_folder_becomes_absolute_because_children_start_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert home.data_folder({"HUGGABLE_DATA": "here"}) == tmp_path / "here"


def test_without_a_name_the_platform_says_where_data_lives(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = home.data_folder({})
    assert folder.name == "huggable" and folder.is_relative_to(tmp_path)


def test_a_data_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Trouble, match=r"cannot be made \(Not a directory\): set HUGGABLE_DATA to a folder of yours"):
        home.data_folder({"HUGGABLE_DATA": str(tmp_path / "file" / "x")})


def test_the_key_is_made_once_and_only_this_user_may_read_it(tmp_path):
    first = home.key(tmp_path)
    assert home.key(tmp_path) == first
    assert len(first) >= 32
    assert mode_of(tmp_path / "key") == 0o600
    assert list(tmp_path.iterdir()) == [tmp_path / "key"]


@pytest.mark.parametrize("left", [b"", b"short\n", b"\xff\xfe\x00"])
def test_a_key_file_that_was_cut_short_is_written_anew(tmp_path, left):
    (tmp_path / "key").write_bytes(left)
    assert len(home.key(tmp_path)) >= 32


def test_a_key_that_cannot_be_used_is_one_sentence(tmp_path):
    (tmp_path / "key").mkdir()
    with pytest.raises(Trouble, match="cannot be used"):
        home.key(tmp_path)


def test_a_second_bridge_is_told_who_holds_the_lock(tmp_path):
    with (
        home.only_bridge(tmp_path),
        pytest.raises(Trouble, match=rf"already runs on .* \(process {os.getpid()}\): use its page, or stop it first"),
        home.only_bridge(tmp_path),
    ):
        pass


def test_the_lock_is_free_again_afterwards(tmp_path):
    assert not home.bridge_runs(tmp_path)
    with home.only_bridge(tmp_path):
        assert home.bridge_runs(tmp_path)
    assert not home.bridge_runs(tmp_path)
    with home.only_bridge(tmp_path):
        pass


def test_a_killed_bridge_leaves_no_lock_behind(tmp_path):
    holds = (
        "import sys, pathlib; from bridge import home\n"
        "with home.only_bridge(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holds, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as bridge:
        assert bridge.stdout.readline() == b"held\n"
        assert home.bridge_runs(tmp_path)
        bridge.kill()
    with home.only_bridge(tmp_path):
        pass
