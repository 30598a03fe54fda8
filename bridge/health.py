"""How everything is, as sentences for a terminal. Pure: from rows and the time to text."""

from collections.abc import Iterable
from datetime import datetime

from bridge.journal import Row

FAULT = "check the four wires of its motion sensor"
LINKS = {"usb": "over USB", "wifi": "over Wi-Fi", "virtual": "virtual"}
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


def sentences(
    runs: bool, pillows: Iterable[Row], troubles: Iterable[Row], at_ms: int, waiting: int | None = None
) -> list[str]:
    """Return one sentence about the bridge, one about each pillow and one about each thing that stalls.

    Args:
        runs: whether a bridge runs; without one, what it last said of troubles no longer counts.
        pillows: rows of table pillow.
        troubles: rows of table trouble.
        at_ms: now, Unix time.
        waiting: how many reports are not in the cloud yet; None: there is no cloud.
    """
    known = list(pillows)
    said = ["The bridge runs." if runs else "No bridge runs: `make run` starts it."]
    said += [_pillow(row, at_ms) for row in known] or ["No pillow was ever met."]
    if waiting is not None:
        said.append(f"The cloud: {waiting} reports wait to be sent." if waiting else "The cloud has every report.")
    if runs:
        said += [f"Since {_clock(row['since_ms'])}: {row['sentence']}." for row in troubles]
    return said


def _pillow(row: Row, at_ms: int) -> str:
    who = f"{row['name']} ({row['pillow']})"
    if row["gesture"] == "sleeping":
        return f"{who} has been sleeping for {_ago(at_ms - row['since_ms'])}; it wakes when it is moved or squeezed."
    if not row["link"]:
        return f"{who} is not connected; it was last seen {_ago(at_ms - row['last_seen_ms'])} ago."
    doing = _doing(row["gesture"], _ago(at_ms - row["since_ms"]))
    late = ", still telling what happened while it was away" if row["late"] else ""
    well = f"{row['missed']} samples missed, {row['garbled']} lines garbled"
    return (
        f"{who} {doing}{late}"
        f" ({LINKS.get(row['link'], row['link'])}, firmware {row['version']}, boot {row['boot']} after {row['cause']};"
        f" {well})."
    )


def _doing(gesture: str, ago: str) -> str:
    if gesture == "notconnected":  # and yet there: it has not said how it is
        return "has just come"
    if gesture == "sensorfault":
        return f"has not felt anything for {ago}: {FAULT}"
    return f"has been {_being(gesture)} for {ago}"


def _being(gesture: str) -> str:
    return {"hugging": "hugged", "punching": "punched", "shaking": "shaken", "spinning": "spun"}.get(
        gesture, "thrown" if gesture == "throwing" else "at rest"
    )


def _ago(ms: int) -> str:
    for unit_ms, word in ((DAY_MS, "day"), (HOUR_MS, "hour"), (MINUTE_MS, "minute"), (1_000, "second")):
        if count := ms // unit_ms:
            return f"{count} {word}{'s' if count > 1 else ''}"
    return "a moment"


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000).strftime("%H:%M:%S")
