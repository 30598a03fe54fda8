import base64
import json
import logging
import secrets
import time
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.queue import QueueClient, QueueSasPermissions, generate_queue_sas
from azurite import new_queue

from bridge import cloudsettings
from bridge.cloud import VERSION, Queue, decoded
from bridge.cloudsettings import read, take_secrets
from bridge.errors import Trouble
from bridge.refusals import Denied, TooLarge, Unreachable

CONNECTION = "DefaultEndpointsProtocol=https;AccountName=home;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net"
URL = "https://home.queue.core.windows.net"
SAS = "sv=2024-11-04&sp=a&sig=c2VjcmV0"


def sas(azurite, name, permission="a", hours=1):
    """A signature for one queue that allows only this."""
    ends = datetime.now(UTC) + timedelta(hours=hours)
    begins = ends - timedelta(days=2)
    return generate_queue_sas(
        *(azurite.account, name, azurite.key),
        permission=QueueSasPermissions.from_string(permission),
        start=begins,
        expiry=ends,
    )


@pytest.fixture
def opened():
    queues = []

    def open_queue(environ, suffix=""):
        settings = read(environ)
        queues.append(Queue(settings, settings.queue + suffix))
        return queues[-1]

    yield open_queue
    for queue in queues:
        queue.close()


@pytest.fixture
def client(azurite, queue_name):
    """The same queue, with Microsoft's client and every right."""
    made = QueueClient.from_connection_string(azurite.connection_string(), queue_name, api_version=VERSION)
    yield made
    made.close()


def by_key(azurite, name, **more):
    return {cloudsettings.CONNECTION: azurite.connection_string(), cloudsettings.NAMED: name} | more


# -- settings ----------------------------------------------------------------------------------------------------


def test_without_settings_there_is_no_cloud():
    assert read({}) is None
    assert read({"HUGGABLE_QUEUE": "huggable", "AZURE_STORAGE_CONNECTION_STRING": " "}) is None


def test_a_connection_string_is_enough():
    settings = read({"AZURE_STORAGE_CONNECTION_STRING": CONNECTION})
    assert (settings.queue, settings.wishes, settings.poison, settings.base64) == (
        *("huggable", "huggable-wishes", "huggable-poison", True),
    )


@pytest.mark.parametrize("url", [f"{URL}/pillows?{SAS}", f"{URL}/pillows/?{SAS}"])
def test_a_url_with_a_signature_names_its_queue(url):
    settings = read({"HUGGABLE_QUEUE_URL": url})
    assert settings.queue == "pillows"
    assert settings.way("pillows").account == URL
    assert settings.way("pillows-wishes").sas == SAS


def test_each_queue_can_have_a_signature_of_its_own():
    other = SAS.replace("sp=a", "sp=p")
    settings = read(
        {"HUGGABLE_QUEUE_URL": f"{URL}/huggable?{SAS}", "HUGGABLE_WISHES_URL": f"{URL}/huggable-wishes?{other}"}
    )
    assert settings.way(settings.queue).sas == SAS
    assert settings.way(settings.wishes).sas == other


@pytest.mark.parametrize("host", ["127.0.0.1:10001", "azurite:10001", "localhost"])
def test_an_emulator_has_its_account_in_the_path(host):
    settings = read({"HUGGABLE_QUEUE_URL": f"http://{host}/devstoreaccount1/pillows?{SAS}"})
    assert (settings.queue, settings.way("pillows").account) == ("pillows", f"http://{host}/devstoreaccount1")
    assert read({"HUGGABLE_QUEUE_URL": f"http://{host}/devstoreaccount1"}).queue == "huggable"


