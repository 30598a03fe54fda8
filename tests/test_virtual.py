"""The pillow without a pillow: the firmware on CPython and on real MicroPython, behind a plug like a board's."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import serial
from interpreters import micropython, micropython32
from plugged import PLUG, ROOT, Host, Plugged, plugged
from soon import SOON_S, until

from bridge.wire import encode

COUNTED = ROOT / "tests" / "board" / "counted.py"
SESSION = "0123456789abcdef"
INTERPRETERS = {"cpython": lambda: sys.executable, "micropython": micropython, "micropython32": micropython32}


@pytest.fixture(params=INTERPRETERS)
def interpreter(request):
    return INTERPRETERS[request.param]()


def script(folder: Path, text: str) -> Path:
    """A program for the board's interpreter instead of the firmware."""
    path = folder / "program.py"
    path.write_text(text)
    return path


def welcome(host: Host) -> list:
    host.port.write(encode("who", 1))
    hello = host.line("hello")
    host.port.write(encode("welcome", 2, SESSION))
    host.line("ok")
    return hello


def test_it_says_hello_on_its_own(tmp_path, interpreter):
    with plugged(tmp_path, interpreter) as board, Host(board.link) as host:
        number, wire, pillow, boot, nonce, version, cause, _, key = host.line("hello")
    assert (number, wire, boot, cause, key) == (0, 1, 1, "power", 0)
    assert len(pillow) == 16 and len(nonce) == 8 and version != "rescue"


def test_what_is_done_to_it_is_reported(tmp_path, interpreter):
    with plugged(tmp_path, interpreter) as board, Host(board.link) as host:
        welcome(host)
        board.tell("shake 3")
        gestures = []
        while "shaking" not in gestures:
            boot, seq, _, gesture, *_ = host.line("report")
            host.port.write(encode("ack", 3, boot, seq))
            gestures.append(gesture)


def test_it_misses_no_sample_while_nobody_listens(tmp_path, interpreter):
    """Of three times once: a machine that stands still for most of a second misses some, whoever listens."""
    assert any(_misses_none(tmp_path / str(number), interpreter) for number in range(3))


def _misses_none(folder: Path, interpreter) -> bool:
    """Absent; there but not reading; not even taking what is written; and flash is written meanwhile."""
    folder.mkdir()
    began = time.monotonic()
    with plugged(folder, interpreter, COUNTED) as board:
        spool = board.flash / "spool"
        board.tell("shake 2")
        until(lambda: spool.is_dir() and list(spool.iterdir()))  # it came alive, and its first report is in flash
        with serial.Serial(str(board.link), 115200):
            board.tell("shake 1")
            _pass(1.5)
            board.tell("fault stall 2")
            board.tell("shake 1")
            _pass(2.5)
        with Host(board.link) as host:
            board.tell("count")
            queued, lost = map(int, host.console("counted").split()[1:])
            seconds = time.monotonic() - began
            welcome(host)
            missed = host.line("beat")[4]
    assert 400 < queued <= 100 * seconds
    return (lost, missed) == (0, 0)


def _pass(seconds: float) -> None:
    """Let real time pass: the thing tested here is that it does no harm."""
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() > end)


def test_pulled_and_plugged_in_again_it_is_the_same_boot_on_another_port(tmp_path):
    with plugged(tmp_path) as board:
        with Host(board.link) as host:
            before = host.line("hello")
            board.tell("unplug")
            with pytest.raises((serial.SerialException, OSError)):
                host.line("hello")
        assert not board.link.is_symlink()
        board.tell("plug")
        until(board.link.is_symlink)
        with Host(board.link) as host:
            after = host.line("hello")
    assert after[2:7] == before[2:7]


@pytest.mark.parametrize(
    "command, cause, rom", [("reset", "reset", "SW_CPU_RESET"), ("power", "power", "POWERON_RESET")]
)
def test_a_reset_is_a_new_boot_after_the_noise_of_the_boot_rom(tmp_path, interpreter, command, cause, rom):
    with plugged(tmp_path, interpreter) as board, Host(board.link) as host:
        first = host.line("hello")
        board.tell(command)
        assert rom in host.console("rst:")
        second = host.line("hello")
    assert second[2] == first[2]
    assert second[3] == first[3] + 1
    assert second[6] == cause


def test_it_comes_back_from_power_cuts_at_any_moment(tmp_path):
    with plugged(tmp_path) as board, Host(board.link) as host:
        host.line("hello")
        for pause_s in (0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.35, 0.4, 0.5):
            board.tell("fault stall 0.1")
            board.tell("power")
            host.port.write(encode("who", 1) * 3)
            _pass(pause_s)
        boot = 0
        while (newer := host.line("hello")[3]) != boot:  # until it says the same one twice: it runs
            boot = newer
    assert board.process.returncode == 0


