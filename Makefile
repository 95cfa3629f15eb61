# make test    every test, in an environment made from the lock
# make quick   the fast subset (under 90 seconds)
# make lint    format, lint, types, import rules
# make bench   the benchmarks, one JSON line a case, added to build/bench/COMMIT.jsonl
# make screenshots  pictures of every page, in build/screenshots; renews those in docs/images/ui
# make lock    pin the dependencies anew

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.locked
UV := $(BIN)/uv
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header
PYTEST = $(BIN)/python -m pytest

.PHONY: test quick lint format bench screenshots lock clean

# An environment that does not match the lock is brought to it; one that does is left alone.
$(STAMP): requirements/dev.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

test: $(STAMP)
	$(PYTEST) -n 2 --dist loadgroup

quick: $(STAMP)
	$(PYTEST) -n 2 --dist loadgroup -m "not slow and not ray and not data"

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

BENCHES = kernels fleet_fit batch_score ingest memory scale online api jobs ui metrics idle quality
bench: $(STAMP)
	@mkdir -p build/bench; into=build/bench/$$(git rev-parse --short HEAD).jsonl; \
	for name in $(BENCHES); do \
		$(BIN)/python -m benchmarks $$name --json > build/bench/last || exit 1; \
		tee -a $$into < build/bench/last; \
	done; rm build/bench/last; echo "added to $$into" >&2

screenshots: $(STAMP)
	$(BIN)/python -m tests.ui.screenshots --docs

lock: $(STAMP)
	$(COMPILE) pyproject.toml --extra pyod --extra ui --extra build -o requirements/appliance.txt
	$(COMPILE) pyproject.toml --all-extras -c requirements/appliance.txt -o requirements/dev.txt

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
