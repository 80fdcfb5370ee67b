# make demo: from nothing to a packaged pipeline. make test: from nothing to a tested checkout.
VENV := .venv
BIN := $(VENV)/bin
PYTHON := $(BIN)/python
PIP := $(PYTHON) -m pip --disable-pip-version-check

.PHONY: demo test lint document clean

demo: $(VENV)/.installed
	$(PYTHON) -m weasel run all
	$(PYTHON) scripts/demo.py

test: $(VENV)/.installed-dev
	$(PYTHON) -m pytest --numprocesses logical --dist loadfile

# Style, types, and that what is generated is current.
lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTHON) scripts/document.py --check

# Write the generated part of the README anew.
document: $(VENV)/.installed-dev
	$(PYTHON) scripts/document.py

$(VENV)/.created:
	python3 -m venv $(VENV)
	$(PIP) install --quiet --upgrade pip
	touch $@

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/.created
	$(PIP) install --quiet --constraint constraints.txt --editable ".[project]"
	touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/.created
	$(PIP) install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

clean:
	rm -rf corpus training metrics packages project.lock build
