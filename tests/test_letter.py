"""A secret on its way from the page to the bridge."""

import os
import stat
import time

import pytest

from bridge import letter


def files(folder):
    return list((folder / letter.FOLDER).iterdir())


def test_a_letter_is_read_once(tmp_path):
    name = letter.put(tmp_path, "pass wörd")
    assert letter.take(tmp_path, name) == "pass wörd"
    assert files(tmp_path) == []
    with pytest.raises(ValueError, match="enter it again"):
        letter.take(tmp_path, name)


def test_only_its_owner_may_read_it(tmp_path):
    letter.put(tmp_path, "secret")
    (path,) = files(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["", "../key", "/etc/passwd", "0" * 31, "0" * 32])
def test_no_name_leads_to_another_file(tmp_path, name):
    (tmp_path / "key").write_text("the page's key")
    with pytest.raises(ValueError, match="did not arrive"):
        letter.take(tmp_path, name)
    assert (tmp_path / "key").exists()


def test_what_nobody_reads_is_burnt(tmp_path):
    names = [letter.put(tmp_path, "secret") for _ in range(3 * letter.LETTERS)]
    assert len(files(tmp_path)) == letter.LETTERS
    assert letter.take(tmp_path, names[-1]) == "secret"
    for path in files(tmp_path)[1:]:
        os.utime(path, (0, time.time() - letter.LASTS_S - 1))
    letter.sweep(tmp_path, letter.LETTERS)
    assert len(files(tmp_path)) == 1
    letter.sweep(tmp_path)
    assert files(tmp_path) == []
