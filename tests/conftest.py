"""What several test files share."""

import os

import pytest
from azurite import azurite, queue_name
from whole import start

__all__ = ["azurite", "queue_name", "start"]

# No test may send anything to the cloud of whoever runs it.
for name in [name for name in os.environ if name.startswith(("AZURE_", "HUGGABLE_QUEUE", "HUGGABLE_REDIS"))]:
    del os.environ[name]

# Whoever waits most goes first, so that a run ends with what takes a moment.
LONG = (
    *("away_and_back", "teaching", "away", "forwarding", "proof_killed", "proof_simulation", "proof_table"),
    *("hugging_back", "browser", "household_page", "household", "flash", "asleep", "air", "replugged"),
    *("run", "virtual", "proof_soak", "proof_malformed", "proof_ioerrors", "proof_powercut"),
    *("proof_hostile", "gesture", "forwarder", "listener", "page_program", "motion", "app", "main"),
    *("link", "heap", "grants", "lessons", "study"),
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Long ones first; a file's tests that share a browser stay together, and so do those that share a page."""
    place = {f"test_{name}": number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))
    for item in items:
        if shared := {"browser", "inn"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group(f"{item.path.stem} {min(shared)}"))
