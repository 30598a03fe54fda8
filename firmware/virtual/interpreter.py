"""The chip as its plug sees it: the firmware in an interpreter, on a pty of its own.

Its law: the pty is as a board's UART is; Ctrl-C interrupts, a full input ring drops, and no process is left behind.
"""

import contextlib
import fcntl
import os
import signal
import struct
import subprocess
import termios
import tty

CHUNK = 4096
RING_BYTES = 259  # what MicroPython's input ring holds; its interrupt drops the rest without a word
END_S = 2.0  # an interpreter that has closed its pipes ends within this, or is ended
FILL = b"\0"  # what a stalled pty is filled with


class Interpreter:
    """A process with one pipe from the hand that moves the pillow and one for its glow."""

    def __init__(self, command, environment):
        self.command = command
        self.environment = environment
        self.hand_end, self.hand = os.pipe()  # outlives resets: the hand does not know of them
        os.set_blocking(self.hand_end, False)
        os.set_blocking(self.hand, False)
        self.process = None
        self.filled = 0  # bytes of FILL on the way

    def start(self, cause, raw=False):
        """Start the interpreter as after a reset of this cause; `raw`: after Ctrl-D in the raw REPL."""
        self.fd, self.end = os.openpty()
        _like_a_board(self.end)
        os.set_blocking(self.fd, False)
        self.glow, glow_end = os.pipe()  # its end of file is the news of the process's end
        told = {
            "HUGGABLE_HAND": self.hand_end,
            "HUGGABLE_GLOW": glow_end,
            "HUGGABLE_CAUSE": cause,
            "HUGGABLE_RAW": int(raw),
        }
        self.process = subprocess.Popen(
            self.command,
            stdin=self.end,
            stdout=self.end,
            stderr=self.end,
            env=self.environment | {name: str(value) for name, value in told.items()},
            pass_fds=(self.hand_end, glow_end),
            start_new_session=True,
            preexec_fn=_own_terminal,
        )
        os.close(glow_end)

    def kill(self):
        """Cut it off in the middle of whatever it does."""
        if self.process:
            self.process.kill()

    def ended(self):
        """Clear away the process that has ended, or ends now. Returns its last words and its exit code."""
        try:
            code = self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        last = self.hear()
        for fd in (self.fd, self.end, self.glow):
            os.close(fd)
        self.process, self.filled = None, 0
        return last, code

    def hear(self):
        """Return what the firmware wrote, b"" for nothing."""
        try:
            data = os.read(self.fd, CHUNK)
        except OSError:
            return b""
        kept = data.replace(FILL, b"", self.filled)
        self.filled -= len(data) - len(kept)
        return kept

    def say(self, data):
        """Put into the input ring what it has room for; the rest is lost."""
        if not self.process or not data:
            return
        with contextlib.suppress(OSError):  # it has just ended
            waiting = struct.unpack("i", fcntl.ioctl(self.end, termios.FIONREAD, b"\0" * 4))[0]
            os.write(self.fd, data[: max(0, RING_BYTES - waiting)])

    def press(self, line):
        """Tell the hand; it forgets what it cannot hold."""
        with contextlib.suppress(OSError):
            os.write(self.hand, line + b"\n")

    def fill(self):
        """Leave the firmware no room for its output. Again and again: the system moves on what is in its buffers."""
        with contextlib.suppress(OSError):  # it is full, or has just ended
            other = os.open(os.ttyname(self.end), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
            with os.fdopen(other, "wb", buffering=0) as file:
                while count := file.write(FILL * CHUNK):
                    self.filled += count


def _like_a_board(fd):
    """Raw, but Ctrl-C interrupts the program and leaves other input alone, as MicroPython's interrupt does it."""
    tty.setraw(fd)
    mode = termios.tcgetattr(fd)
    mode[3] |= termios.ISIG | termios.NOFLSH
    off = bytes([os.fpathconf(fd, "PC_VDISABLE")])
    mode[6][termios.VINTR], mode[6][termios.VQUIT], mode[6][termios.VSUSP] = b"\x03", off, off
    termios.tcsetattr(fd, termios.TCSANOW, mode)


def _own_terminal():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a background job would have it ignored
