# `make demo` fits the sample and writes paths and a report, `make demo-images` digits; `make test` checks everything.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
RUNS := runs

.PHONY: demo demo-images test lint clean

demo: $(INSTALLED)
	$(BIN)/tsgan fit data/samples/sp500.csv --out $(RUNS)/sp500 --max-time 4m --overwrite
	$(BIN)/tsgan generate $(RUNS)/sp500 --paths 500 --horizon 5030 --out $(RUNS)/sp500-paths.parquet --overwrite
	@echo
	@echo "Paths:  $(RUNS)/sp500-paths.parquet (500 paths; the table above is of the first 200)"
	@echo "Report: $(RUNS)/sp500/report.html"
	@echo "Model:  $(RUNS)/sp500"

demo-images: $(INSTALLED)
	$(BIN)/tsgan fit-images sample --labels --out $(RUNS)/digits --max-time 5m --overwrite
	$(BIN)/tsgan generate $(RUNS)/digits --images 100 --given digit=all --out $(RUNS)/digits.png --overwrite
	@echo
	@echo "Digits: $(RUNS)/digits.png, a row for each"
	@echo "Report: $(RUNS)/digits/report.html"

test: $(INSTALLED) lint
	$(BIN)/python -m pytest -n auto --dist loadfile

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
