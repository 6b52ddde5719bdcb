# Everything sets itself up: `make run` and `make test` work on a fresh clone.
#
#   make run [PHOTOS=folder]   start the program
#   make test                  run every test
#   make check                 lint, types, import contracts
#   make format                mend what lint can mend
#   make screenshots           renders every screen into docs/images
#   make wheel                 a wheel and an sdist into dist
#   make clean                 remove the environment and what was built
#
# TORCH=cpu     takes the CPU-only build of PyTorch (1 GB instead of about 6 GB on Linux)
# PYTHON=…      another interpreter (3.10 or newer)
# VENV=…        another folder for the environment

PYTHON ?= python3
VENV   ?= .venv
TORCH  ?=
PHOTOS ?=

BIN       := $(VENV)/bin
PIP       := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt
CPU_INDEX := https://download.pytorch.org/whl/cpu
STAMP_RUN := $(VENV)/.installed-run
STAMP_DEV := $(VENV)/.installed-dev

.PHONY: run test check screenshots format wheel clean
.DELETE_ON_ERROR:

run: $(STAMP_RUN)
	$(BIN)/geotagger $(if $(PHOTOS),"$(PHOTOS)")

test: $(STAMP_DEV)
	$(BIN)/python -m pytest

check: $(STAMP_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

screenshots: $(STAMP_DEV)
	$(BIN)/python scripts/screenshots.py

format: $(STAMP_DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel: $(STAMP_DEV)
	$(BIN)/python -m build --outdir dist .

$(VENV)/bin/python:
	@$(PYTHON) scripts/check_machine.py --torch "$(TORCH)" "$(VENV)"
	@$(PYTHON) -m venv "$(VENV)"

$(STAMP_RUN): pyproject.toml constraints.txt | $(VENV)/bin/python
	@$(PYTHON) scripts/check_machine.py --torch "$(TORCH)" "$(VENV)"
	@echo "Installing what the program needs into $(VENV); the first time this takes some minutes."
	@$(if $(filter cpu,$(TORCH)),$(PIP) --index-url $(CPU_INDEX) torch)
	@$(PIP) --editable .
	@touch $@

$(STAMP_DEV): $(STAMP_RUN)
	@echo "Installing what the tests need."
	@$(PIP) --editable ".[dev]"
	@touch $@

clean:
	rm -rf "$(VENV)" build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
