# `make` lists what there is. Each line is run.py's, so that Windows has the same without make: python run.py test
PYTHON ?= python3
ARGS ?=
.DEFAULT_GOAL := help

help:
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

run: ## the portal with sample people on http://localhost:8000 (PORT=8001 for another), until Ctrl-C
	@$(PYTHON) run.py run $(ARGS)

test: ## every test this machine can run; says which it cannot (ARGS="-k notes" for some of them)
	@$(PYTHON) run.py test $(ARGS)

check: ## style, types, templates, migrations, settings of a public portal
	@$(PYTHON) run.py check

bench: ## how fast: a table, and JSON in bench/results/
	@$(PYTHON) run.py bench $(ARGS)

soak: ## prove at length that no text is lost, and write docs/proof.md (ARGS="N4 N12" for some)
	@$(PYTHON) run.py soak $(ARGS)

fmt: ## put the Python code into the house's format
	@$(PYTHON) run.py fmt

lock: ## write requirements*.txt anew from requirements*.in (ARGS=--upgrade for newer versions)
	@$(PYTHON) run.py lock $(ARGS)

screenshots: ## take the pictures of the pages in docs/ anew
	@$(PYTHON) run.py screenshots

.PHONY: help run test check bench soak fmt lock screenshots
