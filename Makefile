# `make help` lists the commands. Everything is made inside this folder: .venv, web/node_modules, src/handstream/page.
# A target whose inputs are unchanged is not made again, so a second `make run` starts at once.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
ARGS ?=
SOAK_MINUTES ?= 5

BIN := .venv/bin
RUNTIME := .venv/.runtime
DEV := .venv/.dev
REFERENCE := .venv/.reference
SUPPLY := .venv/supply
NODE_MODULES := web/node_modules/.installed
PAGE := src/handstream/page/index.html
PAGE_SOURCES := $(shell find web/src web/public -type f 2>/dev/null) web/index.html web/report.html web/vite.config.ts web/vite.report.config.ts web/tsconfig.json

.DEFAULT_GOAL := help
.PHONY: help run dev test check check-python check-page check-deploy audit sbom test-python test-web test-page chromium wheel format lock clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUNTIME) $(PAGE) ## Serve the page and the tracker (PORT=8000, HOST=127.0.0.1, ARGS="--max-hands 1")
	$(BIN)/handstream serve --host $(HOST) --port $(PORT) $(ARGS)

dev: $(DEV) $(NODE_MODULES) ## The same, and both sides reload when a file changes
	@$(BIN)/handstream serve --reload --host $(HOST) --port $(PORT) $(ARGS) & server=$$!; \
	(cd web && HANDSTREAM_PORT=$(PORT) exec node_modules/.bin/vite) & page=$$!; \
	trap 'kill $$server $$page 2>/dev/null; wait' EXIT; trap 'exit 130' INT; trap 'exit 143' TERM; \
	wait $$page

test: check test-python test-web test-page ## Every check and every test

check: check-python check-page check-deploy ## Types, style and architecture, both languages

check-python: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

check-page: $(NODE_MODULES)
	cd web && npm run --silent check

check-deploy: $(SUPPLY)/.installed ## The container image's definition and the Kubernetes manifests
	$(SUPPLY)/bin/hadolint deploy/container/Containerfile
	$(SUPPLY)/bin/yamllint --strict --config-file deploy/.yamllint.yaml deploy
	$(SUPPLY)/bin/kubernetes-validate --strict --quiet deploy/kubernetes/*.yaml

test-python: $(DEV) $(REFERENCE) $(PAGE) chromium ## The Python tests, beside a soak (ARGS="-k wire", SOAK_MINUTES=5)
	HANDSTREAM_SOAK_MINUTES=$(SOAK_MINUTES) $(BIN)/pytest $(ARGS)

test-web: $(NODE_MODULES) ## The TypeScript unit tests
	cd web && npm run --silent test

test-page: $(DEV) $(PAGE) chromium ## The page in a real Chromium
	cd web && npm run --silent e2e

# The Python tests open an example page in it, the page's tests the page.
chromium: $(NODE_MODULES)
	cd web && node e2e/find-chromium.mjs --install

audit: $(SUPPLY)/.installed ## Look up known vulnerabilities of all that is shipped (asks PyPI and the npm registry)
	@requirements/audit.sh

sbom: $(SUPPLY)/.installed $(NODE_MODULES) ## Write what is shipped, as CycloneDX bills of materials, into dist/
	mkdir -p dist
	$(SUPPLY)/bin/cyclonedx-py requirements requirements/runtime.txt --pyproject pyproject.toml --output-reproducible --output-file dist/sbom-python.cdx.json
	cd web && npm sbom --sbom-format=cyclonedx --omit=dev > ../dist/sbom-page.cdx.json

wheel: $(DEV) $(PAGE) ## Build the wheel, with the page inside, into dist/
	$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

format: $(DEV) $(NODE_MODULES) ## Put both languages into the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cd web && npm run --silent format

PIN := uv pip compile --universal --generate-hashes --python-version 3.11 --no-header --upgrade --quiet
PEERS := benchmarks/peers/requirements

lock: ## Pin the newest allowed versions again (needs uv)
	$(PIN) pyproject.toml --output-file requirements/runtime.txt
	$(PIN) pyproject.toml --group dev --extra mediapipe --constraint requirements/runtime.txt --output-file requirements/dev.txt
	printf 'editables\nhatchling\n' | $(PIN) - --constraint requirements/dev.txt --output-file requirements/build.txt
	$(PIN) --group supply --output-file requirements/supply.txt
	printf 'mediapipe==0.10.21\n' | $(PIN) - --no-deps --output-file requirements/mediapipe.txt
	$(PIN) pyproject.toml --extra mediapipe --constraint requirements/dev.txt --output-file $(PEERS)/original.txt
	$(PIN) $(PEERS)/aiortc.in --output-file $(PEERS)/aiortc.txt
	$(PIN) $(PEERS)/fastrtc.in --output-file $(PEERS)/fastrtc.txt
	cd web && npm update

clean: ## Remove all that make has made
	rm -rf .venv web/node_modules src/handstream/page dist artifacts

# --- how the parts are made

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	|| { echo "handstream needs Python 3.11 to 3.13; $(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo not there). Name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv .venv

# The project itself is installed in place, so that a change of its source needs no new installation.
$(RUNTIME): requirements/runtime.txt requirements/build.txt pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements/dev.txt $(RUNTIME)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

# In an environment of its own: what looks at the dependencies shall not be one.
$(SUPPLY)/.installed: requirements/supply.txt | .venv/bin/python
	$(PYTHON) -m venv $(SUPPLY)
	$(SUPPLY)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/supply.txt
	@touch $@

# mediapipe 0.10.21, the judge of parity. It has no wheel for Python 3.13: there the tests that need it skip and say so.
$(REFERENCE): requirements/mediapipe.txt $(DEV)
	@if $(BIN)/python -c 'import sys; sys.exit(sys.version_info >= (3, 13))'; \
	then $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/mediapipe.txt; \
	else echo "mediapipe 0.10.21 has no wheel for this Python: its tests will be skipped"; fi
	@touch $@

$(NODE_MODULES): web/package-lock.json
	@node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null \
	|| { echo "handstream's page needs Node 20.19 or newer to be built; node is $$(node --version 2>/dev/null || echo not there)" >&2; exit 1; }
	cd web && npm ci --loglevel=error --no-progress
	@touch $@

$(PAGE): $(NODE_MODULES) $(PAGE_SOURCES)
	cd web && npm run --silent build
	@touch $@
