"""`make flash` with the real mpremote, against a board that is real MicroPython; every failure is one sentence."""

import hashlib
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from interpreters import micropython
from plugged import STAND_IN, Host, Plugged, plugged
from soon import until
from whole import Whole

from bridge.board import Board, Found
from bridge.errors import Trouble
from bridge.flash import FIRMWARE, check_board, choose_port, flash, manifest, wait_for_hello
from bridge.home import only_bridge

SETTLE_S = 0.6  # the stand-in boots in less than a chip
MPREMOTE_S = 40  # it may hang for ever on a board that says nothing

# A firmware that only says hello: what is tested with it is the flashing.
HELLO = """
import time
from binascii import crc32
from pillow.version import VERSION
body = '~{"hello":[0,1,"00112233445566ff",1,"aabbccdd","%s","reset",0]}' % VERSION
while True:
    print("\\n%s*%08x" % (body, crc32(body.encode())))
    time.sleep(0.1)
"""
MUTE = "print('Not today.')\n"
# Run before all that mpremote does on the board: what is written into a Python file comes out different.
WORN = """
import builtins
class Worn:
    def __init__(self, file): self.file = file
    def write(self, data): return self.file.write(data.replace(b"e", b"a"))
    def close(self): self.file.close()
def open(path, mode="r"):
    file = builtins.open(path, mode)
    return Worn(file) if "w" in mode and path.endswith(".py") else file
"""


def little_firmware(folder: Path, main: str = HELLO, version: str = "9.8.7", **more: str) -> Path:
    firmware = folder / "firmware"
    (firmware / "pillow").mkdir(parents=True, exist_ok=True)
    (firmware / "main.py").write_text(main)
    files = {"__init__": "", "version": f'VERSION = "{version}"\n', **more}
    for name, text in files.items():
        (firmware / "pillow" / f"{name}.py").write_text(text)
    return firmware


@contextmanager
def board(folder: Path, flash: str = "flash"):
    """A board that has MicroPython and nothing else."""
    with plugged(folder, micropython(), STAND_IN, flash) as plug, Host(plug.link) as host:
        plug.tell("reset")
        host.console("SW_CPU_RESET")
        host.console("help()")
        host.port.close()
        yield plug


def mpremote(plug: Plugged, *words: str, settle_s: float = 0) -> subprocess.CompletedProcess:
    words = (sys.executable, "-m", "mpremote", "connect", str(plug.link), "sleep", str(settle_s), "+", *words)
    return subprocess.run(words, capture_output=True, text=True, timeout=MPREMOTE_S, stdin=subprocess.DEVNULL)


def refusal(*words, **more) -> str:
    """The one sentence that flashing is refused with."""
    with pytest.raises(Trouble) as raised:
        flash(*words, settle_s=SETTLE_S, **more)
    sentence = str(raised.value)
    assert sentence[0].islower() or sentence.startswith("/")
    assert "\n" not in sentence and ": " in sentence
    return sentence


def test_real_mpremote_takes_the_stand_in_for_a_board(tmp_path):
    here = tmp_path / "here.txt"
    here.write_text("cloud\n" * 200)
    with board(tmp_path, "flash.img") as plug:
        assert mpremote(plug, "exec", "print(6 * 7)").stdout == "42\n"
        broken = mpremote(plug, "exec", "1/0")
        assert (broken.returncode, "ZeroDivisionError" in broken.stdout + broken.stderr) == (1, True)
        assert mpremote(plug, "fs", "mkdir", ":a", "+", "fs", "cp", str(here), ":a/").returncode == 0
        digest = mpremote(plug, "fs", "sha256sum", ":a/here.txt").stdout.split()[-1]
        assert "1200 here.txt" in mpremote(plug, "fs", "ls", ":a").stdout
        missing = mpremote(plug, "fs", "ls", ":b")
        assert (missing.returncode, "No such file" in missing.stderr) == (1, True)
        assert mpremote(plug, "soft-reset").returncode == mpremote(plug, "reset").returncode == 0
        assert mpremote(plug, "fs", "cat", ":a/here.txt", settle_s=2).stdout.endswith("cloud\n" * 200)
        mpremote(plug, "fs", "rm", ":a/here.txt", "+", "fs", "rmdir", ":a")
        assert "a" not in mpremote(plug, "exec", "import os; print(os.listdir())").stdout
    assert digest == hashlib.sha256(here.read_bytes()).hexdigest()


