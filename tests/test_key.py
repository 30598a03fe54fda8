"""Proof of key: who is believed, by either side, and who is not."""

import hashlib
import hmac
import random
import subprocess

import pytest
from cables import MISBEHAVIOURS
from interpreters import micropython, micropython32
from joined import PILLOW, RamDisk
from keyed import KEY, OTHER_KEY, KeyedPillow, join, kinds
from pillow import proof as pillow_proof
from pillow import wire as pillow_wire
from test_imports import ROOT

from bridge import wire
from bridge.events import Greeted, Proved, Refused
from bridge.proof import Proving, Trust

OURS = {PILLOW: (KEY,)}


def heard(cable, kind):
    return [event for event in cable.bridge.events if isinstance(event, kind)]


def hugs(cable, count=3):
    for _ in range(count):
        cable.pillow.feel("hugging", cable.now_ms)
        cable.run(300)


def seqs(cable):
    return [row["seq"] for row in cable.bridge.journal.rows_after(0)]


def overhear(cable):
    """Everything that goes over the cable, as (sender, bytes)."""
    tape = []
    cable.up = lambda data: tape.append(("pillow", data)) or data if data else data
    cable.down = lambda data: tape.append(("bridge", data)) or data if data else data
    return tape


# -- believed -----------------------------------------------------------------------------------------------------


def test_a_pillow_that_proves_its_key_is_listened_to():
    cable = join(keys=OURS)
    hugs(cable)
    assert seqs(cable) == [1, 2, 3]
    assert heard(cable, Proved) == [Proved(PILLOW, KEY)]
    assert KEY.hex() not in repr(heard(cable, Proved)) + repr(cable.bridge.trust)


def test_a_key_never_goes_over_the_cable():
    cable = join(keys=OURS)
    tape = overhear(cable)
    hugs(cable)
    assert KEY.hex().encode() not in b"".join(data for _, data in tape)


def test_a_pillow_without_a_key_is_spoken_with_as_ever():
    cable = join(KeyedPillow(RamDisk(), key=None))
    hugs(cable)
    assert seqs(cable) == [1, 2, 3]
    assert not cable.bridge.session.hello.key


def test_nothing_is_known_of_a_pillow_before_its_proof():
    cable = join(keys=OURS)
    cable.up = lambda data: b"" if b'"proof"' in data else data
    hugs(cable, 20)
    assert cable.bridge.conversation.pillow == ""
    assert cable.bridge.journal.pillows() == []


def test_a_pillow_with_a_key_says_nothing_before_the_bridge_has_proved_itself():
    cable = join(keys=OURS)
    cable.down = lambda data: b"" if b'"welcome"' in data else data
    tape = overhear_up(cable)
    hugs(cable, 20)
    assert set(kinds(b"".join(tape))) == {"hello", "proof", "ok"}


def overhear_up(cable):
    tape = []
    cable.up = lambda data: tape.append(data) or data
    return tape


@pytest.mark.parametrize("kind", ["light", "ack", "need", "put", "take", "scan", "dance"])
def test_a_pillow_with_a_key_obeys_nobody_who_has_not_proved_himself(kind):
    pillow = KeyedPillow(RamDisk())
    pillow.boot(0)
    pillow.feel("hugging", 10)
    pillow.receive(wire.encode(kind, 7, 1, 1, 1, 1, 1, 1, 1), 20)
    assert pillow.next(30) == pillow_wire.line('{"no":[7,"prove it first"]}')
    assert pillow.lights == [] and pillow.spool.oldest() == (1, 1)


def test_a_reset_needs_a_new_proof_and_loses_nothing():
    cable = join(keys=OURS)
    hugs(cable)
    cable.pillow.boot(cable.now_ms)
    hugs(cable)
    assert [(row["boot"], row["seq"]) for row in cable.bridge.journal.rows_after(0)][3:] == [(2, 1), (2, 2), (2, 3)]
    assert len(heard(cable, Proved)) == 2


