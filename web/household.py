"""Whose pillows they are, on the page at home: adopting one that is plugged in, and showing it the Wi-Fi.

Its law: a password goes from the socket into a letter and is never told back; what is wished is done by the bridge.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge import letter, wishes
from bridge.journal import Journal
from web.bucket import Bucket
from web.guests import OWNER, Visitor
from web.press import Refusal
from web.viewers import TOO_FAST, Viewers

ADOPT_S, NETWORKS_S, WIFI_S = 20.0, 20.0, 90.0  # as long as the bridge and the pillow may take
BURST, PER_S = 10, 0.5  # passwords that can be tried: hands are slower
NAME_MOST, PASSWORD_MOST = 64, 256  # characters; the bridge looks closer
KEY, NETWORKS = "key", "networks"  # settings that the bridge makes; see bridge/household.py


class Household:
    """The events `household`, `adopt`, `networks` and `wifi` of the page.

    Args:
        journal: where wishes are recorded.
        viewers: whose events these are.
    """

    def __init__(self, journal: Journal, viewers: Viewers) -> None:
        self._journal = journal
        self._folder = Path(journal.path).parent
        self._pace = Bucket(BURST, PER_S)
        viewers.on("household", OWNER, self.look)
        viewers.on("adopt", OWNER, lambda said, _visitor, _sid: self._wish(said, "adopt", ADOPT_S))
        viewers.on("networks", OWNER, lambda said, _visitor, _sid: self._wish(said, "networks", NETWORKS_S))
        viewers.on("wifi", OWNER, self.join)

    def look(self, said: Any, _visitor: Visitor, _sid: str) -> dict[str, Any]:
        """Return how a pillow stands: its key, what networks it sees, and how the wish about it ended."""
        pillow = self._pillow(said)
        settings = self._journal.settings(pillow)
        told = {"pillow": pillow, KEY: settings.get(KEY, ""), NETWORKS: settings.get(NETWORKS) or []}
        number = said.get("wish")
        wish = self._journal.wish(number) if type(number) is int else None
        if wish and wish["pillow"] == pillow:
            told |= {name: wish[name] for name in ("kind", "outcome", "why")}
        return told

    def join(self, said: Any, _visitor: Visitor, _sid: str) -> dict[str, Any]:
        """Have a pillow try a network: `{"pillow", "network", "password"}`, the name in base64. Raises Refusal."""
        network, password = self._text(said, "network", NAME_MOST), self._text(said, "password", PASSWORD_MOST)
        if not network:
            raise Refusal("Choose a network.")
        self._pillow(said)
        self._slowly()
        return self._made(said, "wifi", {"network": network, "letter": letter.put(self._folder, password)}, WIFI_S)

    def _wish(self, said: Any, kind: str, seconds: float) -> dict[str, Any]:
        self._slowly()
        return self._made(said, kind, {}, seconds)

    def _made(self, said: Any, kind: str, body: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        return {"wish": wishes.make(self._journal, self._pillow(said), kind, dict(body), "page", seconds)}

    def _slowly(self) -> None:
        if not self._pace.take(time.monotonic()):
            raise Refusal(TOO_FAST)

    def _pillow(self, said: Any) -> str:
        """Return the pillow that is meant. Raises Refusal."""
        pillow = said.get("pillow") if isinstance(said, dict) else None
        if not isinstance(pillow, str) or pillow not in [known["pillow"] for known in self._journal.pillows()]:
            raise Refusal("There is no such pillow.")
        return pillow

    def _text(self, said: Any, name: str, most: int) -> str:
        text = said.get(name) if isinstance(said, dict) else None
        if not isinstance(text, str) or len(text) > most:
            raise Refusal(f"Expected {name} of at most {most} characters.")
        return text
