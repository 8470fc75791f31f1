# The verbs of this project. Each works in a fresh clone with python3 (3.11 or newer) and make alone:
# what it needs is installed into .venv, in the versions constraints.txt pins.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
DEMO ?= demo-out
STUBS := build/tensorrt
BENCH := build/bench
LOCK := --upgrade
# A worker that has nothing left takes half of what another has: halves are neighbours, which share what is made once.
SIDE_BY_SIDE := $(BIN)/python -m pytest -n auto --dist worksteal

.PHONY: demo test test-apps test-arm test-quick coverage check docs stubs check-tensorrt format train-demo judge bench lock image sbom clean

demo: .venv/lean ## map a generated scene with the embedded demo model
	$(BIN)/landslip demo $(DEMO) --overwrite

test: .venv/full ## all tests but those in other applications, on all cores
	$(SIDE_BY_SIDE) -m 'not apps' $(PYTEST)

test-apps: .venv/apps ## products in QGIS, Chromium and tools of catalogues; those that are not there are skipped
	tools/install_applications.sh
	$(SIDE_BY_SIDE) -m apps tests/apps $(PYTEST)

test-arm: .venv/arm ## on an emulated ARM: installation, demo, its map compared with one of here, tests of the runtime
	tools/arm/test_arm.sh

test-quick: .venv/full ## the tests that need neither TensorFlow nor minutes
	$(SIDE_BY_SIDE) -m 'not tensorflow and not slow and not apps' $(PYTEST)

coverage: .venv/full ## all tests, with the lines and branches they reach; slower
	$(SIDE_BY_SIDE) --cov --cov-report=term $(PYTEST)

check: .venv/full ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/basedpyright

docs: .venv/full ## the pages of docs/ as a site in build/site, to be read without a connection; warnings are errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "See build/site/index.html"

stubs: .venv/full ## type stubs from NVIDIA's bindings of TensorRT, oldest and newest version (Linux, with a C compiler)
	$(BIN)/python tools/tensorrt_stubs.py $(STUBS)

check-tensorrt: stubs ## types and tests of the TensorRT engine against those bindings
	set -e; for place in $(STUBS)/*/; do \
		echo "TensorRT $$(basename $$place)"; \
		$(BIN)/basedpyright -p $$place/pyrightconfig.json; \
		PYTHONPATH=$$place/bindings LD_LIBRARY_PATH=$$place/lib \
			$(BIN)/python -m pytest -q tests/runtime/engines/test_tensor_rt_bindings.py; \
	done

format: .venv/full
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

train-demo: .venv/full ## train the demo model again and export it (half an hour on two cores)
	$(BIN)/python -m landslip.models.training.train --out models/demo_data --seed 1 --steps 2200

judge: $(BENCH)/judge.hdf5 ## train the network that precisions are judged by: the published one at full width (twenty minutes on two cores)

bench: .venv/peers $(BENCH)/exported ## measure this machine, network at full width; some 40 minutes on two cores of an AMD EPYC, the first time twenty minutes more for the judge, 7 GB for torch and peers on Linux
	$(BIN)/landslip bench all -m $(BENCH)/model --hdf5 $(BENCH)/judge.hdf5 -o benchmarks/results --by-machine

$(BENCH)/judge.hdf5: | .venv/full
	$(BIN)/python -m landslip.models.training.judge $@

$(BENCH)/exported: $(BENCH)/judge.hdf5 | .venv/peers # the judge, exported for the engines of this machine (some minutes)
	$(BIN)/landslip export $(BENCH)/judge.hdf5 -o $(BENCH)/model --overwrite --precision fp32 --precision fp16 \
		--precision int8 --target onnx --target openvino
	touch $@

lock: .venv/full ## update the pinned versions, on purpose; LOCK= only adds what is new
	$(BIN)/uv pip compile $(LOCK) --universal --python-version 3.11 --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --extra cpu --extra openvino --extra export --extra bench-peers --extra dev --extra docs --extra apps \
		pyproject.toml -o constraints.txt

image: ## the container image landslip:VERSION, with docker, podman or buildah; IMAGE=cuda or IMAGE=jetson for the others
	tools/build_image.sh $(IMAGE)

sbom: .venv/full ## the bill of materials of the lean runtime in build/sbom.cdx.json, with its licences checked
	$(BIN)/python tools/sbom.py

clean:
	rm -rf .venv build dist *.egg-info demo-out

.venv/python: 
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "python3 is older than 3.11: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	touch $@

.venv/lean: .venv/python pyproject.toml constraints.txt
	$(PIP) install -q -c constraints.txt -e '.[cpu]'
	touch $@

.venv/arm: .venv/lean # uv resolves for other machines than this one
	$(PIP) install -q -c constraints.txt uv
	touch $@

.venv/full: .venv/python pyproject.toml constraints.txt
	$(PIP) install -q -c constraints.txt -e '.[cpu,openvino,export,bench,dev,docs]'
	touch $@ .venv/lean

.venv/apps: .venv/full
	$(PIP) install -q -c constraints.txt -e '.[cpu,openvino,export,bench,dev,docs,apps]'
	touch $@

.venv/peers: .venv/full
	$(PIP) install -q -c constraints.txt -e '.[bench-peers]'
	touch $@