@pytest.mark.parametrize("seed", range(20))
def test_a_bad_cable_only_delays_the_proof(seed):
    cable, chance = join(keys=OURS), random.Random(seed)
    cable.up = cable.down = lambda data: b"" if chance.random() < 0.3 else data
    hugs(cable, 5)
    cable.run(60_000)
    assert seqs(cable) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("cable_of", MISBEHAVIOURS)
def test_every_misbehaving_cable_delivers_everything_once_with_a_key_too(cable_of, seed):
    cable = join(keys=OURS)
    cable.up, cable.down = cable_of(seed), cable_of(seed + 100)
    for number in range(30):
        cable.pillow.feel("neutral" if number % 2 else "hugging", cable.now_ms)
        cable.run(50)
    cable.run(60_000)
    assert seqs(cable) == list(range(1, 31))


def test_while_a_key_is_replaced_either_counts_and_the_proved_one_is_told():
    cable = join(keys={PILLOW: (OTHER_KEY, KEY)})
    hugs(cable)
    cable.pillow.key = OTHER_KEY
    cable.pillow.boot(cable.now_ms)
    hugs(cable)
    assert [proved.key for proved in heard(cable, Proved)] == [KEY, OTHER_KEY]
    assert len(seqs(cable)) == 6


def test_adopting_a_pillow_is_a_wish_and_then_its_proof():
    cable = join(KeyedPillow(RamDisk(), key=None))
    hugs(cable)
    cable.bridge.keys[PILLOW] = (KEY,)  # on offer: it is not ours before it proved it
    cable.pillow.key = KEY
    cable.pillow.boot(cable.now_ms)
    hugs(cable)
    assert heard(cable, Proved) == [Proved(PILLOW, KEY)]
    assert len(seqs(cable)) == 6


# -- not believed -------------------------------------------------------------------------------------------------


def sentence(cable):
    return heard(cable, Refused)[-1].sentence


def test_a_foreign_device_cannot_write_into_a_pillows_history():
    cable = join(KeyedPillow(RamDisk(), key=OTHER_KEY), keys=OURS)
    hugs(cable, 20)
    assert "cannot prove it" in sentence(cable)
    assert (seqs(cable), heard(cable, Greeted), cable.bridge.journal.pillows()) == ([], [], [])


def test_a_device_that_says_it_has_no_key_is_not_believed_to_be_a_pillow_that_has_one():
    cable = join(KeyedPillow(RamDisk(), key=None), keys=OURS)
    hugs(cable, 20)
    assert "lost the key" in sentence(cable)
    assert (seqs(cable), heard(cable, Greeted)) == ([], [])


def test_a_pillow_of_another_home_is_not_spoken_with():
    cable = join()
    hugs(cable, 20)
    assert "the key of another home" in sentence(cable)
    assert seqs(cable) == []


def test_over_the_air_nobody_is_spoken_with_without_a_key():
    cable = join(KeyedPillow(RamDisk(), key=None), is_cable=False)
    hugs(cable, 20)
    assert "has no key yet" in sentence(cable)
    assert seqs(cable) == []


def test_a_key_that_was_replaced_is_worth_nothing():
    cable = join(keys={PILLOW: (OTHER_KEY,)})
    hugs(cable, 20)
    assert "cannot prove it" in sentence(cable)
    assert seqs(cable) == []


def test_a_bridge_without_the_key_is_told_nothing_and_obeyed_in_nothing():
    cable = join(keys={PILLOW: (OTHER_KEY,)})
    believe = Proving.believes
    cable.bridge.session._trust = Trust(lambda pillow: (OTHER_KEY,))
    tape = overhear_up(cable)
    try:
        Proving.believes = lambda self, nonce, mac: believe(self, nonce, mac) or setattr(self, "key", OTHER_KEY) is None
        hugs(cable, 20)
    finally:
        Proving.believes = believe
    assert set(kinds(b"".join(tape))) == {"hello", "proof", "ok", "no"}


def test_a_man_in_the_middle_of_tls_is_noticed_by_the_certificate():
    cable = join(KeyedPillow(RamDisk(), certificate=b"\1" * 32), keys=OURS, certificate=b"\2" * 32)
    hugs(cable, 20)
    assert "cannot prove it" in sentence(cable)
    assert seqs(cable) == []


