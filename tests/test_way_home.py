"""The way home over Wi-Fi under a virtual clock, with every fault of an access point, a bridge and a cable."""

import random
import re
import sys
from types import SimpleNamespace

import pytest
from ether import ADDRESS, NAME, Ether, Sofa, blob
from joined import RamDisk
from keyed import KEY, OTHER_KEY
from pillow import mdns
from pillow.home import Home, keep, load
from pillow.wifi import DEAF_MS, RADIO_FAILURES, RESET_MS
from test_app import Pillow
from test_imports import ROOT

GONE_MS = 20_000
BACK_MS = 5_000  # by then it is connected again


def home(sofa, ms=15_000):
    sofa.run(100)  # by then what broke is noticed
    sofa.run(ms, sofa.is_home)
    assert sofa.is_home()


def test_it_joins_calls_proves_and_reports():
    sofa = Sofa()
    home(sofa)
    assert sofa.now_ms < 5_000
    sofa.feel("hugging")
    sofa.run(500)
    assert sofa.seqs() == [1]


def test_the_access_point_is_gone_for_twenty_seconds_a_hundred_times():
    sofa, chance = Sofa(step_ms=20), random.Random(1)
    home(sofa)
    longest_ms = felt = 0
    for _ in range(100):
        sofa.ether.ap = "gone"
        for _ in range(5):
            sofa.feel("hugging" if felt % 2 == 0 else "neutral")
            felt += 1
            sofa.run(GONE_MS // 5)
        sofa.ether.ap = "there"
        began_ms = sofa.now_ms
        home(sofa)
        longest_ms = max(longest_ms, sofa.now_ms - began_ms)
        sofa.run(chance.randrange(500, 3_000))
    assert longest_ms <= BACK_MS
    sofa.run(5_000)
    rows = sofa.bridge.journal.rows_after(0, 500) + sofa.bridge.journal.rows_after(500, 500)
    assert [row["seq"] for row in rows] == list(range(1, felt + 1))
    print(f"\nconnected again at most {longest_ms} ms after its return")


@pytest.mark.parametrize("fault", ["gone", "refuse", "noaddress"])
def test_whatever_the_access_point_did_it_is_home_soon_after(fault):
    sofa = Sofa()
    sofa.ether.ap = fault
    sofa.feel("hugging")
    sofa.run(120_000)
    assert not sofa.is_home()
    assert sofa.ether.joins < 60
    sofa.ether.ap = "there"
    home(sofa, 25_000)
    sofa.run(500)
    assert sofa.seqs() == [1]


def test_a_line_that_carries_nothing_is_noticed_and_left():
    sofa = Sofa()
    home(sofa)
    sofa.ether.carries = False
    sofa.run(DEAF_MS + 200)
    assert not sofa.is_home()
    sofa.ether.carries = True
    home(sofa)


def test_a_bridge_that_is_off_is_called_seldom_and_found_when_it_is_back():
    sofa = Sofa()
    sofa.ether.bridge_at = sofa.ether.name_at = ""
    sofa.run(600_000)
    assert 30 < sofa.ether.calls < 120 and sofa.ether.offs == 0 and sofa.ether.joins == 1
    sofa.ether.bridge_at = ADDRESS
    home(sofa, 15_000)


def test_a_bridge_with_a_new_address_is_found_by_its_name():
    sofa = Sofa()
    home(sofa)
    sofa.ether.bridge_at = sofa.ether.name_at = "192.168.1.77"
    sofa.ether.other = None
    home(sofa)
    calls = sofa.ether.calls
    sofa.ether.name_at = ""
    sofa.ether.other = None
    home(sofa)
    assert sofa.ether.calls == calls + 1  # the address that worked last is tried first


@pytest.mark.parametrize("told", [ADDRESS, "10.0.0.9", ""])
@pytest.mark.parametrize("strangers", [1, 2])
def test_of_several_bridges_with_one_name_it_finds_its_own(told, strangers):
    sofa = Sofa(home=False)
    sofa.disk.replace("home", blob(address=told))
    sofa = Sofa(disk=sofa.disk, home=False)
    sofa.ether.name_at = [*(f"192.168.1.{200 + number}" for number in range(strangers)), ADDRESS]
    home(sofa)
    sofa.ether.bridge_at = "192.168.1.77"
    sofa.ether.name_at = ["192.168.1.200", "192.168.1.77"]
    sofa.ether.other = None
    home(sofa)


def test_whoever_answers_to_the_name_keeps_nobody_from_the_address_that_was_told():
    sofa = Sofa()
    sofa.ether.name_at = [f"10.0.0.{number}" for number in range(1, 100)]
    home(sofa)
    sofa.ether.bridge_at = ""
    sofa.ether.other = None
    calls = sofa.ether.calls
    sofa.run(60_000)
    assert sofa.ether.calls - calls < 60


def test_the_address_that_was_told_does_where_nobody_knows_the_name():
    sofa = Sofa()
    sofa.ether.name_at = ""
    home(sofa)
    assert sofa.ether.finds >= 1


def test_the_radio_is_switched_off_and_on_and_at_last_the_chip_is_reset():
    sofa = Sofa(step_ms=100)
    sofa.ether.ap = "gone"
    sofa.run(60_000)
    assert sofa.ether.offs >= 60_000 // (RADIO_FAILURES * 4_000)
    assert not sofa.air.needs_reset
    sofa.run(RESET_MS)
    assert sofa.air.needs_reset


def test_the_radio_saves_power_on_a_battery_and_not_on_a_cable():
    sofa = Sofa(saves_power=True)
    home(sofa)
    assert sofa.ether.saves_power is True
    sofa.plug()
    sofa.run(3_000)
    assert sofa.ether.saves_power is False
    sofa.unplug()
    sofa.run(3_000)
    assert sofa.ether.saves_power is True
    mains = Sofa()
    home(mains)
    assert mains.ether.saves_power is False


def test_a_radio_that_refuses_everything_stops_nothing():
    sofa = Sofa()
    sofa.ether.join = lambda ssid, password: (_ for _ in ()).throw(OSError(1))
    sofa.run(60_000)
    sofa.plug()
    sofa.feel("hugging")
    sofa.run(3_000)
    assert sofa.seqs() == [1]


@pytest.mark.parametrize("hours", [0, 1])
def test_the_pillow_resets_itself_only_as_the_last_step(tmp_path, monkeypatch, hours):
    ether = Ether(lambda: pillow.bench.now_ms)
    ether.ap = "gone"
    monkeypatch.setitem(sys.modules, "pillow.radio", SimpleNamespace(Radio=lambda hostname: ether))
    (tmp_path / "home").write_bytes(blob())
    pillow = Pillow(tmp_path)
    resets = []
    pillow.bench.reset = lambda: resets.append(pillow.bench.now_ms)
    pillow.run(10)
    pillow.app._air._way._joined_ms -= hours * RESET_MS
    pillow.run(30)
    assert ether.offs > 1
    assert bool(resets) is bool(hours)


def test_the_firmware_has_nothing_that_listens_and_no_network_of_its_own():
    for path in (ROOT / "firmware" / "pillow").glob("*.py"):
        assert not re.search(r"\.(listen|accept|bind)\(|AP_IF|webrepl|bluetooth", path.read_text()), path.name


# -- cable and air --------------------------------------------------------------------------------------------------


def test_the_cable_has_the_word_as_long_as_it_is_there():
    sofa = Sofa()
    home(sofa)
    sofa.plug()
    sofa.run(3_000)
    said = []
    sofa.ether.write = said.append
    sofa.feel("hugging")
    sofa.run(3_000)
    assert sofa.seqs() == [1] and sofa.air.link.is_quiet
    assert not any(kind in line for line in said for kind in (b'"report"', b'"beat"', b'"hello":[0'))


def test_unplugged_it_goes_on_over_the_air_within_three_seconds_and_nothing_is_doubled():
    sofa, chance = Sofa(), random.Random(3)
    home(sofa)
    felt = 0
    for _ in range(20):
        sofa.plug()
        for _ in range(4):
            sofa.feel("hugging" if felt % 2 == 0 else "neutral")
            felt += 1
            sofa.run(chance.randrange(200, 1_500))
        sofa.unplug()
        began_ms = sofa.now_ms
        sofa.feel("hugging" if felt % 2 == 0 else "neutral")
        felt += 1
        sofa.run(5_000, lambda felt=felt: len(sofa.seqs()) == felt)
        assert sofa.now_ms - began_ms <= 3_000
    assert sofa.seqs() == list(range(1, felt + 1))
    assert all(row["gesture"] != "gap" for row in sofa.bridge.journal.rows_after(0, 500))


def test_a_host_that_cannot_prove_itself_does_not_silence_the_air():
    sofa = Sofa()
    home(sofa)
    sofa.plug()
    sofa.wired.keys[next(iter(sofa.wired.keys))] = (OTHER_KEY,)
    sofa.wired.open()
    sofa.feel("hugging")
    sofa.run(3_000)
    assert not sofa.air.link.is_quiet and sofa.seqs() == [1]


# -- a new home -----------------------------------------------------------------------------------------------------


def tried(sofa, new, ms=90_000):
    """Put a home as the host does: again and again, every half second, until it is answered."""
    end_ms = sofa.now_ms + ms
    while (why := sofa.air.put(new)) == "wait" and sofa.now_ms < end_ms:
        sofa.run(500)
    return why


def test_a_first_home_is_tried_and_kept():
    sofa = Sofa(home=False)
    assert tried(sofa, blob()) is None
    assert load(sofa.disk).key == KEY
    home(sofa)


@pytest.mark.parametrize(
    "ap, changes, why",
    [
        ("gone", {}, "no such network"),
        ("there", {"ssid": "b3RoZXI="}, "no such network"),
        ("refuse", {}, "wrong password"),
        ("noaddress", {}, "no address"),
        ("there", {"address": "10.0.0.9", "bridge": ""}, "bridge not reachable"),
        ("there", {"certificate": "YW5vdGhlcg=="}, "bridge not reachable"),
    ],
)
def test_a_home_that_is_none_is_said_to_be_and_the_old_one_stays(ap, changes, why):
    sofa = Sofa()
    home(sofa)
    sofa.ether.ap = ap
    assert tried(sofa, blob(key=OTHER_KEY.hex(), **changes)) == why
    assert load(sofa.disk).key == KEY
    sofa.ether.ap = "there"
    home(sofa, 25_000)


def test_the_same_home_again_after_a_failure_is_tried_again():
    sofa = Sofa(home=False)
    sofa.ether.ap = "refuse"
    assert tried(sofa, blob()) == "wrong password"
    sofa.ether.ap = "there"
    assert tried(sofa, blob()) is None


def test_nobodys_pillow_has_neither_key_nor_air():
    sofa = Sofa()
    home(sofa)
    assert tried(sofa, b"{}") is None
    sofa.run(5_000)
    assert (sofa.air.link, sofa.air.home.key, sofa.cable.key) == (None, None, 0)
    assert "home" not in sofa.disk.names()


# -- what is kept ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        *(b"", b"[]", b"7", b"{", b'{"key":7}', b'{"key":"00"}', blob(port="8443"), blob(port=0), blob(ssid="A" * 80)),
        *(blob(bridge=7), blob(bridge="x" * 65), blob(key=""), blob(certificate="")),
    ],
)
def test_a_blob_that_is_no_home_is_damaged_and_changes_nothing(bad):
    sofa = Sofa()
    assert sofa.air.put(bad) == "damaged"
    assert load(sofa.disk).key == KEY


