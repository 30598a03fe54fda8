import contextlib
import http.client
import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from onlookers import ROOT, Home, Onlooker, said
from soon import SOON_S, START_S, until

from bridge.bell import ring


@pytest.fixture
def house(tmp_path):
    with Home(tmp_path) as house:
        yield house


@pytest.fixture(scope="module")
def inn(tmp_path_factory):
    """A house that many come to, one after the other: each must leave it as it was."""
    with Home(tmp_path_factory.mktemp("inn")) as inn:
        yield inn.open()
        complaints = inn.shut()
        assert "Traceback" not in complaints, complaints


def look(house, after=None, **rest):
    known = {"key": house.key} if after is None else {"key": house.key, "after": after}
    return Onlooker(house.port, known, query=f"&key={house.key}", **rest)


def program(house, *words, **environ):
    command = [sys.executable, "-m", "web", "--data", str(house.folder), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=START_S, env=environ or None)


# -- From the journal to the page ------------------------------------------------------------------------------


def test_a_report_reaches_every_onlooker_soon(house):
    house.meet()
    house.open()
    with look(house) as one, look(house) as two:
        one.hear("state"), two.hear("state")
        house.feel("hugging")
        (told,) = one.hear("report")
        assert (told["gesture"], told["row"]) == ("hugging", 1)
        assert one.hear("state")["pillows"][0]["gesture"] == "hugging"
        assert two.rows(1) == [1]
    assert house.shut() == ""


def test_without_a_doorbell_the_page_still_looks(house, monkeypatch):
    house.open()
    monkeypatch.setattr("onlookers.ring", lambda _: None)
    with look(house) as onlooker:
        onlooker.hear("state")
        house.feel("hugging")
        assert onlooker.rows(1) == [1]


def test_an_onlooker_that_comes_back_is_told_exactly_what_it_missed(house):
    house.feel("hugging")
    house.open()
    with look(house, after=0) as onlooker:
        assert onlooker.rows(1) == [1]
    house.feel("neutral", "punching")
    with look(house, after=1) as onlooker:
        assert onlooker.rows(2) == [2, 3]
        house.feel("neutral")
        assert onlooker.rows(1) == [4]


def test_a_page_that_starts_anew_lets_its_onlookers_resume(house):
    house.open()
    house.feel("hugging")
    house.shut()
    house.feel("neutral")
    house.open()
    with look(house, after=1) as onlooker:
        assert onlooker.rows(1) == [2]


def test_rows_that_arrive_during_a_replay_come_after_it_and_once(house):
    house.feel(*["hugging", "neutral"] * 2_000)
    house.open()
    with look(house, after=0) as onlooker:
        rows = onlooker.rows(1)
        for _ in range(10):
            house.feel("punching")
        rows += onlooker.rows(4_010 - len(rows))
    assert rows == list(range(1, 4_011))


def test_ten_thousand_missed_rows_are_told(house):
    house.feel(*["hugging", "neutral"] * 5_000)
    house.open()
    with look(house, after=0) as onlooker:
        assert onlooker.rows(10_000) == list(range(1, 10_001))


# -- Without a WebSocket ---------------------------------------------------------------------------------------


def polling(house):
    """Begin to poll, and give the address at which it goes on."""
    path = "/socket.io/?EIO=4&transport=polling"
    _, opened = house.fetch(path)
    return f"{path}&sid={json.loads(opened[1:])['sid']}"


def test_a_program_may_poll_and_bring_its_key_in_its_first_message(house):
    house.feel("hugging")
    house.open()
    path = polling(house)
    assert house.fetch(path, "POST", f'40{{"key":"{house.key}","after":0}}') == (200, "OK")
    heard = until(lambda: (text := house.fetch(path)[1]) and '"report"' in text and text)
    assert '"gesture":"hugging"' in heard


def test_a_program_that_polls_without_the_key_is_refused(inn):
    path = polling(inn)
    inn.fetch(path, "POST", "40{}")
    assert "44{" in inn.fetch(path)[1]


# -- Those who mean no good ------------------------------------------------------------------------------------


def test_a_rebound_name_reaches_nothing(inn):
    assert inn.fetch(f"/?key={inn.key}", Host="evil.example")[0] == 421
    assert inn.fetch(f"/?key={inn.key}", Host=f"evil.example:{inn.port}", Origin="http://evil.example")[0] == 421


def test_a_websocket_is_refused_to_a_foreign_page_and_to_one_without_an_origin(inn):
    own = f"http://127.0.0.1:{inn.port}"
    for headers, status in (
        ({"Origin": "http://evil.example"}, 403),
        ({}, 403),
        ({"Origin": own}, 101),
        ({"X_Key": inn.key}, 101),
        ({"X_Key": "wrong", "Origin": own}, 403),
    ):
        with Onlooker(inn.port, **headers) as onlooker:
            assert onlooker.status == status, headers


def test_an_open_websocket_without_the_key_is_told_what_to_do(inn):
    with Onlooker(inn.port, Origin=f"http://localhost:{inn.port}") as onlooker:
        refused = until(lambda: onlooker.listen() or onlooker.refused)
    assert "`make run`" in refused


