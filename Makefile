# Every target installs its requirements; only Python 3.11 or newer and make are needed.
#   make demo             web, worker and simulator on SQLite, until Ctrl-C      make demo ONCE=1   a message and its reply, then exit
#   make test             the tests; ARGS="-k opt_out" goes to pytest            make test-services those of the database and servers
#   make web|worker|beat|simulator                                               each process separately
#   make lint             what .ci/run checks besides the tests         make docs   the documentation     make package   wheel and sdist

VENV ?= .venv
BIN := $(VENV)/bin
SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info)
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	if $$python -c '$(SUITABLE)' >/dev/null 2>&1; then echo $$python; break; fi; done)

POSTGRES_URL ?= postgres://postgres@127.0.0.1:5432/postgres
MARIADB_URL ?= mysql://root@127.0.0.1:3306/test
REDIS_URL ?= redis://127.0.0.1:6379/9
PORT ?= 8000
# Processes, each with its own database: one more than processors, since some tests wait; at most eight, because each takes
# several of the server's connections. Empty: one.
SIDE_BY_SIDE ?= -n $(shell $(PYTHON) -c 'import os; print(min(8, 1 + (os.cpu_count() or 1)))') --dist worksteal
SIMULATOR_PORT ?= 9900
IN = $(if $(findstring tests/,$(ARGS)),,$(1))  # the one folder that has such tests, unless ARGS names files

# pytest caches rewritten test modules in __pycache__; rewriting all of them takes longer than many of the tests.
unexport PYTHONDONTWRITEBYTECODE

INSTALLED := $(VENV)/.installed
LINTERS := $(VENV)/.installed-linters
PEERS := $(VENV)/.installed-peers
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check
MANAGE := $(BIN)/python example_project/manage.py
DEMO := $(BIN)/python -m example_project.demo

.DEFAULT_GOAL := demo
.PHONY: demo test test-services test-postgresql test-mariadb test-faults test-browser test-nginx web worker beat simulator lint bench soak faults campaign explore docs package audit screenshots migrate clean

$(INSTALLED): setup.cfg setup.py pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none was found. Install one, or name it: make PYTHON=/path/to/python"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing into $(VENV) …"
	@$(PIP_INSTALL) --editable '.[test]' >$@.log 2>&1 || { cat $@.log; exit 1; }
	@touch $@

$(LINTERS): $(INSTALLED)
	@$(PIP_INSTALL) --editable '.[dev]' >$@.log 2>&1 || { cat $@.log; exit 1; }
	@touch $@

$(PEERS): $(INSTALLED)
	@$(PIP_INSTALL) --editable '.[bench]' >$@.log 2>&1 || { cat $@.log; exit 1; }
	@touch $@

demo: $(INSTALLED)
	@$(DEMO) $(if $(ONCE),--once)

test: $(INSTALLED)
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not browser and not faults and not nginx" $(ARGS)

test-services: test-postgresql test-mariadb

test-postgresql test-mariadb: export REQUIRE_SERVICES = 1
test-postgresql test-mariadb: export REDIS_URL := $(REDIS_URL)
test-postgresql test-mariadb: export CELERY_BROKER_URL := $(REDIS_URL)
test-postgresql: export DATABASE_URL = $(POSTGRES_URL)
test-mariadb: export DATABASE_URL = $(MARIADB_URL)
test-postgresql test-mariadb: $(INSTALLED)
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not browser and not faults and not nginx" $(ARGS)

test-faults: export REQUIRE_SERVICES = 1
test-faults: $(INSTALLED)
	@$(BIN)/python -m pytest -m faults $(call IN,tests/faults) $(ARGS)

# The documented configuration of nginx; needs nginx.
test-nginx: export REQUIRE_SERVICES = 1
test-nginx: $(INSTALLED)
	@$(BIN)/python -m pytest -m nginx $(call IN,tests/docs) $(ARGS)

test-browser: $(LINTERS)
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m browser $(call IN,tests/browser) $(ARGS)

migrate: $(INSTALLED)
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) seed

