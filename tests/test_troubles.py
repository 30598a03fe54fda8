import pytest

from bridge.journal import Journal
from bridge.troubles import Troubles
from bridge.writer import Writer


@pytest.fixture
def writer(tmp_path):
    writer = Writer(tmp_path / "journal.db")
    yield writer
    writer.stop()


def known(writer, tmp_path):
    writer.submit(lambda journal: None).result(5)
    journal = Journal(tmp_path / "journal.db", read_only=True)
    try:
        return [trouble["sentence"] for trouble in journal.troubles()]
    finally:
        journal.close()


def test_a_trouble_is_printed_once_and_kept_until_it_is_over(writer, tmp_path, capfd):
    troubles = Troubles(writer)
    for _ in range(3):
        troubles.tell("cloud", "the key is wrong: copy it anew")
    assert capfd.readouterr().err == "the key is wrong: copy it anew\n"
    assert known(writer, tmp_path) == ["the key is wrong: copy it anew"]
    troubles.clear("cloud")
    assert known(writer, tmp_path) == []


def test_what_is_wrong_with_two_for_the_same_reason_is_printed_once_and_is_over_with_the_last(writer, tmp_path, capfd):
    troubles = Troubles(writer)
    troubles.tell("cloud", "the key is wrong: copy it anew")
    troubles.tell("wishes", "the key is wrong: copy it anew")
    assert capfd.readouterr().err == "the key is wrong: copy it anew\n"
    troubles.clear("cloud")
    assert known(writer, tmp_path) == ["the key is wrong: copy it anew"]
    troubles.clear("wishes")
    assert known(writer, tmp_path) == []
