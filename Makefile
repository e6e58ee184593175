PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo learn test lint docs notebooks reference validate torture fuzz audit browser cluster wheel bench clean

demo: $(VENV)/.installed
	$(BIN)/orchestrator run data/experiments/quickstart.toml
	$(MAKE) learn

learn: $(VENV)/.installed
	$(BIN)/orchestrator campaign run data/campaigns/demo.toml
	$(BIN)/python -m docs.studies.reliable_learning.demo runs/demo-*.campaign

test: $(VENV)/.installed-dev lint
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist worksteal

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

docs: $(VENV)/.installed-docs
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet docs build/site
	@echo build/site/index.html

notebooks: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m "slow or not slow" tests/test_notebooks.py

reference: $(VENV)/.installed-dev
	$(BIN)/python -m docs.write_reference

validate: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m slow tests/engines tests/transport tests/studies -s

torture: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m slow tests/campaign tests/run -s

fuzz: $(VENV)/.installed-dev
	FUZZ_INPUTS=100000 $(BIN)/python -m pytest --numprocesses auto tests/fuzz

browser: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m "slow or not slow" tests/page -s

audit: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[audit]'
	$(BIN)/pip-audit --progress-spinner off --skip-editable
	$(BIN)/pip-licenses --from=classifier --order=license

cluster: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m cluster tests/cluster

wheel: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m slow tests/test_wheel.py -s

bench: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/engine_step.py --peers
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/transport.py
	$(BIN)/python benchmarks/transport_cuda.py
	$(BIN)/python benchmarks/coupled.py
	$(BIN)/python benchmarks/campaign.py
	$(BIN)/python benchmarks/engines.py
	$(BIN)/python benchmarks/load.py --campaign 200 --pulses 1000 --states 300

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@ $(VENV)/.installed

$(VENV)/.installed-docs: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
