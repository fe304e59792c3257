# `make demo` and `make test` do all the set-up themselves.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# One more than cores: some tests mostly wait.
WORKERS ?= $(shell expr $$(nproc) + 1)

.PHONY: help demo test unit faults check format powershell bench generated build lock audit sbom floors supply tools clean

help:  ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(INSTALLED)  ## roll keys out to a sandbox farm and see drift being caught
	@PATH="$(CURDIR)/$(BIN):$$PATH" inventories/demo/run.sh

# Files go to the workers in the order of tests/conftest.py, the slowest first: then no worker is alone at the end.
TEST := $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test: $(INSTALLED) supply tools  ## install what the tests need and run all of them
	$(TEST)

SLOW := engine cli farm packaging winrm powershell node/windows faults docs runner browser

unit: $(INSTALLED)  ## the fast tests: no Ansible, no servers, no other runtime
	$(BIN)/pytest -q -n $(WORKERS) tests $(SLOW:%=--ignore tests/%) -k "not mono and not wine"

faults: $(INSTALLED) tools  ## every cell of the fault matrix and a long kill loop; prints a table (KEYDEPLOY_FAULTS_SEED=n)
	KEYDEPLOY_FAULTS=all KEYDEPLOY_KILL_ROUNDS=$${KEYDEPLOY_KILL_ROUNDS:-30} $(TEST) tests/faults

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
	$(BIN)/python -m benchmarks.side_by_side

generated: $(INSTALLED)  ## manual page, and the tables in the documentation, from the program and the schema
	$(BIN)/python -m release.manual
	$(BIN)/python -m tests.docs.generated

build: $(INSTALLED)  ## wheel, source archive and collection of the last commit, into dist/; the same bytes each time
	$(BIN)/python -m release.build --outdir dist

SUPPLY := .cache/supply
LOCK = UV_DEFAULT_INDEX=$${UV_DEFAULT_INDEX-$$($(PYTHON) -m pip config get global.index-url 2>/dev/null || true)} \
  $(SUPPLY)/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --custom-compile-command "make lock" $(UPGRADE)

lock: $(SUPPLY)/.installed  ## bring requirements/*.lock in line with pyproject.toml; UPGRADE=--upgrade takes the newest of all
	$(LOCK) --extra dev --output-file requirements/test.lock pyproject.toml
	$(LOCK) --group supply --output-file requirements/supply.lock

audit: $(SUPPLY)/.installed  ## known vulnerabilities of what is locked; needs the advisory service of PyPI
	$(BIN)/python -m release.audit

sbom: build supply  ## CycloneDX lists of what the wheel needs and of what the tests ran with, into dist/
	$(BIN)/python -m release.sbom --outdir dist

floors: $(SUPPLY)/.installed  ## the fast tests with the oldest versions that pyproject.toml allows
	release/floors.sh $(PYTHON)

supply: $(SUPPLY)/.installed  # what locks, audits and lists dependencies

tools:  # Debian packages that the tests need; says what is missing where it may not install
	@tests/install_tools.sh

clean:  ## remove everything that was made here
	rm -rf $(VENV) demo dist .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis

# Only what is locked, only by its hash, and without running anything: wheels alone.
LOCKED := --quiet --disable-pip-version-check --require-hashes --only-binary :all: --no-deps

$(INSTALLED): pyproject.toml requirements/test.lock Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "keydeploy needs Python 3.11 or newer; name one with make PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { tests/install_tools.sh python3-venv && $(PYTHON) -m venv $(VENV); }
	$(BIN)/python -m pip install $(LOCKED) --requirement requirements/test.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

$(SUPPLY)/.installed: requirements/supply.lock
	@$(PYTHON) -m venv $(SUPPLY)
	$(SUPPLY)/bin/python -m pip install $(LOCKED) --requirement requirements/supply.lock
	@touch $@
