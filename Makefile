# The two commands of the README are `make demo` and `make test`; the rest are their parts.
# Everything is made once: a second run finds the stamps and starts at once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
RUN_PACKAGES := python3-venv poppler-utils libvips42
TEST_PACKAGES := redis-server postgresql chromium fonts-dejavu-core
DEMO_HOME ?= $(CURDIR)/build/demo

.PHONY: help demo test lint types contracts check bench clean system-run system-test
.DEFAULT_GOAL := help

help:  ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/.run  ## Ingest the sample collection, search it, open the portal
	@MANUSPECT_HOME=$(DEMO_HOME) BIN=$(BIN) sh samples/demo.sh

test: $(VENV)/.dev system-test lint types contracts  ## Lint, types, import contract and all tests
	$(BIN)/python -m pytest -q --numprocesses=auto --maxprocesses=4 --dist=loadscope --no-loadscope-reorder $(ARGS)

lint: $(VENV)/.dev  ## Style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev  ## Static types
	$(BIN)/mypy

contracts: $(VENV)/.dev  ## Imports point down
	$(BIN)/lint-imports

bench: $(VENV)/.dev system-test  ## Benchmarks: ratios within one run
	$(BIN)/python -m ingest.segmentation.bench samples
	$(BIN)/python -m workers.bench $(ARGS)
	$(BIN)/python -m workers.bench_workers
	$(BIN)/python -m search.bench

clean:  ## Remove what was made, but not the environment
	rm -rf build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# --- the environment -------------------------------------------------------------------------------------------------

$(VENV)/bin/python:
	@$(MAKE) --no-print-directory system-run
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/python
	@$(MAKE) --no-print-directory system-run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@$(MAKE) --no-print-directory system-run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.run

system-run:
	@sh infra/apt.sh "$(SUDO)" $(RUN_PACKAGES)

system-test:
	@sh infra/apt.sh "$(SUDO)" $(TEST_PACKAGES)
