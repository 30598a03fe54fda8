# The firmware's version, as the pillow says it in its hello; `make flash` waits for it.
VERSION = "1.0.0"
