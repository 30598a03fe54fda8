"""main.py on both interpreters, with a pillow that starts, crashes or hangs: it counts boots and stays within reach."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from interpreters import micropython

from bridge.wire import Line, decode

FIRMWARE = Path(__file__).resolve().parent.parent / "firmware"
RESET = 7  # what virtual/machine.py ends with for a reset
PATIENCE_S = 60
HEALTHY = "def run(boot, count):\n    count(boot, 0)\n    print('running', boot)\n"
CRASHING = "def run(boot, count):\n    raise RuntimeError('the stuffing came out')\n"
BROKEN = "def run(boot, count:\n"
WAITING = "import time\ndef run(boot, count):\n    print('waiting')\n    time.sleep_ms(20000)\n"


def _heed_ctrl_c():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a background job would have it ignored


class Pillow:
    """A copy of the firmware with an app of the test's own, and its flash."""

    def __init__(self, folder, interpreter):
        self.firmware = folder / "firmware"
        self.flash = folder / "flash"
        self.flash.mkdir()
        self.interpreter = interpreter
        shutil.copytree(FIRMWARE / "virtual", self.firmware / "virtual", ignore=shutil.ignore_patterns("__pycache__"))
        (self.firmware / "pillow").mkdir()
        (self.firmware / "pillow" / "__init__.py").touch()
        main = (FIRMWARE / "main.py").read_text()
        assert "RESCUE_MS = 600_000" in main and "HELLO_MS = 2_000" in main and "sleep_ms(1000)" in main
        main = main.replace("RESCUE_MS = 600_000", "RESCUE_MS = 6_000").replace("sleep_ms(1000)", "sleep_ms(10)")
        (self.firmware / "main.py").write_text(main.replace("sleep_ms(50)", "sleep_ms(1)"))

    def install(self, app):
        (self.firmware / "pillow" / "app.py").write_text(app)

    def start(self, **environment):
        return subprocess.Popen(
            [self.interpreter, self.firmware / "virtual" / "start.py", self.flash],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=_heed_ctrl_c,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        )

    def boot(self, **environment):
        """One boot to its end. Returns what it said and its exit code."""
        with self.start(**environment) as process:
            said = process.communicate(timeout=PATIENCE_S)[0].decode()
        return said.replace("\r\n", "\n"), process.returncode

    def counted(self):
        return (self.flash / "boot").read_text()


@pytest.fixture(params=["cpython", "micropython"])
def pillow(request, tmp_path):
    return Pillow(tmp_path, sys.executable if request.param == "cpython" else micropython())


def hellos(said):
    lines = [decode(line.encode()) for line in said.split("\n")]
    return [list(line.fields) for line in lines if isinstance(line, Line) and line.kind == "hello"]


def test_boots_are_counted_and_a_healthy_one_is_no_failure(pillow):
    pillow.install(HEALTHY)
    for boot in (1, 2, 3, 4, 5):
        said, code = pillow.boot()
        assert (f"running {boot}" in said, code) == (True, 0)
        assert pillow.counted() == f"{boot} 0\n"


@pytest.mark.parametrize(("app", "error"), [(CRASHING, "RuntimeError: the stuffing came out"), (BROKEN, "SyntaxError")])
def test_a_crash_is_printed_and_kept_and_resets(pillow, app, error):
    pillow.install(app)
    said, code = pillow.boot()
    assert error in said and "Traceback" in said
    assert error in (pillow.flash / "crash").read_text()
    assert code == RESET
    assert pillow.counted() == "1 1\n"


def test_after_three_failed_boots_the_fourth_is_in_rescue(pillow):
    pillow.install(CRASHING)
    (pillow.flash / "id").write_text("00112233aabbccdd")
    for _ in range(3):
        assert hellos(pillow.boot()[0]) == []
    said, code = pillow.boot(HUGGABLE_CAUSE="watchdog")
    assert "Rescue: the pillow failed to start 3 times; run make flash." in said
    assert "RuntimeError: the stuffing came out" in said
    assert [hello[:4] for hello in hellos(said)] == [[0, 1, "00112233aabbccdd", 4]] * 3
    assert [hello[5:] for hello in hellos(said)] == [["rescue", "watchdog", ms] for ms in (0, 2_000, 4_000)]
    assert code == RESET


def test_rescue_gives_the_pillow_another_chance_in_the_end(pillow):
    pillow.install(HEALTHY)
    (pillow.flash / "boot").write_text("9 3\n")
    assert "Rescue" in pillow.boot()[0]
    assert pillow.counted() == "10 0\n"
    assert "running 11" in pillow.boot()[0]


def test_a_boot_that_hangs_is_a_failed_one(pillow):
    pillow.install(WAITING)
    with pillow.start() as process:
        while b"waiting" not in process.stdout.readline():
            pass
        process.kill()
    assert pillow.counted() == "1 1\n"


def test_ctrl_c_is_no_failure(pillow):
    pillow.install(WAITING)
    (pillow.flash / "boot").write_text("4 2\n")
    with pillow.start() as process:
        while b"waiting" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert pillow.counted() == "5 0\n"


def test_ctrl_c_gets_out_of_rescue_for_good(pillow):
    pillow.install(HEALTHY)
    main = pillow.firmware / "main.py"
    main.write_text(main.read_text().replace("sleep_ms(1)", "sleep_ms(1000)"))
    (pillow.flash / "boot").write_text("4 3\n")
    with pillow.start() as process:
        while b"~" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
    assert "running 6" in pillow.boot()[0]


@pytest.mark.parametrize("content", [b"", b"7", b"seven 0", b"\xff\xfe\xfd"])
def test_a_damaged_count_starts_again(pillow, content):
    pillow.install(HEALTHY)
    (pillow.flash / "boot").write_bytes(content)
    assert "running 1" in pillow.boot()[0]


def test_a_flash_that_cannot_be_written_is_rescue(pillow):
    pillow.install(HEALTHY)
    (pillow.flash / "boot").write_text("4 0\n")
    (pillow.flash / "boot.new").mkdir()  # in the way of every write of the count
    said, _ = pillow.boot()
    assert "Rescue: the flash cannot be written; run make flash-micropython." in said
    assert [hello[2:4] for hello in hellos(said)] == [["0" * 16, 5]] * 3


def test_it_is_small_enough_to_stay_as_it_is():
    assert len((FIRMWARE / "main.py").read_text().splitlines()) < 80
