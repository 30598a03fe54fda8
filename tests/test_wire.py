import random

import pytest
from cables import BOOT_NOISE, TRACEBACK
from pillow import wire as pillow_wire

from bridge import wire
from bridge.wire import Console, Garbled, Line

GOLDEN = (  # never edited: a pillow flashed years ago still says these
    (
        b'\n~{"report":[1,1,1000,"hugging",90,100,1000]}*148e3017\n',
        Line("report", [1, 1, 1000, "hugging", 90, 100, 1000]),
    ),
    (b'\n~{"ok":[1,2]}*9b769c0b\n', Line("ok", [1, 2])),
)


@pytest.mark.parametrize("raw, line", GOLDEN)
def test_a_line_that_was_good_once_stays_good(raw, line):
    assert wire.Lines().feed(raw) == [line]


def test_what_the_pillow_writes_the_bridge_reads():
    assert wire.Lines().feed(pillow_wire.line('{"beat":[1,2,"neutral",3,0,9]}')) == [
        Line("beat", [1, 2, "neutral", 3, 0, 9])
    ]


def test_what_the_bridge_writes_the_pillow_reads():
    assert pillow_wire.Lines().feed(wire.encode("light", 7, 1, "hug", 255, 0, 0, 20, 5)) == [
        ("light", [7, 1, "hug", 255, 0, 0, 20, 5])
    ]


def test_a_host_line_is_a_comment_to_a_repl():
    compile(wire.encode("welcome", 1, "0" * 16).decode(), "repl", "exec")
    assert wire.encode("who", 1).strip().startswith(b"#")


def test_a_host_line_over_200_bytes_is_refused():
    with pytest.raises(ValueError, match="at most 200 bytes, got"):
        wire.encode("light", "x" * 200)


@pytest.mark.parametrize("at", range(len(GOLDEN[0][0])))
def test_a_line_cut_in_two_anywhere_is_still_one_line(at):
    raw, line = GOLDEN[0]
    lines = wire.Lines()
    assert lines.feed(raw[:at]) + lines.feed(raw[at:]) == [line]


@pytest.mark.parametrize("at", range(1, len(GOLDEN[0][0]) - 1))
def test_a_flipped_bit_anywhere_costs_the_line_and_only_it(at):
    raw, line = GOLDEN[0]
    for bit in range(8):
        bad = raw[:at] + bytes([raw[at] ^ (1 << bit)]) + raw[at + 1 :]
        said = wire.Lines().feed(bad + raw)
        assert said[-1] == line
        assert line not in said[:-1]


def test_boot_noise_and_tracebacks_are_console():
    said = wire.Lines().feed(BOOT_NOISE + TRACEBACK + GOLDEN[1][0])
    assert said[-1] == GOLDEN[1][1]
    assert all(isinstance(one, Console) for one in said[:-1])
    assert Console("OSError: [Errno 19] ENODEV") in said


@pytest.mark.parametrize(
    "body",
    [
        '{"ok":[1,NaN]}',
        '{"ok":[1,1.5]}',
        '{"ok":[1,Infinity]}',
        '{"ok":1}',
        '{"a":[],"b":[]}',
        "[1]",
        "{",
        "{}",
        "1" * 99,
    ],
)
def test_a_well_formed_line_with_a_bad_body_is_garbled(body):
    (said,) = wire.Lines().feed(pillow_wire.line(body))
    assert isinstance(said, Garbled)


def test_no_newline_for_ever_keeps_memory_flat():
    lines = wire.Lines()
    for _ in range(1000):
        lines.feed(b"x" * 97)
        assert len(lines._tail) <= wire.LONGEST_CONSOLE
    assert lines.feed(b"\n" + GOLDEN[0][0])[-1] == GOLDEN[0][1]


def test_random_bytes_never_raise_and_never_make_a_line():
    noise = random.Random(1)
    for reader in (wire.Lines(), pillow_wire.Lines()):
        for _ in range(10_000):
            said = reader.feed(noise.randbytes(noise.randrange(60)) + noise.choice((b"", b"\n", b"\n~{}*", b"\n#{}*")))
            assert not any(isinstance(one, Line | tuple) for one in said)


def test_the_longest_report_is_at_most_120_bytes():
    worst = '{"report":[%d,%d,%d,"%s",%d,%d,%d]}' % (2**32 - 1, 2**32 - 1, 10**13, "sensorfault", 100, 99_999, 10**13)
    assert len(pillow_wire.line(worst)) <= 120
