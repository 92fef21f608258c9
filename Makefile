# The whole of it on a fresh machine: `make demo`, `make test`. Needs Python >= 3.11 and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONDONTWRITEBYTECODE ?=
# Bytecode of a test run, beside the tree: hundreds of its processes would compile everything again.
BYTECODE := PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(abspath $(VENV))/bytecode

# Tests mostly wait for servers: more of them at once than there are processors.
WORKERS ?= $(shell $(PYTHON) -c "import os; print(2 * len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else 'auto')")

.PHONY: demo test fast check bench soak servers lock clean

$(VENV)/.ready: requirements.lock pyproject.toml extension/pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e . -e extension
	touch $@

demo: $(VENV)/.ready  ## the weak and the hardened API, each scanned: F and A
	@$(BIN)/python demo/run.py

test: $(VENV)/.ready  ## every test; with CI=true the real servers are installed first
	@if [ "$$CI" = true ]; then $(MAKE) servers; fi
	$(BYTECODE) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

fast: $(VENV)/.ready  ## the tests that need no server of their own, in seconds
	$(BYTECODE) $(BIN)/python -m pytest -n auto -m "not server and not slow"

check: $(VENV)/.ready  ## format, lint, types, import layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.ready  ## the tables of docs/performance.md
	$(BIN)/python bench/run.py
	$(BIN)/python bench/monitor.py

soak: $(VENV)/.ready  ## the fault run of the monitor, long: minutes to an hour a store
	@for store in sqlite postgresql; do \
	  (cd tests && ../$(BIN)/python -m monitor.soak --store $$store --kills 200 --alerts 2000 --pace 4) || exit 1; done

servers:  ## the real servers that tests run against, by apt and npm; none is started, none listens
	sh tests/servers/install.sh
	sh tests/servers/node_24.sh

lock:  ## requirements.lock from pyproject.toml
	uv pip compile --universal --generate-hashes --group dev --no-annotate --no-header pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
