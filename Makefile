# Rollcall's commands. `make` lists them.

MODULES  := gen migrations services/internal services/accounts services/inventory services/discovery services/gateway services/rollcall services/cloudsim services/proof
PROGRAMS := rollcall accounts inventory discovery gateway cloudsim
TOOLS    := $(CURDIR)/.tools/bin
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GO       ?= go
# How many packages are tested at the same time. Several start a Postgres of their own.
TEST_PARALLEL ?= 2
# The race detector needs a C compiler. Without one, the tests run without the race detector.
RACE := $(if $(shell command -v gcc cc clang 2>/dev/null),-race)
# How long the tests of one package may take, so that a hang is a failure.
TEST_TIMEOUT  ?= 15m

export PATH := $(TOOLS):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help
help: ## List the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: go
go:
	@command -v $(GO) >/dev/null || { echo "Go is needed to build Rollcall: install Go 1.26 or newer (https://go.dev/dl), then run this again." >&2; exit 1; }

.PHONY: build
build: go ## Build all programs into bin/
	@mkdir -p bin
	@for p in $(PROGRAMS); do echo "build bin/$$p" && $(GO) build -ldflags '-X main.version=$(VERSION)' -o bin/$$p ./services/$$p/cmd/$$p || exit 1; done

.PHONY: run
run: go ## Start Rollcall with everything it needs (console on http://localhost:8080)
	@mkdir -p bin
	@echo "Building Rollcall; the first time takes a few minutes." >&2
	@$(GO) build -ldflags '-X main.version=$(VERSION)' -o bin/rollcall ./services/rollcall/cmd/rollcall
	@exec bin/rollcall up

.PHONY: test
test: go $(TOOLS)/gotestsum ## Run all tests with the race detector; needs only Go, and lists what it left out
	@$(if $(RACE),:,echo "No C compiler: the tests run without the race detector." >&2)
	@gotestsum --format pkgname-and-test-fails --hide-summary=output -- $(RACE) -timeout $(TEST_TIMEOUT) -p $(TEST_PARALLEL) work

.PHONY: test-unit
test-unit: go ## Run the tests that need no Postgres; takes under a minute on a warm build cache
	@$(GO) test -timeout 60s $$(scripts/unit-packages)

.PHONY: check
check: go $(TOOLS)/golangci-lint ## Check what is not committed yet: format, words, lint, unit tests (SINCE=main for a branch)
	@scripts/check $(or $(SINCE),HEAD)

# How often `make stress` runs the tests, and how many processes keep the machine busy meanwhile.
STRESS_ROUNDS ?= 3
STRESS_LOAD   ?= 10
.PHONY: stress
stress: go ## Run all tests several times beside a load of ten busy processes (STRESS_ROUNDS=3, STRESS_LOAD=10)
	@STRESS_ROUNDS=$(STRESS_ROUNDS) STRESS_LOAD=$(STRESS_LOAD) scripts/stress -p $(TEST_PARALLEL) -timeout 60m work

.PHONY: conformance
conformance: build ## Run EC2 and RDS of an independent AWS simulator (moto) through all of Rollcall; needs Python 3
	scripts/conformance/run

# How long `make chaos` runs, in minutes. To repeat what it found: CHAOS_SEED=…, and CHAOS_STEPS=… as it prints them.
CHAOS_MINUTES ?= $(if $(CHAOS_SEED),0,5)
.PHONY: chaos
chaos: go ## Run Rollcall under faults, false answers, kills and churn, and check its promises (CHAOS_MINUTES=5)
	@CHAOS_MINUTES=$(CHAOS_MINUTES) CHAOS_SEED=$(CHAOS_SEED) CHAOS_STEPS=$(CHAOS_STEPS) \
		$(GO) test $(RACE) -count=1 -timeout 0 -v -run '^TestChaos$$' ./services/proof/chaos

.PHONY: bench
bench: build ## Measure against limits taken in the same run, and write the tables of docs/benchmarks.md
	$(GO) run ./services/proof/bench -rollcall bin/rollcall -out docs/benchmarks.md

.PHONY: tools
tools: go $(TOOLS)/buf $(TOOLS)/golangci-lint ## Build the pinned developer tools into .tools/
$(TOOLS)/buf: tools/go.mod tools/go.sum
	@mkdir -p $(TOOLS) && cd tools && GOWORK=off $(GO) build -o $(TOOLS)/ tool && touch $@
