"""Power cuts: what a disk may hold when power goes away, reopened with the real journal and compared with the promise.

A life of a journal is recorded, write by write, as SQLite lives it; images are cut out of the recording; one of them is
where the next life begins.
"""

import random
import sqlite3
import tempfile
from concurrent.futures import Future
from pathlib import Path

from bridge.journal import Journal
from bridge.report import GESTURES, Dated, Report
from bridge.writer import Job, write_group
from proof.files import watched
from proof.medium import Medium, Recorder

MEMORY = "/dev/shm"  # the images are about logic, not about a disk
PILLOW = "00112233aabbccdd"
IMAGES = 25  # cut out of one life
LIVES = 4  # before a new journal is begun
COMMITS = 40  # of one life
BOOT = 30  # reports of one boot
PAGES = (4, 15, 60, 1_000)  # in the write-ahead log before a checkpoint; SQLite's own is the last


def run(count, seed=0, progress=None, journal_class=Journal):
    """Cut and check `count` images. Returns (images checked, violations as sentences)."""
    chance = random.Random(seed)
    done, wrong, beginning = 0, [], ({}, 0)
    while done < count and not wrong:
        if done % (LIVES * IMAGES) == 0:
            beginning = {}, 0
        with tempfile.TemporaryDirectory(dir=memory()) as folder:
            steps = record(Path(folder) / "life", *beginning, chance, journal_class)
            for image, sure in images(steps, *beginning, min(IMAGES, count - done), chance):
                held, sentence = check(Path(folder) / str(done), image, sure, chance)
                if sentence:
                    wrong.append(f"power cut, seed {seed}, image {done}: {sentence}")
                done += 1
                ending = image, held
        beginning = ending
        if progress:
            progress(done)
    return done, wrong


def memory():
    """Return a folder that costs no disk, or None where there is no such thing."""
    return MEMORY if Path(MEMORY).is_dir() else None


def report(number):
    """The report of this number, from 0, of all that the pillow ever says."""
    boot, seq = number // BOOT + 1, number % BOOT + 1
    said = Report(PILLOW, boot, seq, 1000 * seq, GESTURES[number * number % len(GESTURES)], 90, number, 500)
    return Dated(said, 1_000_000 + number, 5, False, 1_000_009)


def group(first, chance):
    """Return a commit's jobs - reports and what else a bridge writes - and how many reports there are then."""
    jobs = []
    for _ in range(chance.randrange(1, 4)):
        last = first + chance.randrange(4)
        jobs.append(_append(first, last))
        first = last
    text = "x" * chance.randrange(400)
    jobs.append(lambda journal: journal.say("usb", text, first))
    jobs.append(lambda journal: journal.arrive(PILLOW, "usb", first, boot=first))
    jobs.append(lambda journal: journal.note_boot(PILLOW, first // BOOT + 1, "00000000", [(first, first, 2)]))
    return jobs, first


def _append(first, last):
    return lambda journal: journal.append([report(number) for number in range(first, last)])


def record(folder, files, held, chance, journal_class):
    """Live a life that begins with these files, which hold so many reports. Returns its steps."""
    lay(folder, files)
    recorder = Recorder()
    with watched(folder, recorder):
        journal = journal_class(folder / "journal.db")
        journal._db.execute(f"PRAGMA wal_autocheckpoint={chance.choice(PAGES)}")
        looking = Journal(folder / "journal.db", read_only=True)
        for number in range(COMMITS):
            works, held = group(held, chance)
            jobs = [Job(work, Future()) for work in works]
            write_group(journal, jobs)
            [job.future.result() for job in jobs]
            recorder.acknowledged(held)
            if number % 5 == 0:
                looking.rows_after(0, 1)
        looking.close()
        journal.close()
    return recorder.steps


def images(steps, files, held, count, chance):
    """Cut `count` images out of a recording. Yields (files, how many reports were acknowledged by then)."""
    medium, sure, at = Medium(files), held, 0
    for cut in sorted(chance.randrange(len(steps) + 1) for _ in range(count)):
        for step in steps[at:cut]:
            if step[0] == "acknowledged":
                sure = step[2]
            else:
                medium.play(step)
        at = cut
        yield medium.image(chance), sure


def lay(folder, files):
    """Put files on the disk."""
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)


def check(folder, files, sure, chance):
    """Open an image. Returns how many reports it holds, and what is wrong with it as a sentence, or None."""
    lay(folder, files)
    (folder / "journal.db-shm").write_bytes(chance.randbytes(chance.choice((0, 100, 32_768))))
    try:
        journal = Journal(folder / "journal.db")
    except sqlite3.Error as error:
        return 0, f"the journal cannot be opened: {error}"
    try:
        return _compare(journal, sure)
    except sqlite3.Error as error:
        return 0, f"the journal cannot be used: {error}"
    finally:
        journal.close()


def _compare(journal, sure):
    sound = journal._db.execute("PRAGMA integrity_check").fetchone()[0]
    if sound != "ok":
        return 0, f"not sound: {sound}"
    held = _held(journal)
    if held != list(range(len(held))):
        return 0, f"out of order or doubled: {held}"
    if len(held) < sure:
        return 0, f"lost: {sure} reports were acknowledged, {len(held)} are there"
    with journal.transaction():  # the pillow sends again what it thinks is not held, and goes on
        journal.append([report(number) for number in range(max(0, len(held) - BOOT), len(held) + 1)])
    if _held(journal) != list(range(len(held) + 1)):
        return 0, f"it does not go on after {len(held)}"
    return len(held), None


def _held(journal):
    """Return the numbers of the reports that are there, in order; -1 for what was never said."""
    rows, after = [], 0
    while page := journal.rows_after(after):
        rows += page
        after = page[-1]["row"]
    return [row["strength"] if _is_said(row) else -1 for row in rows]


def _is_said(row):
    told = report(row["strength"])
    return all(row[key] == getattr(told.said, key) for key in ("pillow", "boot", "seq", "uptime_ms", "gesture"))
