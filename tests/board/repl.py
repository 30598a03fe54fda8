# A board's REPL on standard input and output, as far as mpremote and a person use it: friendly, raw and raw paste.
#
# A soft reset ends the process with a code that plug.py knows; the next process goes on from there.
import os
import sys
import termios

CTRL_A, CTRL_B, CTRL_C, CTRL_D, CTRL_E = b"\x01", b"\x02", b"\x03", b"\x04", b"\x05"
WINDOW = 128  # bytes of raw paste granted at once; two grants under way still fit a board's input ring
RAW_BANNER = b"raw REPL; CTRL-B to exit\r\n>"
SOFT, SOFT_RAW = 10, 11  # exit codes of a soft reset, out of the friendly and the raw REPL
ISIG = 0x80 if sys.platform == "darwin" else 1
LOCAL_FLAGS = 3  # where ISIG is in what tcgetattr gives

say = sys.stdout.buffer.write


def interruptible(yes):
    # While a program runs Ctrl-C interrupts it; at the prompt it is a byte like any other.
    mode = termios.tcgetattr(0)
    mode[LOCAL_FLAGS] = mode[LOCAL_FLAGS] | ISIG if yes else mode[LOCAL_FLAGS] & ~ISIG
    termios.tcsetattr(0, termios.TCSANOW, mode)


def hear():
    byte = sys.stdin.buffer.read(1)
    if not byte:
        sys.exit(1)  # the cable to nowhere: plug.py has gone
    return byte


class Repl:
    def __init__(self, raw):
        self._is_raw = raw
        self._names = {"__name__": "__main__"}

    def run(self):
        for name in ("boot.py",) if self._is_raw else ("boot.py", "main.py"):
            if name in os.listdir():
                self._show(self._execute(_read(name), name, "exec"))
        while True:
            if self._is_raw:
                self._raw()
            else:
                self._friendly()

    def _execute(self, source, name, kind):
        # -> the exception it ended with, or None
        try:
            program = compile(source, name, kind)
            try:
                interruptible(True)
                exec(program, self._names)
            finally:
                interruptible(False)
        except SystemExit as end:
            self._reset(end.args[0] if end.args else None)
        except BaseException as trouble:
            interruptible(False)
            return trouble

    def _show(self, trouble):
        if trouble:
            sys.print_exception(trouble, sys.stdout)

    def _reset(self, code=None):
        # machine.reset() may end the program with a code of its own; any other end is a soft reset.
        sys.exit(code if isinstance(code, int) and code else SOFT_RAW if self._is_raw else SOFT)

    # -- friendly: one line at a time ---------------------------------------------------------------------------------

    def _friendly(self):
        version = ".".join([str(part) for part in sys.implementation.version[:3]])
        say(b'\r\nMicroPython v%s on unix\r\nType "help()" for more information.\r\n' % version.encode())
        while True:
            say(b">>> ")
            line, control = self._line()
            if control == CTRL_A:
                self._is_raw = True
                return
            if control == CTRL_B:
                return
            if control == CTRL_D:
                self._reset()
            if not control and line.strip():
                self._show(self._execute(line, "<stdin>", "single"))

    def _line(self):
        # -> what was typed up to Enter, and None; or the control key that broke it off
        line = b""
        while True:
            byte = hear()
            if byte in b"\r\n" or byte in (CTRL_A, CTRL_B, CTRL_C, CTRL_D):
                say(b"\r\n")
                return line.decode(), None if byte in b"\r\n" else byte
            say(byte)
            line += byte

    # -- raw: programs from a program -------------------------------------------------------------------------------

    def _raw(self):
        say(RAW_BANNER)
        source = b""
        while True:
            byte = hear()
            if byte == CTRL_A:
                if source == CTRL_E + b"A":
                    self._paste()
                else:
                    say(RAW_BANNER)
                source = b""
            elif byte == CTRL_B:
                say(b"\r\n")
                self._is_raw = False
                return
            elif byte == CTRL_C:
                source = b""
            elif byte == CTRL_D:
                self._run_raw(source)
                source = b""
            else:
                source += byte

    def _run_raw(self, source):
        say(b"OK")
        if not source:
            say(b"\r\n")
            self._reset()
        self._answer(source)

    def _answer(self, source):
        # What it printed, end, its traceback, end, prompt.
        trouble = self._execute(source.decode(), "<stdin>", "exec")
        say(CTRL_D)
        self._show(trouble)
        say(CTRL_D + b">")

    def _paste(self):
        # Like raw, but the board says when it can take more.
        say(b"R\x01" + bytes((WINDOW, 0)) + b"\x01")
        source = bytearray()
        byte = hear()
        while byte not in (CTRL_C, CTRL_D):
            source.extend(byte)
            if len(source) % WINDOW == 0:
                say(b"\x01")
            byte = hear()
        say(CTRL_D)
        if byte == CTRL_D:
            self._answer(bytes(source))
        else:
            say(CTRL_D + CTRL_D + b">")


def _read(name):
    with open(name) as file:
        return file.read()
