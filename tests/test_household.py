"""A home as a person sets it up: a pillow is plugged in, adopted, shown the Wi-Fi, unplugged, hugged, and let go of."""

import getpass
import json
import socket
import sqlite3
import stat
import subprocess
import threading
from contextlib import closing, contextmanager

import pytest
from aloft import PASSWORD, PILLOW, SSID, board
from fleet import Fleet, PillowOnWifi, at_home
from interpreters import micropython
from soon import until
from whole import Whole

from bench.wifi import home_on_wifi
from bridge import certificate, letter, pillows, setup
from bridge.errors import Trouble
from bridge.home import bridge_runs
from bridge.journal import Journal
from bridge.keys import Keys


class Family:
    """A whole program without a page's browser, and a pillow on real MicroPython beside it."""

    def __init__(self, folder, interpreter, *words):
        self.folder = folder / "data"
        self.pillow = board(folder / "board", interpreter)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        air = {"HUGGABLE_WIFI_PORT": str(self.port), "HUGGABLE_WIFI_ADDRESS": "127.0.0.1"}
        self.program = Whole(self.folder, "run", "--port", str(self.pillow.link), *words, **air)
        self.program.page()

    def row(self):
        with closing(Journal(self.folder / "journal.db", read_only=True)) as journal:
            return next((row for row in journal.pillows() if row["pillow"] == PILLOW), {})

    def setting(self, name):
        with closing(Journal(self.folder / "journal.db", read_only=True)) as journal:
            return journal.settings(PILLOW).get(name)

    def set_up(self, monkeypatch, password=PASSWORD, network=SSID):
        """Do what a person does who runs `huggable wifi`. Returns what was said."""
        said = []
        monkeypatch.setattr(getpass, "getpass", lambda prompt: said.append(prompt) or password)
        setup.set_up(self.folder, "", said.append, lambda prompt: network)
        return said

    def everything_written(self):
        """Every byte that the program left behind, but for the keys and the pillow's own flash."""
        files = [path for path in self.folder.rglob("*") if path.is_file() and path.parent.name != "keys"]
        return b"".join(path.read_bytes() for path in files) + "\n".join(self.program.out + self.program.err).encode()

    def close(self):
        self.program.close()
        self.pillow.close()


@contextmanager
def every_command_line():
    """Every command line of this computer meanwhile, as anybody on it can see it."""
    seen, over = set(), threading.Event()

    def look():
        while not over.wait(0.1):
            seen.update(
                subprocess.run(["ps", "-A", "-ww", "-o", "args="], capture_output=True, text=True).stdout.splitlines()
            )

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        over.set()
        looking.join()


@pytest.fixture
def family(tmp_path):
    family = Family(tmp_path, str(micropython()))
    yield family
    family.close()


def test_a_pillow_is_adopted_with_one_press_and_proves_its_key_from_then_on(family):
    until(lambda: family.row().get("link") == "usb")
    until(lambda: family.setting("key") == "none")
    assert family.program.huggable("pillows", "adopt", PILLOW).returncode == 0
    until(lambda: family.setting("key") == "proved")
    assert Keys(family.folder).is_ours(PILLOW)
    assert "has its key" in family.program.huggable("pillows").stdout


def test_the_whole_way_over_wifi_from_the_first_plug_to_a_hug_without_a_cable(family, monkeypatch):
    until(lambda: family.row().get("link") == "usb")
    with every_command_line() as commands:
        said = family.set_up(monkeypatch)
    assert any("bridge" in command for command in commands)
    assert any(SSID in line for line in said)
    assert said[-1].endswith("Unplug it: it stays in touch.")
    family.pillow.tell("unplug")
    until(lambda: family.row()["link"] == "wifi")
    family.pillow.tell("hug 3")
    until(lambda: family.program.shown() == "hugging")
    until(
        lambda: [row["gesture"] for row in family.program.ask("/api/reports?after=0")][:2] == ["hugging", "neutral"], 20
    )
    key = Keys(family.folder).of(PILLOW)[0].hex()
    for secret in (PASSWORD, key):
        assert secret.encode() not in family.everything_written()
        assert not any(secret in command for command in commands)
    assert family.setting("networks") is not None
    family.pillow.tell("plug")
    until(lambda: family.row()["link"] == "usb")
    reports = family.program.ask("/api/reports?after=0")
    assert len({(row["boot"], row["seq"]) for row in reports}) == len(reports)


