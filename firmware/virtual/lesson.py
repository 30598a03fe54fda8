"""What labelled takes ask of a pillow's model, and how well it does then; `study.py` is the program around it.

Its law: a take is judged by what all the others ask for, never by a model that knows it.
"""

import struct
from binascii import crc32

from pillow import model as known
from pillow.model import GESTURES, LIMITS, Model

from virtual import feelings, recording, replay
from virtual.everyday import EVERYDAY

NO_FLOORS = bytes(len(GESTURES))
LEAST_TAKES = 3
# What may be chosen for the limit of each gesture, from the most willing to the least.
LADDERS = {
    "hugging": (known.GRIP, (60, 90, 130, 180, 240, 310, 370, 430, 520, 620, 740, 850)),
    "punching": (known.BLOW, (700, 850, 1000, 1200, 1400, 1700, 2100, 2600, 3300)),
    "shaking": (known.SWAY, (250, 300, 350, 400, 460, 550, 700, 900, 1200)),
    "spinning": (known.SPIN, (40, 50, 60, 80, 110, 150, 220)),
    "throwing": (known.FALL, (550, 500, 450, 400, 350, 300)),
}
LET_GO_SHARE = 58  # hundredths of the grip
EVERYDAY_SEEDS = range(3)  # takes of each everyday act that a more willing limit has to stay silent in
EVERYDAY_S = 6
HEARD_SHARE = 90  # hundredths of the generator's words that a firmer limit has to tell


# ---- models


# Without feelings it is one of version 1, which older firmware reads as well.
def pack(limits=LIMITS, floors=NO_FLOORS, felt=b""):
    head = b"hm" + bytes([2 if felt else 1, len(limits)]) + bytes(floors)
    blob = head + struct.pack("<%dH" % len(limits), *limits) + felt
    return blob + struct.pack("<I", crc32(blob))


def with_limit(limits, gesture, value):
    limits, (index, _) = list(limits), LADDERS[gesture]
    limits[index] = value
    if gesture == "hugging":
        limits[known.LET_GO] = value * LET_GO_SHARE // 100
    return tuple(limits)


# ---- takes


class Take:
    def __init__(self, label, path, has_squeeze):
        self.label, self.path, self.has_squeeze = label, path, has_squeeze
        self._words = {}
        self.recording = recording.read(path)
        values = self.recording.values
        self.is_squeezed, self.is_turned = any(values[6::7]), any(any(values[k::7]) for k in (3, 4, 5))
        trouble = self.recording.trouble()
        if trouble:
            raise ValueError(trouble)

    # What it is taken for: ["neutral"] when nothing.
    def told(self, limits=LIMITS, floors=NO_FLOORS, felt=b""):
        model = Model(pack(limits, floors, felt))
        return replay.gestures(self.recording, model, self.has_squeeze) or ["neutral"]

    # Its words with what was felt at each; many models have the same limits.
    def words(self, limits, floors):
        if (limits, floors) not in self._words:
            self._words[limits, floors] = feelings.words(self.recording, Model(pack(limits, floors)), self.has_squeeze)
        return self._words[limits, floors]

    def tells(self, gesture, limits):
        model = Model(pack(limits))
        return any(name == gesture for _, name, _, _ in replay.verdicts(self.recording, model, self.has_squeeze))

    # The last step of the ladder, from the most willing, at which it is still told as this gesture; -1: at none.
    def last_step(self, gesture):
        _, ladder = LADDERS[gesture]
        low, high = -1, len(ladder) - 1
        while low < high:
            middle = (low + high + 1) // 2
            if self.tells(gesture, with_limit(LIMITS, gesture, ladder[middle])):
                low = middle
            else:
                high = middle - 1
        return low


# Everyday life as the generator has it, without a squeeze sense: hands press every pillow differently.
def everyday_tells(gesture, limits):
    return any(_lives(act, seed).tells(gesture, limits) for act in EVERYDAY for seed in EVERYDAY_SEEDS)


_lived = {}


def _lives(act, seed):
    if (act, seed) not in _lived:
        take = Take.__new__(Take)
        take.recording, take.has_squeeze = feelings.lived(act, seed, EVERYDAY_S, False), True
        _lived[act, seed] = take
    return _lived[act, seed]


# ---- learning


