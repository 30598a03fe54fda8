"""Bridge, page and virtual pillow as a person starts them: real processes, real signals, no terminal."""

import contextlib
import os
import signal
import socket
import subprocess

import pytest
from desk import PillowOnDesk
from joined import PILLOW
from soon import ENDS_S, START_S, until
from whole import is_gone

from bridge.home import journal_path
from bridge.journal import Journal


@pytest.fixture
def desk_pillow():
    pillow = PillowOnDesk()
    yield pillow
    pillow.pull()


def test_a_demo_shows_a_virtual_pillow_and_ends_in_time_without_orphans(start):
    demo = start("demo")
    until(lambda: demo.shown() == "neutral")
    (pillow,) = demo.ask("/api/state")["pillows"]
    assert pillow["link"] == "virtual"
    children = demo.children()
    assert len(children) == 2
    assert demo.stop() < ENDS_S
    assert demo.process.returncode == 0
    until(lambda: all(is_gone(child) for child in children))
    assert demo.err == []
    assert [line.partition("?")[0].rpartition(":")[0] for line in demo.out] == ["page: http://127.0.0.1"]


def test_ctrl_c_ends_a_demo_in_time_and_without_a_word(start):
    demo = start("demo")
    until(lambda: demo.shown() == "neutral")
    assert demo.stop(signal.SIGINT) < ENDS_S
    assert demo.process.returncode == 0
    assert demo.err == []


def test_a_signal_while_it_starts_ends_it_as_well(start):
    demo = start("demo")
    until(lambda: (demo.folder / "bridge.lock").exists())
    assert demo.stop() < ENDS_S


def test_a_killed_bridge_leaves_no_orphans(start):
    demo = start("demo")
    until(lambda: demo.shown() == "neutral")
    children = demo.children()
    demo.stop(signal.SIGKILL)
    until(lambda: all(is_gone(child) for child in children))


def test_a_hug_pressed_on_the_command_line_is_seen_on_the_page(start):
    demo = start("demo")
    until(lambda: demo.shown() == "neutral")
    pressed = demo.huggable("press", "hug", "--seconds", "6")
    assert (pressed.returncode, pressed.stderr) == (0, "")
    until(lambda: demo.shown() == "hugging")
    until(lambda: demo.shown() == "neutral")
    gestures = [row["gesture"] for row in demo.ask("/api/reports?after=0&limit=100")]
    assert gestures.count("hugging") == 1


def test_an_unplugged_pillow_shows_in_time_and_comes_back(start):
    demo = start("demo")
    until(lambda: demo.shown() == "neutral")
    assert demo.huggable("press", "unplug").returncode == 0
    until(lambda: demo.shown() == "notconnected")
    assert demo.huggable("press", "plug").returncode == 0
    until(lambda: demo.shown() == "neutral")


def test_a_real_pillow_on_a_port_that_was_named(start, desk_pillow):
    bridge = start("run", "--port", desk_pillow.url)
    until(lambda: bridge.shown() == "neutral")
    desk_pillow.feel("hugging")
    until(lambda: bridge.shown() == "hugging")
    (report,) = bridge.ask("/api/reports?after=0&limit=10")
    assert (report["pillow"], report["boot"], report["seq"], report["late"]) == (PILLOW, 1, 1, False)
    assert bridge.stop() < ENDS_S
    journal = Journal(journal_path(bridge.folder), read_only=True)
    assert journal.pillows()[0]["gesture"] == "notconnected"
    journal.close()


def test_a_real_pillow_cannot_be_pressed(start, desk_pillow):
    bridge = start("run", "--port", desk_pillow.url)
    until(lambda: bridge.shown() == "neutral")
    pressed = bridge.huggable("press", "hug")
    assert pressed.returncode == 1
    assert "this pillow is a real one" in pressed.stderr


def test_a_second_bridge_says_who_is_first_and_ends(start):
    first = start("demo")
    first.page()
    second = first.huggable("demo")
    assert second.returncode == 1
    assert second.stderr == (
        f"huggable: a bridge already runs on {first.folder} (process {first.process.pid}):"
        " use its page, or stop it first\n"
    )


