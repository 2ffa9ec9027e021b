# `make` lists the targets. Everything a target needs, it installs or builds.
SHELL := /bin/bash -euo pipefail
.DEFAULT_GOAL := help

# The same flags everywhere, so that all builds share one cache. Debugging information
# takes a tenth of the compiler's time; a debugger that builds by itself has it.
export GOFLAGS := -trimpath -buildvcs=false -gcflags=all=-dwarf=false $(GOFLAGS)
export CGO_ENABLED ?= 0

# Where `up` and `e2e` deploy to: local (a one-node Kubernetes built here), kind, or current (your kube context).
CLUSTER ?= local
# The image to deploy to CLUSTER=current; empty means the release's.
IMAGE ?=
# Anything makes `bench` short.
QUICK ?=
# Anything lets `test` run under the race detector, as .ci/run does.
RACE ?=
# With how many realms, and then with how many clients of one, `scale` measures.
REALMS ?= 1000
CLIENTS ?= 10000
# With how many users `growth` measures, and which migration was the last of the release before.
USERS ?= 3000000
FROM ?= 76

# What `plugins` builds for.
PLATFORMS ?= linux-amd64 linux-arm64 darwin-amd64 darwin-arm64 windows-amd64 windows-arm64

LOCALKUBE := go -C hack/localkube run ./cmd/localkube
MODULES := . hack/localkube hack/peers-go

##@ Use it

.PHONY: up
up: ## A Kubernetes with a running realm, and a first login
	@$(LOCALKUBE) up --root $(CURDIR) --cluster $(CLUSTER) --image "$(IMAGE)"

.PHONY: down
down: ## Remove everything that up made
	@$(LOCALKUBE) down --root $(CURDIR) --cluster $(CLUSTER)

.PHONY: status
status: ## What is running
	@$(LOCALKUBE) status --root $(CURDIR) --cluster $(CLUSTER)

##@ Work on it

.PHONY: test
test: deps ## Unit, golden, API server and black-box tests on real PostgreSQL and Redis (RACE=1: under the race detector)
	@hack/test.sh $(if $(RACE),race)

.PHONY: screenshots
screenshots: deps ## The pictures of docs/pages.md, taken anew
	@go test -count=1 -timeout 30m ./test/browser -screenshots

.PHONY: e2e
e2e: deps ## The promises, as a black box, on a real cluster
	@hack/e2e.sh

.PHONY: e2e-full
e2e-full: deps ## All of `test` and `e2e` at full length, in two hours at most
	@$(LOCALKUBE) packages patroni python3-etcd etcd-server
	@hack/oauth2-proxy.sh >/dev/null
	@timeout 80m hack/test.sh full
	@timeout 40m hack/e2e.sh

.PHONY: bench
bench: deps ## Measure the real server and write docs/benchmarks.md (QUICK=1: three minutes, writes nothing)
	@QUICK=$(QUICK) go test -tags bench -count=1 -timeout=1h -v ./test/bench

.PHONY: scale
scale: deps ## Measure the operator with 1,000 realms, and 10,000 clients of one, and write docs/scale.md (REALMS=50 CLIENTS=500: some minutes, writes nothing)
	@assets=$$($(LOCALKUBE) assets) && export KUBEBUILDER_ASSETS="$$assets" && \
	REALMS=$(REALMS) CLIENTS=$(CLIENTS) go test -tags scale -count=1 -timeout=1h -v ./test/scale

.PHONY: growth
growth: deps ## Fill a database with three million users, explain every statement and write docs/growth.md (USERS=100000: short, writes nothing)
	@USERS=$(USERS) FROM=$(FROM) go test -tags growth -count=1 -timeout=2h -run TestGrowth -v ./authserver/internal/postgres/growth

.PHONY: bench-parts
bench-parts: ## Measure hashing, tokens, refresh and settings by themselves
	@mkdir -p bin && go test -run='^$$' -bench=. -count=6 -benchtime=200ms > bin/bench.txt \
		./authserver/internal/{session,signin,live,token} ./authserver/internal/password/... && "$$(hack/tools.sh benchstat)" bin/bench.txt

.PHONY: generate
generate: ## Deepcopy, kinds, roles, and the chart's copies of them
	@hack/generate.sh

.PHONY: verify
verify: ## Generated files are what `make generate` writes
	@hack/verify.sh

.PHONY: lint
lint: ## gofmt and golangci-lint (.golangci.yml) on every module, helm lint on the chart
	@unformatted=$$(gofmt -l api authserver cmd controllers internal test hack); \
	test -z "$$unformatted" || { echo "not gofmt-ed: $$unformatted"; exit 1; }
	@lint=$$(hack/lint.sh) && for module in $(MODULES); do \
		(cd $$module && "$$lint" run --allow-parallel-runners --config $(CURDIR)/.golangci.yml ./...); done
	@go vet -asmdecl ./authserver/internal/password/bcrypt # golangci-lint does not look at assembly
	@go vet -tags "e2e bench scale growth full" ./test/... ./authserver/...
	@helm=$$(hack/tools.sh helm) && "$$helm" lint --quiet charts/realmkeeper

.PHONY: build
build: ## The programs, into bin/
	@go build -ldflags "-s -w" -o bin/ ./cmd/...

.PHONY: plugins
plugins: ## kubectl-realmkeeper for Linux, macOS and Windows, into bin/OS-ARCHITECTURE/
	@for platform in $(PLATFORMS); do \
		CGO_ENABLED=0 GOOS=$${platform%-*} GOARCH=$${platform#*-} go build -ldflags "-s -w" -o bin/$$platform/ ./cmd/kubectl-realmkeeper; done

.PHONY: deps
deps: ## Debian packages and peers that the tests need
	@$(LOCALKUBE) packages gcc libc6-dev postgresql redis-server curl ca-certificates jq oathtool zbar-tools chromium-headless-shell fonts-inter nginx-light caddy haproxy prometheus pgbouncer \
		apache2-bin libapache2-mod-auth-openidc python3-authlib python3-flask python3-requests oidc-agent-cli
	@hack/peers.sh >/dev/null
	@hack/peers-js.sh >/dev/null
	@hack/peers-go.sh >/dev/null
	@hack/kinds.sh >/dev/null
	@hack/tools.sh helm >/dev/null

.PHONY: help
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
