import re

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onlookers import PILLOW, Home

from bridge.report import Dated, Gap
from web import strict_json, viewers
from web.app import create_app
from web.bucket import Bucket
from web.feed import Feed
from web.press import ACTS, Refusal, read

HOST = "127.0.0.1:8080"


@pytest.fixture
def house(tmp_path):
    with Home(tmp_path) as house:
        yield house


@pytest.fixture
def app(house):
    return create_app(house.journal, hosts=[HOST], key=house.key, cookie="huggable_8080")


@pytest.fixture
def fetch(app, house):
    client = app.test_client()
    return lambda path: client.get(path, base_url=f"http://{HOST}", headers={"X-Key": house.key})


class Viewer:
    """A viewer without a socket; the server's greenlets get their turn when it listens."""

    def __init__(self, app, **auth):
        self.client = app.socketio.test_client(app, auth=auth)
        self.app = app

    def hears(self):
        gevent.sleep(0)
        return [(packet["name"], packet["args"][0]) for packet in self.client.get_received()]

    def rows(self):
        return [report["row"] for name, told in self.hears() if name == "report" for report in told]

    def press(self, **said):
        return self.client.emit("press", said, callback=True)


def tell(app):
    for event, told in app.feed.news():
        app.viewers.tell(event, told)


# -- What can be fetched ---------------------------------------------------------------------------------------


def test_the_state_names_every_pillow_and_the_newest_row(house, fetch):
    house.meet()
    house.feel("hugging")
    state = fetch("/api/state").json
    (pillow,) = state["pillows"]
    assert state["row"] == 1
    assert set(pillow) == {"id", "name", "gesture", "since", "last_seen", "link", "late"}
    assert (pillow["id"], pillow["name"], pillow["gesture"]) == (PILLOW, "Cirrus", "hugging")
    assert (pillow["link"], pillow["late"]) == ("virtual", False)
    assert pillow["last_seen"] >= pillow["since"]


def test_a_pillow_that_left_was_seen_when_it_left(house, fetch):
    house.meet()
    with house.journal.transaction():
        house.journal.leave(PILLOW, 1_700_000_000_000)
    (pillow,) = fetch("/api/state").json["pillows"]
    assert (pillow["gesture"], pillow["link"], pillow["last_seen"]) == ("notconnected", "", 1_700_000_000_000)


def test_reports_are_handed_out_in_order_after_a_row_and_up_to_a_limit(house, fetch):
    house.feel("hugging", "neutral", "punching", "neutral")
    reports = fetch("/api/reports?after=1&limit=2").json
    assert [report["row"] for report in reports] == [2, 3]
    named = "row pillow boot seq gesture at_ms err_ms late duration_ms confidence"
    assert set(reports[0]) == set(named.split())
    assert len(fetch("/api/reports").json) == 4
    assert fetch("/api/reports?after=4").json == []


def test_a_gap_says_what_is_lost(house, fetch):
    with house.journal.transaction():
        house.journal.append([Dated(Gap(PILLOW, 1, 1, 7, "full", 2), 1000, 5, True, 1000)])
    (gap,) = fetch("/api/reports").json
    assert (gap["gesture"], gap["first"], gap["seq"], gap["why"], gap["older"]) == ("gap", 1, 7, "full", 2)


@pytest.mark.parametrize(
    "query", ["after=x", "after=-1", "after=1e3", "limit=", "after=99999999999999999999", "limit=-5"]
)
def test_a_strange_number_is_refused_with_a_sentence(fetch, query):
    answer = fetch(f"/api/reports?{query}")
    assert answer.status_code == 400
    assert answer.text.startswith("Expected ") and answer.mimetype == "text/plain"


def test_a_day_holds_its_own_reports_comings_and_goings(house, fetch):
    house.feel("hugging", at_ms=1_000)
    house.feel("neutral", at_ms=2_000)
    house.feel("punching", at_ms=9_000)
    with house.journal.transaction():
        house.journal.arrive(PILLOW, "usb", 1_500)
    day = fetch("/api/day?start=1000&end=9000").json
    assert [report["at_ms"] for report in day["reports"]] == [1_000, 2_000]
    assert day["presence"] == [{"pillow": PILLOW, "at_ms": 1_500, "here": 1}]
    assert fetch("/api/day?start=0&end=999999999999").status_code == 400
    assert fetch("/api/day").status_code == 400


def test_the_page_holds_one_face_and_no_script_or_style_of_its_own(fetch):
    page = fetch("/").text
    assert page.count('id="face"') == 1
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script>|javascript:", page)


def test_an_unknown_address_gets_a_sentence(fetch):
    answer = fetch("/nowhere")
    assert (answer.status_code, answer.mimetype) == (404, "text/plain")


# -- JSON ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [float("-inf")]}])
def test_a_number_that_is_none_is_never_written(value):
    with pytest.raises(ValueError, match="JSON compliant"):
        strict_json.dumps(value)


