"""Makes the bridge findable on the home's network: its `.local` name, which is all that a pillow can ask for.

Its law: it says where the port is and that it is a bridge; no name of a person, a pillow or this computer.
"""

import contextlib
import ipaddress
import threading
from collections.abc import Callable

import ifaddr
import zeroconf

SERVICE = "_huggable._tcp.local."
LOOK_S = 5.0  # how often this computer's addresses are looked at: there is no event for it everywhere


def addresses() -> list[str]:
    """Return this computer's IPv4 addresses on networks of a home, the likeliest first: a chip asks for no others."""
    found = [ipaddress.IPv4Address(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
    near = sorted({address for address in found if address.is_private and not address.is_loopback})
    return [str(address) for address in sorted(near, key=lambda address: address.is_link_local)]


class Discovery:
    """Says on the network where the bridge is, as long as it is told to. Works in a thread of its own.

    Args:
        host: the bridge's name without `.local`.
        port: where it listens.
        look: returns the addresses to say.
    """

    def __init__(self, host: str, port: int, look: Callable[[], list[str]] = addresses) -> None:
        self.said: list[str] = []  # the addresses that are on the network now
        self._host, self._port, self._look = host, port, look
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="discovery", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether it still works."""
        return self._thread.is_alive()

    def stop(self, seconds: float) -> None:
        """Take the name back, within `seconds`."""
        self._over.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._over.is_set():
            self.said = self._look()
            if self.said:
                with contextlib.suppress(OSError, zeroconf.Error):  # no network just now, or one that forbids it
                    self._say(self.said)
            self._over.wait(LOOK_S)

    def _say(self, there: list[str]) -> None:
        """Be found under these addresses until they change."""
        with contextlib.closing(zeroconf.Zeroconf(interfaces=there)) as network:
            network.register_service(service(self._host, self._port, there), allow_name_change=True)
            while not self._over.wait(LOOK_S) and self._look() == there:
                continue


def service(host: str, port: int, there: list[str]) -> zeroconf.ServiceInfo:
    """Return what is said on the network."""
    return zeroconf.ServiceInfo(
        SERVICE,
        f"{host}.{SERVICE}",
        port=port,
        server=f"{host}.local.",
        parsed_addresses=there,
        properties={"wire": "1"},
    )
