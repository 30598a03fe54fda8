"""What words feel like in this home: how each gesture felt when it was one, and how when it was told and was none.

The law: from the same takes the same bytes; a gesture whose right words would come into doubt is left as it was.
"""

from array import array

from pillow.doubt import Doubt
from pillow.gesture import Recogniser
from pillow.model import FELT, GESTURES, Model

from virtual import recording
from virtual.motion import Motion

BLANK = bytes(3 * FELT)  # of a gesture that nobody has to doubt
UNREST = 6  # how much what is felt differs at least from one time to the next, on every scale of doubt.py
WEIGHT = 16
LEAST_TAKES = 3
SEEDS = range(16)  # takes of the generator, for what others do
LOST_SHARE, LOST_MORE = 10, 5  # one of so many right words may come into doubt, of this home's and the generator's
ACTS = {"hugging": "hug", "punching": "punch", "shaking": "shake", "spinning": "spin", "throwing": "throw"}
ACT_S = 4
NO_TURN = 0, 0, 0  # what is read of a gyro that is not there
# A hug is nothing that goes to and fro, and the last blow was another day's: what these say of it is chance.
TELLING = {"hugging": (0, 1, 2, 4, 7), "shaking": (0, 1, 2, 3, 4, 7), "spinning": (0, 1, 2, 3, 4, 7)}


# ---- what is felt


# -> (gesture, what was felt) of each word that is told about a recording.
def words(take, model, has_squeeze):
    recogniser, sample = Recogniser(take.rate_hz, has_squeeze and take.has_squeeze, model), array("h", [0] * 6)
    signs = recogniser._blow, recogniser._sway, recogniser._embrace, recogniser._turn, recogniser._fall
    doubt, found = Doubt(model, recogniser._rest, *signs[:3]), []
    for i in range(len(take)):
        squeeze = take.into(sample, i)
        if recogniser.feed(sample, squeeze) and recogniser.gesture != "neutral":
            doubt.feel(next(sign for sign in signs if sign.name == recogniser.gesture))
            found.append((recogniser.gesture, tuple(doubt.felt)))
    return found


# An act of the generator between two moments of lying still.
def lived(act, seed, seconds, is_squeezed=True, has_gyro=True):
    take, motion = recording.Recording(), Motion(seed)
    take.has_gyro = take.has_squeeze = True
    for name, length in (("nothing", 1), (act, seconds), ("nothing", 1)):
        motion.press(name, length)
        for _ in range(length * recording.RATE_HZ):
            motion.step(1 / recording.RATE_HZ)
            take.add(motion.accel, motion.gyro if has_gyro else NO_TURN, motion.squeeze if is_squeezed else 0)
    return take


_lived = {}


# The words of a gesture as the generator has it, a list for each time.
def generated(gesture, model, has_squeeze, has_gyro=True):
    if (gesture, has_gyro) not in _lived:
        _lived[gesture, has_gyro] = [lived(ACTS[gesture], seed, ACT_S, has_gyro=has_gyro) for seed in SEEDS]
    takes = _lived[gesture, has_gyro]
    return [found for take in takes if (found := _of(words(take, model, has_squeeze), gesture))]


def _of(told, gesture):
    return [felt for name, felt in told if name == gesture]


# ---- how it differs


def _mean(values):
    return (2 * sum(values) + len(values)) // (2 * len(values))


def _spread(felt, centroid):
    return [_mean([abs(value - middle) for value in values]) for values, middle in zip(zip(*felt), centroid)]


# Of a gesture, what was felt of it when it was one and when it was none: the bytes of doubt.py.
def feeling(gesture, own, other):
    one, two = ([min(255, _mean(values)) for values in zip(*felt)] for felt in (own, other))
    spreads = [max(pair) for pair in zip(_spread(own, one), _spread(other, two))]
    weights = [min(255, WEIGHT * abs(a - b) // (UNREST + spread)) for a, b, spread in zip(one, two, spreads)]
    telling = TELLING.get(gesture, range(FELT))
    return bytes(one + two + [weight if k in telling else 0 for k, weight in enumerate(weights)])


def _flat(lists):
    return [felt for each in lists for felt in each]


# By the chip's own sum; `at`: where what is known of the gesture begins.
def is_other(learned, at, felt):
    _judge.feelings, _judge.felt = learned, felt
    return _judge.is_other(at)


_judge = Doubt(Model(), None, None, None, None)


# own, more, other: for each take what was felt of its words; `more` are those that others did.
def _learned(gesture, own, more, other):
    for right, share in ((own, LOST_SHARE), (more, LOST_MORE)):
        lost = sum(is_other(_without(take, gesture, own + more, other), 0, take[0]) for take in right)
        if lost * share > len(right):
            return BLANK
    return feeling(gesture, _flat(own + more), _flat(other))


def _without(take, gesture, own, other):
    return feeling(gesture, _flat([each for each in own if each is not take]), _flat(other))


# told: (label, words) of each take. model: without feelings. -> bytes for a model; none when nothing is in doubt
def learn(told, model, has_squeeze, has_gyro=True):
    learned = b""
    for gesture in GESTURES:
        own = [found for label, each in told if label == gesture and (found := _of(each, gesture))]
        other = [found for label, each in told if label != gesture and (found := _of(each, gesture))]
        # How a hug feels depends on where this pillow has its sense; the rest others do much alike.
        is_known = gesture == "hugging" and len(own) >= LEAST_TAKES
        more = generated(gesture, model, has_squeeze, has_gyro) if other and not is_known else []
        learned += _learned(gesture, own, more, other) if other and len(own + more) >= LEAST_TAKES else BLANK
    return learned if any(learned) else b""


# Whether none of these words would be told.
def are_silenced(learned, told):
    at = [len(BLANK) * GESTURES.index(gesture) for gesture, _ in told] if learned else []
    return bool(learned) and all(is_other(learned, start, felt) for start, (_, felt) in zip(at, told))


def doubted(learned):
    size = len(BLANK)
    return [gesture for k, gesture in enumerate(GESTURES) if any(learned[k * size : (k + 1) * size])]
