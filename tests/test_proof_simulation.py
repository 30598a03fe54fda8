import sys
from collections import Counter

import pytest
from proof import day, diary, mutants, shaky, world
from proof.simulation import SEEDS_PER_MUTANT, total

from bridge import steps

# 40,000 reports with 60,000 faults take some 60,000 / 200 reports a seed; cut in parts so that the cores share them.
PARTS = 12
SEEDS_PER_PART = 30
QUEUES = *range(12), 25  # homes, each with some hundred faulty answers; the last one found a bug in the rig
# Each found a bug, in the product or in the rig.
KNOWN_BAD = (0, 2, 3, 24, 26, 28, 48, 55, 89, 98, 163, 248, 347, 1100, 1353, 1443, 3051, 3217, 3352, 5751)


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_lost_doubled_misordered_or_stuck_whatever_happens(part):
    reports = faults = 0
    for seed in range(part * SEEDS_PER_PART, (part + 1) * SEEDS_PER_PART):
        wrong, felt, harms = world.run(seed)
        assert wrong == [], f"seed {seed}"
        reports, faults = reports + felt, faults + total(harms)
    assert reports >= 40_000 / PARTS
    assert faults >= 3_500  # 75,000 in all


@pytest.mark.parametrize("seed", KNOWN_BAD)
def test_a_seed_that_failed_once_never_fails_again(seed):
    assert world.run(seed)[0] == []


@pytest.mark.parametrize("seed", QUEUES)
def test_nothing_is_lost_or_doubled_on_its_way_through_a_queue_that_does_harm(seed):
    wrong, told, _ = diary.run(seed)
    assert wrong == []
    assert told > 0


@pytest.mark.parametrize("seed", range(4))
def test_a_day_without_a_computer_is_told_within_50_ms(seed):
    assert day.run(seed) == []


@pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=lambda mutant: mutant.name)
def test_a_seeded_bug_is_caught(mutant):
    assert mutants.hunt_apart(mutant, range(SEEDS_PER_MUTANT)), (
        f"{mutant.name} was not noticed in {SEEDS_PER_MUTANT} seeds"
    )


def test_a_bug_in_what_is_loaded_already_is_refused_as_nobody_would_see_it():
    loaded = next(mutant for mutant in mutants.MUTANTS if mutant.module in sys.modules)
    with pytest.raises(LookupError, match="is loaded without the bug"):
        mutants.load(loaded)


def test_the_bridge_is_killed_at_every_named_step(monkeypatch):
    where = Counter()

    class Noted(shaky.Killed):
        def __init__(self, step):
            super().__init__(step)
            where[step] += 1

    monkeypatch.setattr(world, "Killed", Noted)
    for seed in range(world.AIM_EVERY - 2, 200, world.AIM_EVERY):
        assert world.run(seed)[0] == []
    assert {*where} >= {*steps.NAMES[:-1]}
