"""Stands between SQLite and its files: the very SQLite library that the product uses asks before each step it takes.

A SQLite file system (VFS) is a table of C functions. This one is a copy of the system's own, with a few replaced.
"""

import _sqlite3
import contextlib
import ctypes
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_int64, c_void_p, cast, memmove, string_at
from dataclasses import dataclass
from pathlib import Path

OK = 0
NOMEM = 7
IOERR = 10
FULL = 13
CANTOPEN = 14
IOERR_READ, IOERR_WRITE, IOERR_FSYNC, IOERR_TRUNCATE = (IOERR | number << 8 for number in (1, 3, 4, 6))
IOERR_FSTAT, IOERR_DELETE, IOERR_LOCK, IOERR_SHMMAP = (IOERR | number << 8 for number in (7, 10, 15, 21))

WORD = ctypes.sizeof(c_void_p)
FILE, BUFFER = c_void_p, c_void_p
# Where the replaced functions stand in sqlite3_io_methods, in words, and what they take.
READ = 2, CFUNCTYPE(c_int, FILE, BUFFER, c_int, c_int64)
WRITE = 3, CFUNCTYPE(c_int, FILE, BUFFER, c_int, c_int64)
TRUNCATE = 4, CFUNCTYPE(c_int, FILE, c_int64)
SYNC = 5, CFUNCTYPE(c_int, FILE, c_int)
SIZE = 6, CFUNCTYPE(c_int, FILE, POINTER(c_int64))
LOCK = 7, CFUNCTYPE(c_int, FILE, c_int)
MAP = 13, CFUNCTYPE(c_int, FILE, c_int, c_int, c_int, c_void_p)
MAP_LOCK = 14, CFUNCTYPE(c_int, FILE, c_int, c_int, c_int)
MAP_LOCK_TAKEN = 2  # the flag that says: take it, and not: let go of it
IO_WORDS = 19

PATH = c_void_p  # handed on as it is: SQLite keeps it for as long as the file is open
OPEN = CFUNCTYPE(c_int, c_void_p, PATH, c_void_p, c_int, POINTER(c_int))
DELETE = CFUNCTYPE(c_int, c_void_p, PATH, c_int)


class Vfs(ctypes.Structure):
    """sqlite3_vfs, version 3."""

    _fields_ = (
        ("version", c_int),
        ("file_bytes", c_int),
        ("path_most", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", OPEN),
        ("delete", DELETE),
        ("others", c_void_p * 14),
    )


class Watch:
    """Sees every step on the files below a folder; does nothing about it. Each verb may return what to refuse with."""

    def open(self, name):
        return OK

    def read(self, name):
        return OK

    def write(self, name, offset, data):
        """Return OK, or (error, how many bytes are written nevertheless)."""
        return OK

    def truncate(self, name, size):
        return OK

    def sync(self, name):
        return OK

    def size(self, name):
        return OK

    def lock(self, name):
        return OK

    def map(self, name):
        return OK

    def delete(self, name):
        return OK


@dataclass
class _Now:
    """Who watches what at present."""

    watch: Watch
    folder: str


class _Between:
    """Made once per process and kept: SQLite holds on to the addresses of its functions."""

    def __init__(self):
        self.now = None
        self._library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
        self._library.sqlite3_vfs_find.restype = POINTER(Vfs)
        self._system = self._library.sqlite3_vfs_find(None)
        self._names = {}  # address of an open file -> its name, of those that are watched
        self._tables = {}  # address of the system's table of functions -> ours
        self.vfs = Vfs.from_buffer_copy(self._system.contents)
        self.vfs.name = b"watched"
        self.vfs.open, self.vfs.delete = OPEN(self._open), DELETE(self._delete)

    def register(self):
        self._library.sqlite3_vfs_register(ctypes.byref(self.vfs), 1)

    def unregister(self):
        self._library.sqlite3_vfs_unregister(ctypes.byref(self.vfs))

    def _watched(self, path):
        """Return the name below the watched folder, or None."""
        path = string_at(path).decode() if path else ""
        return Path(path).name if self.now and path.startswith(self.now.folder) else None

    def _open(self, _, path, file, flags, out_flags):
        name = self._watched(path)
        if name and (refused := self.now.watch.open(name)):
            cast(file, POINTER(c_void_p))[0] = None  # no functions: there is nothing to close
            return refused
        done = self._system.contents.open(cast(self._system, c_void_p), path, file, flags, out_flags)
        if done == OK and name:
            self._names[file] = name
            functions = cast(file, POINTER(c_void_p))
            functions[0] = self._table(functions[0])
        return done

    def _delete(self, _, path, sync_folder):
        name = self._watched(path)
        if name and (refused := self.now.watch.delete(name)):
            return refused
        return self._system.contents.delete(cast(self._system, c_void_p), path, sync_folder)

    def _table(self, address):
        if address not in self._tables:
            table = (c_void_p * IO_WORDS)()
            memmove(table, address, ctypes.sizeof(table))
            kept = {at: kind(self._function(table[at], kind, verb)) for at, kind, verb in self._replaced() if table[at]}
            for at, function in kept.items():
                table[at] = cast(function, c_void_p).value
            self._tables[address] = table, kept
        return ctypes.addressof(self._tables[address][0])

    def _replaced(self):
        return (
            (*READ, self._read),
            (*WRITE, self._write),
            (*TRUNCATE, self._truncate),
            (*SYNC, self._sync),
            (*SIZE, self._size),
            (*LOCK, self._lock),
            (*MAP, self._map),
            (*MAP_LOCK, self._map_lock),
        )

    def _function(self, address, kind, verb):
        """Return the function that asks first, and then has the system's own do it."""
        system = kind(address)

        def function(file, *words):
            if self.now is None:
                return system(file, *words)
            return verb(self._names.get(file, ""), system, file, *words)

        return function

    def _read(self, name, system, *words):
        return self.now.watch.read(name) or system(*words)

    def _write(self, name, system, file, buffer, count, offset):
        refused = self.now.watch.write(name, offset, string_at(buffer, count))
        if not refused:
            return system(file, buffer, count, offset)
        error, written = refused
        if written:
            system(file, buffer, written, offset)
        return error

    def _truncate(self, name, system, file, size):
        return self.now.watch.truncate(name, size) or system(file, size)

    def _sync(self, name, system, *words):
        return self.now.watch.sync(name) or system(*words)

    def _size(self, name, system, *words):
        return self.now.watch.size(name) or system(*words)

    def _lock(self, name, system, *words):
        return self.now.watch.lock(name) or system(*words)

    def _map_lock(self, name, system, file, offset, count, flags):
        refused = self.now.watch.lock(name) if flags & MAP_LOCK_TAKEN else OK
        return refused or system(file, offset, count, flags)

    def _map(self, name, system, *words):
        return self.now.watch.map(name) or system(*words)


_between = []  # at most one


@contextlib.contextmanager
def watched(folder, watch):
    """Have `watch` asked about every file that SQLite opens below a folder; what is opened here is closed here."""
    if not _between:
        _between.append(_Between())
    between = _between[0]
    between.now = _Now(watch, str(Path(folder).resolve()))
    between.register()
    try:
        yield
    finally:
        between.unregister()
        between.now = None
