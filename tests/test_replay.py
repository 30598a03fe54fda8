"""Recordings through the pillow's own recogniser, on every interpreter alike, and what is said of bad ones."""

import json
import subprocess
import sys

import pytest
from interpreters import micropython, micropython32
from takes import HERE, generated
from virtual import recording
from virtual.lesson import pack

REPLAY = HERE.parent / "firmware" / "virtual" / "replay.py"
THROWN = sorted((HERE / "recordings" / "throwing").glob("*.csv"))
HEAD = "t_s,ax_g,ay_g,az_g,gx_dps,gy_dps,gz_dps,squeeze\n"


def run(*words, interpreter=sys.executable, status=0):
    done = subprocess.run([interpreter, REPLAY, *map(str, words)], capture_output=True, text=True, timeout=60)
    assert done.returncode == status and not done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def write(path, rows, head=HEAD):
    path.write_text(head + "".join(",".join(map(str, row)) + "\n" for row in rows))
    return path


def still(count=300, step=0.01):
    return [[round(i * step, 4), 0.001 * (i % 3), 0, 1, 0, 0.1 * (i % 2), 0, 0] for i in range(count)]


@pytest.fixture
def hug(tmp_path):
    take = generated("hug", 5, clear=True, seconds=3)
    rows = [
        [i / 100, *[v / 1000 for v in s[:3]], *[v / 10 for v in s[3:]], q]
        for i, (s, q) in enumerate(zip(take.samples, take.squeezes))
    ]
    return write(tmp_path / "hug.csv", rows)


def test_a_phone_that_was_thrown(hug):
    *reports, end = run(THROWN[0])
    assert [report["gesture"] for report in reports] == ["throwing", "neutral"]
    assert end["gestures"] == ["throwing"] and end["trouble"] is None and end["rate_hz"] == 100


def test_a_hug_is_one_with_a_sense_and_without_a_model_that_wants_more(hug, tmp_path):
    firm = tmp_path / "model"
    firm.write_bytes(pack((950, 500, 1400, 460, 60, 450)))
    assert run(hug)[-1]["gestures"] == ["hugging"]
    assert run(hug, "--model", firm)[-1]["gestures"] == []
    assert run(hug, "--no-squeeze")[-1]["gestures"] in ([], ["hugging"])


@pytest.mark.parametrize("find", [micropython, micropython32], ids=["micropython", "micropython32"])
@pytest.mark.parametrize("how", [[], ["--still"], ["--native"]])
def test_every_interpreter_reports_the_same(find, how, hug):
    assert run(hug, *THROWN, *how, interpreter=find()) == run(hug, *THROWN, *how)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ([0.01, "nan", 0, 1], "line 3: nan is no number"),
        ([0.01, "inf", 0, 1], "line 3: inf is no number"),
        ([0.01, "", 0, 1], "line 3: nothing is no number"),
        ([0.01, "1e9e9", 0, 1], "line 3: 1e9e9 is no number"),
        ([0.0, 0, 0, 1], "line 3: time has to go on"),
        ([9.0, 0, 0, 1], "line 3: time has to go on"),
    ],
)
def test_a_bad_line_is_named(row, why, tmp_path):
    path = write(tmp_path / "take.csv", [[0, 0, 0, 1], row, [0.02, 0, 0, 1]])
    assert why in run(path, status=1)[0]["error"]


def test_the_wrong_rate_and_the_wrong_file_are_said(tmp_path):
    slow = write(tmp_path / "slow.csv", still(40, 0.1))
    assert run(slow, status=1)[0]["error"] == "it has 10 samples a second: 20 to 2000 will do"
    other = write(tmp_path / "other.csv", [], "name,age\n")
    assert "this is no recording of motion" in run(other, status=1)[0]["error"]
    assert run(tmp_path / "none.csv", status=1)[0]["error"] == "it cannot be read"
    assert "no three samples" in run(write(tmp_path / "empty.csv", []), status=1)[0]["error"]


def test_a_bad_file_costs_only_itself_and_a_bad_model_all(tmp_path, hug):
    bad = write(tmp_path / "bad.csv", [[0, "x", 0, 1]])
    assert [line.get("file") for line in run(bad, hug, status=1) if "file" in line] == [str(bad), str(hug)]
    short = tmp_path / "model"
    short.write_bytes(pack()[:-3])
    (said,) = run(hug, "--model", short, status=1)
    assert "bytes instead of" in said["error"]


@pytest.mark.parametrize("value", [0, -0.001, 7.999])
def test_a_sensor_that_was_dead_is_said(value, tmp_path):
    path = write(tmp_path / "dead.csv", [[i / 100, value, value, value, value, value, value, 0] for i in range(500)])
    *reports, end = run(path)
    assert reports == [] and "says" in end["trouble"]


def test_rates_are_made_even(tmp_path):
    path = write(tmp_path / "take.csv", still(60, 0.04))
    even, own = recording.read(str(path)), recording.read(str(path), None)
    assert (even.rate_hz, len(even), own.rate_hz, len(own)) == (100, 237, 25, 60)


@pytest.mark.parametrize(
    ("text", "millionths"),
    [("1", 1_000_000), ("-0.0123456", -12_346), ("+.5", 500_000), ("2e-3", 2_000), ("1E2", 10**8)],
)
def test_numbers_are_read_without_floats(text, millionths):
    assert recording.micro(text) == millionths
