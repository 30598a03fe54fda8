"""What people wish on the page: read from what a browser sent, believed in nothing, and recorded.

Its law: a wish is recorded with who and when before anybody acts on it; a click that was two is one.
"""

import time
from collections.abc import Callable
from typing import Any

from bridge import kinds, wishes
from bridge.journal import Journal
from web.bucket import Bucket
from web.guests import HUGGER, Visitor
from web.press import Refusal
from web.view import WISHED
from web.viewers import TOO_FAST, Viewers

BURST, PER_S = 10, 0.5  # wishes of one visitor: hands need seconds to choose a colour
DOUBLE_S = 0.8  # the same again within this was one click of a nervous finger
TOO_MUCH = "Too many wishes wait already: wish again later."


class Wishing:
    """The event `wish` of the page.

    Args:
        journal: where wishes are recorded.
        viewers: whose event it is.
        is_away: there is no bridge here: wishes travel.
        now_s: seconds of a clock that never jumps.
    """

    def __init__(
        self, journal: Journal, viewers: Viewers, is_away: bool = False, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._journal, self._is_away, self._now_s = journal, is_away, now_s
        self._paces: dict[str, Bucket] = {}  # of each guest: there are as many as invitations
        self._last: dict[str, tuple[Any, float, int]] = {}  # of each guest: what, when, its number
        viewers.on("wish", HUGGER, self.wish)

    def wish(self, said: Any, visitor: Visitor, _sid: str) -> dict[str, Any]:
        """Record a wish: `{"kind", "pillow", "body"}`. Returns `{"wish": number}`. Raises Refusal."""
        kind, pillow, body = self._read(said, visitor)
        asked, now_s = (kind, pillow, body), self._now_s()
        last = self._last.get(visitor.guest)
        if last and last[0] == asked and now_s - last[1] < DOUBLE_S:
            return {"wish": last[2]}
        if not self._paces.setdefault(visitor.guest, Bucket(BURST, PER_S)).take(now_s):
            raise Refusal(TOO_FAST)
        who = visitor.name or ("away" if self._is_away else "home")
        seconds = kinds.LASTS_S[kind]
        wish = wishes.make(self._journal, pillow, kind, body, who, seconds, from_away=self._is_away)
        self._last[visitor.guest] = asked, now_s, wish
        return {"wish": wish}

    def _read(self, said: Any, visitor: Visitor) -> tuple[str, str, kinds.Body]:
        said = said if isinstance(said, dict) else {}
        kind, pillow = said.get("kind"), said.get("pillow")
        if not isinstance(kind, str) or kind not in WISHED:
            raise Refusal(f"Expected a wish of {', '.join(WISHED)}.")
        if not visitor.may(kinds.LEAST_ROLE[kind]):
            raise Refusal("Only an owner may do that.")
        if not isinstance(pillow, str) or pillow not in [known["pillow"] for known in self._journal.pillows()]:
            raise Refusal("There is no such pillow.")
        if len(self._journal.open_wishes()) >= wishes.OPEN_MOST:
            raise Refusal(TOO_MUCH)
        try:
            return kind, pillow, kinds.read(kind, said.get("body"))
        except ValueError as error:
            raise Refusal(str(error)) from None
