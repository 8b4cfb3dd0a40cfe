# What can be done with a checkout; `make help` lists it. Paths in recipes are relative or quoted: a folder may have
# spaces in its name.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The Python that makes the tool environments: Debian's own where there is one, whatever comes first in PATH.
PYTHON ?= $(if $(wildcard /etc/debian_version),/usr/bin/python3,python3)
CAN_MAKE_VENV = $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	echo "$(PYTHON) cannot make virtual environments. On Debian: apt install python3-venv" >&2; exit 1; }
CAN_RUN_HERE = ! findmnt --noheadings --output OPTIONS --target . 2>/dev/null | grep -qw noexec || { \
	echo "$(CURDIR) is mounted noexec, so no program can run from there. Take a checkout elsewhere." >&2; exit 1; }
# pip only says "from versions: none" when it reaches no index.
NO_INDEX := { echo "The tools could not be installed: see above. If no package was found, the index was not reached:" \
	"set https_proxy for a proxy, PIP_INDEX_URL for an index of your own (PIP_CERT for its CA)," \
	"or PIP_NO_INDEX=1 and PIP_FIND_LINKS for a folder of wheels." >&2; exit 1; }
# Counts aloud, each so many seconds, while the rest of a recipe's shell works; nothing is ever
# written to what it reads from, so that it has no child that would outlive it.
COUNT_EACH ?= 10
COUNT = { from=$$SECONDS; exec 9<> <(:); while ! read -r -t $(COUNT_EACH) -u 9; do echo "    ... $$((SECONDS - from)) s"; done; } & \
	trap "kill $$! 2>/dev/null" EXIT
# Everything that the demo makes on this machine, beside its tools; and the port of its front. Root's demo runs as
# nobody, who may be shut out of root's folders.
DEMO_DIR ?= $(if $(filter 0,$(shell id -u)),/var/tmp/pyapps-demo,$(CURDIR)/.demo)
DEMO_PORT ?= 8080
# Further options of ansible-playbook for the demo, such as DEMO_FLAGS="-e pyapps_allow_removal=true".
DEMO_FLAGS ?=
# FORCE=1: make demo-clean does not ask.
FORCE ?=
# How many parts of `make test` run at once: one more than there are processors, because parts wait for apps and browsers.
TEST_JOBS ?= $(shell expr $$(nproc) + 1)
SCENARIOS := default caddy remove broken roles secrets health tunnel fleet deploy container rootless

# Nothing outside the checkout and DEMO_DIR is written: every cache has its place here. Only temporary files of root's
# demo, which runs as nobody, are where everybody may write.
DEMO_CACHE := $$PWD/.cache/demo
DEMO_TMP := $(if $(filter 0,$(shell id -u)),/var/tmp,$(DEMO_CACHE)/ansible/tmp)
DEMO_ENV := env LC_ALL=C.UTF-8 ANSIBLE_CONFIG="$$PWD/ansible.cfg" ANSIBLE_HOME="$(DEMO_CACHE)/ansible" \
	ANSIBLE_LOCAL_TEMP="$(DEMO_CACHE)/ansible/tmp" ANSIBLE_REMOTE_TMP="$(DEMO_TMP)" \
	XDG_CACHE_HOME="$(DEMO_CACHE)" PIP_CACHE_DIR="$(DEMO_CACHE)/pip" UV_CACHE_DIR="$(DEMO_CACHE)/uv" \
	UV_PYTHON_INSTALL_DIR="$(DEMO_CACHE)/python" PYTHONPYCACHEPREFIX="$(DEMO_CACHE)/pycache"
DEMO_PLAY := $(DEMO_ENV) .tools/demo/bin/ansible-playbook -i inventories/quickstart \
	-e '{"pyapps_root": "$(DEMO_DIR)", "pyapps_port": $(DEMO_PORT)}'

# Who ran `sudo make demo` once and goes on without sudo meets root's files.
DEMO_IS_MINE := for folder in "$(CURDIR)" .tools .tools/demo .cache .cache/demo "$(DEMO_DIR)"; do \
	[ ! -e "$$folder" ] || [ -w "$$folder" ] || { \
	    echo "$$folder belongs to $$(stat -c %U "$$folder"), and you are $$(id -un). If you ran sudo make demo before:" \
	        "go on with sudo, or remove that demo first (sudo make demo-clean)." >&2; exit 1; }; done
# The folders in which demos run, one a line: they share the tools.
DEMO_FOLDERS := .cache/demo/folders