class Lesson:
    def __init__(self, takes, old, progress):
        self.old = old
        counts = {gesture: sum(take.label == gesture for take in takes) for gesture in GESTURES}
        self.learned = [gesture for gesture in GESTURES if counts[gesture] >= LEAST_TAKES]
        self.steps, self.quiet, self.heard = {}, {}, {}
        done, whole = 0, len(takes) * (len(self.learned) + 1)
        for take in takes:
            for gesture in self.learned:
                self.steps[take, gesture] = take.last_step(gesture)
                done += 1
                progress(done, whole)

    # The limits that these takes ask for.
    def limits(self, takes):
        limits = self.old.limits
        for gesture in self.learned:
            limits = with_limit(limits, gesture, LADDERS[gesture][1][self._best(gesture, takes)])
        return limits

    def _best(self, gesture, takes):
        index, ladder = LADDERS[gesture]
        usual = ladder.index(LIMITS[index])
        marks = [self._marks(gesture, step, takes) for step in range(len(ladder))]
        # A step beside one that fails is as good as half: the next take will not be quite the same.
        wide = [marks[max(0, i - 1)] + 2 * marks[i] + marks[min(len(marks) - 1, i + 1)] for i in range(len(marks))]
        best = max(range(len(ladder)), key=lambda step: (wide[step], -abs(step - usual)))
        while best < usual and not self._is_quiet(gesture, best):
            best += 1
        while best > usual and not self._is_heard(gesture, best):
            best -= 1
        return best

    def _marks(self, gesture, step, takes):
        told = [(take.label == gesture, self.steps[take, gesture] >= step) for take in takes]
        return sum(is_told for is_own, is_told in told if is_own) - sum(
            is_told for is_own, is_told in told if not is_own
        )

    def _is_quiet(self, gesture, step):
        if gesture == "hugging":
            return True
        if (gesture, step) not in self.quiet:
            limits = with_limit(LIMITS, gesture, LADDERS[gesture][1][step])
            self.quiet[gesture, step] = not everyday_tells(gesture, limits)
        return self.quiet[gesture, step]

    # A firmer limit than usual has to go on telling what others do, as the generator has it.
    def _is_heard(self, gesture, step):
        if gesture == "hugging":
            return True
        if (gesture, step) not in self.heard:
            firm, usual = (
                sum(map(len, feelings.generated(gesture, Model(pack(limits)), True)))
                for limits in (with_limit(LIMITS, gesture, LADDERS[gesture][1][step]), LIMITS)
            )
            self.heard[gesture, step] = firm * 100 >= HEARD_SHARE * usual
        return self.heard[gesture, step]


def table(takes, told):
    rows = {}
    for take, words in zip(takes, told):
        right, whole = rows.get(take.label, (0, 0))
        rows[take.label] = (right + (words == [take.label]), whole + 1)
    return rows


# -> limits and feelings that these takes ask for. What feelings keep quiet needs no firmer limit.
def learned(lesson, takes, floors):
    wrong = {take for take in takes if take.label == "neutral" and take.words(lesson.old.limits, floors)}
    limits = lesson.limits([take for take in takes if take not in wrong])
    felt = felt_by(takes, limits, floors)
    if not all(feelings.are_silenced(felt, take.words(limits, floors)) for take in wrong):
        limits = lesson.limits(takes)
        felt = felt_by(takes, limits, floors)
    return limits, felt


def felt_by(takes, limits, floors):
    told = [(take.label, take.words(limits, floors)) for take in takes]
    has_squeeze, has_gyro = all(take.has_squeeze for take in takes), any(take.is_turned for take in takes)
    return feelings.learn(told, Model(pack(limits, floors)), has_squeeze, has_gyro)


# What each take is told as by what all the others ask for: without feelings, and with them.
def judged(lesson, takes, floors, progress):
    plain, felt, done = [], [], len(takes) * len(lesson.learned)
    for take in takes:
        others = [other for other in takes if other is not take]
        plain.append(take.told(lesson.limits(others), floors))
        limits, known_of_others = learned(lesson, others, floors)
        felt.append(take.told(limits, floors, known_of_others))
        progress(done + len(plain), done + len(takes))
    return plain, felt


def is_no_worse(takes, one, other):
    one, other = table(takes, one), table(takes, other)
    return all(other[label][0] >= one[label][0] for label in one)


# -> limits, feelings, and what is said of them
def study(takes, old, floors, progress):
    lesson = Lesson(takes, old, progress)
    before = [take.told(old.limits, old.floors, old.feelings) for take in takes]
    plain, felt = judged(lesson, takes, floors, progress)
    is_felt = is_no_worse(takes, plain, felt)
    after = felt if is_felt else plain
    limits, known_here = learned(lesson, takes, floors) if is_felt else (lesson.limits(takes), b"")
    rows = [
        {"file": take.path, "label": take.label, "before": one, "after": other}
        for take, one, other in zip(takes, before, after)
    ]
    return (
        limits,
        known_here if takes else old.feelings,
        {"before": table(takes, before), "after": table(takes, after), "takes": rows},
    )
