"""The rig of hostile callers, a little of it; `make prove` runs it whole."""

from proof import hostile


def test_a_few_of_every_kind_are_not_let_in():
    done, wrong = hostile.run(8)
    assert (done, wrong) == (8 * len(hostile.KINDS), [])


def test_a_foe_who_holds_the_key_would_be_noticed(monkeypatch):
    """The rig sees it when a bridge lets somebody in."""
    monkeypatch.setattr(hostile, "KINDS", (hostile.thief,))
    _, wrong = hostile.run(4)
    assert any("was let in" in sentence for sentence in wrong)
