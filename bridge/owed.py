"""What a session has to say as soon as the line is free: acknowledgements, holes, wishes."""

from collections import deque
from dataclasses import dataclass, field

from bridge.pieces import Line

WISHES = 8  # asked of one pillow at once; more is a flood


@dataclass(slots=True, eq=False)
class Wish:
    """Something asked of the pillow, in one line or several, no more after `until_ms`."""

    wish: int
    lines: tuple[Line, ...]
    until_ms: int
    at: int = 0  # the line that is next
    not_before_ms: int = 0

    @property
    def line(self) -> Line:
        """The line that is next."""
        return self.lines[self.at]


@dataclass(slots=True)
class Owed:
    """What there is to say; `Session._choose` says in which order."""

    acks: dict[int, int] = field(default_factory=dict)  # boot -> seq
    needs: dict[int, int] = field(default_factory=dict)
    wishes: deque[Wish] = field(default_factory=deque)

    def greeted(self) -> None:
        """A pillow said hello: what was said to it before counts no more."""
        self.acks.clear()
        self.needs.clear()
        for wish in self.wishes:
            wish.at = 0

    def ready(self, mono_ms: int) -> Wish | None:
        """Take the next wish that may be asked now; one whose time is over is dropped."""
        for wish in list(self.wishes):
            if mono_ms >= wish.until_ms:
                self.wishes.remove(wish)
            elif mono_ms >= wish.not_before_ms:
                self.wishes.remove(wish)
                return wish
        return None

    def again(self, wish: Wish) -> None:
        """Its line was lost: it is the next to be asked."""
        self.wishes.appendleft(wish)

    def went_on(self, wish: Wish) -> bool:
        """Its line was done: the next of its lines comes first. Returns whether it was the last."""
        wish.at += 1
        is_done = wish.at == len(wish.lines)
        if not is_done:
            self.again(wish)
        return is_done

    def put_off(self, wish: Wish, until_ms: int, *, from_its_start: bool) -> None:
        """The pillow cannot yet, or has forgotten the lines before this one."""
        wish.at = 0 if from_its_start else wish.at
        wish.not_before_ms = until_ms
        self.again(wish)