def test_a_page_that_dies_is_started_again(start, desk_pillow):
    bridge = start("run", "--port", desk_pillow.url)
    bridge.page()
    (page,) = bridge.children()
    _kill(page)
    until(lambda: len([line for line in bridge.out if line.startswith("page: ")]) == 2)
    assert bridge.err == ["the page ended (exit -9) and is started again: it did not say why"]


def test_a_page_that_cannot_start_ends_everything_with_its_sentence(start, desk_pillow):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        bridge = start("run", "--port", desk_pillow.url, HUGGABLE_HTTP_PORT=str(port))
        bridge.process.wait(START_S)
    bridge.close()
    assert bridge.process.returncode == 1
    assert bridge.err == [
        f"huggable: port {port} cannot be used (Address already in use):"
        " stop the program that has it, or set HUGGABLE_HTTP_PORT to another (0 = any)"
    ]


def test_a_virtual_pillow_that_dies_is_started_again(start):
    demo = start("demo")
    until(lambda: demo.shown() == "neutral")
    plug = next(pid for pid in demo.children() if "plug.py" in _command(pid))
    _kill(plug)
    until(lambda: demo.shown() == "notconnected")
    until(lambda: demo.shown() == "neutral")


def test_a_port_that_is_missing_is_told_once_and_everything_else_runs(start, tmp_path):
    bridge = start("run", "--port", str(tmp_path / "ttyUSB0"))
    assert bridge.ask("/api/state") == {"pillows": [], "row": 0}
    told = f"there is no port {tmp_path / 'ttyUSB0'}: plug the pillow in, or leave out --port and it is looked for"
    until(lambda: bridge.err == [told])
    said = bridge.huggable("status")
    assert said.returncode == 1
    assert told in said.stdout


@pytest.fixture
def machines_that_do_not_answer():
    """Ports on which connecting takes for ever: their backlog is full."""
    servers, callers = [socket.create_server(("127.0.0.1", 0), backlog=0) for _ in range(4)], []
    for server in servers * 3:
        callers.append(socket.socket())
        callers[-1].setblocking(False)
        with contextlib.suppress(BlockingIOError):
            callers[-1].connect(server.getsockname())
    yield [server.getsockname()[1] for server in servers]
    [one.close() for one in servers + callers]


def test_machines_that_do_not_answer_keep_nobody_from_ending_in_time(start, machines_that_do_not_answer):
    ports = [word for port in machines_that_do_not_answer for word in ("--port", f"socket://127.0.0.1:{port}")]
    bridge = start("run", *ports)
    bridge.page()
    assert bridge.stop() < ENDS_S
    assert bridge.process.returncode == 0


def test_what_was_written_may_be_read_by_this_user_alone(start):
    demo = start("demo")
    demo.page()
    demo.stop()
    found = [path for path in demo.folder.rglob("*") if path.stat().st_mode & 0o077 and not path.is_symlink()]
    assert found == []


def test_a_journal_that_is_damaged_is_set_aside_and_a_new_one_is_begun(start, tmp_path):
    (tmp_path / "data").mkdir()
    rubbish = "this is not a database, and long enough to be seen as none" * 40
    (tmp_path / "data" / "journal.db").write_text(rubbish)
    demo = start("demo")
    until(lambda: demo.shown() == "neutral")
    (aside,) = demo.folder.glob("journal.db.damaged-*")
    assert aside.read_text() == rubbish
    assert demo.err == [
        "the journal was damaged (file is not a database) and a new one was begun:"
        f" what can be saved of it is in {aside}"
    ]
    assert demo.err[0] in demo.huggable("status").stdout


def test_a_journal_that_is_taken_away_while_it_is_used_is_begun_anew(start, tmp_path):
    demo = start("demo")
    until(lambda: demo.shown() == "neutral")
    (demo.folder / "journal.db").unlink()
    assert demo.huggable("press", "hug", "--seconds", "1").returncode in (0, 1)  # to the old journal or to the new one
    until(lambda: len([line for line in demo.out if line.startswith("page: ")]) == 2)
    assert "its file was taken away" in demo.err[0]


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def _command(pid: int) -> str:
    return subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True).stdout
