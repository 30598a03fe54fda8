"""A queue of the cloud: the one file that knows azure.

Its law: one call is one attempt that ends within seconds; whoever calls waits between attempts. Nothing that opens the
queue is in what it raises, prints or logs: errors of the libraries have it in their text, so that text goes nowhere.
"""

import base64
import binascii
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from bridge.cloudsettings import Settings, Way
from bridge.errors import Trouble
from bridge.patience import Late, Patience
from bridge.refusals import Refusals

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError
    from azure.storage.queue import QueueClient, QueueMessage

T = TypeVar("T")

CONNECT_S = 5  # a handshake with the other end of the world takes one
WHOLE_S = 30  # for a call as a whole: some networks give a byte a second
READ_S = 15  # without a byte; the service answers within its own 30 s, usually within 0.05
KEPT_S = 30 * 86_400  # in the queue, as long as a journal keeps it: who fetches nothing for a month has a gap then
VERSION = "2024-11-04"  # of the service: everything used here, in every Azure cloud and in emulators two years old
RECEIVE_MOST = 32  # messages in one answer, by the service


@dataclass(frozen=True, slots=True)
class Received:
    """A message that is hidden from others for a while.

    `seen` counts how often it was received; `put_ms` is when the queue got it, Unix time by the queue's clock.
    """

    id: str
    receipt: str
    text: str
    seen: int
    put_ms: int = 0


class Queue:
    """One queue; nothing is asked of the cloud before the first call. For one thread.

    Args:
        settings: from `cloudsettings.read`.
        name: one of the names that they have.

    Raises:
        Trouble: the settings need a library that is not there, or cannot be understood.
    """

    def __init__(self, settings: Settings, name: str) -> None:
        self._way = settings.way(name)
        self._base64 = settings.base64
        self._client = _client(self._way)
        self._patience = Patience(WHOLE_S, f"queue {name}")
        self._where = self._client.primary_hostname.partition("/")[0]
        self._refusals = Refusals(self._way, self._where)

    def __repr__(self) -> str:
        return f"Queue({self._way.queue!r} at {self._where})"

    @property
    def name(self) -> str:
        """Its name."""
        return self._way.queue

    def send(self, text: str) -> None:
        """Put a message into the queue. Raises Unreachable, Denied, TooLarge."""
        content = base64.b64encode(text.encode()).decode() if self._base64 else text
        self._attempt(lambda client: client.send_message(content, time_to_live=KEPT_S))

    def receive(self, most: int, visible_s: int) -> list[Received]:
        """Return up to `most` messages (32 at once), hidden from others for `visible_s`. Raises Unreachable, Denied."""
        page = min(most, RECEIVE_MOST)

        def some(client: "QueueClient") -> list[Received]:
            pages = client.receive_messages(messages_per_page=page, visibility_timeout=visible_s).by_page()
            return [_received(one) for one in next(pages, ())]  # one question: the library would go on asking

        return self._attempt(some)

    def delete(self, received: Received) -> None:
        """Remove a message; one that is gone, or was handed to somebody else meanwhile, is no error.

        Raises:
            Unreachable, Denied: it may be there still.
        """
        self._attempt(lambda client: _delete(client, received))

    def close(self) -> None:
        """Let go of the connection."""
        self._patience.end()
        self._client.close()

    def _attempt(self, call: Callable[["QueueClient"], T]) -> T:
        """Do it, in time."""
        client = self._client
        try:
            return self._patience.do(lambda: self._try(client, call))
        except Late:
            self._client = _client(self._way)  # the other one is still at it
            raise self._refusals.slow() from None

    def _try(self, client: "QueueClient", call: Callable[["QueueClient"], T]) -> T:
        """Do it, make the queue first if there is none, and say what went wrong in our own words."""
        from azure.core.exceptions import HttpResponseError

        try:
            return call(client)
        except HttpResponseError as error:
            if _code(error) != "QueueNotFound":
                raise self._meaning(error) from None
        except Exception as error:
            raise self._meaning(error) from None
        self._make(client)
        try:
            return call(client)
        except Exception as error:
            raise self._meaning(error) from None

    def _make(self, client: "QueueClient") -> None:
        from azure.core.exceptions import HttpResponseError, ResourceExistsError

        try:
            with contextlib.suppress(ResourceExistsError):
                client.create_queue()
        except HttpResponseError as error:
            if error.status_code not in (401, 403):
                raise self._meaning(error) from None
            raise self._refusals.no_queue() from None
        except Exception as error:
            raise self._meaning(error) from None

    def _meaning(self, error: Exception) -> Exception:
        """Return what is raised instead; nothing of an error's own text is in it."""
        from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceResponseError

        status = error.status_code if isinstance(error, HttpResponseError) else None
        if isinstance(error, HttpResponseError) and status:
            return self._refusals.answered(status, _code(error), getattr(error.response, "headers", {}))
        if isinstance(error, ClientAuthenticationError):
            return self._refusals.nobody()
        return self._refusals.slow() if isinstance(error, ServiceResponseError) else self._refusals.gone()


def _delete(client: "QueueClient", received: Received) -> None:
    from azure.core.exceptions import HttpResponseError

    try:
        client.delete_message(received.id, received.receipt)
    except HttpResponseError as error:
        if _code(error) not in ("MessageNotFound", "PopReceiptMismatch"):
            raise


def _received(one: "QueueMessage") -> Received:
    put_ms = round(one.inserted_on.timestamp() * 1000) if one.inserted_on else 0
    return Received(one.id, str(one.pop_receipt), decoded(str(one.content)), int(one.dequeue_count or 0), put_ms)


def decoded(content: str) -> str:
    """Return what a message says, whether it was sent in Base64 or not: no JSON array is Base64."""
    try:
        return base64.b64decode(content, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return content


def _client(way: Way) -> "QueueClient":
    """Return azure's own client for a queue, every retry of its own off.

    Raises:
        Trouble: it cannot be made.
    """
    from azure.storage.queue import QueueClient

    for library in ("azure", "urllib3"):  # what they have to say may hold a SAS, and is said here in other words
        logging.getLogger(library).setLevel(logging.CRITICAL + 1)
    options: dict[str, Any] = {
        "api_version": VERSION,
        "retry_total": 0,
        "connection_timeout": CONNECT_S,
        "read_timeout": READ_S,
    }
    try:
        if way.connection:
            return QueueClient.from_connection_string(way.connection, way.queue, **options)
        credential = way.sas or _identity()
        return QueueClient(way.account, way.queue, credential=credential, **options)
    except (ValueError, TypeError, AttributeError):
        raise Trouble(f"{way.variable} is not understood: copy it anew from the storage account") from None


def _identity() -> Any:
    try:
        from azure.identity import DefaultAzureCredential
    except ImportError:
        raise Trouble(
            "signing in to Azure needs azure-identity: run `.venv/bin/python -m pip install -r requirements/azure.txt`,"
            " or use a SAS"
        ) from None
    return DefaultAzureCredential()


def _code(error: "AzureError") -> str:
    """Return the service's own word for an error, as far as it is a word."""
    code = getattr(error, "error_code", None) or ""
    word = str(getattr(code, "value", code))
    return word if word.isalnum() and word.isascii() and len(word) <= 60 else ""
