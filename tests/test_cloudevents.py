import itertools
import json
import re
import string
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from azure.core.messaging import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.cloudevents import (
    BODY_BYTES,
    FACES,
    LOST,
    MOST_READ,
    NAME,
    OUTCOMES,
    Ask,
    Forget,
    State,
    Unread,
    Wished,
    decode,
)
from bridge.packing import MOST_BYTES, encode, pack
from bridge.report import GESTURES, WHYS, Dated, Gap, Report
from bridge.strict import U32, U53, Malformed

PILLOW = "00112233aabbccdd"
HUG = Dated(Report(PILLOW, 7, 42, 81_234, "hugging", 92, 410, 5_000), 1_795_363_200_123, 12, False, 1_795_363_200_150)
FULL = Dated(Gap(PILLOW, 7, 43, 60, "full", 3), 1_795_363_200_123, 12, True, 1_795_363_200_150)
FACE = State(PILLOW, "cloud", "hugging", 1_795_363_200_123, "usb", False, "1.0.0", 1_795_363_200_150, 1_795_363_200_151)
HUG_BACK = Ask("uid-of-a-wish", PILLOW, "hug", {"seconds": 5}, "Oma 👵🏽", 1_795_363_200_123, 1_795_363_300_123)
WAITS, END = Wished(HUG_BACK, "", "", 0), Wished(HUG_BACK, "applied", "", 1_795_363_200_123)
NIGHT = replace(FACE, quiet={"from": 22 * 60, "to": 7 * 60})
EVENTS = [HUG, FULL, FACE, NIGHT, WAITS, END, Forget(1_795_363_200_123), HUG_BACK]

WIDE, TIME = st.integers(0, U32), st.integers(0, U53)
SEQ = st.integers(1, U32)
ID = st.text("0123456789abcdef", min_size=16, max_size=16)
TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20)
UID = st.text(string.ascii_letters + string.digits + "-_", min_size=8, max_size=64)
REPORTS = st.builds(
    *(Report, ID, WIDE, SEQ, TIME, st.sampled_from(GESTURES), st.integers(0, 100), st.integers(0, 99_999), TIME)
)
GAPS = st.builds(
    lambda pillow, boot, ends, why, older: Gap(pillow, boot, min(ends), max(ends), why, older),
    *(ID, WIDE, st.tuples(SEQ, SEQ), st.sampled_from([*WHYS, LOST]), WIDE),
)
ASKS = st.builds(Ask, UID, ID, st.just("light"), st.dictionaries(TEXT, TIME, max_size=5), TEXT, TIME, TIME)
MINUTE = st.integers(0, 24 * 60 - 1)
HOURS = st.one_of(st.none(), st.fixed_dictionaries({"from": MINUTE, "to": MINUTE}))
ANY = st.one_of(
    st.builds(Dated, st.one_of(REPORTS, GAPS), st.integers(-U53, U53), TIME, st.booleans(), TIME),
    st.builds(State, ID, TEXT, st.sampled_from(FACES), TIME, TEXT, st.booleans(), TEXT, TIME, TIME, HOURS),
    st.builds(Forget, TIME),
    st.builds(Wished, ASKS, st.sampled_from(["", *OUTCOMES]), TEXT, TIME),
    ASKS,
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.just(PILLOW)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=9), inner, max_size=4)),
    max_leaves=9,
)


def changed(event, **data):
    """A message with this one event, other things in its data (None: left out)."""
    item = json.loads(encode(event))
    item["data"] = {name: value for name, value in (item["data"] | data).items() if value is not None}
    return json.dumps([item])


@settings(deadline=None)
@given(st.lists(ANY, max_size=9))
def test_what_is_encoded_is_decoded_the_same(events):
    (message, count), *more = list(pack(map(encode, events))) or [("[]", 0)]
    assert not more and count == len(events)
    assert decode(message) == events
    assert message.isascii() and message.isprintable()


