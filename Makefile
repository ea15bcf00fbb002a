# Everything a newcomer types. `make help` explains.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory
export PATH := $(PATH):/usr/sbin:/sbin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests start the programs a hundred times: compiled once.
unexport PYTHONDONTWRITEBYTECODE

# DEVICES=fake runs on fakes beneath the adapters, without device packages.
export DEVICES ?= real

python := .venv/bin/python
step := @printf '%s\n'

.PHONY: help
help: ## This text
	@echo 'cafebox: a box at each cafe'"'"'s counter and a hub at head office.'
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo 'Start with `make demo`; it installs what it needs. Without device packages: DEVICES=fake make demo.'
	@echo 'One test: .venv/bin/pytest tests/edge -k tap    Arguments: make test ARGS="-k tap"'

# --- what one runs ---------------------------------------------------------------------------------

.PHONY: demo smoke test faults bench features
ifeq ($(DEVICES),fake)
demo: .venv/.installed-fake
else
demo: .venv/.installed-demo
endif
demo: .venv/.installed-project ## Hub and two cafes on this machine, in the browser; Ctrl-C ends it
	@exec $(python) -m examples.two_cafes $(ARGS)

smoke: .venv/.installed-test .venv/.installed-project ## The demo's stack without a person: kills, cuts, 300 taps; one JSON line
	@exec $(python) -m tests.smoke $(ARGS)

test: setup lint ## Everything: format, lint, types, imports, all tests
	$(step) 'Testing (under 20 minutes)'
	@$(python) -m pytest $(ARGS)

faults: setup ## Kill, cut, fill, flip, clone and restore real parts (10 minutes); one JSON line
	@exec $(python) -m tests.faults $(ARGS)

bench: setup ## Measure against floors and peers; writes build/bench.json
	@exec $(python) -m benchmarks $(ARGS)

.PHONY: test-appliance
test-appliance: setup .cache/system-appliance ## Provision a bare Debian in a container and boot it, as root (5 minutes; the first time more)
	@$(python) -m pytest tests/appliance/booted.py tests/appliance/arm64.py $(ARGS)

.PHONY: test-image
test-image: setup .cache/system-appliance ## Make the image of a card and start it in a virtual machine, as root (20 minutes)
	@$(python) -m pytest tests/appliance/image.py $(ARGS)

.PHONY: test-pins
test-pins: setup .cache/pins/linux ## Doors, Wiegand and keyboards on a real kernel's lines, in user-mode Linux (1 minute; the first time 15)
	@exec $(python) -m tests.pins $(ARGS)

.PHONY: fuzz
fuzz: setup ## A million mutated frames against everything that reads a peer's bytes; one JSON line
	@exec $(python) -m tests.fuzz --frames 1000000 --json $(ARGS)

features: setup ## Feature rows that tests prove; the core rows still missing (ARGS=--json)
	@exec $(python) -m tests.features $(ARGS)

# --- keeping the house -----------------------------------------------------------------------------

.PHONY: lint format vendor lock clean
lint: .venv/.installed-test .venv/.installed-project node_modules/.package-lock.json ## Format, lint, types and import directions, without tests
	$(step) 'Checking format, lint, types and imports'
	@.venv/bin/ruff format --quiet --check .
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy --no-error-summary
	@.venv/bin/lint-imports --no-logo >.venv/lint-imports.log || { cat .venv/lint-imports.log; exit 1; }
	@tools/vendor_frontend.sh --check

format: .venv/.installed-test ## Format the code and mend what ruff can mend
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

vendor: node_modules/.package-lock.json ## Copy the locked browser libraries into the packages
	@tools/vendor_frontend.sh

lock: .venv/bin/python ## Resolve requirements/*.lock and package-lock.json anew
	@tools/lock.sh

clean: ## Remove the environment, caches and results (system packages stay)
	@rm -rf .venv .cache node_modules build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# --- set-up: each step once, again only when what it reads has changed -------------------------------

.PHONY: setup
setup: .venv/.installed-test .venv/.installed-project node_modules/.package-lock.json .cache/micropython/micropython ## Install all that the commands need (they do it themselves)

.venv/bin/python: | .cache/system-run
	$(step) 'Making the Python environment .venv'
	@found=$$(tools/find_python.sh) || { echo 'No Python 3.11 or newer with venv.' >&2; exit 1; }; \
	"$$found" -m venv .venv

.cache/system-run: lists := system-run
.cache/system-demo: lists := system-run system-demo
.cache/system-test: lists := system-run system-demo system-test
.cache/system-appliance: lists := system-appliance
.cache/system-pins: lists := system-pins
.cache/system-demo: requirements/system-run.txt
.cache/system-test: requirements/system-run.txt requirements/system-demo.txt
.cache/system-%: requirements/system-%.txt
	@mkdir -p .cache
	@tools/install_system_packages.sh $(lists)
	@touch $@

# Each set holds the smaller ones.
smaller-than-test := demo fake run
smaller-than-demo := fake run
smaller-than-fake := run
.venv/.installed-demo: | .cache/system-demo
.venv/.installed-test: | .cache/system-test
.venv/.installed-%: requirements/%.lock | .venv/bin/python
	$(step) 'Installing Python packages for: $*'
	@$(python) -m pip install -qq --require-hashes -r $<
	@touch $@ $(foreach smaller,$(smaller-than-$*),.venv/.installed-$(smaller))

.venv/.installed-project: pyproject.toml | .venv/.installed-run
	$(step) 'Installing cafebox itself, in place'
	@$(python) -m pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@

node_modules/.package-lock.json: package-lock.json | .cache/system-test
	$(step) 'Installing browser libraries for tests'
	@npm ci --silent --ignore-scripts
	@touch $@

.cache/pins/linux: tools/build_pins_kernel.sh tools/pins_kernel.config | .cache/system-pins
	$(step) 'Building a kernel with simulated pins, once (5 to 15 minutes)'
	@tools/build_pins_kernel.sh .cache/pins

.cache/micropython/micropython: tools/get_micropython.sh | .cache/system-test
	$(step) 'Fetching MicroPython for tests'
	@tools/get_micropython.sh .cache/micropython
	@touch $@
