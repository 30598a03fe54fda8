import gevent
import pytest
from onlookers import PILLOW, Home

from bridge import wishes
from web import strict_json
from web.app import create_app
from web.guests import Refusal, read_invitation

HOST = "127.0.0.1:8080"
PUBLIC = "https://cloud.example"
ASKED = {"name": "Oma", "role": "hugger", "days": 31}


@pytest.fixture
def house(tmp_path):
    with Home(tmp_path) as house:
        yield house


@pytest.fixture
def app(house):
    return create_app(house.journal, hosts=[HOST], key=house.key, public=PUBLIC)


@pytest.fixture
def enter(app, house):
    def enter(key=house.key):
        return app.socketio.test_client(app, auth={"key": key})

    return enter


def ask(client, event, **said):
    return client.emit(event, said, callback=True)


def told(client, event):
    gevent.sleep(0)
    return [packet["args"][0] for packet in client.get_received() if packet["name"] == event]


def test_an_owner_invites_somebody_who_then_comes_in_as_what_was_said(enter):
    invited = ask(enter(), "invite", **ASKED)
    (guest,) = invited["guests"]
    assert (guest["name"], guest["role"], invited["origin"]) == ("Oma", "hugger", PUBLIC)
    assert told(enter(invited["key"]), "me") == [{"name": "Oma", "role": "hugger"}]


def test_what_a_link_says_is_kept_nowhere(enter, house):
    key = ask(enter(), "invite", **ASKED)["key"]
    assert key not in str(house.journal.guests())
    assert key not in str(ask(enter(), "guests"))


def test_who_is_no_owner_invites_nobody_and_sees_no_list(enter):
    owner = enter()
    for role in ("viewer", "hugger"):
        guest = enter(ask(owner, "invite", **ASKED | {"role": role})["key"])
        for event in ("guests", "invite", "revoke", "forget"):
            assert ask(guest, event, **ASKED)["error"] == "Only an owner may do that."


def test_an_invitation_taken_back_ends_what_is_open_at_once(app, enter):
    owner = enter()
    invited = ask(owner, "invite", **ASKED)
    guest = enter(invited["key"])
    assert ask(owner, "revoke", guest=invited["guests"][0]["guest"])["guests"][0]["ended_ms"]
    assert "error" in ask(guest, "press", pillow=PILLOW, act="hug")
    assert not enter(invited["key"]).is_connected()
    assert ask(owner, "revoke", guest="nobody") == {"error": "There is no such invitation."}


@pytest.mark.parametrize(
    "wrong",
    [
        None, [], {}, "Oma", {"name": ""}, {"name": " "}, {"name": "x" * 41}, {"name": "a\nb"}, {"name": 7},
        {"role": "king"}, {"role": None}, {"days": 0}, {"days": 367}, {"days": 1.5}, {"days": True}, {"days": "7"},
    ],
)  # fmt: skip
def test_an_invitation_is_believed_in_nothing(wrong):
    said = ASKED | wrong if isinstance(wrong, dict) and wrong else wrong
    with pytest.raises(Refusal):
        read_invitation(said)


def test_an_owner_carries_everything_home_and_no_key(app, house, enter):
    house.meet()
    house.feel("hugging", "neutral", "punching")
    key = ask(enter(), "invite", **ASKED)["key"]
    client = app.test_client()
    reply = client.get("/api/export", base_url=f"http://{HOST}", headers={"X-Key": house.key})
    lines = [strict_json.loads(line) for line in reply.text.splitlines()]
    assert [line["gesture"] for line in lines if line["table"] == "report"] == ["hugging", "neutral", "punching"]
    assert {"pillow", "presence", "report"} <= {line["table"] for line in lines}
    assert house.key not in reply.text and key not in reply.text and "token" not in reply.text


def test_a_guest_does_not_get_the_export(app, house, enter):
    key = ask(enter(), "invite", **ASKED)["key"]
    reply = app.test_client().get("/api/export", base_url=f"http://{HOST}", headers={"X-Key": key})
    assert (reply.status_code, reply.text.strip()) == (403, "Only an owner may do that.")


def test_what_an_owner_forgets_is_gone_from_the_file_and_is_not_taken_in_again(house, tmp_path):
    house.meet()
    house.feel("hugging")
    before = house.journal.mark(PILLOW, 1)
    with house.journal.transaction():
        house.journal.say("usb", "a-line-that-nobody-should-read", 5)
        house.journal.forget_before(2**53)
    house.journal.purge()
    assert (house.journal.rows_after(0), house.journal.console_tail()) == ([], [])
    assert house.journal.mark(PILLOW, 1) == before
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("**/journal.db*"))
    assert b"a-line-that-nobody-should-read" not in kept


def test_forgetting_is_a_wish_that_takes_everything_before_it_and_says_so_away(house, enter):
    house.meet()
    house.feel("hugging", "neutral")
    wish = ask(enter(), "forget")["wish"]
    later = house.journal.wish(wish)["made_ms"] + 1
    with house.journal.transaction():
        wishes.end(house.journal, wish, "applied", "", later)
    assert house.journal.rows_after(0) == []
    posted = [(row["kind"], row["body"]) for row in house.journal.outbox("away")]
    assert posted == [("wish", {"wish": wish}), ("forget", {"upto_ms": later - 1}), ("wish", {"wish": wish})]
    assert house.journal.wish(wish)["outcome"] == "applied"


def test_forgetting_away_from_home_travels_home_first(house):
    app = create_app(house.journal, hosts=[HOST], key=house.key, is_away=True)
    house.meet()
    house.feel("hugging")
    ask(app.socketio.test_client(app, auth={"key": house.key}), "forget")
    (posted,) = house.journal.outbox("home")
    assert (posted["kind"], posted["body"]["kind"]) == ("ask", "forget")
    assert len(house.journal.rows_after(0)) == 1