# Images and containers, with the published names of targets: IMAGE-prod and IMAGE-dev, made from BASE.
IMAGE ?= pyapps
BASE ?= python:3.13-slim
CONTAINER_INVENTORY ?= inventories/container
# A file of variables for the apps, when it is there; and further options of ansible-playbook.
ENV_FILE ?= .env
CONTAINER_FLAGS ?=
# Names under which people open a container, beside localhost and addresses; commas between them.
NAMES ?= $(shell uname -n)
# Programs end one after another, so whoever stops it waits.
RUN_CONTAINER = docker run --detach --name $(IMAGE)-$* --stop-timeout 60 --env APP_ENV=$(if $(filter prod,$*),PROD,DEV) \
	$(if $(NAMES),--env "PYAPPS_SERVER_NAMES=$(NAMES)") \
	$(if $(wildcard $(ENV_FILE)),--env-file "$(ENV_FILE)") \
	$(if $(filter dev,$*),--volume "$(CURDIR)/apps:/srv/pyapps/source:ro")

TEST_ENV := env LC_ALL=C.UTF-8 ANSIBLE_CONFIG="$$PWD/ansible.cfg" PATH="$$PWD/.tools/venv/bin:$$PATH"

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9 -]+:.*## / {printf "  make %-30s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: demo demo-status demo-clean
demo: .tools/demo/.stamp ## Serve the apps of apps/ on http://localhost:8080 (DEMO_PORT, DEMO_DIR); no root needed
	@$(DEMO_IS_MINE)
	mkdir -p .cache/demo
	grep -qsxF "$(DEMO_DIR)" $(DEMO_FOLDERS) || echo "$(DEMO_DIR)" >> $(DEMO_FOLDERS)
	$(DEMO_PLAY) site.yml $(DEMO_FLAGS)

demo-status: .tools/demo/.stamp ## Show the demo's apps as they are now
	@$(DEMO_PLAY) playbooks/status.yml