@pytest.mark.parametrize(
    "rubbish",
    [
        "42" + "[" * 9_000,
        '42["press",NaN]',
        "42{}",
        "4",
        "9",
        "\x00",
        "451-[]",
        '42["press",{"act":1e999}]',
        "43[",
        "42/x,[]",
    ],
)
def test_rubbish_costs_at_most_its_own_connection(inn, rubbish):
    with look(inn) as other, look(inn) as onlooker:
        other.hear("state"), onlooker.hear("state")
        onlooker.say(rubbish)
        inn.feel("hugging")
        assert other.rows(1) == [inn.seq]


@pytest.mark.parametrize(
    "frame",
    [b"\x81\x05hello", b"\xff" * 40, b"\x82\x80\x00\x00\x00\x00", b"\x81\xfe\xff\xff", b"GET / HTTP/1.1\r\n\r\n"],
)
def test_a_frame_that_is_none_costs_at_most_its_own_connection(inn, frame):
    with look(inn) as other, look(inn) as onlooker:
        other.hear("state"), onlooker.hear("state")
        onlooker.socket.sendall(frame)
        inn.feel("hugging")
        assert other.rows(1) == [inn.seq]


def test_half_a_handshake_is_refused(inn):
    half = {"Upgrade": "websocket", "Connection": "Upgrade", "X_Key": inn.key}
    assert inn.fetch("/socket.io/?EIO=4&transport=websocket", **half)[0] == 400


def test_a_message_that_is_too_long_ends_its_connection(inn):
    with look(inn) as onlooker:
        onlooker.hear("state")
        onlooker.say('42["press","' + "x" * 40_000 + '"]')
        assert onlooker.hangs_up()


def test_a_flood_of_messages_ends_its_connection_and_disturbs_nobody(house):
    house.open()
    with look(house) as other, look(house) as onlooker:
        other.hear("state"), onlooker.hear("state")
        with pytest.raises((ConnectionError, EOFError)):
            for _ in range(100_000):
                onlooker.say('42["nothing"]')
                onlooker.listen(0.0001)
        house.feel("hugging")
        assert other.rows(1) == [1]


def memory_kb(process):
    told = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(told.split("VmRSS:")[1].split()[0])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_page_that_never_reads_is_given_up_and_costs_little(house):
    house.open()
    with look(house, window=4096) as asleep, look(house) as awake:
        awake.hear("state")
        before = memory_kb(house.page)
        for _ in range(60):
            with house.journal.transaction():
                house.journal.append([said(house.seq + n, "hugging") for n in range(1, 501)])
            house.seq += 500
            ring(house.journal.bells())
            awake.listen(0.001)
        assert awake.rows(30_000)[-1] == 30_000
        assert memory_kb(house.page) - before < 40_000
        house.feel("neutral")
        until(lambda: house.fetch("/api/state", X_Key=house.key)[0] == 200)
        assert asleep.hangs_up()


def test_a_connection_that_asks_for_nothing_does_not_stand_in_the_way(inn):
    idle = [socket.create_connection(("127.0.0.1", inn.port)) for _ in range(100)]
    idle[0].sendall(b"GET / HT")
    assert inn.fetch("/", X_Key=inn.key)[0] == 200
    for one in idle:
        one.close()


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\n" * 100,
        b"G" * 70_000,
        b"GET / HTTP/1.1\r\nHost: ",
    ],
)
def test_what_is_no_http_gets_no_traceback(inn, request_):
    with socket.create_connection(("127.0.0.1", inn.port), timeout=SOON_S) as visitor:
        visitor.sendall(request_ + b"\r\n\r\n")
        with contextlib.suppress(OSError):  # it may have been shown the door already
            visitor.shutdown(socket.SHUT_WR)
        try:
            while visitor.recv(4096):
                pass
        except ConnectionError:
            pass
    assert inn.fetch("/", X_Key=inn.key)[0] == 200


# -- Starting and ending ---------------------------------------------------------------------------------------


def test_it_ends_when_told_to_with_onlookers_there(house):
    house.open()
    with look(house) as onlooker:
        onlooker.hear("state")
        assert house.shut() == ""
        assert house.page.returncode == 0


def test_as_a_child_it_ends_when_its_parent_does(house):
    house.open("--child")
    house.page.stdin.close()
    assert house.page.wait(SOON_S) == 0


def test_it_needs_no_terminal_and_no_standard_input(house):
    house.open("--child")
    assert house.fetch("/", X_Key=house.key)[0] == 200
    assert house.page.poll() is None


def test_a_taken_port_is_one_sentence(house):
    house.open()
    ended = program(house, "--port", str(house.port))
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"page: port {house.port} cannot be used")
    assert ended.stderr.count("\n") == 1 and "HUGGABLE_HTTP_PORT" in ended.stderr


@pytest.mark.parametrize("port", ["x", "-1", "65536", "8o80"])
def test_a_port_that_is_none_is_one_sentence(house, port):
    ended = program(house, HUGGABLE_HTTP_PORT=port)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "HUGGABLE_HTTP_PORT" in ended.stderr


def test_a_journal_that_is_none_is_one_sentence(house):
    other = house.folder / "other"
    other.mkdir()
    (other / "journal.db").write_bytes(b"not a database at all" * 500)
    ended = program(house, "--port", "0", "--data", str(other))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "move it away" in ended.stderr


def test_its_answers_stay_alive_between_questions(house):
    house.open()
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=SOON_S)
    for _ in range(3):
        connection.request("GET", "/api/state", headers={"X-Key": house.key})
        assert connection.getresponse().read()
    connection.close()
