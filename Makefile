# d2_assets. "make" alone lists what there is.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCK := requirements.lock

.DEFAULT_GOAL := help
.PHONY: help demo test dev sandbox lint format unit bench lock clean

help: ## This list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(READY) ## Sandbox, Dagster UI, one month moved; stays up (DEMO_EXIT=1: ends by itself)
	@$(BIN)/python -m d2_assets.demo $(if $(DEMO_EXIT),--exit)

test: $(READY) lint unit ## All checks and all tests

dev: $(READY) ## The Dagster UI with your own settings (D2_ASSETS_CONFIG)
	@$(BIN)/d2-assets dev

sandbox: $(READY) ## The two stand-in DHIS2 servers alone
	@$(BIN)/d2-assets sandbox up

lint: $(READY) ## Style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

unit: $(READY) ## The tests alone
	$(BIN)/pytest -n 4

bench: $(READY) ## Speed and memory, measured anew (about 30 minutes; docs/benchmarks.md)
	@$(BIN)/python -m benchmarks

format: $(READY) ## Put the code into its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(READY) ## Resolve the ranges of pyproject.toml anew into exact pins
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet pyproject.toml --extra dev --python-version 3.11 --universal \
		--generate-hashes --no-header --no-annotate --upgrade --output-file $(LOCK)

clean: ## Remove the environment and what demo, sandbox and tests left; your own data stay
	rm -rf $(VENV) .d2_assets/demo .d2_assets/sandbox .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info

# The environment holds exactly what the lock says; nothing is installed when it is up to date.
$(READY): $(LOCK) pyproject.toml
	@command -v $(PYTHON) >/dev/null || { \
		echo "Python 3.11 is needed and $(PYTHON) was not found. Install it, or: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement $(LOCK)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)
