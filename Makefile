# Everything a newcomer needs. Requires Python 3.11, pip and make; uv is brought along.
UV_VERSION := 0.13.8
UV := .tools/bin/uv
RUN := .venv/bin
EXPORT := $(UV) export --quiet --locked --no-default-groups --no-emit-project --no-hashes --no-header
export UV_PROJECT_ENVIRONMENT := .venv
# each process imports thousands of modules: compiled once, that takes half the time
export UV_COMPILE_BYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help install demo test lint format docs screenshots feast-ui bench bench-log bento-requirements clean

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

$(UV):
	python3 -m venv .tools
	.tools/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

install: $(UV)  ## Install the locked environment
	$(UV) sync --locked --inexact

demo: install  ## Simulate an operator, learn, serve, print the links (CHECK=1: query everything and exit)
	$(RUN)/busflow demo $(if $(CHECK),--check)

test: install  ## Run all tests on two cores (with PySpark, which is a group of its own)
	$(UV) sync --locked --inexact --group scale
	$(RUN)/pytest -n 2 --dist loadfile

lint: install  ## Check style, types, import directions, dependencies and the lock file
	$(UV) lock --check
	$(EXPORT) | diff -q - serving/requirements.txt || (echo "run: make bento-requirements"; exit 1)
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports
	$(RUN)/deptry .

format: install  ## Format the code
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

bento-requirements: $(UV)  ## Write what the bento installs, from the lock file
	$(EXPORT) > serving/requirements.txt

docs: install  ## Write the schemas of the event contracts and the pages of features and segments into docs
	$(RUN)/busflow contracts export docs/contracts
	$(RUN)/busflow features docs docs/features
	$(RUN)/busflow segments docs docs/segments.md

screenshots: install  ## Take the pictures of the CRM screen anew (needs Chromium, or its path in CHROMIUM)
	$(RUN)/python -m tests.browser.screenshots docs/screenshots

feast-ui: install  ## Show Feast's registry and its lineage on http://127.0.0.1:8888
	$(UV) sync --locked --inexact --group ui
	BUSFLOW_HOME=$(or $(BUSFLOW_HOME),$(CURDIR)/.busflow) $(RUN)/feast -c feature_repo ui --host 127.0.0.1 --port 8888

bench: install  ## Measure all, each figure beside its floor, into benchmarks/results.json (BENCH_FULL=1: 10 M events)
	$(RUN)/python -m benchmarks

bench-log: install  ## Measure the log only (BENCH_EVENTS=200000 BENCH_LOG_EVENTS=500000 for a quick look)
	$(RUN)/python -m benchmarks log

clean:  ## Delete the environments and the demo's data
	rm -rf .venv .tools .busflow