def test_the_url_of_this_program_goes_before_the_connection_string_of_all():
    settings = read({"HUGGABLE_QUEUE_URL": URL, "AZURE_STORAGE_CONNECTION_STRING": CONNECTION})
    assert settings.way("huggable").connection == ""


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"AZURE_STORAGE_CONNECTION_STRING": "secret"}, "AZURE_STORAGE_CONNECTION_STRING is not one"),
        ({"AZURE_STORAGE_CONNECTION_STRING": "AccountName=secret"}, "AZURE_STORAGE_CONNECTION_STRING is not one"),
        ({"HUGGABLE_QUEUE_URL": "home.secret"}, "HUGGABLE_QUEUE_URL is no URL"),
        ({"HUGGABLE_QUEUE_URL": "ftp://home.secret"}, "HUGGABLE_QUEUE_URL is no URL"),
        ({"HUGGABLE_QUEUE_URL": "http://[secret"}, "HUGGABLE_QUEUE_URL is no URL"),
        ({"HUGGABLE_QUEUE_URL": f"http://home.example/?{SAS}"}, "let it begin with https://"),
        ({"HUGGABLE_QUEUE_URL": f"{URL}?sv=secret"}, "cut short"),
        ({"HUGGABLE_QUEUE_URL": f"{URL}/one", "HUGGABLE_QUEUE": "two"}, "is about the queue one, and two was expected"),
        ({"HUGGABLE_QUEUE_URL": f"{URL}/One?sig=secret"}, "'One' is no name of a queue"),
        *(
            ({"AZURE_STORAGE_CONNECTION_STRING": CONNECTION, "HUGGABLE_QUEUE": name}, "is no name of a queue")
            for name in ("ab", "Hug", "-hug", "hug-", "h--g", "h_g", "x" * 57, "hüg")
        ),
    ],
)
def test_settings_that_cannot_be_are_one_sentence_without_secrets(environ, sentence):
    with pytest.raises(Trouble) as caught:
        read(environ)
    assert sentence in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_connection_string_that_azure_does_not_understand_is_a_sentence():
    settings = read({"AZURE_STORAGE_CONNECTION_STRING": "AccountName=home;AccountKey=c2VjcmV0;secret"})
    with pytest.raises(Trouble, match="AZURE_STORAGE_CONNECTION_STRING is not understood"):
        Queue(settings, "huggable").close()


def test_programs_that_are_started_from_here_get_no_secrets():
    environ = {
        "PATH": "/bin",
        "AZURE_STORAGE_CONNECTION_STRING": CONNECTION,
        "HUGGABLE_QUEUE_URL": URL,
        "HUGGABLE_QUEUE": "q",
    }
    take_secrets(environ)
    assert environ == {"PATH": "/bin", "HUGGABLE_QUEUE": "q"}


# -- a real queue ------------------------------------------------------------------------------------------------


def test_what_is_sent_is_received_and_deleted_once(azurite, queue_name, opened):
    queue = opened(by_key(azurite, queue_name))
    queue.send('["\\u00e4"]')
    (one,) = queue.receive(32, 60)
    assert (one.text, one.seen) == ('["\\u00e4"]', 1)
    assert abs(one.put_ms / 1000 - time.time()) < 600
    assert queue.receive(32, 60) == []
    queue.delete(one)
    queue.delete(one)  # it is gone


def test_a_receipt_of_yesterday_deletes_nothing_and_is_no_error(azurite, queue_name, opened):
    queue = opened(by_key(azurite, queue_name))
    queue.send("[]")
    (old,) = queue.receive(1, 1)
    again = _received_again(queue)
    assert again.seen == 2
    queue.delete(old)
    queue.delete(again)


def _received_again(queue):
    while not (found := queue.receive(1, 60)):
        continue
    return found[0]


def test_messages_are_base64_unless_it_is_switched_off(azurite, queue_name, opened, client):
    opened(by_key(azurite, queue_name)).send('["hug"]')
    assert client.receive_message().content == base64.b64encode(b'["hug"]').decode()
    plain = opened(by_key(azurite, queue_name, HUGGABLE_QUEUE_BASE64="0"))
    plain.send('["hug & kiss <3"]')
    assert [one.text for one in plain.receive(32, 1)] == ['["hug & kiss <3"]']


@pytest.mark.parametrize("content", ["[]", "not base64!", "////", "", "ä", "[" * 9])
def test_whatever_somebody_else_put_there_is_handed_out_as_it_is(content):
    assert decoded(content) == content


def test_a_message_lives_for_thirty_days(azurite, queue_name, opened, client):
    opened(by_key(azurite, queue_name)).send("[]")
    message = client.receive_message()
    assert message.expires_on - message.inserted_on == timedelta(days=30)


def test_the_largest_message_of_ours_fits_and_more_does_not(azurite, queue_name, opened):
    queue = opened(by_key(azurite, queue_name))
    queue.send("x" * 48 * 1024)
    assert len(queue.receive(1, 60)[0].text) == 48 * 1024
    with pytest.raises(TooLarge):
        queue.send("x" * 48 * 1024 + "more")