@pytest.mark.parametrize("event", EVENTS)
def test_microsofts_reader_of_cloudevents_takes_them(event):
    item = json.loads(encode(event))
    read = CloudEvent.from_dict(item)
    assert (read.specversion, read.type, read.data) == ("1.0", item["type"], item["data"])
    assert read.extensions is None
    assert read.time == datetime.fromisoformat(item["time"])


def test_a_report_looks_as_the_documents_say():
    assert json.loads(encode(HUG)) == {
        "specversion": "1.0",
        "type": "cloud.huggable.report",
        "source": f"urn:huggable:pillow:{PILLOW}",
        "id": f"{PILLOW}/7/42",
        "time": "2026-11-22T16:00:00.123Z",
        "data": {
            "uptime_ms": 81_234,
            "gesture": "hugging",
            "confidence": 92,
            "strength": 410,
            "duration_ms": 5_000,
            "at_ms": 1_795_363_200_123,
            "err_ms": 12,
            "late": False,
            "heard_ms": 1_795_363_200_150,
        },
    }


def test_a_moment_that_no_calendar_has_travels_without_time():
    for at_ms in (-1, U53):
        event = Dated(HUG.said, at_ms, 12, False, 0)
        assert "time" not in json.loads(encode(event))
        assert decode(f"[{encode(event)}]") == [event]


@settings(deadline=None)
@given(st.lists(st.integers(1, MOST_BYTES - 2), max_size=20))
def test_messages_are_as_full_as_may_be_and_in_order(sizes):
    events = [str(number % 10) * size for number, size in enumerate(sizes)]
    messages = list(pack(events))
    assert [event for message, _ in messages for event in message[1:-1].split(",")] == events
    assert sum(count for _, count in messages) == len(events)
    assert all(len(message) <= MOST_BYTES for message, _ in messages)
    for (message, _), (after, _) in itertools.pairwise(messages):
        assert len(message) + 1 + len(after[1:-1].split(",")[0]) > MOST_BYTES


def test_the_largest_events_fit_into_a_message():
    body = {"a": "x" * (BODY_BYTES - 9)}
    assert len(encode(replace(HUG_BACK, body=body, who="\U0010ffff" * NAME))) < MOST_BYTES / 8


@pytest.mark.parametrize(
    "event",
    [
        replace(FACE, name="x" * 81),
        replace(FACE, name="\ud800"),
        replace(FACE, gesture="kissing"),
        replace(FACE, since_ms=None),
        replace(END, why="a\0b"),
        replace(HUG, heard_ms=-1),
        replace(HUG, said=replace(HUG.said, gesture=b"hugging")),
        replace(HUG, said=replace(HUG.said, seq=0)),
        replace(HUG, said=replace(HUG.said, pillow="nobody")),
        replace(FULL, said=replace(FULL.said, why="")),
        replace(HUG_BACK, body={"a": float("nan")}),
        replace(HUG_BACK, body={"a": {1, 2}}),
    ],
)
def test_what_the_other_end_could_not_read_is_not_sent(event):
    with pytest.raises(Malformed):
        encode(event)


@pytest.mark.parametrize(
    "message",
    ["", "{}", "null", "[", "[1", '"[]"', "[NaN]", "[" * 30_000, f"[{'1,' * MOST_READ}1]", "[" + "9" * 5_000 + "]"],
)
def test_what_is_no_batch_is_refused(message):
    with pytest.raises(Malformed):
        decode(message)


def test_an_empty_batch_is_one():
    assert decode("[]") == []


@settings(deadline=None)
@given(st.lists(JSON, max_size=3))
def test_no_json_can_make_it_fail(items):
    try:
        read = decode(json.dumps(items))
    except Malformed as refused:
        assert "NaN" in str(refused) or "Infinity" in str(refused)
    else:
        assert all(isinstance(event, Unread) for event in read) and len(read) == len(items)


