"""The bare loop: reads a line from a port, commits it to SQLite, writes it to one WebSocket, and knows nothing else.

bare.py PORT DATABASE      prints the TCP port on which it waits for its viewer
"""

import json
import socket
import sqlite3
import sys
from contextlib import closing

import serial
import wsproto
import wsproto.events


def main(url: str, path: str) -> None:
    """Tell one viewer every line of a port, once it is on disk."""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE line (text TEXT);")
    port = serial.Serial(url, 115200, timeout=0.2)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        print(server.getsockname()[1], flush=True)
        viewer, wire = _let_in(server)
    _tell(viewer, wire, "ready", 0)
    held = b""
    while True:
        held += port.read(port.in_waiting or 1)
        *lines, held = held.split(b"\n")
        for line in filter(None, lines):
            database.execute("INSERT INTO line VALUES (?)", (line.decode(),))
            _tell(viewer, wire, "report", line.decode())


def _let_in(server: socket.socket) -> tuple[socket.socket, wsproto.WSConnection]:
    viewer, _ = server.accept()
    viewer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wire = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
    wire.receive_data(viewer.recv(4096))
    list(wire.events())
    viewer.sendall(wire.send(wsproto.events.AcceptConnection()))
    viewer.recv(4096)  # it says that it is there
    return viewer, wire


def _tell(viewer: socket.socket, wire: wsproto.WSConnection, event: str, content: str | int) -> None:
    viewer.sendall(wire.send(wsproto.events.TextMessage("42" + json.dumps([event, content]))))


if __name__ == "__main__":
    main(*sys.argv[1:])
