"""What the documents say is so: their tables beside the code, their messages, commands and links."""

import ast
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from pillow import config
from test_diagnosis import SENTENCES

from bridge.__main__ import main
from bridge.diagnosis import Refusal
from bridge.journal import PAGE_ROWS, Journal
from web import view
from web.press import ACTS

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in DOCUMENTS}
PYTHON = [
    *(ROOT / "bridge").glob("*.py"),
    *(ROOT / "web").glob("*.py"),
    *(ROOT / "firmware").glob("*.py"),
    *(ROOT / "firmware" / "pillow").glob("*.py"),
]
LEAST_WORDS = 12  # characters of a message that are not names and numbers: less would match anything


def tables(text):
    """Every table, as its header and the cells of its rows."""
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in block.splitlines()]
        found.append((rows[0], rows[2:]))
    return found


def rows_of(name, *header):
    return [row for head, rows in tables(TEXTS[name]) for row in rows if head[: len(header)] == list(header)]


def bare(cell):
    """What stands in a cell's backticks; two of them where there are some inside."""
    return re.sub(r"^(`` |`)(.*?)(?: ``|`)$", r"\2", cell.strip())


# -- Messages ----------------------------------------------------------------------------------------------------


def template(node):
    """A string of a program as a pattern: what is put in when it runs may be anything."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        parts = re.split(r"%0?\d*[dsxr]|\{\w*\}", node.value)
        return ".+".join(map(re.escape, parts)), sum(map(len, parts))
    if isinstance(node, ast.JoinedStr):
        texts = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
        pattern = "".join(".+" if text is None else re.escape(text) for text in texts)
        return pattern, sum(len(text or "") for text in texts)
    return None


def in_programs():
    """A pattern for each string that a program may say."""
    for path in PYTHON:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found = template(node)
            if found and found[1] >= LEAST_WORDS:
                yield found[0]


def in_scripts():
    """The text of the page's scripts and of the Makefile, in which a string may go on in the next line."""
    texts = [path.read_text(encoding="utf-8") for path in [ROOT / "Makefile", *(ROOT / "web" / "static").glob("*.js")]]
    return re.sub(r'" \\\n\s*"', " ", "\n".join(texts))


PATTERNS = [re.compile(pattern, re.DOTALL) for pattern in in_programs()]
SCRIPTS = in_scripts()
MESSAGES = sorted({bare(row[0]) for name in TEXTS for row in rows_of(name, "message")})


def is_said(message):
    message = re.sub(r"^Rescue: (.*)\.$", r"\1", message)  # main.py puts these around what it says
    return any(pattern.fullmatch(message) for pattern in PATTERNS) or message in SCRIPTS


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_of_the_documents_is_one_that_a_program_says(message):
    assert is_said(message)


def test_a_message_that_nothing_says_is_found():
    assert not is_said("no pillow is plugged in: buy one")
    assert not is_said("/dev/ttyUSB0 is in use by minicom: end it")


def same_message(sentence, messages):
    """Whether one of these is the same message, with other names and numbers in it."""
    patterns = [pattern for pattern in PATTERNS if pattern.fullmatch(sentence)]
    return any(pattern.fullmatch(message) for pattern in patterns for message in messages)


@pytest.mark.parametrize("sentence", [sentence for _, sentence in SENTENCES])
def test_every_sentence_about_a_port_is_in_the_documents(sentence):
    assert same_message(sentence, MESSAGES)


def troubles():
    """A pattern for each `Trouble("...")` of the programs."""
    for path in PYTHON:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Trouble" and node.args:
                found = template(node.args[0])
                if found and found[1] >= LEAST_WORDS:
                    yield found[0]


@pytest.mark.parametrize("pattern", sorted(set(troubles())))
def test_every_trouble_that_ends_a_program_is_in_the_documents(pattern):
    assert any(re.fullmatch(pattern, message) for message in MESSAGES)


