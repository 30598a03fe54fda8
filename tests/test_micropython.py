"""`make flash-micropython`: with the real esptool where no chip answers, else with one that only says what it does."""

import hashlib
import json
import sys
from pathlib import Path

import pytest
from plugged import plugged

from bridge import micropython
from bridge.errors import Trouble
from bridge.micropython import ESPTOOL, Image, check_image, chip_on, fetch, flash_micropython

GOOD = b"\xe9" + bytes(100_000)


class FakeEsptool:
    """An esptool 5 without a chip: prints what esptool prints, and keeps what it was asked."""

    def __init__(self, folder: Path, chip: str = "ESP32", write_code: int = 0) -> None:
        self._asked = folder / "asked"
        program = folder / "esptool.py"
        program.write_text(
            "import json, sys\n"
            f"open({str(self._asked)!r}, 'a').write(json.dumps(sys.argv[1:]) + '\\n')\n"
            f"print('esptool v5.6.0\\nConnected to {chip} on', sys.argv[2] + ':')\n"
            f"sys.exit({write_code} if 'write-flash' in sys.argv else 0)\n"
        )
        self.words = [sys.executable, str(program)]

    def asked(self) -> list[list[str]]:
        return [json.loads(line) for line in self._asked.read_text().splitlines()]


@pytest.fixture
def port(tmp_path):
    with plugged(tmp_path) as board:
        yield str(board.link)


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "micropython.bin"
    path.write_bytes(GOOD)
    return str(path)


@pytest.mark.parametrize("chip, offset", [("ESP32", "0x1000"), ("ESP32-S3", "0x0")])
def test_after_a_yes_all_is_erased_and_the_image_goes_where_the_chip_boots_from(
    tmp_path, port, image, chip, offset, capsys
):
    esptool = FakeEsptool(tmp_path, chip)
    questions = []
    flash_micropython(port, image, tmp_path, ask=lambda text: questions.append(text) or "y", esptool=esptool.words)
    assert esptool.asked() == [
        ["--port", port, "flash-id"],
        ["--port", port, "write-flash", "--erase-all", offset, image],
    ]
    assert [f"erases everything on the {chip} on {port}" in text for text in questions] == [True]
    assert capsys.readouterr().out.endswith(f"MicroPython is on {port}: now run `make flash`\n")


@pytest.mark.parametrize("answer", ["", "n", "nobody"])
def test_without_a_yes_nothing_is_changed(tmp_path, port, image, answer):
    def ask(text):
        if answer == "nobody":
            raise EOFError
        return answer

    esptool = FakeEsptool(tmp_path)
    with pytest.raises(Trouble, match="nothing was changed"):
        flash_micropython(port, image, tmp_path, ask=ask, esptool=esptool.words)
    assert esptool.asked() == [["--port", port, "flash-id"]]


def test_the_real_esptool_finds_no_chip_where_there_is_none(port):
    with pytest.raises(Trouble, match=r"no chip answers on .*: hold the board's BOOT button"):
        chip_on(port, ESPTOOL)


def test_an_esptool_that_is_not_installed_is_told_apart(port):
    with pytest.raises(Trouble, match="esptool is not installed: run `make setup`"):
        chip_on(port, [sys.executable, "-m", "esptool_that_nobody_installed"])


def test_a_chip_that_the_pillow_does_not_run_on_is_said(tmp_path, port, image):
    with pytest.raises(Trouble, match="the board has an ESP8266, which the pillow does not run on"):
        flash_micropython(port, image, tmp_path, ask=lambda text: "y", esptool=FakeEsptool(tmp_path, "ESP8266").words)


def test_a_write_that_fails_is_never_called_done(tmp_path, port, image, capfd):
    with pytest.raises(Trouble, match="was not written whole"):
        flash_micropython(
            port, image, tmp_path, ask=lambda text: "y", esptool=FakeEsptool(tmp_path, write_code=2).words
        )
    assert "now run" not in capfd.readouterr().out


@pytest.mark.parametrize("content", [b"", b"<!doctype html>" + bytes(100_000), b"\xe9tiny"])
def test_what_is_no_image_is_not_written(tmp_path, content):
    path = tmp_path / "page.bin"
    path.write_bytes(content)
    with pytest.raises(Trouble, match="is not an image for an ESP32"):
        check_image(path)


def test_an_image_that_cannot_be_read_is_said(tmp_path):
    with pytest.raises(Trouble, match="cannot be read"):
        check_image(tmp_path / "missing.bin")


def test_nothing_is_fetched_for_a_chip_without_a_pinned_hash(tmp_path):
    with pytest.raises(Trouble, match=r"no MicroPython for ESP32 is pinned .* BIN="):
        fetch("ESP32", Image(0x1000, "x.bin", ""), tmp_path, "http://127.0.0.1:1/")


def test_only_the_pinned_image_is_taken(tmp_path, image):
    place = Path(image).parent.as_uri() + "/"
    pinned = Image(0x1000, "micropython.bin", hashlib.sha256(GOOD).hexdigest())
    (tmp_path / "fetched").mkdir()
    assert fetch("ESP32", pinned, tmp_path / "fetched", place).read_bytes() == GOOD
    Path(image).write_bytes(GOOD + b"!")
    with pytest.raises(Trouble, match="is not the one that was checked"):
        fetch("ESP32", pinned, tmp_path / "fetched", place)
    with pytest.raises(Trouble, match="cannot be downloaded"):
        fetch("ESP32", Image(0x1000, "gone.bin", "0" * 64), tmp_path / "fetched", place)


def test_every_pinned_hash_is_a_whole_sha256():
    assert all(image.sha256 == "" or len(bytes.fromhex(image.sha256)) == 32 for image in micropython.IMAGES.values())
