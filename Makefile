# Development tasks. The project builds with cargo alone; these are the tasks around it.

# A shell and quoted paths, since the checkout's path may contain blanks.
SHELL := /bin/bash
LAB := "$(CURDIR)/tests/lab/lab"

# Hosts of the lab, and their Docker Engine: 20, 26, 28 or 28c.
N ?= 4
ENGINE ?= 20

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' "$(CURDIR)/Makefile"

.PHONY: lab-up
lab-up: ## Start the lab: N=4 Docker hosts on this machine (needs root)
	@$(LAB) up $(N) --engine $(ENGINE)

.PHONY: lab-down
lab-down: ## Remove everything the lab has made
	@$(LAB) down

.PHONY: lab-status
lab-status: ## Show the lab's hosts
	@$(LAB) status