@pytest.mark.parametrize("refusal", ["NONE", "FORBIDDEN", "BUSY", "STRANGER"])
def test_the_readme_knows_what_a_person_with_a_board_meets_first(refusal):
    met = [bare(row[0]) for row in rows_of("README.md", "message")]
    sentences = [sentence for facts, sentence in SENTENCES if facts.refusal is Refusal[refusal]]
    assert any(same_message(sentence, met) for sentence in sentences)


# -- Tables ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["README.md", "hardware.md"])
def test_the_pins_are_the_defaults(name):
    rows = rows_of(name, "setting", "GPIO")
    assert {bare(row[0]): int(row[1]) for row in rows} == config.PINS


def test_the_drawing_shows_every_default_pin():
    drawn = re.findall(r">(\d+)</text>", (ROOT / "docs" / "wiring.svg").read_text(encoding="utf-8"))
    assert sorted(map(int, drawn)) == sorted(config.PINS.values())


def test_the_settings_are_those_of_the_pillow():
    rows = {bare(row[0]): row[1:4] for row in rows_of("hardware.md", "setting", "default")}
    assert rows.pop("squeeze")[0] == config.Config({})["squeeze"]
    assert {name: tuple(map(int, numbers)) for name, numbers in rows.items()} == config.NUMBERS


def test_the_journal_has_these_tables_and_columns(tmp_path):
    parts = re.split(r"^## ", TEXTS["journal.md"], flags=re.MULTILINE)[1:]
    told = {
        part.partition("\n")[0]: [(bare(row[0]), row[1]) for head, rows in tables(part) for row in rows]
        for part in parts
    }
    Journal(tmp_path / "journal.db").close()
    names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    with closing(sqlite3.connect(tmp_path / "journal.db")) as database:
        built = {
            name: [(column[1], column[2]) for column in database.execute(f"PRAGMA table_info({name})")]
            for (name,) in database.execute(names).fetchall()
        }
    assert told == built


def test_the_api_has_these_fields():
    fields = [[bare(name) for row in rows for name in row[0].split(",")] for _, rows in tables(TEXTS["api.md"])]
    journal = Journal(":memory:")
    with journal.transaction():
        journal.arrive("00112233aabbccdd", "usb", 1)
    (pillow,) = view.state_of(journal, 0, 1)["pillows"]
    journal.close()
    assert fields[0] == list(pillow)
    assert fields[1] == list(view.REPORT)
    row = dict.fromkeys(view.REPORT, 0) | {"gesture": "gap", "first": 1, "why": "full", "strength": 0}
    assert set(fields[2]) == set(view.report_of(row)) - set(view.REPORT)
    assert " ".join(ACTS) in TEXTS["api.md"]
    assert f"default and most {PAGE_ROWS}" in TEXTS["api.md"]


# -- Commands and links ------------------------------------------------------------------------------------------


def targets():
    return set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("name", TEXTS)
def test_every_make_command_is_there(name):
    named = set(re.findall(r"(?:^ {4}|`)make ([a-z-]+)", TEXTS[name], re.MULTILINE))
    assert named - targets() == set()


@pytest.mark.parametrize("name", TEXTS)
def test_every_verb_is_there(name):
    for verb in set(re.findall(r"(?:^ {4}|`)(?:\.venv/bin/)?huggable ([a-z-]+)", TEXTS[name], re.MULTILINE)):
        with pytest.raises(SystemExit, match=r"^0$"):
            main([verb, "--help"])


def anchors(text):
    """What can stand behind the # of a link to this document."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", TEXTS)
def test_every_link_leads_somewhere(name):
    folder = next(path.parent for path in DOCUMENTS if path.name == name)
    for link, _, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(#([^)]*))?\)", TEXTS[name]):
        assert (folder / (link or name)).is_file(), link
        assert not anchor or anchor in anchors(TEXTS[Path(link or name).name]), anchor


@pytest.mark.parametrize("name", TEXTS)
def test_every_file_that_is_named_is_there(name):
    for path in re.findall(r"`((?:bridge|web|firmware|tests|docs|bench)/[\w./-]*\w)`", TEXTS[name]):
        assert (ROOT / path).exists(), path
