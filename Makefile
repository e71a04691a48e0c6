# make demo: analyse a bundled incident and write its report.   make test: everything that must hold.
# make lab [CASE=name] [LAB=--half]: makes real vmcores and judges triage on them (Debian, QEMU; see docs/lab.md).
# make bench: speed, side by side.   make growth: every regular expression and grammar on its worst input.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
TABLES = triage/_data/tables/oops.json
RUNTIME = $(VENV)/.runtime
STAMP = $(VENV)/.development
MINUTES ?= 10
DEMO = demo
DEMO_CORE = tests/fixtures/cores/6.12-arm64-incident-elf.core.zst
DEMO_LOG = tests/fixtures/incident/console.log

.PHONY: demo test lint unit bench growth lab lab-test fuzz audit sbom clean

# The runtime is enough for the demo; the tests need the development tools too.
$(RUNTIME): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(STAMP): $(RUNTIME)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# An edited grammar works at once; its tables only make the start faster.
$(TABLES): $(wildcard grammars/*.lark grammars/*/*.lark) | $(RUNTIME)
	$(BIN)/python -c 'from triage.logs import tables; tables.write()'

# The incident's vmcore where drgn is installed, else its log alone.
demo: $(RUNTIME) $(TABLES)
	@mkdir -p $(DEMO)
	@if $(BIN)/python -c 'import drgn' 2>/dev/null && [ -f $(DEMO_CORE) ]; then input=$(DEMO_CORE); \
	else input=$(DEMO_LOG); echo "drgn has no wheel for this machine: analysing the log of the incident, not its core"; fi; \
	$(BIN)/triage analyze $$input --html $(DEMO)/report.html && echo "The report: $(DEMO)/report.html"

test: $(STAMP) lint unit

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(STAMP) $(TABLES)
	$(BIN)/pytest -n 2

bench: $(STAMP) $(TABLES)
	$(BIN)/python -m bench

growth: $(STAMP) $(TABLES)
	$(BIN)/python -m bench.growth

# Real vmcores; LAB is --half for the representative cases, CASE names some.
lab: $(STAMP)
	$(BIN)/python -m tests.lab make $(LAB) $(CASE)
	$(BIN)/python -m tests.lab judge $(LAB) $(CASE) $(if $(LAB)$(CASE),,--table docs/lab-results.md)

lab-test: lab

# Coverage-guided fuzzing of every reader for MINUTES; crashes are kept in tests/fuzz/crashes.
fuzz: $(STAMP)
	$(BIN)/pip install --quiet --editable '.[fuzz]'
	nice $(BIN)/python -m tests.fuzz --minutes $(MINUTES)

# Known weaknesses of what the tests run with; what cannot be looked up fails it too.
audit: $(STAMP)
	$(BIN)/pip install --quiet --editable '.[audit]'
	$(BIN)/pip-audit --strict -r requirements-ci.txt --disable-pip --no-deps

# What a release brings with it, in an environment without the tools that made and tested it.
sbom: $(STAMP)
	$(BIN)/pip install --quiet --editable '.[audit]'
	@mkdir -p dist
	rm -rf build/release
	$(PYTHON) -m venv --without-pip build/release
	$(BIN)/pip --python build/release install --quiet --disable-pip-version-check '.[cluster,s3,https]'
	$(BIN)/cyclonedx-py environment build/release/bin/python --pyproject pyproject.toml --output-reproducible --of JSON -o dist/sbom.json

clean:
	rm -rf $(VENV) $(DEMO) build dist triage/_data
