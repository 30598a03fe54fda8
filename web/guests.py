"""Who is at the door: the owner with the page's key, or a guest with an invitation.

Its law: an invitation is known by its hash alone, and is worth nothing from the moment it is taken back.
"""

import hashlib
import hmac
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.journal import Journal, Row
from web.press import Refusal

VIEWER, HUGGER, OWNER = ROLES = ("viewer", "hugger", "owner")  # each may do what those before it may
TOKEN_BYTES = 24  # 192 random bits, as in the page's own key
GUESTS = 100  # invitations that hold at once; a family and its friends are fewer
DAYS_MOST = 366
NAME_MOST = 40  # characters
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who was let in. `guest` is the number of the invitation, nothing for who has the page's key."""

    guest: str
    name: str
    role: str

    def may(self, least: str) -> bool:
        """Say whether this visitor may do what needs at least a role."""
        return ROLES.index(self.role) >= ROLES.index(least)


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an owner asks for: for whom, as what, for how long."""

    name: str
    role: str
    days: int


def read_invitation(said: Any) -> Invitation:
    """Return what a page asked for, believed in nothing. Raises Refusal."""
    said = said if isinstance(said, dict) else {}
    name, role, days = said.get("name"), said.get("role"), said.get("days")
    name = name.strip() if isinstance(name, str) else ""
    if not 0 < len(name) <= NAME_MOST or not name.isprintable():
        raise Refusal(f"Give a name of 1 to {NAME_MOST} characters.")
    if role not in ROLES:
        raise Refusal(f"Expected a role of {', '.join(ROLES)}.")
    if type(days) is not int or not 1 <= days <= DAYS_MOST:
        raise Refusal(f"Expected 1 to {DAYS_MOST} days.")
    return Invitation(name, role, days)


class Guests:
    """The door's list.

    Args:
        journal: holds the invitations.
        key: the page's key, which makes an owner of who has it and signs the cookies.
        now_ms: Unix time in ms.
    """

    def __init__(self, journal: Journal, key: str, now_ms: Callable[[], int] = lambda: time.time_ns() // 10**6) -> None:
        self._journal, self._key, self.now_ms = journal, key, now_ms

    def with_key(self, key: object) -> Visitor | None:
        """Return who has this key, in a time that tells nothing about it."""
        if not isinstance(key, str):
            return None
        if _same(key, self._key):
            return Visitor("", "", OWNER)
        return self._valid(self._look_up(lambda: self._journal.guest_by_token(_hash(key))))

    def with_cookie(self, cookie: str) -> Visitor | None:
        """Return who was given this cookie."""
        guest, _, signed = cookie.rpartition(".")
        if not guest:
            return Visitor("", "", OWNER) if _same(signed, self._signed("", "")) else None
        found = self._look_up(lambda: self._journal.guest(guest))
        return self._valid(found) if found and _same(signed, self._signed(guest, found["token"])) else None

    def cookie(self, visitor: Visitor) -> str:
        """Return the cookie by which a visitor is known again, on every machine that has the key and the list."""
        found = self._look_up(lambda: self._journal.guest(visitor.guest)) if visitor.guest else None
        signed = self._signed(visitor.guest, found["token"] if found else "")
        return f"{visitor.guest}.{signed}" if visitor.guest else signed

    def again(self, visitor: Visitor) -> Visitor | None:
        """Return how a visitor stands now: None when the invitation was taken back or is over."""
        return self._valid(self._look_up(lambda: self._journal.guest(visitor.guest))) if visitor.guest else visitor

    def invite(self, asked: Invitation) -> tuple[Row, str]:
        """Make an invitation. Returns (the row of table guest, what its link says, which is kept nowhere)."""
        now_ms = self.now_ms()
        if sum(self._valid(row) is not None for row in self._journal.guests()) >= GUESTS:
            raise Refusal(f"There are {GUESTS} invitations already: take one back first.")
        token = secrets.token_urlsafe(TOKEN_BYTES)
        row: Row = {
            "guest": secrets.token_hex(8),
            "name": asked.name,
            "role": asked.role,
            "token": _hash(token),
            "made_ms": now_ms,
            "expires_ms": now_ms + asked.days * DAY_MS,
        }
        return row, token

    def _valid(self, found: Mapping[str, Any] | None) -> Visitor | None:
        if found is None or found["ended_ms"] or found["expires_ms"] <= self.now_ms() or found["role"] not in ROLES:
            return None
        return Visitor(found["guest"], found["name"], found["role"])

    def _look_up(self, look: Callable[[], Row | None]) -> Row | None:
        try:
            return look()
        except sqlite3.Error:  # the door stays shut while the list cannot be read
            return None

    def _signed(self, guest: str, token: str) -> str:
        said = f"cookie {guest} {token}" if guest else "cookie"
        return hmac.new(self._key.encode(), said.encode(), hashlib.sha256).hexdigest()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())
