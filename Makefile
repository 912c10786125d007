# Everything starts here: `make run` and `make test` set up what they need and then do it.
# Needs make and Python 3.11 or newer with its venv module; PYTHON=... picks another interpreter.

VENV ?= .venv
JOBS ?= 2
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
REPORT := build/gad.html

.DELETE_ON_ERROR:
.PHONY: help run test check bench bench-places bench-trials bench-web validate calibrate calibrate-pharmacokinetics \
  docs lint format generate lock sbom validate-exchange validate-wheel audit-dependencies clean distclean
.DEFAULT_GOAL := help

help:
	@echo "make run       compare every preset for generalized anxiety disorder, write $(REPORT)"
	@echo "make test      lint, types and tests, but for a few that take long"
	@echo "make check     lint, types, all tests, and the documentation built with warnings as errors"
	@echo "make validate  predicted against observed, concentrations and trials, and the pages on both fits"
	@echo "make calibrate estimate the symptom model again from the trials (half an hour); then make validate"
	@echo "make calibrate-pharmacokinetics  estimate the pooled concentrations again (an hour); then make calibrate"
	@echo "make bench     the solver: other tools, scaling, gradients, the ladder of ideas (a quarter of an hour)"
	@echo "make bench-places  a store of places of full size: build, memory, questions (10 GB of disk, ten minutes)"
	@echo "make bench-web the web app: times, weight, 50 clients, overload, generated requests (ten minutes)"
	@echo "make bench-trials  virtual trials: one process, two, a cluster, killed workers; what large studies cost"
	@echo "make validate-exchange  exported models in libRoadRunner, fits of simulated people (a few minutes)"
	@echo "make docs      build/docs/index.html"
	@echo "make lint      ruff and mypy; make format mends what ruff can mend"
	@echo "make generate  rewrite the generated pages and the output shown in the README"
	@echo "make lock      pin the requirements again (needs uv)"
	@echo "make sbom      build/sbom.cdx.json: every locked package with its hashes and licence (CycloneDX)"
	@echo "make validate-wheel  the wheel in a clean environment (ten minutes); writes docs/clean-install.md"
	@echo "make audit-dependencies  known vulnerabilities of the locked packages (needs pip-audit and a network)"
	@echo "make clean     remove what was built; make distclean removes $(VENV) too"

# Each stamp is made last, so an interrupted step is done again and a finished one never is. Packages are not compiled
# when they are installed: Python compiles a module when it is first imported, and most of theirs never are.
$(VENV)/.made:
	@python="$(PYTHON)"; \
	usable='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'; \
	for candidate in $${python:-python3 python3.13 python3.12 python3.11 python3.14 python}; do \
	  if "$$candidate" -c "$$usable" >/dev/null 2>&1; then found="$$candidate"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "ketascope needs Python 3.11 or newer with venv; tried: $${python:-python3, python3.11 to 3.14, python}." >&2; \
	  echo "Install one (Debian, Ubuntu: python3 and python3-venv) or name one: make PYTHON=/path/to/python" >&2; \
	  exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" --version)"; \
	"$$found" -m venv "$(VENV)"
	@touch $@

$(VENV)/.run: requirements/run.txt pyproject.toml $(VENV)/.made
	@echo "Installing what ketascope needs"
	@$(PIP) install --no-compile --require-hashes --requirement requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "Installing what tests and documentation need"
	@$(PIP) install --no-compile --require-hashes --requirement requirements/dev.txt
	@touch $@

run: $(VENV)/.run
	@mkdir -p $(dir $(REPORT))
	$(BIN)/ketascope compare --indication gad --html $(REPORT)

test: lint
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m "not thorough"

check: lint docs
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The tools it is compared with live apart from the checkout's own; one of them has to be built and may be missing.
$(VENV)/.bench: requirements/bench.txt requirements/lsoda.txt $(VENV)/.made
	@echo "Installing the tools that ketascope is compared with"
	@"$(BIN)/python" -m venv $(VENV)/bench
	@$(VENV)/bench/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --requirement requirements/bench.txt
	@$(VENV)/bench/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --require-hashes \
	  --requirement requirements/lsoda.txt || echo "numbalsoda was not built (it needs a C++ and a Fortran compiler): left out"
	@touch $@

bench: $(VENV)/.bench
	$(VENV)/bench/bin/python benchmarks/run.py

validate: $(VENV)/.run
	$(BIN)/ketascope validate --markdown docs/validation-ledger.md --estimation docs/pharmacokinetic-estimation.md \
	  --trial-estimation docs/trial-estimation.md

# Written aside first, and put into the package only when all of it is there.
calibrate: $(VENV)/.dev
	$(BIN)/ketascope calibrate --output build/calibration/trials
	cp -r build/calibration/trials/model build/calibration/trials/evidence src/ketascope/

calibrate-pharmacokinetics: $(VENV)/.dev
	$(BIN)/ketascope calibrate --part pharmacokinetics --output build/calibration/pharmacokinetics
	cp -r build/calibration/pharmacokinetics/model build/calibration/pharmacokinetics/evidence src/ketascope/

bench-places: $(VENV)/.dev
	$(BIN)/python benchmarks/places.py

bench-web: $(VENV)/.dev
	$(BIN)/python benchmarks/web.py

bench-trials: $(VENV)/.dev
	$(BIN)/python benchmarks/trials.py
	$(BIN)/python benchmarks/trial_costs.py

validate-exchange: $(VENV)/.dev
	$(BIN)/python benchmarks/exports.py
	$(BIN)/python benchmarks/fits.py

docs: $(VENV)/.dev
	$(BIN)/python docs/generate.py --check
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs

generate: $(VENV)/.dev
	$(BIN)/python docs/generate.py

lock:
	cd requirements && for name in run dev bench lsoda; do \
	  uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	    --no-header --no-emit-index-url --no-emit-find-links --output-file $$name.txt $$name.in || exit 1; \
	done

sbom: $(VENV)/.made
	$(BIN)/python -m supply sbom --output build/sbom.cdx.json

# PYTHONS names other interpreters to install for, such as "python3.11 python3.13".
validate-wheel: $(VENV)/.dev
	$(BIN)/python -m supply wheel $(addprefix --python ,$(PYTHONS)) --page docs/clean-install.md

# pip-audit asks its databases by the network; a package they do not know is a failure here, not a silence.
audit-dependencies:
	@failed=; for name in run dev bench lsoda; do echo "$$name.txt"; \
	  pip-audit --strict --disable-pip --require-hashes --requirement requirements/$$name.txt || failed=1; \
	done; test -z "$$failed"

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src supply tests docs -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	rm -rf .venv
