"""What several test files share."""

import os

from azurite import azurite, queue_name

__all__ = ["azurite", "queue_name"]

# No test may send anything to the cloud of whoever runs it.
for name in [name for name in os.environ if name.startswith(("AZURE_", "HUGGABLE_QUEUE", "HUGGABLE_REDIS"))]:
    del os.environ[name]
