"""A pillow on Wi-Fi: the virtual board with an access point, and a real bridge's listener and journal on loopback."""

import json
from base64 import b64encode

from plugged import Plugged

from bridge import certificate
from bridge.events import Proved
from bridge.journal import Journal
from bridge.keys import Keys
from bridge.listener import Listener
from bridge.present import Present
from bridge.troubles import Troubles
from bridge.writer import Writer

PILLOW = "00112233aabbccdd"
SSID, PASSWORD = "Home Sweet Home", "correct horse"
NOWHERE = 9  # the discard port, where nobody listens


class Home:
    """What a home needs for a pillow on Wi-Fi; `listen` and `hush` are the bridge's program starting and ending."""

    def __init__(self, folder) -> None:
        folder.mkdir(exist_ok=True)
        self.path = folder / "journal.db"
        self.journal = Journal(self.path)
        self.writer = Writer(self.path)
        self.troubles = Troubles(self.writer)
        self.present = Present()
        self.keys = Keys(folder)
        self.certificate = certificate.of_home(folder)
        self.port = 0
        self.listener = None
        self.told = []
        self.key = self.keys.offer(PILLOW)

    def listen(self, address: str = "127.0.0.1") -> None:
        parts = self.certificate, self.keys, self.writer, self.path, self.troubles, self.present
        self.listener = Listener(address, self.port, *parts, self._tell)
        self.port = self.listener.port
        self.listener.start()

    def _tell(self, *said) -> None:
        self.told += said
        for event in said:
            if isinstance(event, Proved):
                self.keys.proved(event.pillow, event.key)

    def hush(self) -> None:
        if self.listener:
            self.listener.stop()
            self.listener.join(5)
        self.listener = None

    def blob(self, **other) -> bytes:
        """What is put on a pillow of this home."""
        said = {
            "key": self.key.hex(),
            "ssid": b64encode(SSID.encode()).decode(),
            "password": b64encode(PASSWORD.encode()).decode(),
            "certificate": b64encode(self.certificate.der).decode(),
            "bridge": "",
            "address": "127.0.0.1",
            "port": self.port,
        }
        return json.dumps(said | other, separators=(",", ":")).encode()

    def reports(self) -> list:
        return [(row["boot"], row["seq"], row["gesture"]) for row in self.journal.rows_after(0, 500)]

    def link(self) -> str:
        return next((row["link"] for row in self.journal.pillows() if row["pillow"] == PILLOW), "")

    def close(self) -> None:
        self.hush()
        self.writer.stop()
        self.journal.close()


def board(folder, interpreter, home=None, state="there", start=None, **config):
    """A virtual board under an access point; `home`, a blob, is already in its flash, and so is a `config`."""
    folder.mkdir(exist_ok=True)
    air = {"ssid": SSID, "password": PASSWORD, "state": state, "join_ms": 200}
    (folder / "air.json").write_text(json.dumps(air))
    (folder / "flash").mkdir(exist_ok=True)
    (folder / "flash" / "id").write_text(PILLOW)
    (folder / "flash" / "boot").write_text("1 0\n")
    if config:
        (folder / "flash" / "config.json").write_text(json.dumps(config))
    if home:
        (folder / "flash" / "home").write_bytes(home)
    return Plugged(folder, interpreter, start)
