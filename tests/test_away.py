"""The page away from home: a real Azurite, real processes, a real Redis."""

import os
import signal
import subprocess
import sys
import time

import pytest
from afar import KEY, ROOT, Far, Sending, environment, free_port, redis
from azurite import Azurite
from faultyhttp import Answers, Dawdles, FaultyHttp, Resets, StoresAndIsSilent, StoresAndResets, Trickles
from soon import ENDS_S, START_S, until
from unruly import PILLOW, report

from bridge.journal import Journal

__all__ = ["redis"]
LONG_S = 60.0  # messages of a collector that was killed come back after 30 s


@pytest.fixture
def sending(azurite, queue_name):
    home = Sending(azurite.connection_string(), queue_name)
    yield home
    home.close()


@pytest.fixture
def far(azurite, sending, tmp_path):
    with Far(tmp_path / "far", "--queue", sending.queue.name, **environment(azurite.connection_string())) as machine:
        yield machine


def test_what_home_says_is_on_the_page_away(far, sending):
    with far.viewer(after=0) as viewer:
        viewer.hear("state")
        sending.feel("hugging", "neutral", "spinning")
        assert viewer.rows(3) == [1, 2, 3]
        shown = viewer.hear("state")["pillows"][0]
        assert [shown[name] for name in ("id", "name", "gesture", "link")] == [PILLOW, "Cirrus", "spinning", "usb"]
    assert far.seqs() == sending.sent
    assert until(lambda: sending.queue.receive(32, 1) == [])


def test_it_ends_in_time_whatever_it_waits_for(far):
    assert far.stop() < ENDS_S
    assert far.process.returncode == 0 and far.err == []


# -- settings ----------------------------------------------------------------------------------------------------

SAS = "https://account.queue.core.windows.net/huggable?sv=2024-11-04&sig=secret"


