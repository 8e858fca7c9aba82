# Development tasks. The project builds with cargo alone; these are the tasks around it.

# A shell and quoted paths, since the checkout's path may contain blanks.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
LAB := "$(CURDIR)/tests/lab/lab"
# A toolchain that `.ci/setup` has just installed is on nobody's path yet.
export PATH := $(HOME)/.cargo/bin:$(PATH)

# Hosts of the lab, and their Docker Engine: 20, 26, 28 or 28c.
N ?= 4
ENGINE ?= 20
# How long to fuzz.
FUZZ_SECONDS ?= 600
# 1 leaves the lab running after the tests.
KEEP_LAB ?=

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' "$(CURDIR)/Makefile"

.PHONY: setup
setup: ## Install a C compiler and Rust where they are missing
	@.ci/setup

.PHONY: demo
demo: setup ## Start the lab and deploy the shop to four hosts (needs root)
	@$(LAB) up 4
	@cargo build --locked --quiet
	@# A second lab on one machine has other addresses than the ready inventory.
	@if grep -q '10\.213\.0\.11$$' target/lab/ssh_config; \
	then inventory=(inventories/lab.yaml); \
	else inventory=(target/lab/inventory.yaml --map examples/shop/shop.yaml); fi; \
	echo "dmfab deploy $${inventory[*]} --hosts web1,apps1-3"; \
	target/debug/dmfab deploy "$${inventory[@]}" --hosts web1,apps1-3 --yes; \
	target/debug/dmfab ps "$${inventory[@]}"; \
	echo; echo "Try: target/debug/dmfab plan $${inventory[*]}    End: make lab-down"

.PHONY: test
test: setup ## Run all tests on the lab (needs root)
	@was_up=$$([ -e target/lab/lab.json ] && echo 1 || echo); \
	$(LAB) up 4; \
	trap '[ -n "$${was_up}$(KEEP_LAB)" ] || $(LAB) down' EXIT; \
	cargo test --locked --all-features

.PHONY: test-engines
test-engines: setup ## Hold newer Docker Engines to the same contract (needs root)
	@$(LAB) up 4
	@$(LAB) host add engine26 --engine 26
	@$(LAB) host add engine28 --engine 28
	@trap '$(LAB) host remove engine26; $(LAB) host remove engine28' EXIT; \
	cargo test --locked --all-features --test integration contract::

.PHONY: lint
lint: setup ## Check formatting, lints and documentation
	@cargo fmt --check
	@cargo clippy --locked --all-targets --all-features -- -D warnings
	@RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --all-features

.PHONY: bench
bench: setup ## Measure loading and resolving of 1,000 to 10,000 containers
	@cargo bench --locked --bench resolve

.PHONY: fuzz
fuzz: setup ## Load and resolve whatever comes: FUZZ_SECONDS=600, below 200 MB
	@fuzz/run $(FUZZ_SECONDS)

.PHONY: lab-up
lab-up: ## Start the lab: N=4 Docker hosts on this machine (needs root)
	@$(LAB) up $(N) --engine $(ENGINE)

.PHONY: lab-down
lab-down: ## Remove everything the lab has made
	@$(LAB) down

.PHONY: lab-status
lab-status: ## Show the lab's hosts
	@$(LAB) status
