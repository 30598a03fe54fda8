"""The hand that moves a virtual pillow: lines from a pipe, never waited for; the law: a bad line costs only itself."""

import select

LONGEST_LINE = 80  # bytes; `fault brownout` is the longest there is
LINES_AT_ONCE = 16  # a pipe full of lines must not hold up the chip


class Hand:
    # do: callable(list of words); raises ValueError for what it does not know.
    def __init__(self, fd, do):
        self.do = do
        self.line = b""
        self.pipe = open(fd, "rb", 0)
        self.poll = select.poll()
        self.poll.register(self.pipe, select.POLLIN)

    def step(self):
        lines = 0
        while self.pipe and lines < LINES_AT_ONCE and self.poll.poll(0):
            byte = self.pipe.read(1)
            if byte == b"\n":
                self.obey(self.line)
                self.line = b""
                lines += 1
            elif byte:
                self.line = (self.line + byte)[:LONGEST_LINE]
            else:
                self.close()  # whoever held the other end is gone; the pillow stays as it is

    def close(self):
        if self.pipe:
            self.pipe.close()
            self.pipe = None

    def obey(self, line):
        try:
            self.do(line.decode().split())
        except ValueError:
            pass  # the buttons and the command check what they send; a stray line is not the firmware's trouble