@pytest.mark.parametrize("half", [b'{"ssid":"aG9tZQ=="}', b'{"port":1}', blob(certificate="")])
def test_half_a_home_is_none_for_a_pillow_that_has_no_other_half(half):
    assert Sofa(home=False).air.put(half) == "damaged"


def test_a_damaged_file_is_nobodys_home():
    disk = RamDisk()
    disk.replace("home", blob()[:50])
    assert load(disk).key is None


def test_what_a_home_leaves_away_stays():
    disk = RamDisk()
    keep(disk, Home(blob()))
    keep(disk, Home(b'{"address":"10.0.0.7","ssid":""}', load(disk).said))
    kept = load(disk)
    assert (kept.key, kept.address, kept.bridge, kept.ssid) == (KEY, "10.0.0.7", NAME, b"")


# -- names ----------------------------------------------------------------------------------------------------------


def answer(name=NAME, address=(192, 168, 1, 5)):
    question = mdns.question(name)
    asked = question[12:-4]
    return b"\0\0\x84\0\0\0\0\1\0\0\0\0" + asked + b"\0\1\x80\1\0\0\0\x78\0\4" + bytes(address)


def test_the_answer_to_the_question_is_an_address():
    assert mdns.answer(answer(), NAME) == "192.168.1.5"
    assert mdns.answer(answer(NAME.upper()), NAME) == "192.168.1.5"
    assert mdns.answer(answer("other.local"), NAME) is None
    assert mdns.answer(mdns.question(NAME), NAME) is None


