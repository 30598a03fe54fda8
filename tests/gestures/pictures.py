"""The pictures of docs/gestures.md, drawn by hand: the same figures give the same bytes."""

import math

from takes import GESTURES, generated

CELL, LEFT, TOP = 52, 110, 40
COLUMNS = (*GESTURES.values(), "neutral", "several")
STYLE = "font-family='sans-serif' font-size='11'"
WIDE, HIGH, GAP = 250, 90, 24
MOST_G, MOST_DPS = 4.0, 800.0
SHOWN_S = 8


def text(x, y, words, more=""):
    return f"<text x='{x:g}' y='{y:g}' {more}>{words}</text>"


def whole(wide, high, parts):
    head = f"<svg xmlns='http://www.w3.org/2000/svg' width='{wide}' height='{high}' {STYLE}>"
    return "\n".join([head, "<rect width='100%' height='100%' fill='white'/>", *parts, "</svg>\n"])


def confusion(found):
    """Rows: what was done. Columns: what it was taken for, in per cent."""
    parts = [text(LEFT + CELL * (i + 0.5), TOP - 8, name, "text-anchor='middle'") for i, name in enumerate(COLUMNS)]
    for row, (act, outcomes) in enumerate(found.items()):
        parts.append(text(LEFT - 8, TOP + CELL // 2 * (row + 0.7), act, "text-anchor='end'"))
        for column, name in enumerate(COLUMNS):
            parts += cell(LEFT + CELL * column, TOP + CELL // 2 * row, outcomes[name] / sum(outcomes.values()))
    return whole(LEFT + CELL * len(COLUMNS) + 10, TOP + CELL // 2 * len(found) + 10, parts)


def cell(x, y, share):
    shade = round(255 - 160 * share)
    box = f"<rect x='{x}' y='{y}' width='{CELL - 1}' height='{CELL // 2 - 1}' fill='rgb({shade},{shade},255)'/>"
    if not share:
        return [box]
    return [box, text(x + CELL / 2, y + CELL * 0.35, f"{100 * share:.3g}", "text-anchor='middle'")]


def examples(seed):
    """A take of each act: how hard it is pushed (black) and turned (blue), and what was reported."""
    parts = []
    for number, act in enumerate((*GESTURES, "carry")):
        x, y = 10 + number % 2 * (WIDE + GAP), 24 + number // 2 * (HIGH + 2 * GAP)
        parts += example(x, y, act, generated(act, seed, clear=True, seconds=0 if act in ("punch", "throw") else 3))
    return whole(2 * (WIDE + GAP), 3 * (HIGH + 2 * GAP) + 10, parts)


def example(x, y, act, take):
    size = [math.hypot(*sample[:3]) / 1000 / MOST_G for sample in take.samples]
    turn = [math.hypot(*sample[3:]) / 10 / MOST_DPS for sample in take.samples]
    frame = f"<rect x='{x}' y='{y}' width='{WIDE}' height='{HIGH}' fill='none' stroke='#bbb'/>"
    words = [
        f"<line x1='{x + at(ms):.1f}' x2='{x + at(ms):.1f}' y1='{y}' y2='{y + HIGH}' stroke='#c33'/>"
        + text(round(x + at(ms) + 2, 1), y + HIGH - 4, gesture, "fill='#c33'")
        for ms, gesture, _, _ in take.verdicts()
        if ms < SHOWN_S * 1000
    ]
    return [text(x, y - 5, act), frame, line(x, y, turn, "#66c"), line(x, y, size, "black"), *words]


def at(ms):
    return WIDE * ms / 1000 / SHOWN_S


def line(x, y, values, colour):
    """Every fourth sample: what a picture of this width can show."""
    values = values[: SHOWN_S * 100]
    tops = [max(values[i : i + 4]) for i in range(0, len(values), 4)]
    points = " ".join(f"{x + at(40 * i):.0f},{y + HIGH * (1 - min(1, top)):.0f}" for i, top in enumerate(tops))
    return f"<polyline points='{points}' fill='none' stroke='{colour}'/>"
