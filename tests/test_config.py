"""config.json: always complete settings, and a sentence for whatever in it cannot be used."""

import json

import pytest
from pillow.config import NUMBERS, PINS, load


def config_of(tmp_path, content):
    path = tmp_path / "config.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return load(str(path))


def test_without_a_file_everything_has_its_default(tmp_path):
    config = load(str(tmp_path / "config.json"))
    assert config.problems == []
    assert {name: config[name] for name in PINS} == PINS
    assert config["squeeze"] == "none"
    assert all(config[name] == NUMBERS[name][0] for name in NUMBERS)


def test_what_the_file_says_is_used(tmp_path):
    said = {"sda_pin": 25, "scl_pin": 26, "squeeze": "fsr", "pixels": 16, "light_percent": 10}
    config = config_of(tmp_path, said)
    assert config.problems == []
    assert {name: config[name] for name in said} == said


@pytest.mark.parametrize(
    ("name", "pin", "why"),
    [
        ("sda_pin", 1, "USB serial port"),
        ("scl_pin", 3, "USB serial port"),
        ("sda_pin", 6, "flash memory"),
        ("pixels_pin", 11, "flash memory"),
        ("pixels_pin", 16, "flash memory"),
        ("int_pin", 17, "flash memory"),
        ("sda_pin", 0, "booting"),
        ("touch_pin", 2, "booting"),
        ("pixels_pin", 12, "booting"),
        ("pixels_pin", 34, "only be an input"),
        ("sda_pin", 39, "only be an input"),
        ("scl_pin", 20, "no pin of an ESP32"),
        ("scl_pin", 40, "no pin of an ESP32"),
        ("scl_pin", -1, "no pin of an ESP32"),
        ("fsr_pin", 25, "32 to 39"),
        ("touch_pin", 21, "can feel touch"),
        ("sda_pin", True, "whole number"),
        ("sda_pin", "21", "whole number"),
    ],
)
def test_a_forbidden_pin_is_refused_with_a_sentence(tmp_path, name, pin, why):
    config = config_of(tmp_path, {name: pin})
    assert config[name] == PINS[name]
    [sentence] = config.problems
    assert name in sentence and why in sentence and sentence.endswith(f"using {PINS[name]}.")


def test_an_input_only_pin_may_be_what_reads(tmp_path):
    config = config_of(tmp_path, {"int_pin": 36, "fsr_pin": 35})
    assert (config["int_pin"], config["fsr_pin"], config.problems) == (36, 35, [])


def test_two_parts_on_one_pin_get_the_default_pins(tmp_path):
    config = config_of(tmp_path, {"sda_pin": 22, "pixels_pin": 19})
    assert {name: config[name] for name in PINS} == PINS
    assert config.problems == ["config.json: scl_pin and sda_pin are both 22; using the default pins."]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pixels", 17),
        ("pixels", -1),
        ("pixels", 1.5),
        ("light_percent", 101),
        ("light_ma", 10**9),
        ("light_seconds", 0),
        ("squeeze", "sponge"),
        ("squeeze", None),
        ("squeeze", ["fsr"]),
        ("colour", "pink"),
    ],
)
def test_a_value_out_of_range_is_refused_with_a_sentence(tmp_path, name, value):
    config = config_of(tmp_path, {name: value})
    defaults = config_of(tmp_path, {})
    assert len(config.problems) == 1 and name in config.problems[0]
    assert name == "colour" or config[name] == defaults[name]


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"3", b"\xff\xfe", b"{}" + b" " * 5000, b"NaN"])
def test_a_file_that_is_no_object_leaves_the_defaults(tmp_path, content):
    config = config_of(tmp_path, content)
    assert config["sda_pin"] == 21
    assert len(config.problems) == 1 and "not a JSON object" in config.problems[0]
