"""Those who look at the page: a home with a real page program, and onlookers of several manners."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import wsproto
import wsproto.events
from soon import SOON_S, until

from bridge import home
from bridge.bell import ring
from bridge.journal import Journal
from bridge.report import Dated, Report

ROOT = Path(__file__).parent.parent
PILLOW = "00112233aabbccdd"


def said(seq, gesture="hugging", at_ms=None, late=False, pillow=PILLOW):
    """A report as the bridge would append it."""
    at_ms = at_ms if at_ms is not None else round(time.time() * 1000)
    return Dated(Report(pillow, 1, seq, seq * 1000, gesture, 90, 100, 500), at_ms, 5, late, at_ms)


def append(journal, *entries):
    with journal.transaction():
        journal.append(entries)
    ring(journal.bells())


class Home:
    """A data folder with a journal and, once `open()`, a page program beside it."""

    def __init__(self, folder):
        self.folder = folder
        self.key = home.key(folder)
        self.journal = Journal(home.journal_path(folder))
        self.seq = 0
        self.page = self.port = None

    def meet(self, pillow=PILLOW, name="Cirrus", link="virtual"):
        with self.journal.transaction():
            self.journal.arrive(pillow, link, round(time.time() * 1000), boot=1, version="1.0.0")
            self.journal.note(pillow, name=name)
            self.journal.show(pillow, "neutral", round(time.time() * 1000))  # what its first beat says

    def feel(self, *gestures, **rest):
        """The pillow reports these, one after the other."""
        entries = [said(self.seq + n, gesture, **rest) for n, gesture in enumerate(gestures, 1)]
        self.seq += len(gestures)
        append(self.journal, *entries)

    def open(self, *words, port="0", **options):
        command = [sys.executable, "-m", "web", "--data", str(self.folder), "--port", str(port), *words]
        environ = {**os.environ, "HUGGABLE_NO_BROWSER": "1"}
        self.page = subprocess.Popen(
            command, cwd=ROOT, env=environ, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
        )  # fmt: skip
        self.address = self.page.stdout.readline().removeprefix("page: ").strip()
        assert self.address, self.page.stderr.read()
        self.port = int(self.address.split(":")[2].split("/")[0])
        return self

    def shut(self):
        """End the page and give what it complained of."""
        self.page.terminate()
        _, complaints = self.page.communicate(timeout=SOON_S)
        return complaints

    def fetch(self, path, method="GET", body=None, **headers):
        """Give status and text of an answer."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=SOON_S)) as connection:
            connection.request(method, path, body, {name.replace("_", "-"): said for name, said in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.page:
            self.page.kill()
            self.page.__exit__(None, None, None)  # waits, and closes its pipes
        self.journal.close()


class Onlooker:
    """A page without a screen: speaks Socket.IO over a WebSocket, reads only when asked to, keeps what it heard."""

    def __init__(self, port, say=None, query="", window=None, **headers):
        self.heard = []  # (event, content)
        self.answers = {}  # number of what was asked -> content
        self.refused = None
        self.socket = socket.socket()
        if window:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self.socket.settimeout(SOON_S)
        self.socket.connect(("127.0.0.1", port))
        self._wire = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        wanted = f"/socket.io/?EIO=4&transport=websocket{query}"
        named = [(name.replace("_", "-"), text) for name, text in headers.items()]
        self._send(wsproto.events.Request(host=f"127.0.0.1:{port}", target=wanted, extra_headers=named))
        self.status = self._status()
        if self.status == 101:
            self.say("40" + json.dumps(say or {}))

    def _status(self):
        self._wire.receive_data(self.socket.recv(4096))
        first = next(self._wire.events())
        return 101 if isinstance(first, wsproto.events.AcceptConnection) else first.status_code

    def _send(self, event):
        self.socket.sendall(self._wire.send(event))

    def say(self, text):
        self._send(wsproto.events.TextMessage(text))

    def ask(self, event, content, number=1):
        """Emit and give the answer."""
        self.say(f"42{number}" + json.dumps([event, content]))
        return until(lambda: self.listen() or self.answers.pop(number, None))

    def listen(self, seconds=0.02):
        """Take what there is; gives nothing. Raises EOFError when the server has hung up."""
        try:
            self.socket.settimeout(seconds)
            received = self.socket.recv(65536)
        except TimeoutError:
            return
        except ConnectionError:
            received = b""
        if not received:
            raise EOFError
        self.socket.settimeout(SOON_S)
        self._wire.receive_data(received)
        for event in self._wire.events():
            if isinstance(event, wsproto.events.TextMessage):
                self._text = getattr(self, "_text", "") + event.data
                if event.message_finished:
                    text, self._text = self._text, ""
                    self._take(text)
            elif isinstance(event, wsproto.events.CloseConnection):
                raise EOFError

    def _take(self, text):
        if text == "2":
            self.say("3")
        elif text.startswith("42"):
            self.heard.append(tuple(json.loads(text[2:])))
        elif text.startswith("43"):
            number, _, content = text[2:].partition("[")
            self.answers[int(number)] = json.loads("[" + content)[0]
        elif text.startswith("44"):
            self.refused = json.loads(text[2:])["message"]

    def hear(self, event, seconds=SOON_S):
        """Give the next of an event, forgetting what came before it."""

        def found():
            self.listen()
            while self.heard:
                name, *content = self.heard.pop(0)
                if name == event:
                    return content
            return None

        return until(found, seconds, pause_s=0)[0]

    def rows(self, count):
        """Give the numbers of the next `count` rows told."""
        rows = []
        while len(rows) < count:
            rows += [report["row"] for report in self.hear("report")]
        return rows

    def hangs_up(self, seconds=SOON_S):
        """Say whether the server hangs up in time."""
        try:
            until(self.listen, seconds, pause_s=0)
        except (EOFError, AssertionError) as end:
            return isinstance(end, EOFError)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
