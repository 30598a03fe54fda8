"""The command line: `huggable`, or `python -m bridge`.

Its law: whatever a person can meet is one sentence on standard error and exit status 1; wrong words are 2.
"""

import argparse
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from bridge import (
    checks,
    flash,
    health,
    home,
    kinds,
    lighting,
    micropython,
    motions,
    pillows,
    setup,
    takes,
    virtual,
    wishes,
)
from bridge.errors import Trouble
from bridge.journal import Journal, JournalNewer
from bridge.outgoing import CURSOR
from bridge.run import Wanted, run

RECORD_S = 10.0
LIGHT_PERCENT, LIGHT_S = 14, 60  # as the page asks for at first
PRESS_S = 5.0  # a running demo obeys within tens of ms
WHO = "command line"  # made the wish
PORT_HELP = "/dev/ttyUSB0, COM3 or socket://host:port; may be repeated (default: look for pillows)"
ABOUT = {
    "rename": "give it another name",
    "adopt": "give the one that is plugged in a key: it is ours",
    "rekey": "give the one that is plugged in another key: one that was stolen opens nothing any more",
    "forget": "let it go: it is not of this home any more",
}

DONE = {
    "rename": "it is called so now",
    "adopt": "it is yours now",
    "rekey": "it has another key now: the old one opens nothing",
    "forget": "it is not of this home any more",
}

Add = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]  # a verb to the command line


