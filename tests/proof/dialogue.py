"""Any dialogue at all between a session and a pillow, as Hypothesis thinks it up, against a model of a dozen lines.

Its law: only what comes next is accepted, only what is on disk is acknowledged, and what is next is never refused.
"""

import json

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bridge.boots import BOOTS
from bridge.events import Anchored, Said
from bridge.report import Past
from bridge.session import Session
from proof.babble import GESTURES, frame

PILLOW = "00112233aabbccdd"
START_MS = 1_800_000_000_000
TURNS = 6  # three pings, a welcome, and what is owed


class Dialogue(RuleBasedStateMachine):
    """What the pillow says, what the journal says, and time."""

    def __init__(self):
        super().__init__()
        self.now_ms = 0
        self.boot = 0
        self.accepted = {}  # boot -> seq
        self.committed = {}
        self.is_dated = False
        self.session = Session(lambda _, boot: Past(self.committed.get(boot, 0)), "0123456789abcdef")
        self.wakes(is_heard=True)

    def say(self, kind, *fields):
        return self.send(b"\n" + frame(json.dumps({kind: fields})) + b"\n")

    def send(self, data):
        events = self.session.receive(data, self.now_ms, START_MS + self.now_ms)
        self.is_dated = self.is_dated or any(isinstance(event, Anchored) for event in events)
        return [event.dated.said for event in events if isinstance(event, Said)]

    def expect(self, said, boot, first, last):
        """`first`..`last` of a boot were told, and `said` is what was accepted of it."""
        high = self.accepted.get(boot, 0)
        is_next = self.is_dated and first <= high + 1 <= last
        if [(one.boot, one.first, one.seq) for one in said] != [(boot, first, last)] * is_next:
            raise AssertionError(f"{boot}/{first}..{last} after {high} became {said}")
        if is_next:
            self.accepted[boot] = last

    @rule(is_heard=st.booleans())
    def wakes(self, is_heard):
        self.boot += 1
        self.accepted, self.is_dated = dict(self.committed), False
        self.say("hello", 0, 1, PILLOW, self.boot, f"{self.boot:08x}", "1.0.0", "power", 0)
        if is_heard:
            self.converses()

    @rule()
    def converses(self):
        for _ in range(TURNS):
            self.speaks(10, is_heard=True)

    @rule(back=st.integers(0, 2), ahead=st.integers(-2, 2), gesture=st.sampled_from(GESTURES))
    def reports(self, back, ahead, gesture):
        boot = max(1, self.boot - back)
        seq = max(1, self.accepted.get(boot, 0) + 1 + ahead)
        self.expect(self.say("report", boot, seq, self.now_ms, gesture, 90, 100, 0), boot, seq, seq)

    @rule(back=st.integers(0, 2), ahead=st.integers(-2, 2), more=st.integers(0, 40))
    def forgets(self, back, ahead, more):
        boot = max(1, self.boot - back)
        first = max(1, self.accepted.get(boot, 0) + 1 + ahead)
        self.expect(self.say("gap", boot, first, first + more, "full", 0), boot, first, first + more)

    @rule(data=st.binary(max_size=500))
    def babbles(self, data):
        if self.send(b"\n" + data.replace(b"~", b"-") + b"\n"):
            raise AssertionError(f"accepted something of {data!r}")

    @rule()
    def commits(self):
        for boot, seq in self.accepted.items():
            self.session.committed(boot, seq)
        self.committed = dict(self.accepted)

    @rule()
    def fails_to_commit(self):
        for boot in self.accepted:
            self.session.uncommitted(boot)
        self.accepted = dict(self.committed)

    @rule(ms=st.integers(1, 3_000), is_heard=st.booleans())
    def speaks(self, ms, is_heard):
        self.now_ms += ms
        self.session.tick(self.now_ms)
        line = self.session.outgoing(self.now_ms)
        if not line:
            return
        ((kind, fields),) = json.loads(line[2:-10]).items()
        if kind == "ack" and fields[2] > self.committed.get(fields[1], 0):
            raise AssertionError(f"acknowledged {fields}, committed is {self.committed}")
        if kind == "need" and fields[2] != self.accepted.get(fields[1], 0) + 1:
            raise AssertionError(f"needs {fields}, accepted is {self.accepted}")
        if is_heard and kind == "who":
            self.say("hello", fields[0], 1, PILLOW, self.boot, f"{self.boot:08x}", "1.0.0", "power", self.now_ms)
        elif is_heard:
            self.say("ok", fields[0], self.boot, self.now_ms)

    @invariant()
    def holds_little(self):
        if len(self.session._lines._tail) > 400 or len(self.session._boots) > BOOTS:
            raise AssertionError("it holds too much")
