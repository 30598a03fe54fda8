"""Which conversation speaks for each pillow: the one that greeted it last.

Its law: what an older link still has to say of how a pillow is never overtakes the word of a newer one.
"""

import threading
from collections.abc import Callable


class Present:
    """Shared by all conversations of a bridge; may be used from any thread."""

    def __init__(self) -> None:
        self._speakers: dict[str, object] = {}
        self._lock = threading.Lock()

    def greeted(self, pillow: str, speaker: object) -> None:
        """From here on `speaker` speaks for this pillow."""
        with self._lock:
            self._speakers[pillow] = speaker

    def offer(self, pillow: str, speaker: object) -> None:
        """From here on `speaker` speaks for this pillow if nobody does."""
        with self._lock:
            self._speakers.setdefault(pillow, speaker)

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
            if self._speakers.get(pillow, speaker) is not speaker:
                return False
            say()
            self._speakers[pillow] = speaker
            if last:
                del self._speakers[pillow]
            return True
