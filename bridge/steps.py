"""Named steps of a hug's way through the bridge, so that a test can end the program between any two of them.

`PILLOW_CRASH_AT=commit:3` ends the program, as SIGKILL would, when step `commit` is passed for the third time.
"""

import os
from collections.abc import Callable, Mapping

NAMES = ("read", "heard", "begin", "insert", "commit", "committed", "rung", "ack", "sent")
CLOUD = ("forward", "forwarded")  # of the way into the queue
AWAY = ("published", "taken", "deleted")  # of the way through a machine away from home
VARIABLE = "PILLOW_CRASH_AT"

_watch: list[Callable[[str], None]] = []  # at most one; a list, because it is looked up at every step


def passed(name: str) -> None:
    """Say that a step was reached; nobody watches outside of tests."""
    for watch in _watch:
        watch(name)


def watch_with(watch: Callable[[str], None] | None) -> None:
    """Have `watch` called with the name of every step that is passed; None: nobody watches."""
    _watch[:] = [watch] if watch else []


def crash_when_told(environment: Mapping[str, str]) -> None:
    """Arm the crash that PILLOW_CRASH_AT asks for, if any. Raises ValueError when it is not NAME:COUNT."""
    asked = environment.get(VARIABLE)
    if not asked:
        return
    name, _, count = asked.partition(":")
    known = NAMES + CLOUD + AWAY
    if name not in known or not count.isdigit():
        raise ValueError(f"{VARIABLE} must be STEP:COUNT with a step of {', '.join(known)}, got {asked!r}")
    left = int(count)

    def crash(passed_name: str) -> None:
        nonlocal left
        left -= passed_name == name
        if left <= 0 and passed_name == name:
            os._exit(70)

    watch_with(crash)