$(TOOLS)/gotestsum: tools/go.mod tools/go.sum
	@mkdir -p $(TOOLS) && cd tools && GOWORK=off $(GO) build -o $(TOOLS)/ gotest.tools/gotestsum && touch $@
$(TOOLS)/golangci-lint: tools/lint/go.mod tools/lint/go.sum
	@mkdir -p $(TOOLS) && cd tools/lint && GOWORK=off $(GO) build -o $(TOOLS)/ tool && touch $@
$(TOOLS)/cyclonedx-gomod $(TOOLS)/govulncheck: tools/audit/go.mod tools/audit/go.sum
	@mkdir -p $(TOOLS) && cd tools/audit && GOWORK=off $(GO) build -o $(TOOLS)/ tool && touch $(TOOLS)/cyclonedx-gomod $(TOOLS)/govulncheck
.proto-deps: $(wildcard tools/protodeps/*.go) tools/go.mod
	@rm -rf $@ && cd tools && GOWORK=off $(GO) run ./protodeps ../$@ && touch ../$@

.PHONY: generate
generate: $(TOOLS)/buf .proto-deps ## Generate gen/, the REST handlers and the console's templates
	buf format -w proto
	buf generate
	templ generate -path services/gateway
	gofmt -w gen services/gateway/rest/stubs

.PHONY: drift
drift: generate ## Fail if the generated code differs from the committed code
	@git diff --exit-code --stat -- gen proto services/gateway || { echo "The generated code is not up to date: run 'make generate' and commit what changed." >&2; exit 1; }
	@test -z "$$(git status --porcelain -- gen proto services/gateway)" || { git status --short -- gen proto services/gateway; echo "Generated files are not committed: run 'make generate' and commit." >&2; exit 1; }

.PHONY: lint
lint: $(TOOLS)/buf $(TOOLS)/golangci-lint .proto-deps ## Lint the contract, the code and the language
	tools/words/run
	@$(MAKE) --no-print-directory docs
	buf lint
	buf breaking proto --against proto/baseline.binpb
	@test -z "$$(gofmt -l $(filter-out gen,$(MODULES)) tools)" || { gofmt -l $(filter-out gen,$(MODULES)) tools; echo "Not formatted: run 'make fmt'." >&2; exit 1; }
	@for m in $(filter-out gen,$(MODULES)); do echo "lint $$m" && (cd $$m && golangci-lint run --config $(CURDIR)/.golangci.yml ./...) || exit 1; done

.PHONY: baseline
baseline: $(TOOLS)/buf .proto-deps ## Record the contract as released: `make lint` then refuses breaking changes
	buf build proto -o proto/baseline.binpb

.PHONY: fmt
fmt: $(TOOLS)/buf ## Format code and contract
	gofmt -w $(filter-out gen,$(MODULES)) tools
	buf format -w proto

.PHONY: tidy
tidy: go ## Tidy every module
	@for m in $(MODULES) tools tools/lint tools/audit; do echo "tidy $$m" && (cd $$m && GOWORK=off $(GO) mod tidy) || exit 1; done
	$(GO) work sync

.PHONY: modules
modules: go ## Build each module alone, and compare its dependencies with those of the workspace
	@scripts/check-modules $(MODULES)
	@for m in $(MODULES); do echo "build $$m alone" && (cd $$m && GOWORK=off $(GO) build -mod=readonly ./...) || exit 1; done

.PHONY: docs
docs: go ## Check the links of the documents, and the statements in them that can be checked
	@cd tools && GOWORK=off $(GO) run ./doclinks $(CURDIR)

.PHONY: sbom
sbom: $(TOOLS)/cyclonedx-gomod ## Write a CycloneDX bill of materials of each program into bin/sbom/
	@mkdir -p bin/sbom
	@for p in $(PROGRAMS); do (cd services/$$p && GOWORK=off cyclonedx-gomod app -json -main cmd/$$p -output $(CURDIR)/bin/sbom/$$p.cdx.json .) && echo "bin/sbom/$$p.cdx.json" || exit 1; done

.PHONY: vulnerabilities
vulnerabilities: go ## Look for known vulnerabilities in what the programs call; says so if the database can't be reached
	@scripts/vulnerabilities $(filter-out gen migrations,$(MODULES))

.PHONY: clean
clean: ## Remove build results; the data of `make run` stay
	rm -rf bin .tools .proto-deps .cache
