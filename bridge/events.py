"""What a session makes of what it hears: facts in the past tense, to be compared with `==`."""

from dataclasses import dataclass, field

from bridge import wire
from bridge.report import Beat, Dated, Hello


@dataclass(frozen=True, slots=True)
class Greeted:
    """A pillow said who it is: at the start, after a reset, or when it was asked."""

    hello: Hello


@dataclass(frozen=True, slots=True)
class Refused:
    """This pillow is not spoken with; the sentence says why and what helps."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Said:
    """The next report or gap of its boot: to be committed, then told to `Session.committed`."""

    dated: Dated


@dataclass(frozen=True, slots=True)
class Repeated:
    """A report that is held already."""

    boot: int
    seq: int


@dataclass(frozen=True, slots=True)
class Missed:
    """`count` reports before one that came are not there yet; they are asked for."""

    boot: int
    count: int


@dataclass(frozen=True, slots=True)
class Beaten:
    """How the pillow is now. `behind`: it has reports to send that are older than the last beat."""

    beat: Beat
    behind: bool


@dataclass(frozen=True, slots=True)
class Anchored:
    """A boot's clock is known better: worth keeping."""

    hello: Hello
    anchors: list[tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Granted:
    """A wish's end: `outcome` is `applied` or `refused`."""

    wish: int
    outcome: str
    why: str


@dataclass(frozen=True, slots=True)
class Proved:
    """A pillow proved this key, and is greeted next."""

    pillow: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sampled:
    """Samples `first` and on, since boot, of the pillow's take number `take`; none end it (docs/wire.md)."""

    pillow: str
    take: int
    first: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Seen:
    """A network, while a wish asks to scan: how strong in dBm, its name, whether it wants a password."""

    rssi: int
    ssid: bytes
    secured: bool


@dataclass(frozen=True, slots=True)
class Slept:
    """The pillow goes to sleep and wakes by itself after so many seconds, or when it is moved or squeezed."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing was heard for 2.3 s."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """Whatever is there said no hello within 5 s of being asked."""


Event = (
    Greeted
    | Refused
    | Said
    | Repeated
    | Missed
    | Beaten
    | Anchored
    | Granted
    | Proved
    | Sampled
    | Seen
    | Slept
    | Silent
    | Stranger
    | wire.Garbled
    | wire.Console
)