def test_without_a_bridge_that_runs_one_is_started_for_it(tmp_path, monkeypatch):
    """As `make flash` offers it, and `huggable wifi`: the pillow comes home when the bridge runs the next time, too."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        air = {"HUGGABLE_WIFI_PORT": str(free.getsockname()[1]), "HUGGABLE_WIFI_ADDRESS": "127.0.0.1"}
    folder = tmp_path / "data"
    folder.mkdir()
    for name, value in ({"HUGGABLE_DATA": str(folder)} | air).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: PASSWORD)
    said = []
    with closing(board(tmp_path / "board", str(micropython()))) as pillow:
        setup.set_up(folder, str(pillow.link), said.append, lambda prompt: SSID)
        assert said[-1].endswith("Unplug it: it stays in touch.")
        assert not bridge_runs(folder)
        pillow.tell("unplug")
        with closing(Whole(folder, "run", "--port", str(tmp_path / "no-cable"), **air)) as program:
            until(lambda: program.shown() == "neutral")
            assert program.ask("/api/state")["pillows"][0]["link"] == "wifi"


def test_a_wrong_password_is_named_and_nothing_of_it_is_kept(family, monkeypatch):
    until(lambda: family.row().get("link") == "usb")
    with pytest.raises(Trouble, match="the password of Home Sweet Home is wrong"):
        family.set_up(monkeypatch, password="wrong horse")
    with pytest.raises(Trouble, match="does not see Next Door"):
        family.set_up(monkeypatch, network="Next Door")
    assert b"wrong horse" not in family.everything_written()
    with closing(sqlite3.connect(family.folder / "journal.db")) as database:
        assert "horse" not in json.dumps(database.execute("SELECT * FROM wish").fetchall())


def test_a_name_another_key_that_no_thief_has_and_then_none(tmp_path):
    with closing(Family(tmp_path, str(micropython()), "--wifi")) as family:
        until(lambda: family.row().get("link") == "usb")
        assert family.program.huggable("pillows", "rename", PILLOW[:5], "Cirrus").returncode == 0
        assert "Cirrus" in family.program.huggable("pillows").stdout
        family.program.huggable("pillows", "adopt", "Cirrus")
        until(lambda: family.setting("key") == "proved")
        (stolen,) = Keys(family.folder).of(PILLOW)
        thief = PillowOnWifi(PILLOW, stolen, certificate.of_home(family.folder), family.port)
        with Fleet([thief]) as foes:
            until(lambda: thief.link.is_welcome)
            assert family.program.huggable("pillows", "rekey", "Cirrus").returncode == 0
            until(lambda: len(keys := Keys(family.folder).of(PILLOW)) == 1 and keys != (stolen,))
            calls = thief.calls
            until(lambda: thief.calls > calls + 1)  # it is hung up on, and not let in again
            foes.feel(thief, "throwing")
            assert not thief.link.is_welcome
        until(lambda: family.row()["link"] == "usb")
        assert all(row["gesture"] != "throwing" for row in family.program.ask("/api/reports?after=0"))
        assert family.program.huggable("pillows", "forget", "Cirrus").returncode == 0
        assert Keys(family.folder).of(PILLOW) == ()
        until(lambda: family.setting("key") in ("none", "", None))


def test_another_key_goes_over_the_cable_alone(tmp_path):
    """Over the air it would go to whoever has the old one: that may be who stole it."""
    with home_on_wifi(tmp_path, 1) as (home, port):
        (thief,) = at_home(tmp_path, Keys(tmp_path), 1, port)
        home.page()
        with Fleet([thief]):
            until(lambda: thief.link.is_welcome)
            said = home.huggable("pillows", "rekey", thief.id)
        assert (said.returncode, "plug it into this computer" in said.stderr) == (1, True)
        assert Keys(tmp_path).of(thief.id) == (thief.key,)


def test_a_pillow_is_called_by_name_or_the_beginning_of_its_id(tmp_path):
    with closing(Journal(tmp_path / "journal.db")) as journal, journal.transaction():
        journal.arrive("00112233aabbccdd", "", 1)
        journal.arrive("0099887766554433", "", 1)
    pillows.rename(tmp_path, "00112233aabbccdd", "Cirrus")
    assert pillows.find(tmp_path, "Cirrus") == pillows.find(tmp_path, "0011") == "00112233aabbccdd"
    for said in ("00", "", "Nimbus"):
        with pytest.raises(Trouble, match="see `huggable pillows`"):
            pillows.find(tmp_path, said)
    assert [line.split()[1] for line in pillows.sentences(tmp_path)] == ["Cirrus", "cloud"]


def test_a_pillow_is_let_go_of_without_a_bridge(tmp_path):
    with closing(Journal(tmp_path / "journal.db")) as journal, journal.transaction():
        journal.arrive(PILLOW, "wifi", 1)
    keys = Keys(tmp_path)
    keys.proved(PILLOW, keys.offer(PILLOW))
    pillows.forget(tmp_path, PILLOW)
    assert Keys(tmp_path).of(PILLOW) == ()
    assert pillows.sentences(tmp_path) == []


def test_what_needs_a_bridge_says_so(tmp_path):
    with pytest.raises(Trouble, match="no bridge is running"):
        pillows.ask(tmp_path, PILLOW, "rekey", {})


def test_a_password_that_is_too_short_is_not_even_sent(tmp_path):
    with pytest.raises(Trouble, match="at least 8 characters"):
        setup.join(tmp_path, PILLOW, b"home", "short")
    assert not (tmp_path / letter.FOLDER).exists()


def test_a_network_is_chosen_by_its_number_or_its_name():
    seen = [(b"home", -40, True), (b"cafe", -80, False)]
    said = []
    for answer, chosen in (("2", (b"cafe", False)), ("home", (b"home", True)), ("hidden", (b"hidden", True))):
        assert setup.choose(seen, said.append, lambda prompt, answer=answer: answer) == chosen
    assert "  2  cafe  (-80 dBm, open)" in said
    with pytest.raises(Trouble, match="no network was chosen"):
        setup.choose(seen, said.append, lambda prompt: "")


def test_who_flashes_is_offered_wifi_and_a_program_that_does_is_not(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(setup, "set_up", lambda folder, port: asked.append(port))
    setup.offer(tmp_path, "/dev/a", False, lambda prompt: pytest.fail("asked"))
    setup.offer(tmp_path, "/dev/b", True, lambda prompt: "")
    setup.offer(tmp_path, "/dev/c", True, lambda prompt: "y")
    assert asked == ["/dev/c"]


def test_the_folder_s_secrets_are_for_its_owner_alone(family, monkeypatch):
    until(lambda: family.row().get("link") == "usb")
    family.program.huggable("pillows", "adopt", PILLOW)
    until(lambda: family.setting("key") == "proved")
    secret = [family.folder / "certificate.pem", *(family.folder / "keys").iterdir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}
