# `make demo` and `make test` do everything on a fresh machine with Python 3.11+.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SAMPLE := sample_data
BENCH := .venv-bench
LOWEST := .venv-lowest
ZOOBOT := zoobot==2.9.0 galaxy-datasets==0.0.25

# For pip, and for the pip that it starts to build the package.
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# The least version of each package that pyproject.toml declares, as pip takes it.
define LEAST
import tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
extras = project["optional-dependencies"]
needed = [*project["dependencies"], *extras["astro"], *extras["dask"], *extras["report"]]
print(*(one.replace(">=", "==") for one in needed))
endef
export LEAST

.PHONY: help demo docs test lint types pytest lowest bench clean

help:
	@echo "make demo    score the sample and show the summary"
	@echo "make docs    build the documentation in site/, strictly and without a network"
	@echo "make test    lint, types and tests"
	@echo "make lint    ruff alone"
	@echo "make types   mypy alone"
	@echo "make pytest  the tests alone"
	@echo "make lowest  the tests with the lowest versions that pyproject.toml declares"
	@echo "make bench   measure against what users run instead; CASES='...' chooses, see benchmarks/"
	@echo "make clean   remove $(VENV), $(BENCH) and the caches"

demo: $(VENV)/.installed
	$(BIN)/zoocli score $(SAMPLE)/predictions.parquet $(SAMPLE)/votes.parquet \
		--output $(VENV)/demo-scores.parquet --quiet
	$(BIN)/zoocli summarize $(VENV)/demo-scores.parquet

test:
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory types
	@$(MAKE) --no-print-directory pytest

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-test
	$(BIN)/mypy

pytest: $(VENV)/.installed-test
	$(BIN)/pytest -n 2 --dist loadfile

# Without the site, the wheel and Lightning, which need newer packages than these, and with warnings,
# which old packages give about new ones.
lowest:
	$(PYTHON) -m venv $(LOWEST)
	PIP_CONSTRAINT= $(LOWEST)/bin/pip install --quiet $$($(PYTHON) -c "$$LEAST") \
		pytest pytest-xdist hypothesis mpmath scipy scikit-learn jsonschema playwright
	PYTHONPATH=. $(LOWEST)/bin/python -m pytest -n 2 --dist loadfile tests \
		-o filterwarnings=default --ignore tests/test_site.py \
		--ignore tests/test_wheel.py --ignore tests/metrics/test_lightning.py

docs: $(VENV)/.installed-test
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

bench: $(BENCH)/.installed
	$(BENCH)/bin/python -m benchmarks $(CASES)

# Zoobot itself needs few of its files, hence --no-deps; its catalogues need scipy and h5py.
$(BENCH)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/pip install --quiet --editable .
	$(BENCH)/bin/pip install --quiet scipy h5py
	$(BENCH)/bin/pip install --quiet --no-deps $(ZOOBOT)
	touch $@

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $(VENV)/.installed $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf $(VENV) $(BENCH) $(LOWEST) .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist site
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
