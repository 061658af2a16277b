# incentivelab: `make demo` sets up what it needs and leaves a report in reports/demo/.
# An environment other than .venv or another way to install: docs/install.md.

.DEFAULT_GOAL := help

# Which Python makes the environment (3.11 to 3.13): make setup PYTHON=python3.12
PYTHON ?= $(shell python3.11 -c '' 2>/dev/null && echo python3.11 || echo python3)
# How much pip says; `make setup PIP_VERBOSITY=` shows every package.
PIP_VERBOSITY ?= -qq
# Test processes, and what else pytest is told: make test PYTEST_FLAGS='-k pairing -x'
TEST_WORKERS ?= 2
PYTEST_FLAGS ?=
# make bench BENCH_FLAGS=--write puts what it measures into docs/performance.md
BENCH_FLAGS ?=

VENV := .venv
BIN := $(VENV)/bin
# Stamps: the locked packages are there; the package itself is there.
PACKAGES := $(VENV)/.packages-installed
READY := $(VENV)/.ready
# Settings of pip (mirrors, proxies, folders of wheels) are left to the machine. Compiling all modules
# would add more than half of the time again, for many that nobody imports: each is compiled when first used.
PIP_INSTALL := PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_REQUIRE_VIRTUALENV=0 \
	$(BIN)/python -m pip install $(PIP_VERBOSITY) --no-compile --no-deps

.PHONY: help setup demo test bench validate fit docs clean-cache

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## create the environment in .venv (done once, and again when the lock changes)

demo: $(READY) ## compare eight schemes on the Changzhou branch; report in reports/demo/
	@$(BIN)/incentivelab demo --out reports/demo

test: $(READY) ## run every test, notebooks included
	@$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist worksteal --durations=15 $(PYTEST_FLAGS)

bench: $(READY) ## measure speed on this machine
	@$(BIN)/python -m benchmarks.bench $(BENCH_FLAGS)
	@$(BIN)/python -m benchmarks.sequential
	@$(BIN)/python -m benchmarks.payroll
	@$(BIN)/python -m benchmarks.payroll --format csv
	@$(BIN)/python -m benchmarks.sweep

validate: $(READY) ## check the model against the case, published effects and a plain Mesa model, and what survives kills
	@$(BIN)/python -m benchmarks.validate

fit: $(READY) ## fit the provisional parameters to the case again
	@$(BIN)/python -m sim.experiments.fit

docs: $(READY) ## write the documents' tables and pictures anew
	@$(BIN)/python docs/build.py

clean-cache: ## remove compiled code, kept runs and what tests and editors leave; keeps .venv and reports
	@$(PYTHON) -B -c 'import shutil, sim.compiled as c; [shutil.rmtree(c.cache_folder() / part, ignore_errors=True) for part in ("compiled", "runs")]'
	@rm -rf .pytest_cache .hypothesis build *.egg-info
	@find . -path ./$(VENV) -prune -o -path ./.git -prune -o \
		-type d \( -name __pycache__ -o -name .ipynb_checkpoints \) -exec rm -rf {} +
	@echo "Caches cleared: the next run compiles again."

$(PACKAGES): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
		|| { echo "make: '$(PYTHON)' is not Python 3.11, 3.12 or 3.13; name one: make setup PYTHON=python3.12" >&2; exit 1; }
	@echo "[1/3] Creating the environment in $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear $(VENV)
	@echo "[2/3] Installing the packages pinned in requirements.lock with pip (about a minute)"
	@$(PIP_INSTALL) --require-hashes -r requirements.lock
	@touch $@

$(READY): $(PACKAGES) pyproject.toml setup.py
	@echo "[3/3] Installing incentivelab itself"
	@$(PIP_INSTALL) --no-build-isolation --editable .
	@touch $@
	@echo "Ready: $$($(BIN)/incentivelab --version)"
