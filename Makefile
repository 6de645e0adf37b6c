# Everything runs in .venv, made on first use: by uv where there is one, else by venv and pip.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3

.PHONY: demo test quick lab lint bench book lite notebooks constraints clean

demo: $(VENV)/ready
	$(BIN)/backprop-lab demo demo

test: lint
	$(BIN)/python -m tests.machine
	$(BIN)/pytest -n 2 --dist loadscope
	$(BIN)/pytest -n 2 --dist worksteal -m "slow and not browser and not cluster"
	$(BIN)/pytest -n 2 --dist loadfile -m "browser or cluster"

quick: $(VENV)/ready
	$(BIN)/pytest

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/mypy

lab: $(VENV)/ready
	$(BIN)/jupyter lab notebooks

bench: $(VENV)/ready
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.drawing
	$(BIN)/python -m benchmarks.grading

book: $(VENV)/ready
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

# The student's notebooks as a site that runs in the browser alone (JupyterLite).
lite: $(VENV)/ready
	$(BIN)/python docs/lite.py build/lite
	@echo "build/lite/lab/index.html (to be served: python -m http.server -d build/lite)"

# The student versions that `backprop-lab start` hands out, made from notebooks/.
notebooks: $(VENV)/ready
	$(BIN)/python -m graders.student_version

constraints: $(VENV)/ready
	$(BIN)/python -m pip freeze --exclude-editable > constraints.txt

clean:
	rm -rf $(VENV) demo build dist docs/_build docs/chapters docs/graphs

$(VENV)/ready: pyproject.toml constraints.txt
	@echo "Setting up $(VENV) (a minute or two, once)"
	@if command -v uv >/dev/null; then \
	  uv venv --quiet --allow-existing --seed --python $(PYTHON) $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python -c constraints.txt -e ".[dev]"; \
	else \
	  $(PYTHON) -m venv $(VENV) && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"; \
	fi
	@touch $@
