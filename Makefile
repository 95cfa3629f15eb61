# make test    every test, in an environment made from the lock
# make quick   the fast subset (under 90 seconds)
# make lint    format, lint, types, import rules
# make e2e     the chart on a real Kubernetes, built and run here (root on Linux; the first time long)
# make containers  the tests of the image, with a Docker engine (root on Debian where none is named)
# make bench   the benchmarks, one JSON line a case, added to build/bench/COMMIT.jsonl
# make screenshots  pictures of every page, in build/screenshots; renews those in docs/images/ui
# make image   the container image kizashi:VERSION, by a Docker engine; its bill of materials in build/image
# make chart   the README and the schema of the chart, from its values
# make lock    pin the dependencies anew

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.locked
UV := $(BIN)/uv
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header
PYTEST = $(BIN)/python -m pytest

.PHONY: test quick e2e containers lint format bench screenshots image chart lock clean

# An environment that does not match the lock is brought to it; one that does is left alone.  pip
# brings uv of the lock, and uv the rest, several packages at once, from the index that pip is told.
# Python compiles what is read, when it is: of the 26,000 files of all extras that is a small part.
$(STAMP): requirements/dev.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' $< >$(VENV)/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt
	@index=$${PIP_INDEX_URL:-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null || true)}; \
		[ -z "$$index" ] || export UV_DEFAULT_INDEX="$$index"; \
		VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --require-hashes -r $<
	@touch $@

test: $(STAMP)
	$(PYTEST) -n 2 --dist loadgroup

quick: $(STAMP)
	$(PYTEST) -n 2 --dist loadgroup -m "not slow and not more and not ray and not data"

# The first time, building Kubernetes takes half an hour; it is kept in ~/.cache/kizashi-e2e.
e2e: $(STAMP)
	$(BIN)/python -m tests.e2e.build
	KIZASHI_E2E=1 timeout --kill-after=60 3000 $(PYTEST) tests/e2e -m e2e -p no:cacheprovider

containers: $(STAMP)
	KIZASHI_CONTAINERS=1 timeout --kill-after=60 3000 $(PYTEST) tests/image -m image -p no:cacheprovider

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

BENCHES = kernels fleet_fit batch_score ingest memory scale lake distributed online api gateway jobs ui \
	metrics idle quality
bench: $(STAMP)
	@mkdir -p build/bench; into=build/bench/$$(git rev-parse --short HEAD).jsonl; \
	for name in $(BENCHES); do \
		$(BIN)/python -m benchmarks $$name --json > build/bench/last || exit 1; \
		tee -a $$into < build/bench/last; \
	done; rm build/bench/last; echo "added to $$into" >&2

screenshots: $(STAMP)
	$(BIN)/python -m tests.ui.screenshots --docs

image: $(STAMP)
	PYTHON=$(BIN)/python docker/image.sh

chart: $(STAMP)
	$(BIN)/python -m tests.helm.written

lock: $(STAMP)
	$(COMPILE) pyproject.toml --extra notebooks --extra pyod --extra ui --extra build -o requirements/appliance.txt
	$(COMPILE) pyproject.toml --all-extras -c requirements/appliance.txt -o requirements/dev.txt
	$(COMPILE) pyproject.toml --extra notebooks --extra postgresql --extra serve --extra ui -c requirements/dev.txt \
		-o requirements/image.txt
	$(COMPILE) requirements/image-tools.in -c requirements/dev.txt -o requirements/image-tools.txt

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
