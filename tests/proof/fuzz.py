"""Malformed input as a coverage-guided fuzzer finds it: the bridge's parser and session, and the pillow's, on CPython.

    python -m proof.fuzz bridge|pillow RUNS SEED FOLDER     what `run` starts in a process of its own

Needs atheris, which there is for Linux on Intel only; elsewhere the seeded rigs have to do.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
from binascii import crc32
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LONGEST = 600  # bytes of one input: two lines and something around them
TOLD = 3_000  # characters of what is told of a failure
FIRST = (  # what the fuzzer begins with: \xff has the rest framed
    b'\xff{"report":[7,1,1000,"hugging",90,100,1000]}',
    b'\xff{"gap":[7,1,3,"full",0]}',
    b'\xff{"beat":[7,1000,"neutral",1,0,60000]}',
    b'\xff{"ok":[1,7,1000]}',
    b'\xff{"no":[1,"why"]}',
    b'\xff{"ack":[1,1,5]}',
    b'\xff{"need":[1,1,5]}',
    b'\xff{"ping":[1]}',
    b'\xff{"welcome":[1,"0011223344556677"]}',
    b'\xff{"light":[1,2,"hug",255,0,0,50,5]}',
    b"\0rst:0x1 (POWERON_RESET)",
)
U32 = 2**32 - 1
U53 = 2**53 - 1
PARSERS = ("bridge", "pillow")


def run_both(count, progress=lambda done: None):
    """Feed `count` inputs to either parser, side by side. Returns (inputs fed, violations as sentences)."""
    done, wrong = 0, []
    with ThreadPoolExecutor(len(PARSERS)) as pool:
        for told, found in pool.map(lambda parser: run(count, parser=parser), PARSERS):
            done, wrong = done + told, wrong + found
            progress(count / len(PARSERS))
    return done, wrong


def is_there():
    """Whether this machine has the fuzzer."""
    return importlib.util.find_spec("atheris") is not None


def run(count, seed=1, parser="bridge"):
    """Feed `count` inputs to a parser. Returns (inputs fed, violations as sentences)."""
    ways = [str(ROOT / folder) for folder in (".", "firmware", "tests")] + [os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, ways))}
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "proof.fuzz", parser, str(count), str(seed), folder]
        done = subprocess.run(words, env=environment, capture_output=True, text=True)
    if done.returncode == 0:
        return count, []
    return 0, [f"fuzz, {parser}, seed {seed}: {(done.stdout + done.stderr)[-TOLD:]}"]


class Mismatch(Exception):
    """What a parser made of an input is not right."""


class Bridge:
    """One session for all inputs."""

    mark = b"~"

    def __init__(self):
        from proof.malformed import Listener, Said, content

        self._listener = Listener(0)
        self._said, self._content = Said, content

    def feed(self, data):
        if b"hello" in data or b"\\u" in data:
            return  # it would be another conversation
        listener = self._listener
        for event in listener.session.receive(data, listener.now_ms, listener.now_ms):
            if isinstance(event, self._said):
                self._accept(*self._content(event.dated.said))
        listener.answer()
        if wrong := listener.swollen():
            raise Mismatch(wrong)

    def _accept(self, boot, first, last, word, *numbers):
        listener = self._listener
        all_numbers = (boot, first, last, *numbers)
        sound = isinstance(word, str) and all(type(number) is int and 0 <= number <= U53 for number in all_numbers)
        if not sound or not first <= listener.held.get(boot, 0) + 1 <= last <= U32:
            raise Mismatch(f"accepted {boot}/{first}..{last} {word} {numbers}")
        listener.held[boot] = listener.committed[boot] = last
        listener.session.committed(boot, last)


class Pillow:
    """One link with an empty spool for all inputs."""

    mark = b"#"

    def __init__(self):
        from joined import Pillow, RamDisk
        from pillow.light import Light
        from pillow.link import ANSWERS
        from pillow.wire import LONGEST

        self._pillow = Pillow(RamDisk())
        self._pillow.boot(0)
        self._pillow.link._on_light = Light(lambda frame: None, 8, 40, 300, 60).wish
        self._most = ANSWERS, LONGEST

    def feed(self, data):
        link = self._pillow.link
        self._pillow.receive(data, 0)
        held = len(link._answers), len(link._lines._tail)
        if held[0] > self._most[0] or held[1] > self._most[1]:
            raise Mismatch(f"it holds {held}")
        while line := link.next(0):
            if len(line) > 250 or not line.isascii():
                raise Mismatch(f"says {line}")


def main(parser, runs, seed, folder):
    import atheris

    with atheris.instrument_imports(include=["bridge", "pillow", "json"]):
        target = {"bridge": Bridge, "pillow": Pillow}[parser]()

    def one(data):
        how, data = data[:1], data[1:]
        if how >= b"\x80":  # a fuzzer does not guess a CRC
            data = target.mark + data.replace(b"\n", b" ")
            data += b"*%08x" % crc32(data)
        target.feed(b"\n" + data + b"\n")

    for number, data in enumerate(FIRST):
        (Path(folder) / str(number)).write_bytes(data)
    options = [f"-runs={runs}", f"-seed={seed}", f"-max_len={LONGEST}", f"-artifact_prefix={folder}/", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, folder], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
