# Pressrun: `make demo` runs the main job, `make test` passes the tests. Both install what they need into .venv.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	if command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then echo $$p; break; fi; done)
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=
JOBS ?= 4
POSTGRES_BIN ?= $(lastword $(sort $(wildcard /usr/lib/postgresql/*/bin)))

# Set in many images. Here hundreds of processes start, and without bytecode each compiles all of its modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo test check-long test-postgres torture bench bench-lateness bench-idle bench-step bench-harvest bench-month bench-year bench-upgrades bench-history bench-api bench-pages pictures bench-simulator bench-renewals bench-media bench-media-worker lint types layers lock lock-check check clean
help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Pressrun needs Python 3.11 or newer on the PATH (or make PYTHON=/path/to/python3)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python3 -m venv failed: on Debian and Ubuntu install the package python3-venv"; exit 1; }

# Two stamps: the demo needs only what runs, the tests need their tools as well.
$(VENV)/.installed: $(VENV)/bin/python requirements.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# By uv, which takes a fifth of the CPU time, and which pip brings by its hash.
$(VENV)/.installed-dev: $(VENV)/bin/python requirements-dev.lock pyproject.toml
	@awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements-dev.lock > $(VENV)/uv.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.installed

install: $(VENV)/.installed  ## install into .venv

demo: $(VENV)/.installed  ## publish and harvest an example campaign against a simulated Instagram
	@$(BIN)/pressrun demo $(ARGS)

test: $(VENV)/.installed-dev  ## run the whole suite with servers of its own
	$(BIN)/pytest -n $(JOBS) --dist worksteal $(ARGS)

check-long: $(VENV)/.installed-dev  ## what is long by nature: run by whoever changes its subject, and quoted
	$(BIN)/pytest -n 2 --dist worksteal --long $(ARGS)
	$(BIN)/pytest -n $(JOBS) -m hypothesis --hypothesis-profile=long $(ARGS)

test-postgres: $(VENV)/.installed-dev  ## the store on another Postgres; POSTGRES_BIN=/usr/lib/postgresql/15/bin
	$(BIN)/python -m tests.support.other_postgres $(POSTGRES_BIN) \
		$(BIN)/pytest -n $(JOBS) --dist worksteal tests/migration tests/integration/models $(ARGS)

torture: $(VENV)/.installed-dev  ## posts fall due while everything is killed; ARGS="--posts 1000 --accounts 50 --seconds 600"
	$(BIN)/python -m benchmarks.torture $(ARGS)

bench: $(VENV)/.installed-dev  ## side by side with what a user would pick instead; ARGS="--only posts", ARGS=--quick
	$(BIN)/python -m benchmarks.peers $(ARGS)

bench-lateness: $(VENV)/.installed-dev  ## how late publish calls are; ARGS="--posts 300 --spread-s 0 --floor"
	$(BIN)/python -m benchmarks.lateness $(ARGS)

bench-idle: $(VENV)/.installed-dev  ## what a system with nothing to do spends
	$(BIN)/python -m benchmarks.idle $(ARGS)

bench-step: $(VENV)/.installed-dev  ## what each step of a post costs, counted: the table of docs/performance.md
	$(BIN)/pytest -q -s --show-capture=no tests/integration/worker/test_price.py

bench-harvest: $(VENV)/.installed-dev  ## calls a second of a harvest worker; ARGS="--accounts 1000 --concurrency 96"
	$(BIN)/python -m benchmarks.harvest $(ARGS)

bench-month: $(VENV)/.installed-dev  ## a month of harvests on a clock that jumps; ARGS="--accounts 4 --days 3"
	$(BIN)/python -m benchmarks.month $(ARGS)

bench-renewals: $(VENV)/.installed-dev  ## three weeks in which no token can be renewed: no post is missing
	$(BIN)/python -m benchmarks.renewals $(ARGS)

bench-simulator: $(VENV)/.installed-dev  ## requests a second of the simulator, beside a bare application
	$(BIN)/python -m benchmarks.simulator $(ARGS)

bench-media: $(VENV)/.installed-dev  ## what photos and videos cost that are made right, beside Pillow and ffmpeg; ARGS="--photos 24 --rounds 3"
	$(BIN)/python -m benchmarks.media $(ARGS)

bench-media-worker: $(VENV)/.installed-dev  ## files a minute of a live media worker on all cores, and its memory; ARGS="--photos 48"
	$(BIN)/python -m benchmarks.media_worker $(ARGS)

bench-year: $(VENV)/.installed-dev  ## what planning, commands and queries cost after a year; ARGS="--home .years/200x365" keeps it
	$(BIN)/python -m benchmarks.year $(ARGS)

bench-upgrades: $(VENV)/.installed-dev  ## what an upgrade holds up on a year of data; ARGS="--accounts 3 --days 40"
	$(BIN)/python -m benchmarks.upgrades $(ARGS)

bench-history: $(VENV)/.installed-dev  ## a year of history: its size, its queries, its writing; ARGS="--accounts 10 --days 60"
	$(BIN)/python -m benchmarks.history $(ARGS)

bench-api: $(VENV)/.installed-dev  ## the HTTP API on 100,000 posts beside a bare route; ARGS="--posts 2000 --streams 50"
	$(BIN)/python -m benchmarks.api $(ARGS)

bench-pages: $(VENV)/.installed-dev  ## each page of the console on 100,000 posts, and its first paint; ARGS="--posts 2000"
	$(BIN)/python -m benchmarks.pages $(ARGS)

pictures: $(VENV)/.installed-dev  ## the pictures of README.md, from a demo that stays; needs Debian's chromium
	$(BIN)/python -m tests.support.pictures $(ARGS)

lint: $(VENV)/.installed-dev  ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev  ## strict types
	$(BIN)/mypy

layers: $(VENV)/.installed-dev  ## who may import whom
	$(BIN)/lint-imports

lock: $(VENV)/.installed-dev  ## renew the locks after a change in pyproject.toml
	$(BIN)/uv pip compile -q pyproject.toml --extra dev --extra clients --universal --generate-hashes --no-header -o requirements-dev.lock
	$(BIN)/uv pip compile -q pyproject.toml --extra build -c requirements-dev.lock --universal --generate-hashes --no-header -o requirements.lock

lock-check: $(VENV)/.installed-dev  ## the locks fit pyproject.toml, and name no host
	@BIN=$(BIN) sh tests/support/lock-check.sh

check: lint types layers lock-check test  ## everything but the demo

clean:  ## remove what was installed
	rm -rf $(VENV) .peers .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