def test_a_program_that_hangs_is_bitten_by_the_watchdog(tmp_path, interpreter):
    hangs = script(
        tmp_path,
        "import os, sys\n"
        f"sys.path.insert(0, {str(ROOT / 'firmware')!r})\n"
        "from virtual import machine\n"
        "print('began by', os.getenv('HUGGABLE_CAUSE'))\n"
        "machine.WDT(timeout=1000)\n"
        "while True: pass\n",
    )
    with plugged(tmp_path, interpreter, hangs) as board, Host(board.link) as host:
        assert "TG1WDT" in host.console("rst:")
        assert host.console("began by") == "began by watchdog"


def _begin(board: Plugged, host: Host) -> None:
    """Start its program again, now that somebody is there to hear that it is ready."""
    board.tell("reset")
    host.console("SW_CPU_RESET")
    host.console("ready")


def test_a_burst_above_its_input_ring_loses_its_end(tmp_path):
    deaf = script(
        tmp_path,
        "import os, select, time\n"
        "print('ready', flush=True)\n"
        "while not select.select([0], [], [], 1)[0]: pass\n"
        "time.sleep(0.5)\n"
        "heard = os.read(0, 4096)\n"
        "print('heard', len(heard), heard == bytes(range(65, 91)) * 9 + b'ABCDEFGHIJKLMNOPQRSTUVWXY', flush=True)\n"
        "time.sleep(60)\n",
    )
    with plugged(tmp_path, sys.executable, deaf) as board, Host(board.link) as host:
        _begin(board, host)
        host.port.write(bytes(range(65, 91)) * 20)
        assert host.console("heard") == "heard 259 True"


def test_a_stalled_port_has_no_room_for_the_firmwares_output(tmp_path, interpreter):
    looks = script(
        tmp_path,
        "import select, sys, time\n"
        "poll = select.poll()\n"
        "poll.register(sys.stdout, select.POLLOUT)\n"
        "print('ready')\n"
        "while poll.poll(0): time.sleep(0.02)\n"
        "while not poll.poll(0): time.sleep(0.02)\n"
        "print('there was no room')\n"
        "time.sleep(60)\n",
    )
    with plugged(tmp_path, interpreter, looks) as board, Host(board.link) as host:
        _begin(board, host)
        board.tell("fault stall 2")
        assert host.console("no room") == "there was no room"


def test_ctrl_c_interrupts_the_program_and_other_control_bytes_do_not(tmp_path, interpreter):
    listens = script(
        tmp_path,
        "import sys\n"
        "print('ready')\n"
        "heard = b''\n"
        "while True:\n"
        "    try: heard += sys.stdin.buffer.read(1)\n"
        "    except KeyboardInterrupt: print('interrupted after', len(heard))\n",
    )
    with plugged(tmp_path, interpreter, listens) as board, Host(board.link) as host:
        _begin(board, host)
        host.port.write(bytes([0x1C, 0x1A, 0x04, 0x11, 0x13, 0x15, 0x0D]))
        host.port.flush()
        _pass(0.2)
        host.port.write(b"\x03")
        assert host.console("interrupted") == "interrupted after 7"


def test_noise_on_the_wire_costs_no_later_line(tmp_path):
    with plugged(tmp_path) as board, Host(board.link) as host:
        host.line("hello")
        board.tell("fault noise 300")
        host.line("hello")


def test_its_light_can_be_seen(tmp_path, interpreter):
    with plugged(tmp_path, interpreter) as board, Host(board.link) as host:
        welcome(host)
        host.port.write(encode("light", 3, 1, "glow", 255, 0, 0, 50, 60))
        red = until(lambda: board.glow.exists() and any(_pixels(board)) and _pixels(board))
    assert all(value > 0 for value in red[0::3])
    assert not any(red[1::3] + red[2::3])


def _pixels(board: Plugged) -> list[int]:
    return [int(value, 16) for value in json.loads(board.glow.read_text())["pixels"]]


@pytest.mark.parametrize("ending", ["end of input", "SIGTERM", "SIGKILL"])
def test_however_it_ends_nothing_is_left(tmp_path, interpreter, ending):
    with plugged(tmp_path, interpreter) as board:
        with Host(board.link) as host:
            host.line("hello")
        children = _children(board.process.pid)
        if ending == "end of input":
            board.process.stdin.close()
        else:
            board.process.send_signal(getattr(signal, ending))
        code = board.process.wait(SOON_S)
        until(lambda: not any(Path(f"/proc/{child}").exists() for child in children))
    assert children
    if ending != "SIGKILL":
        assert code == 0
        assert not board.link.is_symlink()


def _children(pid: int) -> list[str]:
    if not Path("/proc/self").exists():
        pytest.skip("only Linux shows a program's children in /proc")
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_an_interpreter_that_is_not_there_is_said_in_a_sentence(tmp_path):
    words = [sys.executable, PLUG, "--link", tmp_path / "tty", "--flash", tmp_path / "flash"]
    done = subprocess.run(
        [*words, "--interpreter", tmp_path / "nothing"],
        stdin=subprocess.PIPE,
        capture_output=True,
        text=True,
        timeout=SOON_S,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert str(tmp_path / "nothing") in done.stderr
    assert not os.path.lexists(tmp_path / "tty")
