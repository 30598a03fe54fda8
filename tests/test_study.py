"""Teaching: what takes make of a model, and that nothing is written when anything is wrong."""

import json
import subprocess
import sys

import pytest
from gestures import marked, taught
from pillow.model import LIMITS, Model
from takes import HERE
from virtual import replay
from virtual.lesson import pack

STUDY = HERE.parent / "firmware" / "virtual" / "study.py"


def study(*words, status=0):
    done = subprocess.run([sys.executable, STUDY, *map(str, words)], capture_output=True, text=True, timeout=100)
    assert done.returncode == status and "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_five_hugs_teach_a_weak_pillow_and_a_hug_by_another_is_felt(tmp_path):
    said = taught.lesson(0, tmp_path)
    assert said["before"]["hugging"][0] <= 4 and said["after"]["hugging"] == [5, 5]
    assert said["after"]["neutral"] == [5, 5] and said["bytes"] < 400
    before, after, wrong = taught.recall(0, tmp_path, 4)
    assert (after, wrong) == (4, 0) and before < 4
    assert [len(take["before"]) for take in said["takes"]] == [1] * len(said["takes"])


def test_what_is_not_taught_stays_as_it_was(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(pack((300, 200, *LIMITS[2:]), bytes([40, 0, 0, 0, 0])))
    said = study(new, "--old", old, "--floor", "shaking=30")
    model = Model(new.read_bytes())
    assert model.limits[:2] == (300, 200) and tuple(model.floors) == (40, 0, 30, 0, 0)
    assert said["takes"] == [] and said["limits"]["grip"] == 300
    assert replay.read_model(str(old)).floor("hugging") == 40


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "where to write"),
        (["M", "--floor", "hugging=101"], "no floor"),
        (["M", "tickling=take.csv"], "no label"),
        (["M", "hugging=none.csv"], "cannot be read"),
        (["M", "--old", "BAD"], "no model"),
        (["M", "hugging=BAD"], "no column"),
        (["M", "--loud"], "no option"),
    ],
)
def test_what_is_wrong_is_said_and_the_old_model_stays(words, why, tmp_path):
    model, bad = tmp_path / "model", tmp_path / "bad"
    model.write_bytes(b"as it was")
    bad.write_text("rubbish\n")
    names = {"M": str(model), "BAD": str(bad)}
    said = study(*[names.get(word, word.replace("BAD", str(bad))) for word in words], status=1)
    assert why in said["error"] and model.read_bytes() == b"as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad", "model"]


def test_knocks_marked_as_wrong_are_told_no_more_and_blows_are(tmp_path):
    said = marked.lesson(tmp_path, [marked.knocked(seed) for seed in range(3)], [], "punching")
    assert said["doubts"] == ["punching"] and said["limits"]["blow"] == LIMITS[2] and said["bytes"] < 400
    assert said["before"]["neutral"] == [0, 3] and said["after"]["neutral"] == [3, 3]
    model, punch = replay.read_model(str(tmp_path / "model")), marked.done(("punch", 2))
    for seed in range(10, 14):
        knocks, blows = marked.knocked(seed), punch(seed)
        assert marked.take_gestures(knocks, tmp_path) == ["punching"]
        assert marked.take_gestures(knocks, tmp_path, model) == []
        assert marked.take_gestures(blows, tmp_path, model) == ["punching"]


def test_what_hurts_is_not_kept(tmp_path):
    punch = marked.done(("punch", 2))
    said = marked.lesson(
        tmp_path, [punch(seed) for seed in range(3)], [punch(seed) for seed in range(3, 8)], "punching"
    )
    assert said["doubts"] == [] and said["after"]["punching"] == [5, 5]


def test_new_floors_keep_what_is_felt(tmp_path):
    marked.lesson(tmp_path, [marked.knocked(seed) for seed in range(3)], [], "punching")
    before = replay.read_model(str(tmp_path / "model"))
    said = study(tmp_path / "new", "--old", tmp_path / "model", "--floor", "hugging=40")
    after = replay.read_model(str(tmp_path / "new"))
    assert after.feelings == before.feelings != b"" and said["doubts"] == ["punching"] and after.floor("hugging") == 40