def test_python_zeroconf_understands_the_question_and_is_understood():
    protocol = pytest.importorskip("zeroconf._protocol.incoming")
    from zeroconf import DNSAddress, DNSOutgoing, DNSQuestion
    from zeroconf.const import _CLASS_IN, _FLAGS_AA, _FLAGS_QR_RESPONSE, _TYPE_A

    (asked,) = protocol.DNSIncoming(mdns.question(NAME)).questions
    assert (asked.name, asked.type, asked.unicast) == (NAME + ".", _TYPE_A, True)
    said = DNSOutgoing(_FLAGS_QR_RESPONSE | _FLAGS_AA, multicast=False, id_=0)
    said.add_question(DNSQuestion(NAME + ".", _TYPE_A, _CLASS_IN))
    said.add_answer_at_time(DNSAddress(NAME + ".", _TYPE_A, _CLASS_IN, 120, bytes((10, 1, 2, 3))), 0)
    assert mdns.answer(said.packets()[0], NAME) == "10.1.2.3"


@pytest.mark.parametrize("seed", range(30))
def test_whatever_a_network_says_harms_nobody(seed):
    chance = random.Random(seed)
    for _ in range(300):
        data = bytearray(answer())
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] = chance.choice((0, 1, 0xC0, 0xFF, chance.randrange(256)))
        found = mdns.answer(bytes(data[: chance.randrange(len(data) + 1)]), NAME)
        assert found is None or found.count(".") == 3


@pytest.mark.parametrize("bad", ["", ".", "a..b", "x" * 64])
def test_a_name_that_is_none_is_not_asked_for(bad):
    with pytest.raises(ValueError, match="no name"):
        mdns.question(bad)
