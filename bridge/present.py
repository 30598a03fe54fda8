"""Which conversation speaks for each pillow: the one that greeted it last.

Its law: what an older link still has to say of how a pillow is never overtakes the word of a newer one.
"""

import threading
from collections.abc import Callable


class Present:
    """Shared by all conversations of a bridge; may be used from any thread."""

    def __init__(self) -> None:
        self._speakers: dict[str, tuple[object, bool]] = {}  # who, and whether it gives way to the next that offers
        self._lock = threading.Lock()

    def greeted(self, pillow: str, speaker: object, gives_way: bool = False) -> None:
        """From here on `speaker` speaks for this pillow."""
        with self._lock:
            self._speakers[pillow] = speaker, gives_way

    def offer(self, pillow: str, speaker: object) -> None:
        """From here on `speaker` speaks for this pillow if nobody does, or one that gives way, as this one will."""
        with self._lock:
            if self._speakers.get(pillow, (None, True))[1]:
                self._speakers[pillow] = speaker, True

    def speak(self, pillow: str, speaker: object, say: Callable[[], object], *, last: bool) -> bool:
        """Call `say`, unless another one speaks for this pillow; what is said is in order for all.

        Args:
            pillow: of whom.
            speaker: who wants to say it.
            say: may raise; then nothing was said.
            last: after this, whoever comes first may speak.

        Returns:
            Whether it was said.
        """
        with self._lock:
            now = self._speakers.get(pillow, (speaker, False))
            if now[0] is not speaker:
                return False
            say()
            self._speakers[pillow] = now
            if last:
                del self._speakers[pillow]
            return True
