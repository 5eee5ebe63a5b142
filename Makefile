# Two commands: `make demo` shows the main job working, `make test` runs all checks and tests.
# Both need only Python 3.11 or newer; everything else goes into .venv.

SHELL := /bin/sh
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test lint bench update clean

demo: $(READY)
	@$(BIN)/python -m compiler.demo

test: lint
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Measures, prints tables, and keeps them in docs/performance.md and the README. Takes some minutes.
bench: $(READY)
	$(BIN)/python -m bench --write

# Writes anew what is generated: golden files, the schema, docs/fields.md, docs/rules.md, out/shop, docs/shop.svg.
update: $(READY)
	$(BIN)/python -m compiler.schema
	$(BIN)/python -m compiler.reference
	$(BIN)/python -m compiler.rules.page
	$(BIN)/gatewright build examples/shop -o out/shop --as-of 2027-03-31
	$(BIN)/gatewright graph examples/shop --format svg --as-of 2027-03-31 > docs/shop.svg
	$(BIN)/python -m pytest -q --update $(wildcard tests/test_reject.py tests/test_report_differences.py tests/test_terminal.py)

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "gatewright needs Python 3.11 or newer, and there is none on PATH" >&2; exit 2; }
	@$(PYTHON) -m venv .venv || { echo "hint: on Debian, the package python3-venv is missing" >&2; exit 2; }
	@echo "setting up .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@$(BIN)/python -m compileall -q compiler
	@touch $(READY)

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