@settings(deadline=None)
@given(st.sampled_from(EVENTS), st.data())
def test_no_field_can_make_it_fail(event, data):
    item = json.loads(encode(event))
    field = data.draw(st.sampled_from(sorted(item["data"])))
    for value in (data.draw(JSON), None, -1, 2**70, 1e999, True, "\ud800", "x" * 5_000, [[]] * 9):
        item["data"][field] = value
        try:
            read = decode(json.dumps([item]))
        except Malformed:
            continue
        if not isinstance(read[0], Unread):
            encode(read[0]).encode("ascii")
            assert decode(f"[{encode(read[0])}]") == read


@pytest.mark.parametrize(
    ("event", "field", "value"),
    [
        (HUG, "gesture", "kissing"),
        (HUG, "gesture", "notconnected"),
        (HUG, "confidence", 101),
        (HUG, "confidence", True),
        (HUG, "uptime_ms", -1),
        (HUG, "at_ms", 1.5),
        (HUG, "late", 1),
        (HUG, "heard_ms", None),
        (FULL, "first", 61),
        (FULL, "first", 0),
        (FULL, "why", "because"),
        (FACE, "name", "a\nb"),
        (FACE, "name", "\ud800"),
        (FACE, "name", "x" * 81),
        (FACE, "stamp", 2**53),
        (END, "outcome", "perhaps"),
        (END, "uid", "a b c d e"),
        (HUG_BACK, "pillow", "0011"),
        (HUG_BACK, "body", []),
        (HUG_BACK, "body", {"a": "x" * 5_000}),
        (HUG_BACK, "kind", ""),
    ],
)
def test_a_field_out_of_range_costs_its_event_and_no_other(event, field, value):
    good = json.dumps([json.loads(encode(HUG))])[1:-1]
    message = f"[{good},{changed(event, **{field: value})[1:-1]},{good}]"
    before, bad, after = decode(message)
    assert (before, after) == (HUG, HUG)
    assert isinstance(bad, Unread) and bad.why and bad.text.startswith("{")


def test_a_body_with_an_infinity_is_none():
    (bad,) = decode(changed(HUG_BACK).replace('{"seconds": 5}', '{"seconds": 1e999}'))
    assert bad.why == "expected a body of plain JSON"


@pytest.mark.parametrize(
    "name",
    [f"{PILLOW}/7", f"{PILLOW}/07/42", f"{PILLOW}/7/0", f"{PILLOW}/7/4294967296", f"{PILLOW}/7/42/", "x/7/42", ""],
)
def test_a_report_needs_its_identity(name):
    item = json.loads(encode(HUG)) | {"id": name}
    assert isinstance(decode(json.dumps([item]))[0], Unread)


def test_a_report_cannot_come_from_another_pillow():
    item = json.loads(encode(HUG)) | {"source": "urn:huggable:pillow:ffffffffffffffff"}
    assert isinstance(decode(json.dumps([item]))[0], Unread)


def test_what_a_newer_version_sends_is_told_and_costs_nothing_else():
    newer = json.loads(encode(HUG)) | {"type": "cloud.huggable.dance"}
    read = decode(json.dumps([newer, json.loads(encode(HUG))]))
    assert read[0].why == "this version knows no event of type cloud.huggable.dance: update it"
    assert read[1] == HUG


def test_attributes_and_fields_that_nobody_knows_are_passed_over():
    item = json.loads(encode(HUG)) | {"subject": "a hug", "myextension": 1}
    item["data"]["more"] = [1]
    assert decode(json.dumps([item])) == [HUG]


def test_the_example_in_the_documents_is_a_message():
    text = (Path(__file__).parent.parent / "docs" / "queue.md").read_text(encoding="utf-8")
    (message,) = re.findall(r"(?:^    [\[ ].*\n)+", text, re.MULTILINE)
    report, state = decode(message)
    assert report == HUG
    assert (state.gesture, state.stamp) == ("hugging", 1_795_363_200_151)
