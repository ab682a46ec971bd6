# What people do with the repository. `make` alone says what there is.

CARGO ?= cargo
# Steps of the soak's simulation; the tests take a million.
SOAK_STEPS ?= 20000000
# Cases of every property in the soak; the tests take 256 unless they say otherwise.
SOAK_CASES ?= 4096
# Rounds of the soak's contract suite, each with another seed.
SOAK_ROUNDS ?= 20
# Of the demo's rush.
PEOPLE ?= 2000
# Starts the databases that tests run on.
ON_DATABASES = $(CARGO) run --locked --quiet --package frontrow-test-databases --

.DEFAULT_GOAL := help
.PHONY: help tools run demo-rush test lint fmt doc deny bench locks soak openapi images

help: ## Says what there is
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1	\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12

tools:
	@command -v $(CARGO) >/dev/null || { echo "Rust is missing: install Rust 1.95 or newer, with cargo" >&2; exit 1; }
	@command -v $(CC) >/dev/null || { echo "A C compiler is missing ($(CC)): SQLite is compiled from its source; install gcc or clang" >&2; exit 1; }

run: tools ## Serves a demo on loopback, until Ctrl-C
	$(CARGO) run --locked --package frontrow-server -- demo --serve

demo-rush: tools ## Lets 2,000 scripted people queue for a show of 50 seats
	$(CARGO) run --locked --release --package frontrow-server --example rush -- $(PEOPLE)

test: tools ## Runs every test, on every database that can be had, and says which
	@command -v curl >/dev/null || { echo "curl is missing: a test runs the README's tour" >&2; exit 1; }
	$(ON_DATABASES) $(CARGO) test --locked --workspace --no-fail-fast

lint: tools ## Checks formatting and lints
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

fmt: tools ## Formats the code
	$(CARGO) fmt --all

doc: tools ## Builds the documentation of the crates, without warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps

deny: tools ## Checks who depends on what, licences and sources
	@$(CARGO) deny --version >/dev/null 2>&1 || { echo "cargo-deny is missing: cargo install cargo-deny --locked" >&2; exit 1; }
	$(CARGO) deny --locked check bans licenses sources

bench: tools ## Measures bookings and waiting lines on every database that is installed or has an image
	$(CARGO) bench --locked --package frontrow-server --bench throughput
	$(CARGO) bench --locked --package frontrow-server --bench line

locks: tools ## Compares kinds of locks on every database server that is installed
	FRONTROW_TEST_DOCKER=off $(CARGO) bench --locked --package frontrow-adapters --bench locks

soak: tools ## Runs the longer tests: some hours
	FRONTROW_SIMULATION_STEPS=$(SOAK_STEPS) PROPTEST_CASES=$(SOAK_CASES) $(CARGO) test --locked --package frontrow-domain
	for round in $$(seq $(SOAK_ROUNDS)); do \
		echo "round $$round of $(SOAK_ROUNDS)"; \
		FRONTROW_TEST_SEED=$$((1000 + round)) FRONTROW_TEST_ROUNDS=60 $(ON_DATABASES) $(CARGO) test --locked --package frontrow-contract-tests || exit 1; \
	done
	FRONTROW_TEST_SMALL_DISKS=on $(CARGO) test --locked --package frontrow-adapters --test sql disks::
	FRONTROW_TEST_RUSHES=100 FRONTROW_TEST_RUSH_SECONDS=30 FRONTROW_TEST_STEPS=300 \
		FRONTROW_TEST_KILLS=200 FRONTROW_TEST_DATABASE_KILLS=50 \
		FRONTROW_TEST_LINE_PEOPLE=2000 FRONTROW_TEST_LINE_SECONDS=120 FRONTROW_TEST_ANSWERED_SECONDS=600 \
		$(ON_DATABASES) $(CARGO) test --locked --package frontrow-server --test http

images: ## Makes the database images of the tests where they can't be pulled; as root on Debian
	tests/images/build

openapi: tools ## Prints the OpenAPI document
	@$(CARGO) run --locked --quiet --package frontrow-server -- openapi