@pytest.mark.parametrize("text", ["NaN", '{"a": -Infinity}', "[" * 16_000, '{"a":' * 2_000, "", "nul"])
def test_what_is_no_json_is_a_value_error(text):
    with pytest.raises(ValueError):
        strict_json.loads(text)


# -- Who is let in ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "auth", [{}, {"key": ""}, {"key": "wrong"}, {"key": None}, {"key": 5}, {"key": ["x"]}, {"key": "\ud800"}]
)
def test_nobody_is_let_in_without_the_key(app, auth):
    assert not Viewer(app, **auth).client.is_connected()


@pytest.mark.parametrize("auth", ["the key", 7, ["key"], None])
def test_strange_credentials_are_no_key(app, auth):
    assert not app.socketio.test_client(app, auth=auth).is_connected()


def test_who_has_the_key_hears_how_things_stand(app, house):
    house.meet()
    viewer = Viewer(app, key=house.key)
    told = dict(viewer.hears())
    assert told["state"]["pillows"][0]["name"] == "Cirrus"
    assert told["health"]["pillows"][0]["virtual"] is True


def test_one_viewer_too_many_is_refused(app, house, monkeypatch):
    monkeypatch.setattr(viewers, "VIEWERS", 2)
    first, second = Viewer(app, key=house.key), Viewer(app, key=house.key)
    assert not Viewer(app, key=house.key).client.is_connected()
    first.client.disconnect()
    assert Viewer(app, key=house.key).client.is_connected() and second.client.is_connected()


def test_one_session_too_many_is_told_to_close_another(app, fetch, monkeypatch):
    monkeypatch.setattr(viewers, "VIEWERS", 0)
    for query in ("EIO=4&transport=polling", "EIO=4&transport=polling&xsid=1", "EIO=4&transport=polling&sid="):
        answer = fetch(f"/socket.io/?{query}")
        assert (answer.status_code, answer.text) == (503, viewers.TOO_MANY)


def test_strangers_in_a_crowd_keep_nobody_out_who_has_a_key(app, house):
    sessions, polling = app.socketio.server.eio.sockets, "/socket.io/?EIO=4&transport=polling"
    for number in range(viewers.STRANGERS):
        sessions[f"stranger {number}"] = Session(0)
    unknown = app.test_client().get(polling, base_url=f"http://{HOST}")
    assert (unknown.status_code, unknown.text) == (503, viewers.TOO_MANY)
    assert not app.viewers.is_full(is_known=True)
    assert Viewer(app, key=house.key).client.is_connected()


# -- What each is told -----------------------------------------------------------------------------------------


def test_without_a_cursor_only_what_is_new_is_told(app, house):
    house.feel("hugging")
    tell(app)
    viewer = Viewer(app, key=house.key)
    assert viewer.rows() == []
    house.feel("neutral", "punching")
    tell(app)
    assert viewer.rows() == [2, 3]


@pytest.mark.parametrize("after", ["1", 1.5, True, -1, None, [1], {}])
def test_a_strange_cursor_is_no_cursor(app, house, after):
    house.feel("hugging", "neutral")
    tell(app)
    viewer = Viewer(app, key=house.key, after=after)
    assert viewer.rows() == []


def test_what_was_missed_is_told_once_in_pages_and_then_what_is_new(app, house):
    house.feel(*["hugging", "neutral"] * 600)
    tell(app)
    viewer = Viewer(app, key=house.key, after=100)
    told = [report for name, report in viewer.hears() if name == "report"]
    assert [len(page) for page in told] == [500, 500, 100]
    assert [report["row"] for page in told for report in page] == list(range(101, 1201))
    house.feel("punching")
    tell(app)
    assert viewer.rows() == [1201]


def test_a_row_that_is_committed_but_not_yet_told_reaches_a_newcomer_once(app, house):
    house.feel("hugging")
    tell(app)
    house.feel("neutral")
    viewer = Viewer(app, key=house.key, after=0)
    assert viewer.rows() == [1]
    tell(app)
    assert viewer.rows() == [2]


def test_history_that_is_gone_is_said_to_be_gone(app, house, monkeypatch):
    monkeypatch.setattr(viewers, "REPLAY_ROWS", 3)
    house.feel(*["hugging", "neutral"] * 5)
    tell(app)
    heard = Viewer(app, key=house.key, after=2).hears()
    assert ("trimmed", {"trimmed": 8}) in heard
    assert [report["row"] for name, told in heard if name == "report" for report in told] == [8, 9, 10]
    assert "trimmed" not in dict(Viewer(app, key=house.key, after=7).hears())


def test_a_cursor_of_another_journal_begins_anew(app, house):
    house.feel("hugging", "neutral")
    tell(app)
    heard = Viewer(app, key=house.key, after=900).hears()
    assert ("trimmed", {"trimmed": 1}) in heard
    assert [report["row"] for name, told in heard if name == "report" for report in told] == [1, 2]


def test_nothing_new_is_not_told(app, house):
    house.meet()
    assert {event for event, _ in app.feed.news()} == {"state", "wishes", "health"}
    assert list(app.feed.news()) == []