web: migrate
	$(MANAGE) runserver $(PORT)

worker: migrate
	$(BIN)/celery -A example_project.celery:app worker --loglevel INFO --concurrency 2

beat: migrate
	@mkdir -p var
	$(BIN)/celery -A example_project.celery:app beat --loglevel INFO --schedule var/beat

simulator: migrate
	$(DEMO) --simulator-only --port $(PORT) --simulator-port $(SIMULATOR_PORT)

lint: $(LINTERS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MANAGE) makemigrations --check --dry-run

# The documentation, into build/docs. Warnings and broken links are errors.
docs: $(LINTERS)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@! grep -rnoE '<(script|link|img|iframe)[^>]* (src|href)="(https?:)?//[^"]*\.(js|css|png|svg|woff2?)[^"]*"' build/docs --include='*.html' \
		|| { echo "The pages above load files from another server; serve them from the documentation itself."; exit 1; }
	@echo "The documentation is in build/docs; begin with build/docs/index.html."

# Wheel and sdist, into dist; checked, and tried in an environment that has nothing else. PROJECT_URL=https://… is the public
# address of the repository, for the links of the package's page on an index.
package: export PROJECT_URL := $(PROJECT_URL)
package: $(LINTERS)
	@VENV=$(VENV) .ci/package

# Known vulnerabilities of the packages in that environment.
audit: package
	@$(BIN)/python .ci/audit.py

# On PostgreSQL and Redis; ARGS="--only sending,segments --rounds 5 --count 5000" runs a part.
bench: export DATABASE_URL := $(or $(DATABASE_URL),$(POSTGRES_URL))
bench: export REDIS_URL := $(REDIS_URL)
bench: $(PEERS)
	@$(BIN)/python -m benchmarks $(ARGS)

# A day of a busy site through web, workers, Redis and PostgreSQL together; ARGS="--messages 3000 --rate 100" tries it out.
soak: export DATABASE_URL := $(or $(DATABASE_URL),$(POSTGRES_URL))
soak: export REDIS_URL := $(REDIS_URL)
soak: $(PEERS)
	@$(BIN)/python -m benchmarks.soak $(ARGS)

# The longest runs with faults, an hour on two cores. The worker of Django's tasks needs Python 3.12 and Django 6, in a
# separate environment.
TASKS_VENV := $(VENV)-tasks
$(TASKS_VENV)/.installed: setup.cfg pyproject.toml
	@newer=$$(for python in python3.13 python3.12; do $$python -c '' 2>/dev/null && echo $$python && break; done); \
		test -n "$$newer" || { echo "The run with Django's tasks needs Python 3.12 or 3.13."; exit 1; }; \
		$$newer -m venv --clear $(TASKS_VENV)
	@$(TASKS_VENV)/bin/python -m pip install --disable-pip-version-check --editable '.[test]' 'Django>=6.0' django-tasks-db >$@.log 2>&1 \
		|| { cat $@.log; exit 1; }
	@touch $@

campaign: $(LINTERS) $(if $(TASKS_PYTHON),,$(TASKS_VENV)/.installed)
	TASKS_PYTHON=$(or $(TASKS_PYTHON),$(TASKS_VENV)/bin/python) \
		$(BIN)/python -m tests.faults --part campaign --at-once 3 --report build/campaign.json $(ARGS)

# All histories of a few messages; ARGS="--depth 8", ARGS="--without margin" shows what goes wrong without a rule.
explore: $(INSTALLED)
	@$(BIN)/python -m tests.explorer $(ARGS)

# These need parts of the repository that are not in the sdist.
faults: PART = tests/faults/__main__.py
faults: RUN = -m tests.faults
screenshots: PART = docs/screenshots/__main__.py
screenshots: RUN = -m docs.screenshots
faults screenshots: $(LINTERS)
	@test -f $(PART) || { echo "make $@ needs $(PART), which is missing. Run it in a checkout of the repository."; exit 1; }
	$(BIN)/python $(RUN) $(ARGS)

clean:
	rm -rf build dist var .tox *.egg-info
