"""What `make bench` prints: each figure that was asked for, what was measured here and now, and whether that will do.

Its law: measured on the disk that the journal is on; a machine that does other things meanwhile is slower, and so none
of this is a test.
"""

import statistics
import tempfile
from pathlib import Path

import away
import cloud
import latency
import pytest
import reading
import starting
import test_heap
import wifi
from azurite import Azurite, missing

from bridge import home

RATIO = 3.0  # bridge and page, in bare loops
LINE_BYTES = 120  # 10 ms at 115200 baud
LINES_PER_S = 100_000
START_S = 3.0
WIFI_MS = 250  # from the bridge to a face, with 200 pillows
FLOOD_RATIO = 2.0  # that p99, while one pillow babbles, in those without
BACKLOG_PER_S = 5_000
LEAVES_MS = 50
SEEN_MS = 150
CLOUD = 1.1  # in the time that the page takes without one


def main() -> None:
    """Measure everything and print it."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=home.data_folder()) as name:
        folder = Path(name)
        lines = [*_latency(folder), *_reading(), *_heap(folder), *_start(folder), *_cloud(folder), *_wifi(folder)]
    print(f"\n{'':6}{'asked':>12}{'measured':>12}")
    for is_enough, asked, measured, what in lines:
        print(f"{'ok' if is_enough else 'SHORT':6}{asked:>12}{measured:>12}  {what}")


Row = tuple[bool, str, str, str]  # enough, asked, measured, what


def _latency(folder: Path) -> list[Row]:
    bare, whole = latency.measure(folder)
    print(f"from the first byte on the port to a viewer, {len(bare)} reports each, ms")
    print(f"{'':18}{'p50':>8}{'p95':>8}{'p99':>8}")
    for name, times in (("bare loop", bare), ("bridge and page", whole)):
        percents = statistics.quantiles(times, n=100)
        print(f"{name:18}{percents[49]:8.2f}{percents[94]:8.2f}{percents[98]:8.2f}")
    ratio = statistics.median(whole) / statistics.median(bare)
    return [(ratio <= RATIO, f"<= {RATIO:.0f} x", f"{ratio:.1f} x", "p50 of bridge and page, in bare loops")]


def _reading() -> list[Row]:
    longest = len(reading.longest_line())
    fast, slow = reading.as_the_bridge(), reading.by_readline()
    said = f"lines a second, as the bridge reads (readline: {slow:,.0f})"
    return [
        (longest <= LINE_BYTES, f"<= {LINE_BYTES}", str(longest), "bytes in the longest report line"),
        (fast >= LINES_PER_S, f">= {LINES_PER_S:,}", f"{fast:,.0f}", said),
    ]


def _heap(folder: Path) -> list[Row]:
    place = folder / "heap"
    place.mkdir()
    least = test_heap.FREE_KB * 1024
    what = f"bytes free of a {test_heap.HEAP_KB} kB heap, the firmware running on 32-bit MicroPython"
    try:
        free, _ = test_heap.run(place, test_heap.HEAP_KB)
    except (pytest.skip.Exception, pytest.fail.Exception) as missing:
        print(f"not measured: {what}: {missing}")
        return []
    return [(free >= least, f">= {least:,}", f"{free:,}", what)]


def _start(folder: Path) -> list[Row]:
    command, took_s = starting.measure(folder / "demo")
    what = f"from a second `{command}` until a viewer sees a live face"
    return [(took_s < START_S, f"< {START_S:.0f} s", f"{took_s:.2f} s", what)]


def _cloud(folder: Path) -> list[Row]:
    if why := missing():
        print(f"not measured: the cloud: {why}")
        return []
    azurite = Azurite()
    try:
        near, far = folder / "near", folder / "far"  # no journal of one is found by the other
        near.mkdir()
        far.mkdir()
        return [
            *_catching_up(near, azurite),
            *_leaving(near, azurite),
            *_beside(near, azurite),
            *_away(far, azurite),
        ]
    finally:
        azurite.kill()


def _catching_up(folder: Path, azurite: Azurite) -> list[Row]:
    speed = cloud.backlog(folder, azurite)
    what = "reports a second into the queue after an outage"
    return [(speed >= BACKLOG_PER_S, f">= {BACKLOG_PER_S:,}", f"{speed:,.0f}", what)]


def _leaving(folder: Path, azurite: Azurite) -> list[Row]:
    percents = statistics.quantiles(cloud.fresh(folder, azurite), n=100)
    what = f"p95 from the port to the queue's door, one by one (p50 {percents[49]:.1f}, p99 {percents[98]:.1f})"
    return [(percents[94] <= LEAVES_MS, f"<= {LEAVES_MS} ms", f"{percents[94]:.1f} ms", what)]


def _away(folder: Path, azurite: Azurite) -> list[Row]:
    percents = statistics.quantiles(away.seen(folder, azurite), n=100)
    seen = f"p50 from the bridge's ear at home to the face away, somebody watching (p95 {percents[94]:.0f})"
    speed = away.backlog(folder, azurite)
    return [
        (percents[49] <= SEEN_MS, f"<= {SEEN_MS} ms", f"{percents[49]:.0f} ms", seen),
        (
            speed >= BACKLOG_PER_S,
            f">= {BACKLOG_PER_S:,}",
            f"{speed:,.0f}",
            "reports a second out of a full queue, away",
        ),
    ]


def _beside(folder: Path, azurite: Azurite) -> list[Row]:
    compared = cloud.compared(folder, azurite)
    without = compared.pop("no cloud")
    what = f"p50 of the page at home, in that without a cloud beside it ({without:.2f} ms); the cloud: "
    ratios = {name: ms / without for name, ms in compared.items()}
    return [(ratio <= CLOUD, f"<= {CLOUD} x", f"{ratio:.2f} x", what + name) for name, ratio in ratios.items()]


def _wifi(folder: Path) -> list[Row]:
    lost, felt, times, _ = wifi.measure(folder / "wifi")
    pillows = f"{wifi.PILLOWS} pillows on Wi-Fi, {wifi.RATE:.0f} reports a second each"
    calm = wifi.p99(wifi.measure(folder / "calm", wifi.FEW)[2])
    lost_then, felt_then, times_then, _ = wifi.measure(folder / "flood", wifi.FEW, flood=wifi.FLOOD)
    ratio = wifi.p99(times_then) / calm
    flood = f"{wifi.FEW} pillows, of which one says {wifi.FLOOD:,} lines a second"
    return [
        (lost == 0, "0 lost", f"{lost} of {felt:,}", f"reports of {pillows}"),
        (wifi.p99(times) <= WIFI_MS, f"<= {WIFI_MS} ms", f"{wifi.p99(times)} ms", "p99 of these, from heard to a face"),
        (lost_then == 0, "0 lost", f"{lost_then} of {felt_then:,}", f"reports of the others of {flood}"),
        (
            ratio <= FLOOD_RATIO,
            f"<= {FLOOD_RATIO:.0f} x",
            f"{ratio:.1f} x",
            "p99 of the others, in p99 without it",
        ),
    ]


if __name__ == "__main__":
    main()
