"""Teaching a pillow: the wishes of kinds record, keep-last, take, teach, model and model-back.

Its law: it owns no thread and no clock of its own; whatever links say waits until the bridge's turn.
"""

import queue
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path

from bridge import takes
from bridge.events import Event, Granted, Sampled
from bridge.journal import Journal, Row
from bridge.lessons import Lessons
from bridge.recorder import Recorder, Way
from bridge.wishes import APPLIED, REFUSED, End
from bridge.writer import Writer

HEARD_MOST = 10_000  # events that wait for a turn: a minute of every pillow's samples

NO_TAKE = "there is no such recording any more"


class Teaching:
    """All methods but `tell` are for the bridge's own thread.

    Args:
        link_of: the link on which a pillow is heard, or None.
        writer: the journal's one writer.
        journal: for looking.
        data: the data folder.

    Attributes:
        acts: what is done about each kind of wish; see `Grants`.
    """

    def __init__(self, link_of: Callable[[str], Way | None], writer: Writer, journal: Journal, data: Path) -> None:
        self._recorder = Recorder(link_of, writer, data)
        self._lessons = Lessons(link_of, writer, journal, data)
        self._writer = writer
        self._data = data
        self._heard: queue.Queue[Event] = queue.Queue(HEARD_MOST)
        self._edits: dict[int, Future[str]] = {}  # by wish
        self.acts: Mapping[str, Callable[[Row], End | None]] = {
            "record": self._recorder.record,
            "keep-last": self._recorder.keep_last,
            "take": self._edit,
            "teach": self._lessons.teach,
            "model": self._lessons.use,
            "model-back": self._lessons.back,
        }

    def tell(self, event: Event) -> None:
        """Take what a link heard that is not for the journal; from any thread."""
        if isinstance(event, Sampled | Granted):
            try:
                self._heard.put_nowait(event)
            except queue.Full:  # what is lost is asked for again
                return

    def step(self) -> None:
        """Do what is due."""
        while not self._heard.empty():
            event = self._heard.get_nowait()
            if isinstance(event, Sampled | Granted):
                self._recorder.hear(event)
            if isinstance(event, Granted):
                self._lessons.hear(event)
        self._recorder.step()

    def close(self) -> None:
        """Nothing more is recorded or learned."""
        self._recorder.close()
        self._lessons.close()

    def _edit(self, wish: Row) -> End | None:
        """Give a recording its right label, or discard it. Raises ValueError."""
        number, body = wish["wish"], wish["body"]
        if number not in self._edits:
            self._edits[number] = self._writer.submit(_edited(wish["pillow"], body, self._data))
        future = self._edits[number]
        if not future.done():
            return None
        del self._edits[number]
        if future.exception():
            return None  # the disk, not the wish: it is tried again
        return (REFUSED, future.result()) if future.result() else (APPLIED, "")


def _edited(pillow: str, body: Row, data: Path) -> Callable[[Journal], str]:
    """Return what changes a recording and says why it could not. Raises ValueError."""
    number, label, discard = body.get("take"), body.get("label"), body.get("discard") is True
    if type(number) is not int or (label not in takes.LABELS and not discard):
        raise ValueError(f"a recording is discarded or called {', '.join(takes.LABELS)}")

    def edit(journal: Journal) -> str:
        found = next((take for take in journal.takes(pillow) if take["take"] == number), None)
        if found is None:
            return NO_TAKE
        if discard:
            journal.forget_take(number)
            (takes.folder(data) / found["file"]).unlink(missing_ok=True)
        else:
            journal.note_take(number, label=str(label))
        return ""

    return edit
