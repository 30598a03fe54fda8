"""One connection over the network, from its first byte to its last: who may stay, how long, and how fast.

Its law: no socket, no thread and no clock; whoever has not proved to be a pillow of this home in time is over, and
nobody is read faster than a cable would be.
"""

from collections.abc import Callable

from bridge.conversation import Conversation
from bridge.pace import Pace
from bridge.tunnel import Tunnel, TunnelBroken

HANDSHAKE_MS = 10_000  # an ESP32 needs two seconds, and may be far from its access point
PROOF_MS = 10_000  # from the handshake: five seconds for its hello, which the session measures, and five for its proof
MUTE_MS = 10_000  # a pillow answers a ping a second; one that is as mute as this has lost its network
STRANGER_BYTES = 16_384  # handshake, hello and proof are 3,000
BURST_BYTES, BYTES_PER_S = 32_768, 16_384  # what a cable at 115200 baud brings is 11,520 a second


class Visitor:
    """Moved on by `hear` and `step`; `say` has what is to be sent.

    Args:
        tunnel: its TLS.
        open_conversation: called once its handshake is done.
        now_ms: when it came, of a clock that never jumps.

    Attributes:
        over: why it is to be hung up on; empty while it may stay.
        pillow: the pillow that this has proved to be; empty before that.
    """

    def __init__(self, tunnel: Tunnel, open_conversation: Callable[[], Conversation], now_ms: int) -> None:
        self.over = ""
        self.pillow = ""
        self.conversation: Conversation | None = None
        self._tunnel: Tunnel | None = tunnel
        self._open_conversation: Callable[[], Conversation] | None = open_conversation
        self._pace = Pace(BURST_BYTES, BYTES_PER_S)
        self._strange_bytes = 0
        self._heard_ms = now_ms
        self._until_ms = now_ms + HANDSHAKE_MS

    def hear(self, data: bytes, mono_ms: int, wall_ms: int) -> float:
        """Take bytes of the network. Returns for how many seconds no more should be read."""
        if self._tunnel is None:
            return 0.0
        self._heard_ms = mono_ms
        try:
            said = self._tunnel.receive(data)
        except TunnelBroken as broken:
            self.over = str(broken)
            return 0.0
        if self._tunnel.is_open and self._open_conversation and self.conversation is None:
            self.conversation = self._open_conversation()
            self._until_ms = mono_ms + PROOF_MS
        self._talk(said, mono_ms, wall_ms)
        if not self.pillow:
            self._strange_bytes += len(data)
            if self._strange_bytes > STRANGER_BYTES:
                self.over = "said much and proved nothing"
        return self._pace.spend(len(data), mono_ms / 1000)

    def step(self, mono_ms: int, wall_ms: int) -> None:
        """Let time pass: ten times a second."""
        self._talk(b"", mono_ms, wall_ms)
        if not self.pillow and mono_ms >= self._until_ms:
            self.over = "proved nothing in time" if self.conversation else "no handshake in time"
        elif mono_ms - self._heard_ms >= MUTE_MS:
            self.over = "nothing was heard any more"

    def _talk(self, said: bytes, mono_ms: int, wall_ms: int) -> None:
        if self.conversation is None:
            return
        self.conversation.hear(said, mono_ms, wall_ms)
        pillow = self.conversation.pillow
        if self.conversation.refusal:
            self.over = self.conversation.refusal
        elif self.conversation.is_stranger:
            self.over = "said no hello in time"
        elif pillow and self.pillow not in ("", pillow):
            self.over = "is two pillows"
        elif pillow:
            self.pillow = pillow

    def say(self, mono_ms: int) -> bytes:
        """Return the bytes for the network."""
        if self._tunnel is None:
            return b""
        try:
            if self.conversation and not self.over and (line := self.conversation.say(mono_ms)):
                self._tunnel.send(line)
        except TunnelBroken as broken:
            self.over = str(broken)
        return self._tunnel.outgoing()

    def close(self) -> None:
        """It is over: let go of what it took, which is 50 kB for TLS, now and not when rubbish is looked for."""
        self.conversation = self._tunnel = self._open_conversation = None
