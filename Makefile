# Everything a learner, a reader or an author runs. `make` alone lists it.

PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
INSTALLED := .venv/.installed

# Every line and branch of lesson_app; some of them run on the database servers only.
COVERED := --cov=lesson_app --cov-branch --cov-report=term-missing:skip-covered \
  $(if $(WORKBOOK_REQUIRE_SERVICES),--cov-fail-under=100)

.DEFAULT_GOAL := help
.PHONY: help setup lab book services test check format lock browser clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

setup: $(INSTALLED)  ## create the environment

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12))' || \
	  { echo "Python 3.12 or newer is needed. Name one: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
	  { echo "Python's venv module is missing (Debian: apt-get install python3-venv)."; exit 1; }
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(UV) pip sync --quiet --python $(BIN)/python requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

lab: setup  ## copy the chapters to work/ and open JupyterLab
	@$(BIN)/workbook lab

book: setup  ## build the HTML book and print where it is
	@rm -rf _build/html  # pages of removed documents; the cache beside it stays
	$(BIN)/jupyter-book build -W --keep-going --all .
	@echo "The book is in $(CURDIR)/_build/html/index.html"

services: setup  ## start the database servers and brokers that do not answer
	@$(BIN)/python -m tests.services --start

check: setup  ## quick: style, types, tests of the tools; no kernel, no browser, no server
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/ty check --error-on-warning
	$(BIN)/pytest -q -n 2 -m "not slow" --ignore tests/lesson_app tests

test: setup browser  ## everything: checks, tests, every notebook, the built book, JupyterLab
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/ty check --error-on-warning
	$(BIN)/pytest -q -n 2 --ignore tests/lesson_app tests
	$(BIN)/pytest -q -n 2 $(COVERED) tests/lesson_app
	$(BIN)/pytest -q -n 2 --nbmake --nbmake-timeout=180 chapters solutions

format: setup  ## mend style where that can be done by itself
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .
	$(BIN)/workbook tidy

lock: setup  ## resolve the newest versions and write requirements.lock
	$(UV) lock --upgrade
	$(UV) export --quiet --format requirements-txt --all-extras --no-emit-project --no-emit-index-url \
	  --no-header --no-annotate --output-file requirements.lock
	sh deploy/lock.sh

browser:
	@command -v chromium > /dev/null || \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	    apt-get update -qq && \
	    apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core > /dev/null; \
	  else \
	    echo "No Chromium: the tests that look at pages are skipped (Debian: apt-get install chromium)."; \
	  fi

clean:  ## remove what was built; your work in work/ stays
	rm -rf _build .pytest_cache .ruff_cache
