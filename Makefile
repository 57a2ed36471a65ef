# Two commands matter: `make up` and `make test`. Both set up everything they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: up test tested quick lint style types contracts compiled format bench schema samples screenshots setup browser independent
.DEFAULT_GOAL := up

setup: $(STAMP)

# The lock holds every dependency, so there is none to look for; what is never imported need not be compiled.
$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-compile --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

up: setup
	$(BIN)/leadline demo

# Four workers on two cores: much of the suite waits for processes, browsers and servers. CI has a quarter of an hour and
# leaves out what is marked as long: `make test TESTS="not long"`.
TESTS ?= slow or not slow
test: setup
	$(MAKE) --jobs=5 types tested

# Types take the longest to look at of what comes before, and need not: they are looked at while tests run.
tested: browser independent style contracts compiled
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder -m "$(TESTS)"

# Every module and test is imported, and so compiled, once: four workers at the same time would each do it.
compiled: setup
	@-$(BIN)/pytest --collect-only -q > /dev/null

quick: setup lint
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow" --hypothesis-profile=quick

lint: style types contracts

style: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

contracts: setup
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup
	$(BIN)/python -m tests.benchmarks

# After a change of the configuration's model or of a plugin's options.
schema: setup
	$(BIN)/python -m app.cli.write_schema

# docs/samples: every message as it is sent now, from the sandbox.
samples: setup browser
	$(BIN)/python -m tests.samples --pictures

# The README's pictures, from a running demo.
screenshots: setup browser
	$(BIN)/python tests/browser/screenshots.py

# Uses a Chromium that is there; else Debian's when root; else Playwright's own.
browser: setup
	@$(BIN)/python tests/browser/install.py

# The OAuth/OIDC server that the auth methods are tested against, run by the Node that requirements.lock pins.
independent: $(VENV)/.independent

$(VENV)/.independent: tests/independent/package-lock.json $(STAMP)
	$(BIN)/python tests/independent/install.py
	touch $@