@pytest.mark.parametrize("storage", ["flash", "flash.img"])
def test_an_empty_board_becomes_a_pillow(tmp_path, capsys, storage):
    version = (FIRMWARE / "pillow" / "version.py").read_text().split('"')[1]
    with board(tmp_path, storage) as plug:
        flash(str(plug.link), tmp_path, settle_s=SETTLE_S)
        with Host(plug.link) as host:
            hello = host.line("hello")
        found = Board(str(plug.link), SETTLE_S).look()
    said = capsys.readouterr().out
    assert said == f"flashed {version} on {plug.link}: pillow {hello[2]} says hello\n"
    assert hello[5] == version
    assert found.files.keys() == manifest(FIRMWARE).keys()


def test_a_new_version_replaces_the_old_one_and_nothing_that_is_not_ours(tmp_path, capsys):
    with board(tmp_path) as plug:
        flash(str(plug.link), tmp_path, firmware=little_firmware(tmp_path, old="gone = 1\n"), settle_s=SETTLE_S)
        kept = {
            "config.json": '{"pixels": 4}',
            "id": "00112233445566ff",
            "boot": "7 0\n",
            "spool/00000007-00000001": "~",
        }
        (plug.flash / "spool").mkdir()
        for name, text in kept.items():
            (plug.flash / name).write_text(text)
        (plug.flash / "pillow" / "deep").mkdir()
        (plug.flash / "pillow" / "deep" / "stale.py").write_text("")
        newer = little_firmware(tmp_path / "newer", version="9.9.0", fresh="x = 1\n")
        flash(str(plug.link), tmp_path, firmware=newer, settle_s=SETTLE_S)
    assert "flashed 9.9.0" in capsys.readouterr().out
    there = {str(path.relative_to(plug.flash)) for path in plug.flash.rglob("*.py")}
    assert there == {"main.py", "pillow/__init__.py", "pillow/version.py", "pillow/fresh.py"}
    assert {name: (plug.flash / name).read_text() for name in kept} == kept


def test_what_is_there_already_is_not_copied_again(tmp_path):
    firmware = little_firmware(tmp_path)
    with board(tmp_path) as plug:
        flash(str(plug.link), tmp_path, firmware=firmware, settle_s=SETTLE_S)
        before = {path: path.stat().st_mtime_ns for path in plug.flash.rglob("*.py")}
        flash(str(plug.link), tmp_path, firmware=firmware, settle_s=SETTLE_S)
        assert {path: path.stat().st_mtime_ns for path in plug.flash.rglob("*.py")} == before


def test_main_goes_last_and_only_after_the_rest_is_right(tmp_path):
    with board(tmp_path) as plug:
        (plug.flash / "boot.py").write_text(WORN)
        sentence = refusal(str(plug.link), tmp_path, firmware=little_firmware(tmp_path, extra="hello = 1\n"))
    assert sentence == "pillow/extra.py on the board is not what was sent: run `make flash` again"
    assert not (plug.flash / "main.py").exists()