def test_one_read_serves_all_viewers(house, monkeypatch):
    feed, reads = Feed(house.journal), []
    rows_after = house.journal.rows_after
    monkeypatch.setattr(house.journal, "rows_after", lambda *words: reads.append(words) or rows_after(*words))
    house.feel("hugging")
    list(feed.news())
    assert [row for row, _ in reads] == [0, 1]


class Session:
    """An Engine.IO session of a page that reads so much and no more."""

    def __init__(self, unsent):
        self.queue = gevent.queue.Queue()
        for _ in range(unsent):
            self.queue.put("packet")
        self.closed = False

    def close(self, **_):
        self.closed = True


def test_a_page_that_does_not_read_is_sent_away_and_no_other(app):
    sessions = app.socketio.server.eio.sockets
    sessions["slow"] = slow = Session(viewers.WAITING_PACKETS + 1)
    sessions["quick"] = quick = Session(1)
    app.viewers.tell("state", {})
    assert (slow.closed, quick.closed) == (True, False)


def test_who_never_says_a_key_is_sent_away(app):
    app.socketio.server.eio.sockets["stranger"] = stranger = Session(0)
    app.viewers.tidy(100.0)
    app.viewers.tidy(100.0 + viewers.INTRODUCE_S)
    assert not stranger.closed
    app.viewers.tidy(100.1 + viewers.INTRODUCE_S)
    assert stranger.closed


# -- Wishes ----------------------------------------------------------------------------------------------------


def test_a_press_becomes_a_wish_of_the_page(app, house):
    house.meet()
    reply = Viewer(app, key=house.key).press(pillow=PILLOW, act="hug", seconds=3)
    wish = house.journal.wish(reply["wish"])
    assert (wish["pillow"], wish["kind"], wish["who"]) == (PILLOW, "press", "page")
    assert wish["body"] == {"act": "hug", "seconds": 3}


def test_a_wish_that_did_not_come_true_is_told_to_who_wished_it(app, house):
    house.meet()
    viewer, other = Viewer(app, key=house.key), Viewer(app, key=house.key)
    wish = viewer.press(pillow=PILLOW, act="punch")["wish"]
    app.viewers.tell_ends()
    assert "wish" not in dict(viewer.hears())
    with house.journal.transaction():
        house.journal.end_wish(wish, "refused", "there is no virtual pillow here", 1)
    app.viewers.tell_ends()
    assert dict(viewer.hears())["wish"] == {
        "wish": wish,
        "outcome": "refused",
        "why": "there is no virtual pillow here",
    }
    assert "wish" not in dict(other.hears())


def test_a_wish_that_nobody_took_up_is_told_as_expired(app, house, monkeypatch):
    monkeypatch.setattr(viewers, "WISH_S", -1)
    house.meet()
    viewer = Viewer(app, key=house.key)
    viewer.press(pillow=PILLOW, act="punch")
    app.viewers.tell_ends()
    assert dict(viewer.hears())["wish"]["outcome"] == "expired"


def test_presses_in_a_flood_are_refused_and_make_no_wishes(app, house):
    house.meet()
    viewer = Viewer(app, key=house.key)
    replies = [viewer.press(pillow=PILLOW, act="hug") for _ in range(100)]
    assert replies[-1] == {"error": viewers.TOO_FAST}
    assert len(house.journal.open_wishes()) < 20


@pytest.mark.parametrize("act", ACTS)
def test_every_act_can_be_asked_for(act):
    assert read({"act": act, "pillow": PILLOW}, [{"pillow": PILLOW}]).act == act


@pytest.mark.parametrize("seconds", [0, -1, 61, float("nan"), float("inf"), 10**400, "5", None, [], {}])
def test_a_press_lasts_a_while_and_not_for_ever(seconds):
    with pytest.raises(Refusal, match="seconds"):
        read({"act": "hug", "pillow": PILLOW, "seconds": seconds}, [{"pillow": PILLOW}])


def test_only_a_known_pillow_can_be_pressed(app, house):
    assert Viewer(app, key=house.key).press(pillow="<script>", act="hug") == {"error": "There is no such pillow."}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["act", "pillow", "seconds"]), inner),
    max_leaves=8,
)


@settings(max_examples=60)
@given(anything)
def test_anything_else_is_refused_with_a_sentence(said):
    with pytest.raises(Refusal, match=r"\.$"):
        read(said, [{"pillow": PILLOW}])


# -- The bucket ------------------------------------------------------------------------------------------------


def test_a_bucket_gives_a_burst_and_then_its_pace():
    bucket = Bucket(burst=3, per_s=2)
    assert [bucket.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(11.0) for _ in range(3)] == [True, True, False]


def test_a_bucket_is_not_emptied_by_a_clock_that_steps_back():
    bucket = Bucket(burst=2, per_s=1)
    assert bucket.take(10.0) and bucket.take(5.0) and not bucket.take(5.0)
    assert bucket.take(6.0)