def test_a_conversation_that_is_played_back_to_the_bridge_convinces_nobody():
    cable = join(keys=OURS)
    tape = overhear(cable)
    hugs(cable)
    said = [data for sender, data in tape if sender == "pillow"]
    stranger = KeyedPillow(RamDisk(), key=OTHER_KEY)
    again = join(stranger, keys=OURS)
    again.bridge.trust.fresh(16)  # this bridge asks something else
    again.pillow.next = lambda now_ms: said.pop(0) if said else b""
    again.run(20_000)
    assert seqs(again) == [] and heard(again, Greeted) == []


def test_a_conversation_that_is_played_back_to_the_pillow_moves_nothing():
    cable = join(keys=OURS)
    tape = overhear(cable)
    hugs(cable)
    pillow = KeyedPillow(RamDisk())
    pillow.fresh(16)  # this time its nonce is another one
    pillow.boot(0)
    pillow.feel("hugging", 10)
    now_ms, said = 20, b""
    for data in [data for sender, data in tape if sender == "bridge"]:
        pillow.receive(data, now_ms)
        said += pillow.next(now_ms)
        now_ms += 50
    assert not pillow.link.is_welcome and "report" not in kinds(said)


def test_a_welcome_counts_once():
    cable = join(keys=OURS)
    tape = overhear(cable)
    hugs(cable)
    welcome = next(data for sender, data in tape if b'"welcome"' in data)
    cable.plugged = False
    cable.run(11_000)  # nobody is welcome any more
    cable.pillow.receive(welcome, cable.now_ms)
    assert not cable.pillow.link.is_welcome


def test_a_proof_sent_back_is_no_welcome_and_a_welcome_no_proof():
    trust = Trust(lambda pillow: (KEY,), fresh=lambda count: bytes(count))
    proving = Proving(trust, PILLOW, "00" * 8)
    pillow = pillow_proof.Proof(KEY, lambda count: bytes(count))
    nonce, mac = pillow.answer(proving.challenge.hex(), "00" * 8)
    assert not pillow.is_bridge("00" * 8, mac)
    assert proving.believes(bytes.fromhex(nonce), bytes.fromhex(mac))
    assert not Proving(trust, PILLOW, "00" * 8).believes(bytes.fromhex(nonce), bytes.fromhex(proving.own()))
    assert pillow.is_bridge("00" * 8, proving.own())


@pytest.mark.parametrize("place", ["challenge", "nonce", "session", "certificate", "key"])
def test_the_mac_is_bound_to_everything(place):
    values = {"challenge": bytes(16), "nonce": bytes(16), "session": bytes(8), "certificate": bytes(32), "key": KEY}
    values[place] = b"\x01" + values[place][1:] if place != "key" else OTHER_KEY
    pillow = pillow_proof.Proof(KEY, lambda count: bytes(count))
    _nonce, mac = pillow.answer("00" * 16, "00" * 8)
    trust = Trust(
        lambda pillow: (values["key"],), certificate=values["certificate"], fresh=lambda n: values["challenge"]
    )
    proving = Proving(trust, PILLOW, values["session"].hex())
    assert not proving.believes(values["nonce"], bytes.fromhex(mac))


# -- the mac itself -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("interpreter", [micropython, micropython32], ids=["micropython", "micropython32"])
def test_micropython_makes_the_macs_that_python_makes(interpreter):
    chance = random.Random(1)
    cases = [(chance.randbytes(chance.choice((1, 32, 64))), chance.randbytes(size)) for size in range(0, 200, 3)]
    program = "from pillow.proof import hmac\nfor key, text in %r:\n print(hmac(key, text).hex())" % (cases,)
    words = [interpreter(), "-c", f"import sys\nsys.path.insert(0, {str(ROOT / 'firmware')!r})\n{program}"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == [hmac.digest(key, text, hashlib.sha256).hex() for key, text in cases]


def test_macs_are_the_same_only_when_every_byte_is():
    assert pillow_proof.is_same(b"abc", b"abc")
    for other in (b"abd", b"bbc", b"ab", b"abcd", b""):
        assert not pillow_proof.is_same(b"abc", other)
