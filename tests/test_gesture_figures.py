"""What `make gestures` prints and draws: the same again from the same takes, and honest about what came out."""

from collections import Counter

from gestures import felt, made, pictures
from takes import HERE

FEW = HERE / "recordings"


def test_a_take_is_right_when_its_gesture_and_no_other_is_told():
    assert made.outcome([(1, "shaking", 60, 900), (2, "neutral", 80, 0)]) == "shaking"
    assert made.outcome([(1, "punching", 60, 900), (2, "shaking", 60, 900)]) == "several"
    assert made.outcome([]) == "neutral"
    found = {"shake": Counter(shaking=3, several=1)}
    assert made.right(found, "shake") == 0.75


def test_the_seeds_of_the_figures_are_no_tests():
    found, delays = made.matrix(1, True, ("throw", "nothing"))
    assert found["nothing"] == {"neutral": 1} and len(delays["throw"]) <= 1


def test_real_takes_are_counted_by_what_was_asked():
    assert felt.groups(FEW) == {"throwing, longer": [4, 4]}
    assert felt.false_words(FEW) == (0, 0.0)


def test_pictures_are_the_same_every_time():
    found = {"hug": Counter(hugging=9, neutral=1), "carry": Counter(neutral=10)}
    assert pictures.confusion(found) == pictures.confusion(found)
    assert ">90<" in pictures.confusion(found) and pictures.examples(5).count("<polyline") == 12