def test_a_pillow_that_does_not_start_is_not_called_flashed(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("bridge.flash.HELLO_S", 3)
    with board(tmp_path) as plug:
        sentence = refusal(str(plug.link), tmp_path, firmware=little_firmware(tmp_path, main=MUTE))
    assert "did not say hello as 9.8.7" in sentence
    assert "flashed" not in capsys.readouterr().out


def test_another_version_or_a_rescue_is_no_success(tmp_path):
    with board(tmp_path) as plug:
        flash(str(plug.link), tmp_path, firmware=little_firmware(tmp_path, version="rescue"), settle_s=SETTLE_S)
        with pytest.raises(Trouble, match=r"did not say hello as 9\.8\.7 \(it said 'hello as rescue'\)"):
            wait_for_hello(str(plug.link), "9.8.7", 2)


def test_a_full_board_is_said(tmp_path):
    (tmp_path / "flash.img").write_bytes(b"\xff" * 16 * 4096)
    with board(tmp_path, "flash.img") as plug:
        sentence = refusal(str(plug.link), tmp_path, firmware=little_firmware(tmp_path, big="#" * 80_000))
    assert "is full: remove files of your own" in sentence


def test_a_port_with_no_micropython_behind_it_is_said(tmp_path):
    mute = tmp_path / "mute.py"
    mute.write_text("import time\nwhile True:\n  try: time.sleep(60)\n  except KeyboardInterrupt: pass\n")
    with plugged(tmp_path, sys.executable, mute) as plug:
        sentence = refusal(str(plug.link), tmp_path)
    assert sentence == f"what is on {plug.link} does not answer as MicroPython does: run `make flash-micropython`"


def test_a_board_pulled_in_the_middle_is_said(tmp_path):
    files = {f"file{number}": "#" * 4000 for number in range(20)}
    with board(tmp_path) as plug:
        source = manifest(little_firmware(tmp_path, **files))
        with pytest.raises(Trouble) as raised:
            Board(str(plug.link), SETTLE_S).put(source, [], lambda path: "file3" in path and plug.tell("unplug"))
    assert str(raised.value).startswith(f"the board on {plug.link} ")
    assert str(raised.value).endswith("unplug it, plug it in again and run `make flash` again")


def test_a_port_that_is_not_there_or_held_is_said_before_anything_is_done(tmp_path):
    assert "there is no port" in refusal(str(tmp_path / "nothing"), tmp_path)
    with plugged(tmp_path, sys.executable) as plug, Host(plug.link):
        assert "is in use by" in refusal(str(plug.link), tmp_path)


def test_a_running_bridge_lets_go_of_the_pillow_and_takes_it_back(tmp_path, capsys):
    shutil.copytree(FIRMWARE / "pillow", tmp_path / "flash" / "pillow", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(FIRMWARE / "main.py", tmp_path / "flash")
    (tmp_path / "flash" / "pillow" / "stale.py").touch()
    with plugged(tmp_path, micropython(), STAND_IN) as plug:
        home = Whole(tmp_path / "data", "run", "--port", str(plug.link))
        try:
            until(lambda: home.shown() == "neutral")
            flash(str(plug.link), home.folder, settle_s=SETTLE_S)
            until(lambda: home.shown() == "neutral")
        finally:
            home.close()
    assert capsys.readouterr().out.startswith("flashed ")
    assert not (plug.flash / "pillow" / "stale.py").exists()


def test_a_bridge_that_does_not_let_go_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("bridge.flash.ASK_S", 0.3)
    with only_bridge(tmp_path):
        sentence = refusal(str(tmp_path / "tty"), tmp_path)
    assert sentence.startswith(f"the bridge that runs here did not let go of {tmp_path / 'tty'}")


def test_it_is_never_guessed_which_board_is_meant():
    assert choose_port("", ["/dev/ttyUSB0"]) == "/dev/ttyUSB0"
    assert choose_port("COM7", ["COM3", "COM4"]) == "COM7"
    with pytest.raises(Trouble, match=r"several boards \(COM3, COM4\): say which, as in `make flash PORT=COM3`"):
        choose_port("", ["COM3", "COM4"])
    with pytest.raises(Trouble, match="no pillow is plugged in"):
        choose_port("", [])


def test_boards_that_the_firmware_does_not_run_on_are_refused():
    check_board("COM3", Found("esp32", (1, 27, 0), {}))
    with pytest.raises(Trouble, match=r"runs MicroPython 1\.26\.1, not 1\.27 or newer: run `make flash-micropython`"):
        check_board("COM3", Found("esp32", (1, 26, 1), {}))
    with pytest.raises(Trouble, match="is a rp2: plug in an ESP32"):
        check_board("COM3", Found("rp2", (1, 29, 0), {}))


def test_a_checkout_without_firmware_is_said(tmp_path):
    with pytest.raises(Trouble, match="there is no firmware in"):
        manifest(tmp_path)
