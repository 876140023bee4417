# Two targets do all the set-up: `make experiment NAME=redis-outage` and
# `make test`. The rest is for those who work on gauntlet itself.

GAUNTLET := .cache/bin/gauntlet
NAME     ?=
PLATFORM ?=
ARGS     ?=

# The Kubernetes types cost two thirds of a cold build; with the race detector
# they would be built a second time. Only these packages reach them. They are
# never built with cgo: gauntlet's own binary is also the proxy between
# containers, in one of its own, where there is nothing to link it with.
HEAVY := gauntlet/harness/chaos/manifest gauntlet/harness/cmd/gauntlet
# The race detector needs a C compiler; without one the same tests run plain.
RACE  := $(if $(shell command -v gcc || command -v clang),-race)

# With PLATFORM=docker the images are made first, so that no stale one is tested:
# FROM scratch with what is installed here, or with IMAGES=registry as the
# Compose file says. REDIS_IMAGE and MAPPER_IMAGE name others. They are those of
# the system that the experiment NAME is about: the folder of its Compose file.
IMAGES   ?= local
SYSTEM   := $(if $(wildcard experiments/$(NAME).yaml),$(or $(shell sed -n 's|.*compose: *\.\./targets/\([^/]*\)/.*|\1|p' experiments/$(NAME).yaml),mapper))
PREPARE  := build $(if $(filter docker,$(PLATFORM)),images)
SUITE    := build $(if $(filter docker,$(or $(PLATFORM),docker)),images)
ON       := $(if $(PLATFORM),--platform $(PLATFORM))

.PHONY: help experiment controls gate weekly list build images test deps lint unit end-to-end docker further tested bench calibrate healthy defects clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14
	@echo
	@echo 'experiments:'
	@ls experiments/*.yaml | sed -E 's|experiments/(.*)\.yaml|  make experiment NAME=\1|'

build: ## the gauntlet binary, in .cache/bin
	@mkdir -p .cache/bin
	CGO_ENABLED=0 go build -o $(GAUNTLET) ./harness/cmd/gauntlet

experiment: $(PREPARE) ## run one experiment: NAME=redis-outage [PLATFORM=docker] [ARGS=--json]
	@test -n "$(NAME)" || { echo 'which one? make experiment NAME=…' >&2; $(GAUNTLET) list >&2; exit 2; }
	$(GAUNTLET) run $(NAME) $(ON) $(ARGS)

controls: $(PREPARE) ## run every control (or those of NAME, an experiment or a suite): each must end badly, for the reason it names
	$(GAUNTLET) run --controls $(ON) $(ARGS) $(if $(NAME),$(NAME),$(shell $(GAUNTLET) list --names))

# The suites say docker themselves; PLATFORM wins over them. What holds for a
# substitute does not hold for a release. make turns every exit code into 2: a
# pipeline calls the binary.
gate: $(SUITE) ## what a release must pass, in ten minutes, on containers [PLATFORM=local]
	$(GAUNTLET) run gate --no-substitute $(ON) $(ARGS)

weekly: $(SUITE) ## the drills of every week, in 85 minutes, on containers [PLATFORM=local]
	$(GAUNTLET) run weekly --no-substitute $(ON) $(ARGS)

images: ## the images for PLATFORM=docker, named in .env [IMAGES=registry]
	targets/images $(IMAGES) $(SYSTEM)

list: build ## the experiments, with their hypotheses
	$(GAUNTLET) list

test: deps lint unit end-to-end docker ## everything that must pass before a commit

deps: ## install what the tests need and this machine lacks (as root, with apt)
	.ci/deps

lint: ## gofmt, go vet, staticcheck
	@unformatted=$$(gofmt -l harness targets reports experiments); \
	  test -z "$$unformatted" || { echo "not gofmt-ed:"; echo "$$unformatted"; exit 1; }
	go vet ./...
	go tool staticcheck ./...

unit: ## every package by itself
	go test -count=1 $(RACE) -timeout 10m $(filter-out $(HEAVY),$(shell go list ./...))
	CGO_ENABLED=0 go test -count=1 -skip "EndToEnd|Docker|Further" -timeout 10m $(HEAVY)

end-to-end: ## real runs against real processes, through the command line
	CGO_ENABLED=0 go test -count=1 -timeout 25m -run EndToEnd -v ./harness/cmd/gauntlet

docker: tested ## the same on containers; skipped where no Docker engine answers
	CGO_ENABLED=0 go test -count=1 -timeout 15m -run Docker -v ./harness/cmd/gauntlet

further: tested ## more real runs, on both, of what a change seldom breaks alone
	CGO_ENABLED=0 go test -count=1 -timeout 45m -run Further -v ./harness/cmd/gauntlet

# The images that the tests need, where an engine answers.
tested:
	@if [ "$$CI" = true ] || docker info >/dev/null 2>&1; then targets/images local mapper; targets/images local webdis || [ "$$CI" != true ]; fi

bench: ## figures against a peer or a floor, in alternating runs
	go test -run '^$$' -bench AgainstVegeta -benchtime 6x -timeout 30m ./harness/load
	go test -run '^$$' -bench AgainstToxiproxy -benchtime 10x -timeout 30m ./harness/chaos/link
	go test -run '^$$' -bench Accuracy -benchtime 1x -timeout 30m ./harness/chaos/link
	go test -run '^$$' -bench . -timeout 30m ./harness/slo ./harness/consistency/... ./targets/mapper/...

calibrate: build ## how far off gauntlet is: seeded histories, and runs against servers whose own log is the truth [RUNS=2 of each row]
	$(GAUNTLET) calibrate seeded --noise harness/calibrate/testdata
	$(GAUNTLET) calibrate sockets $(if $(RUNS),--runs $(RUNS)) $(ARGS)

healthy: build ## does it cry wolf? 300 runs of a healthy system, half of them beside CPU stress; goes on where it was interrupted [RUNS=300] [ARGS="--within 8m"]
	$(GAUNTLET) calibrate healthy $(if $(RUNS),--runs $(RUNS)) $(ARGS)

defects: build ## is what is wrong on purpose caught, by the objective that names it? every defect of the mapper; goes on where it was interrupted [RUNS=1] [ARGS="--within 8m"]
	$(GAUNTLET) calibrate defects $(if $(RUNS),--runs $(RUNS)) $(ARGS)

clean: ## forget what was built (runs and reports stay)
	rm -rf .cache
