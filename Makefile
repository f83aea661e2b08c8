# From nothing to a running room: python3 (3.11 or newer), make and pip are all that is assumed.
# Every target makes .venv first, from the hash-locked requirements; a second run finds it ready.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

# The environment belongs to one lock, one distribution and one folder: another of these, another
# stamp. What pyproject.toml says of style, types, floors and tests does not change what is installed.
KEY := $(shell { cat requirements/dev.txt; sed '/^# --- style/q' pyproject.toml; pwd; } | cksum | cut -d' ' -f1)
READY := .venv/ready-$(KEY)

.PHONY: help demo run bench test lint pages campaign evidence corpus docs lock clean
.DEFAULT_GOAL := help

help:  ## Say what each target does
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

$(READY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; call make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv --clear .venv
	$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	$(PIP) check
	@touch $@

demo: $(READY)  ## One whole simulated procedure over a real serial pty and Modbus TCP
	$(BIN)/galactograph-sim demo

run: $(READY)  ## A simulated room with its web console, until Ctrl-C
	$(BIN)/galactograph-sim room

bench: $(READY)  ## Measure stop latency, passes, lateness, memory, speed, stop paths (about 40 min)
	$(BIN)/galactograph-sim bench

test: $(READY)  ## Tests on virtual time, then those on the real clock (long ones: make evidence RUN=long)
	$(BIN)/pytest -n 2 --dist worksteal -m "not real and not long"
	$(BIN)/pytest -n 2 --dist loadfile -m "real and not long"

lint: $(READY)  ## Style, types, floors, and documents that are drawn from tables
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	@$(MAKE) --no-print-directory pages

# The console's pages are plain JavaScript with types in comments. Node and npm are for this check
# alone; where they or the registry are missing it says so, and the rest of lint stands.
PAGES_READY := tests/js/node_modules/.ready-$(shell cksum < tests/js/package-lock.json | cut -d' ' -f1)

$(PAGES_READY):
	cd tests/js && npm ci --no-audit --no-fund --ignore-scripts --silent
	@touch $@

pages:  ## Types of the console's pages (needs node and npm)
	@if ! command -v npm >/dev/null; then echo "pages: NOT CHECKED, node and npm are missing (apt-get install nodejs npm)"; \
	elif ! $(MAKE) --no-print-directory $(PAGES_READY); then echo "pages: NOT CHECKED, typescript cannot be fetched"; \
	else node tests/js/node_modules/typescript/bin/tsc -p tests/js/tsconfig.json; fi

campaign: $(READY)  ## 2,000 virtual rooms with faults, judged; goes on where it was ended (page: .evidence/campaign.html)
	mkdir -p .evidence
	$(BIN)/galactograph-sim campaign --seeds 1..2000 --jobs 2 --out .evidence/campaign.jsonl --html .evidence/campaign.html

# RUN names some of them; each goes on where it was ended.
evidence: $(READY)  ## Long runs, resumable: mutation, failures, campaign (hours from nothing; RUN=mutation: one of them)
	nice -n 19 $(BIN)/python -m tests.evidence.cli $(RUN)

corpus: $(READY)  ## Records that replay is tested with, made anew after decisions were changed on purpose
	$(BIN)/python -m tests.record.corpora

docs: $(READY)  ## Draw the documents that are made from tables again
	$(BIN)/python docs/generate.py

# Its tool is kept apart from the locked environment, and is the only thing here without a hash.
LOCK := ../.venv-lock/bin/pip-compile --quiet --no-header --generate-hashes --strip-extras \
	--allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

lock:  ## Resolve requirements/*.in to exact versions and hashes (UPGRADE=1: the newest allowed)
	$(PYTHON) -m venv --clear .venv-lock
	.venv-lock/bin/python -m pip --disable-pip-version-check install --quiet pip-tools==7.6.2
	cd requirements && $(LOCK) $(if $(UPGRADE),--upgrade) -o run.txt run.in
	cd requirements && $(LOCK) $(if $(UPGRADE),--upgrade) -o dev.txt dev.in

clean:  ## Remove the environment, caches and build leftovers
	rm -rf .venv .venv-lock build dist *.egg-info .coverage .evidence
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
