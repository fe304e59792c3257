# `make demo` and `make test` do all the set-up themselves.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
WORKERS ?= 2

.PHONY: help demo test unit faults check format powershell bench build tools clean

help:  ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(INSTALLED)  ## roll keys out to a sandbox farm and see drift being caught
	@PATH="$(CURDIR)/$(BIN):$$PATH" inventories/demo/run.sh

test: $(INSTALLED) tools  ## install what the tests need and run all of them
	$(BIN)/pytest -n $(WORKERS) --dist loadfile

SLOW := engine cli farm packaging winrm powershell node/windows faults

unit: $(INSTALLED)  ## the fast tests: no Ansible, no servers, no other runtime
	$(BIN)/pytest -q -n $(WORKERS) tests $(SLOW:%=--ignore tests/%) -k "not mono and not wine"

faults: $(INSTALLED) tools  ## every cell of the fault matrix and a long kill loop; prints a table (KEYDEPLOY_FAULTS_SEED=n)
	KEYDEPLOY_FAULTS=all KEYDEPLOY_KILL_ROUNDS=$${KEYDEPLOY_KILL_ROUNDS:-30} $(BIN)/pytest -n $(WORKERS) --dist loadfile tests/faults

check: $(INSTALLED)  ## format, lint and types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

format: $(INSTALLED)  ## put every file into the project's format
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

POWERSHELL := $(CURDIR)/.cache/powershell

powershell: $(INSTALLED) tools  ## run the node's script in a real PowerShell, which is fetched
	tests/powershell/fetch.sh $(POWERSHELL)
	KEYDEPLOY_POWERSHELL=$(POWERSHELL)/pwsh/pwsh.exe $(BIN)/pytest tests/powershell

bench: $(INSTALLED)  ## measure farms of sandbox and WinRM nodes; tables, and JSON into dist/bench/
	$(BIN)/python -m benchmarks.alone
	$(BIN)/python -m benchmarks.sandbox_farm
	$(BIN)/python -m benchmarks.winrm_farm

build: $(INSTALLED)  ## wheel, source archive and collection, into dist/
	$(BIN)/python -m build --outdir dist
	$(BIN)/ansible-galaxy collection build --force --output-path dist

tools:  # Debian packages that the tests need; says what is missing where it may not install
	@tests/install_tools.sh

clean:  ## remove everything that was made here
	rm -rf $(VENV) demo dist .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(INSTALLED): pyproject.toml Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "keydeploy needs Python 3.11 or newer; name one with make PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { tests/install_tools.sh python3-venv && $(PYTHON) -m venv $(VENV); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
