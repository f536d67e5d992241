# The workshop: `make` lists what there is.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Programs that are built from their sources, at the versions of tools/go.mod.
TEMPL := go tool -modfile=tools/go.mod templ

# The packages in which goroutines meet. The race detector sees them on small
# data (-short) and without pointer checks, which make this SQLite a hundred
# times slower. A rule in internal/check keeps the list complete.
RACE := ./internal/account ./internal/auth ./internal/browse ./internal/clock ./internal/console ./internal/controlplane/... ./internal/copier ./internal/d1/local ./internal/d1/rest \
	./internal/database ./internal/demo ./internal/desk ./internal/fleet/... ./internal/handlers/... ./internal/id ./internal/live ./internal/sqlite/... ./web/static ./web/templates/keys

# Flags of `make bench`, for instance BENCH=-short.
BENCH :=

# How long each target of `make fuzz` runs.
FUZZTIME := 5s

.PHONY: help demo run build generate assets check test race fuzz bench screenshots image

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: ## serve a fleet to try things on, made in ./data-demo
	go run ./cmd/dashboard --demo

run: ## serve the dashboard on http://127.0.0.1:8080, data in ./data
	go run ./cmd/dashboard

build: ## build the program, one static file: bin/dashboard
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o bin/dashboard ./cmd/dashboard

generate: ## generate Go from the .templ files
	$(TEMPL) generate -path web/templates

assets: ## build web/static/dist from web/assets (needs node)
	cd web/assets && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier && npm run build

check: ## format, vet, staticcheck, drift of generated files and modules, house rules
	@./tools/check.sh

test: ## all tests, and the race detector; installs what they need and says so
	@./tools/setup.sh chromium runtime axe gcc sqlite3
	go test -timeout 30m ./...
	@$(MAKE) race

race: ## the race detector on the packages with goroutines (needs gcc)
	@./tools/setup.sh chromium runtime axe gcc sqlite3
	CGO_ENABLED=1 go test -race -short -gcflags=all=-d=checkptr=0 -timeout 30m $(RACE)

fuzz: ## every fuzz target for FUZZTIME (5s)
	@./tools/fuzz.sh $(FUZZTIME)

bench: ## what was promised of speed, measured: docs/performance.md (needs gcc)
	@./tools/setup.sh gcc sqlite3
	cd bench && CGO_ENABLED=1 go run . $(BENCH)

screenshots: ## the pictures of docs/screens, from the walks in a real browser
	@./tools/setup.sh chromium axe
	@mkdir -p docs/screens
	SCREENSHOTS=$(CURDIR)/docs/screens go test -count=1 -timeout 30m ./internal/e2e

image: ## the container image kuratchi-dashboard (needs docker)
	docker build -t kuratchi-dashboard .
