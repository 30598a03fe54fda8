"""Every sentence that a refused port can lead to, and the evidence it is decided from."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from bridge import evidence
from bridge.diagnosis import Facts, Refusal, sentence

PORT = "/dev/ttyUSB0"

SENTENCES = [
    (
        Facts(Refusal.NONE),
        "no pillow is plugged in: use a USB cable that carries data (a charge-only cable shows nothing here)",
    ),
    (
        Facts(Refusal.NONE, orphans=("CH340 (1a86:7523)",), programs=frozenset({"brltty"})),
        "brltty took the port of the CH340 (1a86:7523) that is plugged in: `sudo apt remove brltty`,"
        " then plug it in again",
    ),
    (
        Facts(Refusal.NONE, orphans=("CP210x (10c4:ea60)",)),
        "the CP210x (10c4:ea60) that is plugged in has no port because its driver is missing:"
        " install the driver of that chip",
    ),
    (
        Facts(Refusal.ABSENT, PORT),
        "there is no port /dev/ttyUSB0: plug the pillow in, or leave out --port and it is looked for",
    ),
    (
        Facts(Refusal.ABSENT, PORT, others=("/dev/ttyUSB1", "/dev/ttyACM0")),
        "there is no port /dev/ttyUSB0 (there is /dev/ttyUSB1, /dev/ttyACM0): plug the pillow in,"
        " or leave out --port and it is looked for",
    ),
    (
        Facts(Refusal.ABSENT, PORT, orphans=("CH340 (1a86:7523)",), programs=frozenset({"brltty"})),
        "brltty took the port of the CH340 (1a86:7523) that is plugged in: `sudo apt remove brltty`,"
        " then plug it in again",
    ),
    (
        Facts(Refusal.FORBIDDEN, PORT, group="dialout"),
        "you may not open /dev/ttyUSB0: `sudo usermod -aG dialout $USER`, then log out and in",
    ),
    (
        Facts(Refusal.FORBIDDEN, PORT, group="uucp", member=True),
        "you may not open /dev/ttyUSB0 before you log in again: log out and in (you are in group uucp only since then)",
    ),
    (Facts(Refusal.FORBIDDEN, PORT, group="root"), "you may not open /dev/ttyUSB0: `sudo chmod a+rw /dev/ttyUSB0`"),
    (
        Facts(Refusal.BUSY, PORT, holder="minicom (process 12)"),
        "/dev/ttyUSB0 is in use by minicom (process 12): close that program",
    ),
    (Facts(Refusal.BUSY, PORT), "/dev/ttyUSB0 is in use by another program: close that program"),
    (
        Facts(Refusal.BUSY, PORT, programs=frozenset({"ModemManager"})),
        "ModemManager holds /dev/ttyUSB0: `sudo systemctl disable --now ModemManager`",
    ),
    (
        Facts(Refusal.BUSY, PORT, holder="ModemManager (process 7)"),
        "ModemManager holds /dev/ttyUSB0: `sudo systemctl disable --now ModemManager`",
    ),
    (
        Facts(Refusal.BUSY, PORT, holder="minicom (process 12)", programs=frozenset({"ModemManager"})),
        "/dev/ttyUSB0 is in use by minicom (process 12): close that program",
    ),
    (
        Facts(Refusal.UNREACHABLE, "socket://pi:5000", reason="Connection refused"),
        "nobody answers at socket://pi:5000 (Connection refused): start what should listen there,"
        " or correct the address",
    ),
    (
        Facts(Refusal.UNREADABLE, "foo://"),
        "'foo://' is not a port: write it as /dev/ttyUSB0, COM3 or socket://host:port",
    ),
    (
        Facts(Refusal.STRANGER, PORT),
        "what is on /dev/ttyUSB0 does not answer as a pillow: if it is one, run `make flash`",
    ),
    (
        Facts(Refusal.BROKEN, PORT, reason="Input/output error"),
        "/dev/ttyUSB0 cannot be opened (Input/output error): unplug it and plug it in again",
    ),
]


@pytest.mark.parametrize(("facts", "expected"), SENTENCES, ids=[text[:50] for _, text in SENTENCES])
def test_the_sentence_for_each_cause(facts, expected):
    assert sentence(facts) == expected


def test_every_refusal_has_a_sentence():
    assert {facts.refusal for facts, _ in SENTENCES} == set(Refusal)


def usb_device(devices: Path, name: str, vendor: str, product: str, port: str = "") -> None:
    (devices / name).mkdir()
    (devices / name / "idVendor").write_text(f"{vendor}\n")
    (devices / name / "idProduct").write_text(f"{product}\n")
    (devices / name / f"{name}:1.0").mkdir()
    if port:
        (devices / name / f"{name}:1.0" / port).mkdir()


def test_a_serial_chip_without_a_port_is_an_orphan(tmp_path):
    usb_device(tmp_path, "1-1", "1a86", "7523")
    usb_device(tmp_path, "1-2", "10c4", "ea60", port="ttyUSB0")
    usb_device(tmp_path, "1-3", "046d", "c52b")
    (tmp_path / "1-1:1.0").mkdir()
    assert evidence.orphans(tmp_path) == ["CH340 (1a86:7523)"]


def test_where_there_is_nothing_to_look_at_nothing_is_found(tmp_path):
    assert evidence.orphans(tmp_path / "missing") == []
    assert evidence.holder("/dev/ttyUSB0", tmp_path / "missing") == ""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system has no /proc")
def test_whoever_holds_a_port_is_named():
    board, slave = pty.openpty()
    url = os.ttyname(slave)
    os.close(slave)
    code = "import os, sys; os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout.readline() == b"open\n"
        name = Path(f"/proc/{program.pid}/comm").read_text().strip()
        facts = evidence.facts(Refusal.BUSY, url)
        program.stdin.close()
    os.close(board)
    assert facts.holder == f"{name} (process {program.pid})"
    assert sentence(facts) == f"{url} is in use by {facts.holder}: close that program"


def test_the_group_of_a_port_is_found():
    board, slave = pty.openpty()
    facts = evidence.facts(Refusal.FORBIDDEN, os.ttyname(slave))
    os.close(slave)
    os.close(board)
    assert facts.group
