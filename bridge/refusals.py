"""How a queue of the cloud says no, in words for a person.

Its law: nothing that opens the queue is in any of them, and each names the one thing that helps.
"""

import email.utils
import time
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from bridge.cloudsettings import CONNECTION, NAMED, Way

RETRY_MOST_S = 3_600.0  # of what a server may ask for: an hour is as good as never
BUSY = (408, 409, 429)  # and all 5xx: it would be taken at another time
SKEW_S = 600  # the service refuses what was signed 15 minutes ago


class Unreachable(Exception):
    """It did not work, and may the next time: a sentence, and how many seconds to wait at least."""

    def __init__(self, sentence: str, retry_after_s: float = 0.0) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s


class Denied(Exception):
    """It will not work until a person has done what the sentence says."""


class TooLarge(Exception):
    """The service will never take this message."""


class Refusals:
    """What the answers of one queue mean.

    Args:
        way: to the queue.
        where: the host that answers, as a person may see it.
    """

    def __init__(self, way: Way, where: str) -> None:
        self._way = way
        self._where = where

    def slow(self) -> Unreachable:
        """No answer came in time."""
        return Unreachable(f"{self._where} does not answer in time: check the internet connection")

    def gone(self) -> Unreachable:
        """There is no way there."""
        return Unreachable(f"{self._where} cannot be reached: check the internet connection, then the account's name")

    def nobody(self) -> Denied:
        """There was nothing to show at the door."""
        if self._way.connection:
            return Denied(self._refused("it is none", {}))
        return Denied(f"nobody is signed in who may use {self._where}: sign in with `az login`, or use a SAS")

    def no_queue(self) -> Denied:
        """There is none, and it could not be made."""
        return Denied(
            f"there is no queue {self._way.queue} at {self._where}, and nobody here may make one: make it,"
            f" or correct {NAMED}"
        )

    def answered(self, status: int, code: str, headers: Mapping[str, str]) -> Exception:
        """Return what an answer means.

        Args:
            status: of HTTP, an error's.
            code: the service's own word for it; '' for none.
            headers: of the answer.
        """
        said = f"{status} {code}".strip()
        if status == 413 or code in ("RequestBodyTooLarge", "MessageTooLarge"):
            return TooLarge(f"{self._where} takes no message of this size ({said})")
        if status in BUSY or status >= 500:
            return Unreachable(f"{self._where} takes nothing now ({said}): wait, it is tried again", _retry_s(headers))
        if status < 400:
            return Unreachable(f"something else answers for {self._where} ({said}): sign in to this network first")
        if status in (401, 403):
            return Denied(self._refused(said, headers))
        return Denied(
            f"{self._where} refuses the queue {self._way.queue} ({said}): correct {NAMED}, or {self._way.variable}"
        )

    def _refused(self, said: str, headers: Mapping[str, str]) -> str:
        """Return why nobody was let in: the first of five reasons that is there."""
        if abs(skew_s := _skew_s(headers)) > SKEW_S:
            return (
                f"{self._where} lets nobody in whose clock is {abs(skew_s) // 60} minutes wrong ({said}): set this one"
            )
        if ended := _ended(self._way.sas):
            return f"the SAS in {self._way.variable} ended {ended} ({said}): make a new one"
        if self._way.sas:
            return (
                f"{self._where} refuses the SAS in {self._way.variable} ({said}): make a new one for {self._way.queue}"
            )
        if self._way.connection:
            return f"{self._where} refuses the key ({said}): copy {CONNECTION} anew from the storage account"
        return f"{self._where} does not let this identity in ({said}): give it the role Storage Queue Data Contributor"


def _retry_s(headers: Mapping[str, str]) -> float:
    """Return how long a server asks to be left alone: seconds, or until a date."""
    asked = headers.get("Retry-After", "").strip()
    if asked.isdecimal() and asked.isascii():
        seconds = float(asked[:9])
    else:
        seconds = -_date_s(asked)
    return min(max(0.0, seconds), RETRY_MOST_S)


def _date_s(date: str) -> float:
    """Return how many seconds ago an HTTP date was; 0 when it is none."""
    try:
        return time.time() - email.utils.parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _skew_s(headers: Mapping[str, str]) -> int:
    return round(_date_s(headers.get("Date", "")))


def _ended(sas: str) -> str:
    """Return when a SAS ended, empty when it has not."""
    end = parse_qs(urlsplit(f"?{sas}").query).get("se", [""])[0]
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return end[:20] if end and end.isascii() and end.isprintable() and end < now else ""