def main(words: Sequence[str] | None = None) -> int:
    """Do what the words say. Returns the exit status."""
    said = _parser().parse_args(words)
    verb: Callable[[argparse.Namespace], int] = said.verb
    try:
        return verb(said)
    except (Trouble, JournalNewer) as trouble:
        print(f"huggable: {trouble}", file=sys.stderr)
    except sqlite3.Error as error:
        print(f"huggable: the journal cannot be used ({error}): try again in a moment", file=sys.stderr)
    except KeyboardInterrupt:
        pass
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="huggable", description="A pillow that knows when it is hugged.")
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    def add(name: str, verb: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        added.set_defaults(verb=verb)
        return added

    for verbs_of in (_of_home, _of_a_board, _of_a_running_home, _of_motions, _of_development):
        verbs_of(add)
    return parser


def _of_home(add: Add) -> None:
    demo = add("demo", _demo, "bridge and page with a virtual pillow")
    demo.add_argument("--interpreter", default=sys.executable, help="runs its firmware (default: this Python)")
    demo.add_argument("--pillow", choices=virtual.PILLOWS, default="", help="which one; weak: it feels hugs too little")
    real = add("run", _run, "bridge and page with real pillows")
    real.add_argument("--port", action="append", default=[], metavar="URL", help=PORT_HELP)
    real.add_argument("--wifi", action="store_true", help="let pillows call, though none was set up for Wi-Fi yet")
    real.add_argument("--no-page", action="store_true", help="the bridge alone")


def _of_a_board(add: Add) -> None:
    flash = add("flash", _flash, "put the firmware on a board that runs MicroPython")
    image = add("flash-micropython", _flash_micropython, "put MicroPython itself on a board, which erases it")
    for verb in (flash, image):
        verb.add_argument(
            "--port", default=os.environ.get("PORT", ""), help="default: PORT, or the only board there is"
        )
    image.add_argument("--image", default=os.environ.get("BIN", ""), help="default: BIN, or the pinned download")
    wifi = add("wifi", _wifi, "show a plugged-in pillow the way home over Wi-Fi")
    wifi.add_argument("--port", default=os.environ.get("PORT", ""), help="where it is plugged in (default: look)")


def _of_a_running_home(add: Add) -> None:
    press = add("press", _press, "do something to the virtual pillow of a running demo")
    press.add_argument("act", choices=virtual.ACTS, metavar="|".join(virtual.ACTS))
    press.add_argument("--seconds", type=float, default=virtual.SECONDS, help="how long a hug, shake or spin lasts")
    hug = add("hug", _hug, "hug back: the pillow glows, now or when it wakes")
    light = add("light", _light, "light the pillow up, or make it dark")
    light.add_argument("effect", choices=kinds.EFFECTS, metavar="|".join(kinds.EFFECTS))
    light.add_argument("--percent", type=int, default=LIGHT_PERCENT, help=f"how bright (default: {LIGHT_PERCENT})")
    light.add_argument("--seconds", type=int, default=LIGHT_S, help=f"how long (default: {LIGHT_S})")
    for verb in (hug, light):
        verb.add_argument("--pillow", default="", help="its id or its name, when there are several")
        verb.add_argument("--colour", default=kinds.HUG_COLOUR, metavar="#RRGGBB", help="default: pink")
    about = add("pillows", _pillows, "list the pillows, rename one, give it another key, let it go")
    _of_one_pillow(about.add_subparsers(metavar="VERB", dest="about"))
    add("status", _status, "say how everything is")


def _of_one_pillow(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    for name, text in ABOUT.items():
        verb = verbs.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        verb.add_argument("pillow", help="its id, the beginning of it, or its name")
        if name == "rename":
            verb.add_argument("name", help="what it is called from now on")


def _of_motions(add: Add) -> None:
    record = add("record", _record, "record a motion, for teaching")
    record.add_argument("--label", required=True, choices=takes.LABELS, metavar="|".join(takes.LABELS))
    record.add_argument("--seconds", type=float, default=RECORD_S, help=f"how long (default: {RECORD_S:.0f})")
    record.add_argument("--pillow", default="", help="its name, when there are several")
    replay = add("replay", _replay, "run recordings through the pillow's recogniser")
    replay.add_argument("file", nargs="*", type=Path, help="CSV")
    replay.add_argument("--home", action="store_true", help="every recording of this home, with what it was taught")
    replay.add_argument("--model", default="", help="what the pillow was taught")
    replay.add_argument("--interpreter", default=sys.executable, help="a Python or MicroPython (default: this Python)")
    export = add("export", _export, "carry something of this home away, without whose it is")
    export.add_argument("what", choices=("takes",), help="takes: every recording of motion")
    export.add_argument("file", type=Path, help="the ZIP file to write")


def _of_development(add: Add) -> None:
    add("test", lambda said: checks.test(said.words), "run the tests").add_argument("words", nargs="*", help="pytest's")
    add("lint", lambda _: checks.lint(), "run the linters")
    add("bench", lambda _: checks.bench(), "measure from the port to the page")
    known = add("gestures", lambda said: checks.gestures(said.share, said.pictures), "say how well it knows gestures")
    known.add_argument("--share", default="1", help="of the generated takes, such as 0.1 (default: all)")
    known.add_argument("--pictures", default="", metavar="FOLDER", help="draw what came out")
    proof = add("prove", lambda said: checks.prove(said.only, said.share), "prove that no hug is lost or counted twice")
    proof.add_argument("--only", action="append", default=[], metavar="PART", help="may be repeated (default: all)")
    proof.add_argument("--share", default="1", help="of the full count, such as 0.01 (default: all)")


# -- What each does ----------------------------------------------------------------------------------------------


def _demo(said: argparse.Namespace) -> int:
    run(home.data_folder(), Wanted(interpreter=said.interpreter, kind=said.pillow))
    return 0


def _run(said: argparse.Namespace) -> int:
    run(home.data_folder(), Wanted(said.port, on_wifi=said.wifi, has_page=not said.no_page))
    return 0


def _flash(said: argparse.Namespace) -> int:
    flash.flash(said.port, home.data_folder())
    setup.offer(home.data_folder(), said.port, sys.stdin.isatty())
    return 0


def _flash_micropython(said: argparse.Namespace) -> int:
    micropython.flash_micropython(said.port, said.image, home.data_folder())
    return 0


def _wifi(said: argparse.Namespace) -> int:
    setup.set_up(home.data_folder(), said.port)
    return 0


def _pillows(said: argparse.Namespace) -> int:
    folder = home.data_folder()
    if not said.about:
        print("\n".join(pillows.sentences(folder) or ["there is no pillow yet"]))
        return 0
    pillow = pillows.find(folder, said.pillow)
    match said.about:
        case "rename":
            pillows.rename(folder, pillow, said.name)
        case "forget":
            pillows.forget(folder, pillow)
        case _:
            pillows.ask(folder, pillow, said.about, {})
    print(DONE[said.about])
    return 0


def _press(said: argparse.Namespace) -> int:
    folder = home.data_folder()
    if not home.bridge_runs(folder):
        raise Trouble("no demo is running: start one with `make demo`")
    body = {"act": said.act, "seconds": said.seconds}
    try:
        virtual.press(body)
    except ValueError as error:
        raise Trouble(str(error)) from None
    path = home.journal_path(folder)
    with closing(Journal(path)) as journal:
        wish = wishes.make(journal, "", "press", body, WHO, PRESS_S)
    end = wishes.wait(path, wish, PRESS_S)
    if end["outcome"] != wishes.APPLIED:
        raise Trouble(f"{said.act} was {end['outcome']}: {end['why']}")
    return 0


def _hug(said: argparse.Namespace) -> int:
    print(lighting.send(home.data_folder(), said.pillow, "hug", {"colour": said.colour}))
    return 0


def _light(said: argparse.Namespace) -> int:
    body = {name: getattr(said, name) for name in ("effect", "colour", "percent", "seconds")}
    print(lighting.send(home.data_folder(), said.pillow, "light", body))
    return 0


def _record(said: argparse.Namespace) -> int:
    print(motions.record(said.label, said.seconds, said.pillow, home.data_folder()))
    return 0


def _replay(said: argparse.Namespace) -> int:
    if said.home:
        return motions.replay_home(home.data_folder(), said.interpreter)
    if not said.file:
        raise Trouble("nothing to replay: name recordings, or say --home")
    return motions.replay(said.file, said.model, said.interpreter)


def _export(said: argparse.Namespace) -> int:
    count = motions.export(said.file, home.data_folder())
    print(f"{count} recording{'s' if count != 1 else ''} in {said.file}")
    return 0


def _status(said: argparse.Namespace) -> int:
    folder = home.data_folder()
    runs, path = home.bridge_runs(folder), home.journal_path(folder)
    pillows, troubles, waiting = [], [], None
    if path.exists():
        with closing(Journal(path, read_only=True)) as journal:
            pillows, troubles, waiting = journal.pillows(), journal.troubles(), journal.behind(CURSOR)
    for sentence in health.sentences(runs, pillows, troubles, wishes.now_ms(), waiting):
        print(sentence)
    return 0 if runs and not troubles else 1


if __name__ == "__main__":
    sys.exit(main())
