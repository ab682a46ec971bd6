# The tasks of a developer. `make` on its own lists them.

CARGO ?= cargo
# Steps of the soak's simulation; the tests take a million.
SOAK_STEPS ?= 20000000
# Cases of every property in the soak; the tests take 256 unless they say otherwise.
SOAK_CASES ?= 4096
# Rounds of the soak's contract suite, each with another seed.
SOAK_ROUNDS ?= 20
# How many people take part in the demo's rush.
PEOPLE ?= 2000
# How many scripted people there are in the mock.
CROWD ?= 0
ADDRESS ?= 127.0.0.1:8080
# What `make test` runs: names of test programs, `--` and their arguments. If it is empty, all of them.
TESTS ?=
# Where Cargo says which test programs it has compiled.
TEST_PROGRAMS = $(or $(CARGO_TARGET_DIR),target)/test-programs.json
# The tests in a browser are a workspace of their own.
BROWSER_TARGET = --manifest-path tests/browser/Cargo.toml --target-dir $(abspath $(or $(CARGO_TARGET_DIR),target))/browser
# Starts the databases that tests run on.
ON_DATABASES = $(CARGO) run --locked --quiet --package frontrow-test-databases --

# Where the tests in Python are installed, and the binary that they start.
PYTHON_TESTS = $(abspath $(or $(CARGO_TARGET_DIR),target))/python-tests
BINARY = $(or $(FRONTROW_BINARY),$(abspath $(or $(CARGO_TARGET_DIR),target))/debug/frontrow)
# Requests that `make promised` sends to each operation, as each caller, of what is allowed and of what is not.
PROMISED_EXAMPLES ?= 10

.DEFAULT_GOAL := help
.PHONY: help tools run mock demo-rush test compile-tests run-tests browser run-browser lint fmt doc deny bench locks soak openapi images frontrow-binary clients promised

help: ## Lists the targets
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1	\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12

tools:
	@command -v $(CARGO) >/dev/null || { echo "Rust is missing: install Rust 1.95 or newer, with cargo" >&2; exit 1; }
	@command -v $(CC) >/dev/null || { echo "A C compiler is missing ($(CC)): SQLite is compiled from its source; install gcc or clang" >&2; exit 1; }

run: tools ## Serves a demo on loopback, until Ctrl-C
	$(CARGO) run --locked --package frontrow-server -- demo --serve

mock: tools ## Serves the API without a database, for people who build pages
	$(CARGO) run --locked --package frontrow-server -- mock --crowd $(CROWD) --address $(ADDRESS)

demo-rush: tools ## Lets 2,000 scripted people queue for a show of 50 seats
	$(CARGO) run --locked --release --package frontrow-server --example rush -- $(PEOPLE)

test: compile-tests ## Runs every test on every database that it can get, and says which
	@$(MAKE) --no-print-directory run-tests

compile-tests: tools
	@mkdir -p $(dir $(TEST_PROGRAMS))
	$(CARGO) test --locked --workspace --no-run --message-format=json-render-diagnostics >$(TEST_PROGRAMS)

run-tests:
	@command -v curl >/dev/null || { echo "curl is missing: a test runs the README's tour" >&2; exit 1; }
	@run=$$(sed -n 's|.*"executable":"\([^"]*/run-tests\)".*|\1|p' $(TEST_PROGRAMS)); \
		CARGO=$(CARGO) "$$run" $(TESTS) <$(TEST_PROGRAMS)

browser: tools ## Drives the example page in Chromium
	$(CARGO) build --locked --package frontrow-server --bin frontrow
	@$(MAKE) --no-print-directory run-browser

# With the binary that is there: compiling the tests makes one, too.
run-browser:
	@command -v chromedriver >/dev/null || { echo "chromedriver is missing: on Debian, install chromium-driver" >&2; exit 1; }
	FRONTROW_BINARY=$(abspath $(or $(CARGO_TARGET_DIR),target))/debug/frontrow RUST_BACKTRACE=0 \
		$(CARGO) test --locked $(BROWSER_TARGET) -- --test-threads=2

lint: tools ## Checks formatting and lints
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

fmt: tools ## Formats the code
	$(CARGO) fmt --all

doc: tools ## Builds the documentation of the crates, without warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps

deny: tools ## Checks dependencies, licences and sources
	@$(CARGO) deny --version >/dev/null 2>&1 || { echo "cargo-deny is missing: cargo install cargo-deny --locked" >&2; exit 1; }
	$(CARGO) deny --locked check bans licenses sources

# docs/benchmarks.md says which variables choose a part of it.
bench: tools ## Measures bookings, reads and queues on every database that is installed or has an image: hours
	$(CARGO) bench --locked --package frontrow-server --bench throughput
	$(CARGO) bench --locked --package frontrow-server --bench queue

locks: tools ## Compares kinds of locks on every database server that is installed
	FRONTROW_TEST_DOCKER=off $(CARGO) bench --locked --package frontrow-adapters-tests --bench locks

soak: tools ## Runs the longer tests: some hours
	FRONTROW_SIMULATION_STEPS=$(SOAK_STEPS) PROPTEST_CASES=$(SOAK_CASES) $(CARGO) test --locked --package frontrow-domain
	for round in $$(seq $(SOAK_ROUNDS)); do \
		echo "round $$round of $(SOAK_ROUNDS)"; \
		FRONTROW_TEST_SEED=$$((1000 + round)) FRONTROW_TEST_ROUNDS=60 $(ON_DATABASES) $(CARGO) test --locked --package frontrow-contract-tests || exit 1; \
	done
	FRONTROW_TEST_LOBBY_PEOPLE=1000000 $(CARGO) test --locked --package frontrow-server --lib lobby::
	$(MAKE) promised PROMISED_EXAMPLES=300
	FRONTROW_TEST_SMALL_DISKS=on $(CARGO) test --locked --package frontrow-adapters-tests --test sql disks::
	FRONTROW_TEST_RUSHES=100 FRONTROW_TEST_RUSH_SECONDS=30 FRONTROW_TEST_STEPS=300 \
		FRONTROW_TEST_KILLS=200 FRONTROW_TEST_DATABASE_KILLS=50 \
		FRONTROW_TEST_QUEUE_PEOPLE=2000 FRONTROW_TEST_QUEUE_SECONDS=120 FRONTROW_TEST_ANSWERED_SECONDS=600 \
		$(ON_DATABASES) $(CARGO) test --locked --package frontrow-server --test http

images: ## Builds the database images of the tests where they can't be pulled; as root on Debian
	tests/images/build

# Made anew when what is pinned changes.
$(PYTHON_TESTS)/installed: tests/python/requirements.txt
	rm -rf $(PYTHON_TESTS)
	python3 -m venv $(PYTHON_TESTS)
	$(PYTHON_TESTS)/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	touch $@

# A binary that is named is there already.
frontrow-binary: tools
	test -n "$(FRONTROW_BINARY)" || $(CARGO) build --locked --package frontrow-server --bin frontrow

clients: frontrow-binary $(PYTHON_TESTS)/installed ## Generates clients from the OpenAPI document, and books a seat with them
	FRONTROW_BINARY=$(BINARY) $(PYTHON_TESTS)/bin/python -B tests/clients/book.py

promised: frontrow-binary $(PYTHON_TESTS)/installed ## Asks for everything that the OpenAPI document describes
	FRONTROW_BINARY=$(BINARY) $(PYTHON_TESTS)/bin/python -B tests/promised/ask.py --examples $(PROMISED_EXAMPLES)

openapi: tools ## Prints the OpenAPI document
	@$(CARGO) run --locked --quiet --package frontrow-server -- openapi
