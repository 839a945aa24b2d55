# make run: set up and measure CMuST and the cheap baselines on the simulated New York; make test: set up and run all tests;
# make docs-test: run the blocks of docs/; make storm: kill workers a thousand times, and hold their tables against undisturbed ones;
# make fuzz: read mangled files (COUNT, SEED); make gpu: all that needs a CUDA machine, within MINUTES, records to RESULTS;
# make papers: every table and figure of the papers at preset smoke, as files below results/local/papers;
# make docs: the documentation as a site, build/docs/html; make site: the leaderboard with the documentation beside it, build/site;
# make check-results: every published record, and the bundles in submissions/, as CI checks a pull request;
# make calibration: hold the simulated cities at full size against real ones.
PYTHON ?= python3
BIN := .venv/bin
# mangled inputs of make fuzz
COUNT ?= 10000
SEED ?= 0
# of make gpu, which goes on where it stopped; the timings' preset; an environment that has torch is used as it is
MINUTES ?= 20
RESULTS ?= results/local
PRESET ?= full
METHODS ?= cmust,stid,linear,historical_average,last_value

.PHONY: run test storm fuzz gpu papers docs-test docs site check-results bench calibration lint clean

.venv/.run: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/.test: .venv/.run
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[test,dev]"
	touch $@

run: .venv/.run
	$(BIN)/stbench run --method $(METHODS) --suite nyc --seeds 5 --preset quick --data sim
	@echo "Go on with $(BIN)/stbench, e.g. $(BIN)/stbench list methods; or type: source $(BIN)/activate, then stbench alone."

test: .venv/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m "not docs"

storm: .venv/.test
	OMP_NUM_THREADS=1 $(BIN)/python tests/execution/storm.py 1000

fuzz: .venv/.test
	OMP_NUM_THREADS=1 PYTHONPATH=tests $(BIN)/python -m fuzz --count $(COUNT) --seed $(SEED)

gpu:
	PYTHONPATH=.:tests $(firstword $(wildcard $(BIN)/python) $(PYTHON)) -m gpu --minutes $(MINUTES) --results $(RESULTS) --preset $(PRESET)

papers: .venv/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmark.experiments.papers --preset smoke --seeds 1 --out results/local/papers

docs-test: .venv/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m docs

docs: .venv/.test
	$(BIN)/python docs/_ext build/docs/html

site: .venv/.test
	$(BIN)/stbench leaderboard build --out build/site --docs docs
	$(BIN)/python docs/_ext build/site/docs --board

# tables are made of all records, and end with exit code 2 if one is broken; every bundle is checked before it fails
check-results: .venv/.run
	$(BIN)/stbench table --all --out build/tables --strict
	@failed=0; for bundle in submissions/*.zip; do \
	if [ -e "$$bundle" ]; then $(BIN)/stbench submit check "$$bundle" || failed=1; fi; done; exit $$failed

bench: .venv/.test
	$(BIN)/python -m pytest tests/benchmarks --benchmark-only --benchmark-disable-gc -p no:xdist

# every city is compared before it fails
calibration: .venv/.run
	@failed=0; for city in nyc sip chicago; do \
	$(BIN)/python -m benchmark.data.simulate.checks.series --size full --city $$city || failed=1; done; \
	for city in chengdu xian; do $(BIN)/python -m benchmark.data.simulate.checks.trips --size full --city $$city || failed=1; done; exit $$failed

lint: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/mypy

clean:
	rm -rf .venv build *.egg-info
