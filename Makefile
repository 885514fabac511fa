# What a contributor and CI run. Each target brings its own environment: `make demo` is enough on a fresh machine.
#
# PYTHON  interpreter that .venv is made from (3.11 or newer)
# JOBS    test processes
# ARGS    further arguments for `audit run` (demo), pytest (test, test-fast), the benchmarks and `audit app`

PYTHON ?= python3
JOBS ?= 2
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
FOLDERS := api app cli core engine evals explain gate pipeline ratings reports safety stats
# A strict editable install is a tree of links: it must be made again when a file comes or goes.
INSTALL := $(BIN)/python -m pip install --constraint constraints.txt --no-build-isolation \
	--config-settings editable_mode=strict
LIST := find $(FOLDERS) -type f ! -path '*/__pycache__/*' ! -name '.*' | LC_ALL=C sort

# Byte code is kept, whatever the environment says: every process of the tests would compile all of them again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast test-gpu check docs mutants bench app release clean FORCE

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

demo: $(VENV)/files ## audit the embedded 135M chat model: about five minutes on two cores, ends with a report card
	$(BIN)/audit run --profile quick $(ARGS)

test: $(VENV)/files ## every test that needs no GPU
	$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "not gpu" $(ARGS)

test-fast: $(VENV)/files ## the tests that need neither the embedded checkpoint nor a browser: about two minutes
	$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "not slow and not browser and not gpu" $(ARGS)

test-gpu: $(VENV)/files ## the tests that need a CUDA device
	$(BIN)/pytest -m gpu $(ARGS)

check: $(VENV)/files ## style, format, types and layering
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/files ## the documentation as a site, in build/site; warnings are errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

mutants: $(VENV)/files ## do the tests notice wrong numbers? ARGS names files, e.g. stats/prevalence.py; without, hours
	$(BIN)/python -m pip install --quiet --constraint constraints.txt "mutmut>=3.8,<4"
	$(BIN)/python tests/mutants.py $(ARGS)

bench: $(VENV)/files ## ours beside lm-eval's HFLM on this machine, which must be idle: long
	$(BIN)/python benchmarks/scoring.py --out benchmarks/results $(ARGS)
	$(BIN)/python benchmarks/generation.py --out benchmarks/results $(ARGS)

app: $(VENV)/files ## the reviewers' app on the runs under runs/, at 127.0.0.1
	$(BIN)/audit app $(ARGS)

release: $(VENV)/files ## of the commit, in dist/: sdist, wheel, bill of materials, licences, notes; all checked, nothing published
	bash release/build.sh $(BIN)/python

clean: ## remove the environment, build products and caches; runs/ stays
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Three files in the environment say what it was made from: place (this folder: environments cannot be moved),
# dependencies (newer than what names them) and files (the list of package files).

ifneq ($(shell test -x $(BIN)/python && cat $(VENV)/place 2>/dev/null),$(CURDIR))
.PHONY: $(VENV)/place
endif

$(VENV)/place:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed; '$(PYTHON)' is: $$($(PYTHON) --version 2>&1)." \
			"Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@if [ ! -x $(BIN)/python ] || [ -e $@ ]; then rm -rf $(VENV); fi
	@echo "Making the environment $(VENV): a few minutes, once."
	@if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then $(PYTHON) -m venv $(VENV); \
	else $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; fi || { \
		rm -rf $(VENV); echo "No environment could be made: install venv and pip for '$(PYTHON)'" \
			"(Debian: apt-get install python3-venv python3-pip)." >&2; exit 2; }
	@echo "$(CURDIR)" > $@

# pip shows its work the first time; afterwards there is little to see.
$(VENV)/dependencies: QUIET = $(if $(wildcard $@),--quiet)
$(VENV)/dependencies: $(VENV)/place pyproject.toml constraints.txt
	@rm -rf build
	$(BIN)/python -m pip install $(QUIET) --constraint constraints.txt setuptools wheel
	$(INSTALL) $(QUIET) --editable '.[dev]'
	@$(LIST) > $(VENV)/files
	@touch $@

$(VENV)/files: $(VENV)/dependencies FORCE
	@test -d build && $(LIST) | cmp -s - $@ || { rm -rf build $@; echo "Linking the package files anew."; \
		$(INSTALL) --quiet --no-deps --editable . && $(LIST) > $@; }
