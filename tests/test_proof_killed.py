"""The quick column of the proof with real processes: bridges killed, cables cut; and that the rigs can see a loss."""

import joined
from interpreters import micropython
from joined import Pillow, RamDisk
from pillow.spool import Spool
from proof import cutcable, cutflash, cutport, killed

from bridge.steps import NAMES

KILLS = 20
BYTES = 400  # fewer than there are in one line of each kind


def test_nothing_acknowledged_is_gone_when_the_bridge_is_killed_at_any_moment():
    done, wrong, facts = killed.sigkills(KILLS)
    assert (done, wrong) == (KILLS, [])
    assert facts["died between commit and acknowledgement"] > 0
    assert facts["lives of the whole program"] > 0


def test_nothing_is_gone_either_when_the_pillow_is_micropython():
    done, wrong, facts = killed.sigkills(KILLS // 2, interpreters=[micropython()])
    assert (done, wrong) == (KILLS // 2, [])
    assert facts["reports"] > 0


def test_nothing_acknowledged_is_gone_when_the_bridge_ends_at_any_named_step():
    _, wrong, facts = killed.crash_points(2)
    assert wrong == []
    assert {step: facts[f"crashed at {step}"] for step in NAMES} == dict.fromkeys(NAMES, 2)


def test_a_bridge_that_acknowledges_too_soon_is_found_out_by_killing_it():
    _, wrong, _ = killed.sigkills(3 * KILLS, how="ack before commit")
    assert wrong
    assert "was acknowledged" in wrong[0]


def test_a_cable_cut_at_any_byte_of_any_line_leaves_no_half_row_and_loses_nothing():
    done, wrong, facts = cutcable.offsets(range(1))
    assert wrong == []
    assert done > BYTES
    tables = *cutcable.KINDS.values(), *cutcable.KEYED.values()
    assert {kind.split()[1] for kind in facts} == {kind for kinds in tables for kind in kinds}


def test_power_lost_within_any_write_to_the_flash_loses_and_doubles_nothing():
    done, wrong = cutflash.run(40)
    assert wrong == []
    assert done > 100


class BeginsAnewWhenTorn(Spool):
    """Takes no segment that ends in rubbish."""

    def _read(self, segment):
        lines, is_junk = super()._read(segment)
        return ({}, True) if is_junk else (lines, False)


def test_a_spool_that_gives_up_a_torn_file_is_found_out_by_cutting_its_power(monkeypatch):
    monkeypatch.setattr(joined, "Spool", BeginsAnewWhenTorn)
    _, wrong = cutflash.run(40)
    assert wrong


def test_a_real_port_cut_within_any_line_leaves_no_half_row_and_loses_nothing():
    done, wrong, _ = cutport.samples(1)
    assert (done, wrong) == (12, [])


class ForgetsWhenItLosesPower(Pillow):
    def boot(self, now_ms):
        self.disk = RamDisk()
        super().boot(now_ms)


def test_a_pillow_that_forgets_without_power_is_found_out_by_cutting_its_cable(monkeypatch):
    monkeypatch.setattr(cutcable, "Choosy", ForgetsWhenItLosesPower)
    monkeypatch.setattr(cutcable, "KINDS", {"down": ("welcome",)})
    monkeypatch.setattr(cutcable, "KEYED", {})
    _, wrong, _ = cutcable.offsets(range(1))
    assert any("lost" in sentence for sentence in wrong)
