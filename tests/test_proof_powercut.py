from proof import powercut

from bridge.journal import Journal

IMAGES = 50


class Careless(Journal):
    """Does not wait for the disk, as many do who want to be fast."""

    def __init__(self, path):
        super().__init__(path)
        self._db.execute("PRAGMA synchronous=NORMAL")


class Reckless(Journal):
    """Does not even keep the order of what it writes."""

    def __init__(self, path):
        super().__init__(path)
        self._db.execute("PRAGMA synchronous=OFF")


def test_no_power_cut_loses_or_doubles_what_was_acknowledged():
    assert powercut.run(IMAGES) == (IMAGES, [])


def test_the_rig_notices_a_journal_that_does_not_wait_for_the_disk():
    _, wrong = powercut.run(IMAGES, journal_class=Careless)
    assert wrong
    assert all("reports were acknowledged" in sentence for sentence in wrong)


def test_the_rig_notices_a_journal_that_is_not_sound_any_more():
    _, wrong = powercut.run(IMAGES, seed=1, journal_class=Reckless)
    assert any("not sound" in sentence for sentence in wrong)