@pytest.mark.parametrize(
    "words, environ, said",
    [
        (["--queue"], {}, "there is no queue to read from: set HUGGABLE_QUEUE_URL"),
        (["--queue", "No"], {"HUGGABLE_QUEUE_URL": SAS}, "is about the queue huggable, and No was expected"),
        (["--queue"], {"AZURE_STORAGE_CONNECTION_STRING": "nonsense"}, "AZURE_STORAGE_CONNECTION_STRING is not one"),
        (["--tail"], {"HUGGABLE_QUEUE_URL": SAS}, "there is no stream to read: set HUGGABLE_REDIS"),
        (["--tail", "--redis", "nonsense"], {"HUGGABLE_QUEUE_URL": SAS}, "the address of Redis is not understood"),
        (
            ["--tail", "--redis", "redis://:pw@h:1/0"],
            {"HUGGABLE_QUEUE_URL": SAS},
            "put the address into HUGGABLE_REDIS",
        ),
        (["--queue", "--host", "0.0.0.0"], {"HUGGABLE_QUEUE_URL": SAS}, "a page on 0.0.0.0 can be read on its way"),
        (["--queue"], {"HUGGABLE_QUEUE_URL": SAS, "HUGGABLE_PUBLIC": "cloud.example"}, "write it as https://NAME"),
        (
            ["--queue"],
            {"HUGGABLE_QUEUE_URL": SAS, "HUGGABLE_PUBLIC": "http://cloud.example"},
            "write it as https://NAME",
        ),
        (
            ["--queue"],
            {"HUGGABLE_QUEUE_URL": SAS, "HUGGABLE_PUBLIC": "https://a.example/b"},
            "write it as https://NAME",
        ),
        (["--queue"], {"HUGGABLE_QUEUE_URL": SAS, "HUGGABLE_KEY": "1234"}, "HUGGABLE_KEY is too easy to guess"),
        (["--queue"], {"HUGGABLE_QUEUE_URL": SAS, "PORT": "/dev/ttyUSB0"}, "the port '/dev/ttyUSB0' is none"),
    ],
)
def test_wrong_settings_are_one_sentence_that_says_what_to_do(tmp_path, words, environ, said):
    done = subprocess.run(
        [sys.executable, "-m", "web", "--data", str(tmp_path), *words],
        cwd=ROOT, env=os.environ | environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=START_S,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr and done.stderr.count("\n") == 1 and "secret" not in done.stderr


def test_two_programs_do_not_share_a_data_folder(far):
    done = subprocess.run(
        far.command, cwd=ROOT, env=far.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=START_S,
    )  # fmt: skip
    assert done.returncode == 2 and "already runs on" in done.stderr


def test_behind_a_proxy_only_its_name_and_the_machine_s_own_are_answered(azurite, sending, tmp_path):
    environ = environment(azurite.connection_string(), HUGGABLE_PUBLIC="https://cloud.example:443/")
    with Far(tmp_path, "--queue", sending.queue.name, "--host", "0.0.0.0", port=str(free_port()), **environ) as machine:
        assert machine.get("/api/state", Host="cloud.example")[0] == 200
        assert machine.get("/api/state", Host="cloud.example", Origin="https://cloud.example")[0] == 200
        assert machine.get("/api/state", Host="cloud.example", Origin="http://cloud.example")[0] == 403
        assert machine.get("/api/state", Host="elsewhere.example")[0] == 421
        assert "wss://cloud.example" in machine.get("/", Host="cloud.example")[1]["Content-Security-Policy"]
        assert KEY not in machine.said and machine.said.startswith("page: https://cloud.example/?key=")


def test_a_container_s_port_counts_away_from_home(azurite, sending, tmp_path):
    environ = environment(azurite.connection_string(), PORT="0")
    with Far(tmp_path, "--queue", sending.queue.name, port=None, **environ) as machine:
        assert machine.ask("/api/state")["pillows"] == []


def test_a_wrong_key_to_the_queue_is_told_and_the_page_still_opens(azurite, queue_name, tmp_path):
    wrong = azurite.connection_string(key="bm90aGluZw==")
    with Far(tmp_path, "--queue", queue_name, **environment(wrong)) as machine:
        told = until(machine.troubles)
        assert "refuses the key" in told[0] and "bm90" not in told[0]
        assert machine.ask("/api/state")["pillows"] == []


# -- faults ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["taken:1", "taken:7", "deleted:3"])
def test_killed_between_commit_and_delete_nothing_is_lost_or_doubled(azurite, sending, tmp_path, step):
    for number in range(12):
        sending.feel("hugging" if number % 2 else "neutral")
    environ = environment(azurite.connection_string())
    environ["PILLOW_CRASH_AT"] = step
    with Far(tmp_path, "--queue", sending.queue.name, hurried=True, **environ) as machine:
        assert machine.process.wait(START_S) == 70
        machine.environ["PILLOW_CRASH_AT"] = ""
        machine.start()
        sending.feel("spinning")
        until(lambda: machine.seqs() == sending.sent)
        assert len(machine.rows()) == len(sending.sent)


def test_through_a_faulty_line_everything_comes_once_and_in_order(azurite, sending, tmp_path):
    faults = [
        *(Answers(429, "1"), Answers(500), Resets(), Answers(503, "1"), StoresAndResets(), Answers(408)),
        *(Dawdles(0.3), StoresAndIsSilent(), Trickles(40_000)),
    ]
    asked = [0]

    def choose(request):
        asked[0] += 1
        return faults[asked[0] // 3 % len(faults)] if asked[0] % 3 == 0 and asked[0] <= 45 else None

    with FaultyHttp(azurite.port, choose) as proxy:
        environ = environment(azurite.connection_string(proxy.port))
        with Far(tmp_path, "--queue", sending.queue.name, hurried=True, **environ) as machine:
            deadline_s = time.monotonic() + 240
            while asked[0] < 45 and time.monotonic() < deadline_s:
                sending.feel(("hugging", "neutral", "punching")[sending.seq % 3])
                time.sleep(0.1)
            until(lambda: machine.seqs() == sending.sent)
            assert len(machine.rows()) == len(sending.sent) and asked[0] >= 45
            until(lambda: machine.troubles() == [])


def test_a_queue_that_is_away_is_told_and_then_caught_up_with(azurite, sending, tmp_path):
    with FaultyHttp(azurite.port) as proxy:
        environ = environment(azurite.connection_string(proxy.port))
        with Far(tmp_path, "--queue", sending.queue.name, **environ) as machine:
            sending.feel("hugging")
            until(lambda: machine.seqs() == sending.sent)
            proxy.refuse()
            assert "check the internet connection" in until(machine.troubles)[0]
            assert machine.stop() < ENDS_S  # even so
            sending.feel("neutral")
            proxy.listen()
            machine.start()
            until(lambda: machine.seqs() == sending.sent and not machine.troubles())


def test_what_is_no_base64_and_no_json_ends_in_the_poison_queue(azurite, queue_name, tmp_path):
    """Looked at by the collector itself, with a queue that hides a message for a second only."""
    from test_collector import Machine

    sending = Sending(azurite.connection_string(), queue_name)
    sending.feel("hugging")
    sending.queue._client.send_message("~~ no Base64 ~~")
    machine = Machine(tmp_path / "journal.db", sending.queue)
    machine.collector._poison, machine.collector._visible_s = sending.poison, 1
    until(lambda: machine.step(1) is not None and "poison" in machine.troubles, pause_s=0.2)
    assert machine.seqs() == [1]
    (moved,) = sending.poison.receive(32, 30)
    assert moved.text == "~~ no Base64 ~~"
    sending.close()


# -- the way back ------------------------------------------------------------------------------------------------


def test_a_wish_made_on_the_page_away_travels_home_and_its_end_back(far, sending):
    from bridge import wishes
    from bridge.cloudevents import Ask, Wished, decode
    from bridge.packing import encode

    sending.feel("neutral")
    until(lambda: far.face() == "neutral")
    journal = Journal(far.folder / "journal.db")
    number = wishes.make(journal, PILLOW, "hug", {"colour": "#ff5a8c"}, "Oma", 3600, from_away=True)
    uid = journal.wish(number)["uid"]
    (arrived,) = until(lambda: sending.wishes.receive(32, 30))
    (asked,) = decode(arrived.text)
    assert isinstance(asked, Ask) and (asked.uid, asked.kind, asked.who) == (uid, "hug", "Oma")
    until(lambda: journal.outbox("home") == [])
    sending.queue.send(f"[{encode(Wished(asked, 'applied', '', 5))}]")
    until(lambda: journal.wish(number)["outcome"] == "applied")
    journal.close()


# -- more than one machine ---------------------------------------------------------------------------------------


@pytest.fixture
def machines(azurite, sending, redis, tmp_path):
    """One that collects and one that only reads the stream."""
    environ = environment(azurite.connection_string(), HUGGABLE_REDIS=redis.url)
    first = Far(tmp_path / "first", "--queue", sending.queue.name, hurried=True, **environ)
    second = Far(tmp_path / "second", "--queue", sending.queue.name, "--tail", **environ)
    with first, second:
        yield first, second


def same(machines, sending):
    return all(machine.seqs() == sending.sent for machine in machines)


def test_two_machines_show_the_same_face(machines, sending):
    sending.feel("hugging", "spinning")
    until(lambda: [machine.face() for machine in machines] == ["spinning"] * 2)
    assert same(machines, sending)
    assert [row["gesture"] for row in machines[0].rows()] == [row["gesture"] for row in machines[1].rows()]


def test_who_looks_on_at_any_machine_has_the_queue_asked_often(machines, sending):
    sending.feel("neutral")
    until(lambda: [machine.face() for machine in machines] == ["neutral"] * 2)
    assert any(is_asked_soon(machines, sending) for _ in range(5))


def is_asked_soon(machines, sending):
    """Whether it is, which a busy machine may be too slow for."""
    time.sleep(8)  # nobody watches: it has asked after 1, 2 and 4 seconds, and asks again after 8
    with machines[1].viewer(after=0) as viewer:
        begun_s = time.monotonic()
        sending.feel("hugging")
        assert viewer.hear("report")
        until(lambda: machines[1].face() == "hugging")
        return time.monotonic() - begun_s < 4


def test_a_machine_that_was_killed_catches_up(machines, sending):
    first, second = machines
    sending.feel("hugging")
    until(lambda: same(machines, sending))
    second.kill()
    for _ in range(20):
        sending.feel("neutral", "punching")
    until(lambda: first.seqs() == sending.sent)
    second.start()
    until(lambda: same(machines, sending) and second.face() == "punching")
    assert len(second.rows()) == len(sending.sent)


@pytest.mark.parametrize("step", ["published:3", "taken:3"])
def test_the_collecting_machine_may_be_killed_anywhere(machines, sending, step):
    first, _ = machines
    first.kill()
    first.start(PILLOW_CRASH_AT=step)
    for _ in range(6):
        sending.feel("neutral", "punching")
    assert first.process.wait(START_S) == 70
    first.start()
    until(lambda: same(machines, sending))
    assert [len(machine.rows()) for machine in machines] == [12, 12]


def test_redis_may_be_killed_and_comes_back(machines, sending, redis):
    sending.feel("hugging")
    until(lambda: same(machines, sending))
    redis.kill()
    sending.feel("neutral")
    assert "Redis at 127.0.0.1 does not answer" in until(machines[1].troubles)[0]
    redis.start()
    for _ in range(5):
        sending.feel("spinning", "neutral")
    until(lambda: same(machines, sending))
    assert [len(machine.rows()) for machine in machines] == [12, 12]
    until(lambda: machines[0].troubles() == machines[1].troubles() == [])


def test_every_machine_may_collect(azurite, sending, redis, tmp_path):
    environ = environment(azurite.connection_string(), HUGGABLE_REDIS=redis.url)
    words = ("--queue", sending.queue.name)
    first, second = (Far(tmp_path / name, *words, hurried=True, **environ) for name in ("first", "second"))
    with first, second:
        for number in range(60):
            sending.feel(("hugging", "neutral")[number % 2])
            time.sleep(0.02)  # so that both get some
        until(lambda: same((first, second), sending))
        assert [len(machine.rows()) for machine in (first, second)] == [60, 60]
        first.kill()
        sending.feel("spinning")
        until(lambda: second.seqs() == sending.sent)


def test_a_browser_that_is_sent_to_another_machine_is_told_exactly_what_it_missed(machines, sending):
    first, second = machines
    second.kill()
    journal = Journal(second.folder / "journal.db")  # where rows have other numbers, for whatever reason
    with journal.transaction():
        journal.append([report(seq, pillow="f" * 16) for seq in range(1, 8)])
    journal.close()
    second.start()
    sending.feel("hugging", "neutral", "spinning", "neutral")
    until(lambda: first.seqs() == sending.sent and len(second.rows()) == 11)
    with first.viewer(after=0) as viewer:
        seen = viewer.hear("report")[1]
    name = f"{seen['pillow']}/{seen['boot']}/{seen['seq']}"
    with second.viewer(after=seen["row"], last=name) as viewer:
        assert [row["seq"] for row in viewer.hear("report")] == [3, 4]
    with second.viewer(after=11, last="a" * 16 + "/1/1") as viewer:  # a report that is not here
        sending.feel("punching")
        assert [row["seq"] for row in viewer.hear("report", 10)] == [5]


def test_an_invitation_holds_on_every_machine_until_it_is_taken_back(machines):
    first, second = machines
    with first.viewer() as owner:
        token = owner.ask("invite", {"name": "Oma", "role": "viewer", "days": 3})["key"]
        until(lambda: second.get("/api/state", key=token)[0] == 200)
        (guest,) = owner.ask("guests", {}, 2)["guests"]
        owner.ask("revoke", {"guest": guest["guest"]}, 3)
    until(lambda: second.get("/api/state", key=token)[0] == 403)


def test_a_wish_may_be_made_on_any_machine(machines, sending):
    from bridge import wishes

    journal = Journal(machines[1].folder / "journal.db")
    wishes.make(journal, PILLOW, "hug", {"colour": "#ff5a8c"}, "Opa", 3600, from_away=True)
    journal.close()
    assert "Opa" in until(lambda: sending.wishes.receive(32, 30))[0].text


def test_what_was_trimmed_is_told_and_what_is_missing_is_a_gap(machines, sending, redis):
    import redis as library

    from web.stream import MESSAGES, Stream

    first, second = machines
    sending.feel("hugging")
    until(lambda: same(machines, sending))
    second.kill()
    sending.feel("neutral", "punching")
    sending.feel("spinning")
    until(lambda: first.seqs() == sending.sent)
    stream = Stream(redis.url, sending.queue.name)
    with library.Redis.from_url(redis.url) as direct:
        direct.xtrim(f"huggable:{sending.queue.name}:{MESSAGES}", maxlen=1, approximate=False)
    stream.close()
    second.start()
    until(lambda: second.face() == "spinning")
    assert [(row["first"], row["seq"], row["gesture"], row["why"]) for row in second.rows()] == [
        (1, 1, "hugging", ""),
        (2, 3, "gap", "queue"),
        (4, 4, "spinning", ""),
    ]
    assert "away for longer than the stream keeps" in second.troubles()[0]


def test_what_the_owner_deleted_leaves_every_machine_and_the_stream(machines, sending, redis):
    import redis as library

    from bridge.cloudevents import Forget
    from bridge.packing import encode
    from bridge.wishes import now_ms
    from web.stream import MESSAGES

    first, second = machines
    sending.feel("hugging", "neutral")
    until(lambda: same(machines, sending))
    second.kill()
    sending.queue.send(f"[{encode(Forget(now_ms()))}]")
    until(lambda: first.seqs() == [])
    second.start()
    until(lambda: second.seqs() == [])
    with library.Redis.from_url(redis.url) as direct:
        kept = direct.xrange(f"huggable:{sending.queue.name}:{MESSAGES}")
    assert [b"hugging" in fields[b"text"] for _, fields in kept] == [False]
    sending.feel("spinning")
    until(lambda: first.seqs() == second.seqs() == [(1, 3)])


def test_a_machine_that_is_new_has_what_the_stream_has(azurite, machines, sending, redis, tmp_path):
    sending.feel("hugging", "neutral")
    until(lambda: same(machines, sending))
    environ = environment(azurite.connection_string(), HUGGABLE_REDIS=redis.url)
    with Far(tmp_path / "third", "--queue", sending.queue.name, "--tail", **environ) as third:
        until(lambda: third.seqs() == sending.sent)


# -- Azurite itself ----------------------------------------------------------------------------------------------


def test_azurite_killed_forgets_and_the_hole_is_a_gap(tmp_path, queue_name):
    """What it had answered for and then forgot is lost, and said to be."""
    running = Azurite()
    sending = Sending(running.connection_string(), queue_name)
    with Far(tmp_path, "--queue", queue_name, hurried=True, **environment(running.connection_string())) as machine:
        sending.feel("hugging")
        until(lambda: machine.seqs() == sending.sent)
        machine.stop(signal.SIGTERM)
        sending.feel("neutral", "punching")
        running.kill()
        again = Azurite(running.port, (running.account, running.key))
        sending.close()
        sending.queue = Sending(again.connection_string(), queue_name).queue
        sending.feel("spinning")
        machine.start()
        until(lambda: machine.face() == "spinning")  # which does not wait for what is lost
        until(lambda: [row["gesture"] for row in machine.rows()] == ["hugging", "gap", "spinning"], 120)
        sending.close()
        again.kill()
