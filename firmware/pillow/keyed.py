# The conversation of a pillow that has a key (docs/wire.md): nobody is obeyed, or told anything, before his proof.
#
# Its law: on top of link.py's, a challenge is good for one welcome, and a quiet link answers what it is asked and says
# nothing by itself.
from . import link, wire

UNPROVED = ("who", "ping", "welcome")
REFUSAL = "prove it first"


class KeyedLink(link.Link):
    # proof: see proof.py. is_quiet: another link has the word.
    key = 1
    proof = None
    is_quiet = False
    _is_spent = False

    def _obey(self, kind, fields, now_ms):
        number = link.count(fields[0])
        if kind == "prove":
            self.is_welcome = self._is_spent = False
            self._answers.append(wire.line('{"proof":[%d,"%s","%s"]}' % ((number,) + self.proof.answer(*fields[1:3]))))
        elif self._may(kind, fields):
            super()._obey(kind, fields, now_ms)
        else:
            self._answers.append(link.no(number, REFUSAL))

    def _may(self, kind, fields):
        if kind == "welcome":
            is_bridge = (self.is_welcome or not self._is_spent) and self.proof.is_bridge(*fields[1:3])
            self._is_spent = self._is_spent or is_bridge
            return is_bridge
        return self.is_welcome or kind in UNPROVED

    def begin(self, hello_ms):
        super().begin(hello_ms)
        self.proof.forget()

    def say(self, body):
        self._answers.append(wire.line(body))

    def next(self, now_ms):
        if self.is_quiet:
            return self._answers.pop(0) if self._answers else None
        return super().next(now_ms)
