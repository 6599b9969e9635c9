# Two commands: `make demo` fits the sample and writes paths and a report; `make test` checks everything.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
RUNS := runs

.PHONY: demo test lint clean

demo: $(INSTALLED)
	$(BIN)/tsgan fit data/samples/sp500.csv --out $(RUNS)/sp500 --max-time 4m --overwrite
	$(BIN)/tsgan generate $(RUNS)/sp500 --paths 500 --horizon 5030 --out $(RUNS)/sp500-paths.parquet --overwrite
	@echo
	@echo "Paths:  $(RUNS)/sp500-paths.parquet (500 paths; the table above is of the first 200)"
	@echo "Report: $(RUNS)/sp500/report.html"
	@echo "Model:  $(RUNS)/sp500"

test: $(INSTALLED) lint
	$(BIN)/python -m pytest

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

clean:
	rm -rf .venv build dist *.egg-info $(RUNS)
