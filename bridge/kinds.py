"""What a wish of each kind may say: one reader each, for whatever a page, a queue or a terminal gave. Pure.

Its law: what comes out has exactly the fields of its kind, within their limits; what is not that is a sentence.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Body = dict[str, Any]

# Who may wish it from a page, here or away; a kind that is not in here no page may wish.
LEAST_ROLE = {"hug": "hugger", "light": "hugger", "quiet": "owner", "name": "owner", "forget": "owner"}
# How long it is still good: a hug is kept for somebody who sleeps; a light that comes when nobody expects it any more
# is a fright; a setting is wanted until it is there.
LASTS_S = {"hug": 12 * 3600, "light": 600, "quiet": 24 * 3600, "name": 24 * 3600, "forget": 24 * 3600}

EFFECTS = ("off", "glow", "breathe", "hug")
COLOUR = re.compile(r"#[0-9a-f]{6}", re.ASCII)
HUG_COLOUR = "#ff5a8c"
HUG_PERCENT, HUG_S = 60, 12  # ten heartbeats: long enough to look up and see it
LIGHT_MOST_S = 3_600
NAME_MOST = 40  # characters
MINUTE_MOST = 24 * 60 - 1


def read(kind: str, said: object) -> Body:
    """Return a wish's body as it is recorded.

    Raises:
        ValueError: there is no such kind, or it cannot say that; its text is a sentence for a person.
    """
    if kind not in READERS:
        raise ValueError(f"Expected a wish of {', '.join(READERS)}.")
    if not isinstance(said, Mapping):
        raise ValueError("Expected what the wish says, as an object.")
    return READERS[kind](said)


def _hug(said: Mapping[Any, Any]) -> Body:
    return {"colour": _colour(said.get("colour", HUG_COLOUR))}


def _light(said: Mapping[Any, Any]) -> Body:
    effect = said.get("effect")
    if effect not in EFFECTS:
        raise ValueError(f"Expected an effect of {', '.join(EFFECTS)}.")
    if effect == "off":
        return {"effect": "off", "colour": "#000000", "percent": 0, "seconds": 0}
    return {
        "effect": effect,
        "colour": _colour(said.get("colour")),
        "percent": _number(said, "percent", 1, 100),
        "seconds": _number(said, "seconds", 1, LIGHT_MOST_S),
    }


def _quiet(said: Mapping[Any, Any]) -> Body:
    if said.get("from", 0) is None and said.get("to", 0) is None:
        return {"from": None, "to": None}
    hours = {"from": _number(said, "from", 0, MINUTE_MOST), "to": _number(said, "to", 0, MINUTE_MOST)}
    if hours["from"] == hours["to"]:
        raise ValueError("Quiet hours end at another time than they begin.")
    return hours


def _name(said: Mapping[Any, Any]) -> Body:
    name = said.get("name")
    name = name.strip() if isinstance(name, str) else ""
    if not 0 < len(name) <= NAME_MOST or not name.isprintable():
        raise ValueError(f"Give a name of 1 to {NAME_MOST} characters.")
    return {"name": name}


READERS: Mapping[str, Callable[[Mapping[Any, Any]], Body]] = {
    "hug": _hug,
    "light": _light,
    "quiet": _quiet,
    "name": _name,
    "forget": lambda said: {},  # everything up to the moment in which it was wished
}


def _colour(said: object) -> str:
    colour = said.lower() if isinstance(said, str) else ""
    if not COLOUR.fullmatch(colour):
        raise ValueError("Expected a colour such as #ff5a8c.")
    return colour


def _number(said: Mapping[Any, Any], name: str, least: int, most: int) -> int:
    number = said.get(name)
    if type(number) is not int or not least <= number <= most:
        raise ValueError(f"Expected {name} from {least} to {most}.")
    return number


def light_fields(kind: str, body: Mapping[str, Any]) -> tuple[str, int, int, int, int, int]:
    """Return what a `light` line says after its version: effect, red, green, blue, percent, seconds.

    Args:
        kind: hug or light.
        body: as it was read.
    """
    red, green, blue = bytes.fromhex(body["colour"][1:])
    if kind == "hug":
        return "hug", red, green, blue, HUG_PERCENT, HUG_S
    return body["effect"], red, green, blue, body["percent"], body["seconds"]
