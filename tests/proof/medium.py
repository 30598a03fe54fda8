"""What files hold for certain, and what they may hold besides, when power goes away.

A write is certain once its file was synced after it. Until then any of its sectors may be missing, old, new or - where
the seed says so - rubbish, whatever came before or after it; so may a cut, a new file, or the end of a file.
"""

from itertools import pairwise

from proof.files import OK, Watch

SECTOR = 512  # what a disk writes whole or not at all
RUBBISH_SHARE = 0.05  # of the sectors under way, in the images that have any


class Medium:
    """The files of one folder. Args: files: name -> bytes, what they hold for certain at the beginning."""

    def __init__(self, files=None):
        self.certain = {name: bytearray(data) for name, data in (files or {}).items()}
        self.pending = {}  # name -> [(offset, data) or (size, None)] since its last sync
        self.removed = {}  # what was deleted; nobody synced the folder since

    def play(self, step):
        """Let one step of a recording happen."""
        verb, name, *words = step
        if verb == "delete":
            self.pending.pop(name, None)
            if name in self.certain:
                self.removed[name] = self.certain.pop(name)
        elif verb == "sync":
            self._sync(name)
        elif verb == "sync failed":
            self.pending[name] = []  # the system may have thrown it away and says nothing the next time
        else:
            self.pending.setdefault(name, []).append(tuple(words))

    def _sync(self, name):
        if name not in self.certain:  # a new file: its folder is synced with it
            self.removed.clear()
        data = self.certain.setdefault(name, bytearray())
        for change in self.pending.pop(name, ()):
            apply(data, *change)

    def image(self, chance=None):
        """Return name -> bytes as they may be when power goes away now; without `chance`: only what is certain."""
        files = {name: bytearray(data) for name, data in self.certain.items()}
        if chance is None:
            return files
        files |= {name: bytearray(data) for name, data in self.removed.items() if chance.random() < 0.5}
        lucky, rubbish = chance.choice((0.0, 0.1, 0.5, 0.9, 1.0)), chance.random() < 0.2
        whole = chance.random() < 0.5  # writes are kept or dropped as one, or sector by sector
        for name, changes in self.pending.items():
            if name not in files and chance.random() < 0.5:
                continue
            for change in changes:
                for part in (change,) if whole else sectors(*change):
                    if chance.random() < lucky:
                        apply(files.setdefault(name, bytearray()), *part)
                    elif rubbish and part[1] and chance.random() < RUBBISH_SHARE:
                        apply(files.setdefault(name, bytearray()), part[0], chance.randbytes(len(part[1])))
        return files


def apply(held, at, data):
    """Write `data` at an offset of a bytearray, or (None) cut it there."""
    if data is None:
        del held[at:]
        return
    if len(held) < at:
        held.extend(bytes(at - len(held)))
    held[at : at + len(data)] = data


def sectors(at, data):
    """Return a write as the parts that a disk takes one by one; a cut is one part."""
    if data is None:
        return [(at, None)]
    edges = [at, *range(at - at % SECTOR + SECTOR, at + len(data), SECTOR), at + len(data)]
    return [(left, data[left - at : right - at]) for left, right in pairwise(edges)]


class Recorder(Watch):
    """Records what is done to the files, as steps that a Medium plays."""

    def __init__(self):
        self.steps = []

    def write(self, name, offset, data):
        self.steps.append(("write", name, offset, data))
        return OK

    def truncate(self, name, size):
        self.steps.append(("truncate", name, size, None))
        return OK

    def sync(self, name):
        self.steps.append(("sync", name))
        return OK

    def delete(self, name):
        self.steps.append(("delete", name))
        return OK

    def acknowledged(self, count):
        """So many reports in all are acknowledged from here on."""
        self.steps.append(("acknowledged", "", count))
