# `make demo` fits the sample and writes paths and a report, `make demo-images` digits; `make test` checks everything.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
RUNS := runs

.PHONY: demo demo-images test lint docs clean lock audit sbom

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

docs: $(INSTALLED)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "Site: build/site/index.html; with search: $(BIN)/mkdocs serve"

# The versions that are tested, from those in .venv; what is known against them; what a release holds.
lock: $(INSTALLED)
	$(BIN)/python .ci/constraints.py > constraints.new
	mv constraints.new constraints.txt

audit: $(INSTALLED)
	$(BIN)/pip-audit --strict --no-deps --disable-pip --requirement constraints.txt

sbom: $(INSTALLED)
	@mkdir -p dist
	$(BIN)/python .ci/constraints.py --runtime > dist/runtime.txt
	$(BIN)/cyclonedx-py requirements dist/runtime.txt --pyproject pyproject.toml --output-reproducible --output-file dist/tsgan.cdx.json

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

clean:
	rm -rf .venv build dist *.egg-info $(RUNS)
