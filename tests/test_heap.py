"""The firmware fits: imported and running, it leaves 40 kB of a heap of 110 kB, on the chip's word size."""

import subprocess
from pathlib import Path

from aloft import PILLOW, Home
from interpreters import micropython32

ROOT = Path(__file__).resolve().parent.parent
HEAP_KB = 110  # what a program found on an ESP32 before Wi-Fi
FREE_KB = 40  # for Wi-Fi's buffers and what is still to come
PEAK_KB = 85  # that it needs at its worst moment, with what is garbage by then
SECONDS = 40
AIR_KB = 20  # free with Wi-Fi, TLS and a full spool under way; what TLS takes besides is the system's memory
AIR_S = 12


def run(folder, heap_kb, seconds=SECONDS, *how):
    """Fill the spool, then run everything within this heap. Returns the least free bytes and the lines it said."""
    program = [ROOT / "tests" / "heap_program.py", ROOT / "firmware"]
    size = subprocess.run([micropython32(), *program, folder, "size"], capture_output=True, timeout=60, check=True)
    micropython = [micropython32(), "-X", f"heapsize={1024 * heap_kb + int(size.stdout)}", *program]
    subprocess.run([*micropython, folder, "fill"], timeout=60, check=True)
    done = subprocess.run([*micropython, folder, str(seconds), *how], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("free "), done.stdout + done.stderr
    _, free, _, said = done.stdout.split()
    return int(free), int(said)


def test_everything_runs_and_leaves_forty_kilobytes(tmp_path, capsys):
    free, said = run(tmp_path, HEAP_KB)
    with capsys.disabled():
        print(f"\nheap: {free} bytes of {HEAP_KB} kB stay free while everything runs and a full spool is sent")
    assert free >= FREE_KB * 1024
    assert said > 1_000  # it did send
    names = [path.name for path in (tmp_path / "spool").iterdir()]
    assert any(name.startswith("00000002-") for name in names)  # and recognise


def test_it_runs_in_less_where_garbage_has_to_go_at_once(tmp_path):
    assert run(tmp_path, PEAK_KB)[1] > 1_000


def test_over_the_air_everything_runs_and_leaves_enough(tmp_path, capsys):
    home = Home(tmp_path / "data")
    try:
        home.listen()
        pillow = tmp_path / "pillow"
        pillow.mkdir()
        (pillow / "id").write_text(PILLOW)
        (pillow / "home").write_bytes(home.blob())
        free, _ = run(pillow, HEAP_KB, AIR_S, "air")
        told = len(home.reports())
    finally:
        home.close()
    with capsys.disabled():
        print(f"\nheap: {free} bytes of {HEAP_KB} kB stay free over Wi-Fi, with TLS and a full spool to tell")
    assert free >= AIR_KB * 1024
    assert told >= 500  # what `reports` shows at most