def test_a_signature_that_may_only_add_is_enough_to_send(azurite, queue_name, opened, client):
    client.create_queue()
    queue = opened({"HUGGABLE_QUEUE_URL": f"{azurite.url}/{queue_name}?{sas(azurite, queue_name)}"})
    queue.send("[]")
    assert client.receive_message().content
    with pytest.raises(Denied, match=r"refuses the SAS in HUGGABLE_QUEUE_URL .* make a new one"):
        queue.receive(1, 1)


def test_a_signature_that_may_only_add_says_that_the_queue_is_missing(azurite, queue_name, opened):
    queue = opened({"HUGGABLE_QUEUE_URL": f"{azurite.url}/{queue_name}?{sas(azurite, queue_name)}"})
    with pytest.raises(
        Denied, match=f"there is no queue {queue_name} at 127.0.0.1:{azurite.port}, and nobody here may make"
    ):
        queue.send("[]")


def test_a_signature_that_has_ended_says_so(azurite, queue_name, opened, client):
    client.create_queue()
    ended = sas(azurite, queue_name, hours=-1)
    with pytest.raises(Denied, match=r"the SAS in HUGGABLE_QUEUE_URL ended 20.* \(403 \w+\): make a new one"):
        opened({"HUGGABLE_QUEUE_URL": f"{azurite.url}/{queue_name}?{ended}"}).send("[]")


def test_a_wrong_key_says_where_to_get_the_right_one(azurite, queue_name, opened):
    wrong = base64.b64encode(secrets.token_bytes(64)).decode()
    environ = {cloudsettings.CONNECTION: azurite.connection_string(key=wrong), cloudsettings.NAMED: queue_name}
    with pytest.raises(Denied, match=r"refuses the key .*: copy AZURE_STORAGE_CONNECTION_STRING anew"):
        opened(environ).send("[]")


def test_a_key_that_is_none_says_so_without_asking_anybody(opened):
    string = CONNECTION.replace("c2VjcmV0", "secret!")
    with pytest.raises(Denied, match=r"refuses the key \(it is none\): copy AZURE_STORAGE_CONNECTION_STRING anew"):
        opened({cloudsettings.CONNECTION: string}).send("[]")


def test_a_wrong_account_is_denied(azurite, queue_name, opened):
    string = azurite.connection_string().replace("huggable", "somebody")
    with pytest.raises(Denied):
        opened({cloudsettings.CONNECTION: string, cloudsettings.NAMED: queue_name}).send("[]")


def test_where_nobody_listens_it_is_unreachable_at_once(azurite, queue_name, opened):
    environ = {cloudsettings.CONNECTION: azurite.connection_string(port=9), cloudsettings.NAMED: queue_name}
    with pytest.raises(Unreachable, match=r"127.0.0.1:9 cannot be reached: check the internet connection"):
        opened(environ).send("[]")


def test_no_secret_is_in_anything_that_it_says(azurite, queue_name, opened, client, caplog):
    client.create_queue()
    signature = sas(azurite, queue_name)
    hidden = [azurite.key, json.loads(f'"{signature}"').partition("sig=")[2]]
    logging.getLogger().setLevel(logging.DEBUG)
    said = []
    for environ in (
        by_key(azurite, queue_name),
        {"HUGGABLE_QUEUE_URL": f"{azurite.url}/{queue_name}?{signature}"},
        {"HUGGABLE_QUEUE_URL": f"{azurite.at(9)}/{queue_name}?{signature}"},
    ):
        queue = opened(environ)
        said += [repr(read(environ)), repr(queue), repr(read(environ).way(queue_name)), *_errors(queue)]
    said += [record.getMessage() for record in caplog.records]
    assert len(said) >= 15
    assert [text for text in said for secret in hidden if secret in text] == []


def _errors(queue):
    for call in (lambda: queue.send("x"), lambda: queue.send("x" * 70_000), lambda: queue.receive(1, 60)):
        try:
            yield repr(call())
        except (Denied, Unreachable, TooLarge) as error:
            assert error.__suppress_context__
            yield repr(error)


def test_a_missing_queue_is_made_when_that_is_allowed(azurite, opened):
    queue = opened(by_key(azurite, new_queue()))
    assert queue.receive(1, 1) == []