demo-clean: ## Stop the demo and remove every trace of it (FORCE=1: without asking)
	@$(DEMO_IS_MINE)
	demo_dir="$(DEMO_DIR)"
	if [ -d "$$demo_dir/srv/pyapps" ]; then
	    # An app can have written any name; what a terminal would obey is shown escaped.
	    kept=$$(find "$$demo_dir"/srv/pyapps/apps/*/data -mindepth 1 -not -name .home -not -name .tmp \
	        -not -path '*/data/.home/*' -not -path '*/data/.tmp/*' -print0 2>/dev/null | head -z -n 5 \
	        | LC_ALL=C xargs -0 -r ls -1 --directory --escape || true)
	    if [ -n "$$kept" ] && [ -z "$(FORCE)" ]; then
	        printf 'Apps have written data:\n%s\nDelete it with everything else? [y/N] ' "$$kept"
	        read -r answer || true
	        [ "$${answer:-}" = y ] || { echo "Nothing was removed. (FORCE=1 removes without asking.)"; exit 1; }
	    fi
	    $(MAKE) .tools/demo/.stamp
	    $(DEMO_PLAY) playbooks/remove.yml -e pyapps_remove=everything -e pyapps_delete_data=true
	    chmod -R u+rwX "$$demo_dir" 2>/dev/null || true
	    rm -rf "$$demo_dir"
	fi
	if [ -e $(DEMO_FOLDERS) ]; then
	    while read -r other; do
	        if [ "$$other" != "$$demo_dir" ] && [ -d "$$other/srv/pyapps" ]; then
	            echo "The demo in $$demo_dir is gone. The tools stay for the one in $$other."
	            exit 0
	        fi
	    done < $(DEMO_FOLDERS)
	fi
	rm -rf .tools/demo .cache/demo
	rmdir --ignore-fail-on-non-empty .tools .cache 2>/dev/null || true
	echo "The demo is gone."

.tools/demo/.stamp: requirements/demo.txt
	@$(DEMO_IS_MINE)
	$(CAN_RUN_HERE)
	$(CAN_MAKE_VENV)
	echo "Preparing the tools of the demo in .tools/demo (once; half a minute, and longer on a slow line)"
	$(COUNT)
	$(PYTHON) -m venv --clear .tools/demo
	$(DEMO_ENV) .tools/demo/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/demo.txt || $(NO_INDEX)
	touch $@

KINDS := prod dev
CONTAINER_TARGETS := build- run- exec- start- stop- remove- rebuild- logs- status-
.PHONY: $(foreach kind,$(KINDS),$(addsuffix $(kind),$(CONTAINER_TARGETS)) run-$(kind)-80 rebuild-$(kind)-80)
build-prod build-dev: build-%: .tools/container/.stamp ## Build the image of the apps
	@$(DEMO_ENV) .tools/container/bin/ansible-playbook playbooks/container.yml -i "$(CONTAINER_INVENTORY)" \
	    -e pyapps_image_name=$(IMAGE)-$* -e pyapps_image_base=$(BASE) $(CONTAINER_FLAGS)

run-prod run-dev: run-%: ## Start a container of it, without a port; dev runs the folder apps/ as it is, and follows changes
	$(RUN_CONTAINER) $(IMAGE)-$*

run-prod-80 run-dev-80: run-%-80: ## The same, with its port 80 as this machine's
	$(RUN_CONTAINER) --publish 80:80 $(IMAGE)-$*

exec-prod exec-dev: exec-%: ## Open a shell in the container
	docker exec --interactive --tty $(IMAGE)-$* bash

start-prod start-dev: start-%: ## Start the stopped container
	docker start $(IMAGE)-$*

stop-prod stop-dev: stop-%: ## Stop the container
	docker stop --time 60 $(IMAGE)-$*

remove-prod remove-dev: remove-%: ## Stop and remove the container, if it is there
	@if docker container inspect $(IMAGE)-$* >/dev/null 2>&1; then
	    docker stop --time 60 $(IMAGE)-$* >/dev/null
	    docker rm --volumes $(IMAGE)-$*
	fi

rebuild-prod rebuild-dev: rebuild-%: ## Build the image, and replace the container, if there is one
	@$(MAKE) build-$* && $(MAKE) remove-$* && $(MAKE) run-$*

rebuild-prod-80 rebuild-dev-80: rebuild-%-80: ## The same, with its port 80 as this machine's
	@$(MAKE) build-$* && $(MAKE) remove-$* && $(MAKE) run-$*-80

logs-prod logs-dev: logs-%: ## Show what the container has said
	docker logs $(IMAGE)-$*

status-prod status-dev: status-%: ## Show the container's programs
	docker exec $(IMAGE)-$* pyapps ctl status

.tools/container/.stamp: requirements/container.txt
	@$(CAN_MAKE_VENV)
	echo "Preparing the tools for images in .tools/container (once; half a minute, and longer on a slow line)"
	$(COUNT)
	$(PYTHON) -m venv --clear .tools/container
	$(DEMO_ENV) .tools/container/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/container.txt || $(NO_INDEX)
	touch $@

.PHONY: tools
tools: .tools/venv/.stamp ## Install the tools of `make lint` and `make test` into .tools/venv

.tools/venv/.stamp: tests/requirements.txt
	@$(CAN_MAKE_VENV)
	echo "Preparing the tools of lint and test in .tools/venv (a minute, and longer on a slow line)"
	$(COUNT)
	[ -x .tools/venv/bin/python ] || $(PYTHON) -m venv .tools/venv
	.tools/venv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
	.tools/venv/bin/uv pip install --quiet --python .tools/venv/bin/python -r tests/requirements.txt
	touch $@

.PHONY: lint
lint: tools ## yamllint, ansible-lint, ruff, mypy, and the changelog's fragments
	@$(TEST_ENV) yamllint --strict .
	$(TEST_ENV) ruff check .
	$(TEST_ENV) ruff format --check .
	$(TEST_ENV) mypy
	$(TEST_ENV) antsibull-changelog lint
	$(TEST_ENV) ansible-lint --offline

# Long parts come first, so that the last one does not run alone for long.
.PHONY: test test-host
test: test-host tools ## Every test; as root on Debian it installs what is missing
	@rm -f .cache/hostile.jsonl
	$(TEST_ENV) tests/tools/run_parallel --jobs $(TEST_JOBS) test-integration test-molecule-default test-browser test-demo \
	    $(patsubst %,test-molecule-%,$(filter-out default,$(SCENARIOS))) test-hostile test-sanity lint docs test-unit \
	    test-packaging

test-host:
	@tests/tools/prepare_host

.PHONY: test-unit test-integration test-hostile test-browser test-packaging test-demo test-sanity test-molecule
test-unit: tools ## Tests of the pure core
	@$(TEST_ENV) pytest -n 2 tests/unit

test-integration: tools ## Tests with real servers on this machine
	@$(TEST_ENV) pytest -n 2 --dist loadfile --no-loadscope-reorder --durations 20 tests/integration

# Those of tests/hostile/hosts need a host of Molecule's: its scenarios run them.
test-hostile: tools ## Attacks with few tries on what an app brings and on what root does; `make hostile` has all
	@$(TEST_ENV) pytest --durations 10 --ignore tests/hostile/hosts tests/hostile

test-browser: tools ## Tests in headless Chromium
	@$(TEST_ENV) pytest tests/end_to_end

test-packaging: tools ## The built archive: what is in it, and that it works elsewhere
	@$(TEST_ENV) pytest tests/packaging

test-demo: tools ## `make demo` on bare Debian, in containers
	@$(TEST_ENV) pytest --exitfirst tests/demo

test-sanity: tools ## ansible-test sanity, without ignores
	@$(TEST_ENV) tests/sanity/run

test-molecule: $(patsubst %,test-molecule-%,$(SCENARIOS)) ## Every Molecule scenario; one: make test-molecule-default

test-molecule-%: tools
	@$(TEST_ENV) molecule test -s $*

.PHONY: awx-surveys
awx-surveys: tools ## Make AWX's surveys from the argument specs
	@$(TEST_ENV) python tests/tools/awx_surveys.py

.PHONY: docs
docs: tools ## Build the documentation into .cache/site; a link that leads nowhere is an error
	@$(TEST_ENV) NO_MKDOCS_2_WARNING=1 mkdocs build --quiet
	echo "The documentation is in .cache/site"

# The scenarios with hosts that tests/hostile/hosts attacks; helpers/places.py has them.
HOSTILE_SCENARIOS := default caddy container rootless
.PHONY: hostile
hostile: test-host tools ## Attack everything that this collection protects, with every try, and print what got through
	@rm -f .cache/hostile.jsonl
	failed=0
	# Alone: how soon a route ends is counted in hundredths of a second.
	PYAPPS_HOSTILE=full $(TEST_ENV) pytest -s tests/hostile/test_ports.py || failed=1
	PYAPPS_HOSTILE=full PYTEST_ADDOPTS="--ignore tests/hostile/test_ports.py" $(TEST_ENV) tests/tools/run_parallel --jobs $(TEST_JOBS) test-hostile \
	    $(patsubst %,test-molecule-%,$(HOSTILE_SCENARIOS)) || failed=1
	$(TEST_ENV) PYTHONPATH=collections:tests python tests/tools/hostile_table.py
	exit $$failed

.PHONY: resilience resilience-host
resilience-host:
	@tests/tools/prepare_host tests/debian-packages-resilience.txt

resilience: resilience-host tools ## Kill random apps two hundred times, see that they come back and that the health check says so; cut networks; fifty apps; then `make hostile`
	@$(TEST_ENV) pytest -s tests/resilience
	$(TEST_ENV) MANY_APPS=50 pytest tests/integration/test_many_apps.py
	$(MAKE) hostile

# How many small changes; which ones (none: others each time); in which rooms only: ROOM="_catalog _state".
MUTANTS ?= 100
SEED ?=
ROOM ?=
.PHONY: mutants
mutants: tools ## Change the code in small ways, in a copy, and print what no unit test notices (MUTANTS=100, SEED=1, ROOM=_catalog)
	@$(TEST_ENV) PYTHONPATH=collections:tests python tests/tools/mutants.py --count $(MUTANTS) $(if $(SEED),--seed $(SEED)) \
	    $(patsubst %,--room %,$(ROOM))

# Some only: VERSIONS="1.22 1.40". Their rows of the table are replaced.
VERSIONS ?=
# Some only: SHAPES="Poetry page". Whose name has one of the words.
SHAPES ?=
.PHONY: shapes
shapes: tools ## Compare folders in the shapes that people have with plain `streamlit run`, page by page in a browser
	@$(TEST_ENV) PYTHONPATH=collections:tests:tests/shapes python tests/shapes/run.py $(SHAPES)

.PHONY: versions
versions: tools ## Open a page with lazily loaded widgets under every minor version of Streamlit; the table is kept in the docs
	@$(TEST_ENV) PYTHONPATH=collections:tests python tests/versions/run.py $(VERSIONS)

.PHONY: benchmark
benchmark: tools ## Print the ratios that the quality bar names
	@$(TEST_ENV) PYTHONPATH=collections:tests python tests/benchmarks/run.py
