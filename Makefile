# make demo: learn the sample stories and tunes and write new ones; make test: run the tests. Both set all up first.

PYTHON ?= python3
VENV ?= .venv
PY = $(VENV)/bin/python
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>&1)
SUPPORTED = 3.10 3.11 3.12 3.13
INSTALLED = $(VENV)/.installed-$(VERSION)
READY = $(VENV)/.ready-$(VERSION)
TESTS = $(VENV)/.tests-$(VERSION)
LINTERS = $(VENV)/.linters-$(VERSION)
CONSTRAINTS = build-constraints.txt# relative: pip splits the variables at blanks, which the path of this folder may have
SANITIZED = build/sanitized-$(VERSION)
INSTALL_EXTRA = $(PY) tools/extra.py $(EXTRA) > $@.txt && $(PY) -m pip install --quiet --disable-pip-version-check -r $@.txt
LEVELS ?= avx2,emulated# what make sanitize checks besides portable; it takes a processor that has them to check others

KERNEL_TESTS = tests/kernels/native tests/kernels/update tests/kernels/test_embedding.py tests/kernels/test_packed.py

.PHONY: help demo demo-classify test test-slow test-pythons gpu-check sanitize lint format docs notebook setup native clean

help:
	@echo "make demo          learn the sample stories and tunes, then write new ones (three minutes)"
	@echo "make demo-classify learn what three kinds of letters sound like, then sort new ones (one minute)"
	@echo "make test          run the tests; make test-slow those that take minutes"
	@echo "make setup         install what the commands need into $(VENV), as the others do by themselves"
	@echo "                   (then python train.py --doctor says what is installed, and what mends it)"
	@echo "make native        build the CPU kernels again, and say why when they cannot be built"
	@echo "make sanitize      run their tests with GCC's checks of addresses, undefined behavior and threads"
	@echo "make gpu-check     on a GPU: its tests, then the benchmarks against PyTorch (eight minutes; PYTHON has both)"
	@echo "make lint          check the style and the types; make format mends the style"
	@echo "make docs          write again what is made from tables: the page and the types of options, the table of rooms"
	@echo "make notebook      run examples/quickstart.py as a notebook and keep its outputs (one minute)"
	@echo "make test-pythons  run the tests on every Python from 3.10 to 3.13 that is here"
	@echo "make clean         remove $(VENV), the built kernels, runs/demo and caches"
	@echo "PYTHON=python3.13 make test uses another Python"

demo: $(READY)
	$(PY) train.py corpus/stories -o runs/demo/text --force --epoch 20
	$(PY) train.py corpus/tunes -o runs/demo/music --force --transpose -5..6 --unit 128 --dropout 0.2 \
	  --dropout-weights 0 --lr 0.004 --epoch 12
	$(PY) generate.py runs/demo/music -o runs/demo/tune.mid --force --bars 16 --plot --wav --seed 1
	$(PY) generate.py runs/demo/text 灯台 --sentences 8 --top-p 0.9 --seed 1 -o runs/demo/story.txt
	@cat runs/demo/story.txt
	@ls runs/demo/tune.* runs/demo/story.txt runs/demo/*/loss.png
	@echo
	@echo "now with your own, a text or a folder of texts or of MIDI files:"
	@echo "  $(PY) train.py novel.txt -o runs/novel"
	@echo "  $(PY) generate.py runs/novel --sentences 8"

demo-classify: $(READY)
	$(PY) classify.py train corpus/letters.tsv -o runs/demo/mood --force --lr 0.004 --batchsize 16 \
	  --dropout-words 0.7
	$(PY) classify.py evaluate runs/demo/mood
	@printf '%s\n' '孫が生まれました。港じゅうに知らせて歩きたいです。' '三度も頼んだのに、まだ返事がない。' \
	  '母の字を見ると、今でも涙が出ます。' > runs/demo/letters.txt
	$(PY) classify.py predict runs/demo/mood runs/demo/letters.txt --explain
	@ls runs/demo/mood/*.png

test: $(READY) $(TESTS)
	$(PY) -m pytest -q -n auto --dist worksteal

test-slow: $(READY) $(TESTS)
	$(PY) -m pytest -q -n auto --dist worksteal -m slow

lint: $(LINTERS)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: $(LINTERS)
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

docs: $(TESTS)
	$(PY) -m docs.options
	$(PY) -m docs.option_types
	$(PY) -m docs.rooms

notebook: $(READY) $(TESTS)
	$(PY) -m examples.make_notebook

setup: $(READY)
	@$(PY) -m tsuzuri doctor --brief || true

# Chainer is built from source, by a setuptools that still can: older pips read one variable, newer ones the other.
# The CPU kernels come after it, so that a change of them builds nothing else, and what the compiler says is seen.
$(INSTALLED): pyproject.toml setup.py build-constraints.txt
	@case " $(SUPPORTED) " in *" $(VERSION) "*) ;; *) \
	  echo "error: $(PYTHON) is '$(VERSION)'; Tsuzuri needs Python 3.10 to 3.13 (PYTHON=python3.12 make ... picks one)" >&2; \
	  exit 2;; esac
	@sh tools/make_venv.sh "$(PYTHON)" $(VENV)
	@PIP_CONSTRAINT=$(CONSTRAINTS) PIP_BUILD_CONSTRAINT=$(CONSTRAINTS) TSUZURI_NATIVE=0 \
	  $(PY) -m pip install --quiet --disable-pip-version-check -e '.[build]'
	@touch $@

# What only the tests or make lint need is installed when they are first called.
$(TESTS): $(INSTALLED)
	@echo "installing what the tests need, which takes half a minute"
	@$(INSTALL_EXTRA)
	@touch $@

$(LINTERS): $(INSTALLED)
	@$(INSTALL_EXTRA)
	@touch $@

$(TESTS): EXTRA = test
$(LINTERS): EXTRA = lint

$(READY): $(INSTALLED) $(wildcard tsuzuri/kernels/native/*.?pp)
	@echo "building the CPU kernels, which takes half a minute"
	@env -u TSUZURI_NATIVE $(PY) setup.py -q build_ext --inplace
	@touch $@

native: $(INSTALLED)
	@TSUZURI_NATIVE=1 $(PY) setup.py -q build_ext --inplace
	@touch $(READY)

# Python itself is not built for the checks, so their library comes first; it needs C++'s for exceptions.
sanitize: $(TESTS)
	@TSUZURI_NATIVE=1 CXX="$(CXX)" $(PY) setup.py -q build_ext --sanitize --levels $(LEVELS) \
	  --build-lib $(SANITIZED) --build-temp $(SANITIZED)/objects
	LD_PRELOAD="$$($(CXX) -print-file-name=libasan.so) $$($(CXX) -print-file-name=libstdc++.so)" \
	  ASAN_OPTIONS=detect_leaks=0 TSUZURI_NATIVE="$$(echo $(SANITIZED)/tsuzuri/kernels/native/_native*.so)" \
	  $(PY) -m pytest -q -n auto --dist worksteal $(KERNEL_TESTS)
	$(CXX) -std=c++17 -g -O1 -fsanitize=thread -pthread tests/kernels/native/check_pool.cpp tsuzuri/kernels/native/pool.cpp -o $(SANITIZED)/pool
	$(SANITIZED)/pool

# Under a Python that has CuPy, PyTorch and Chainer, as .venv/bin/python has after the installations that docs/gpu.md names.
gpu-check:
	$(PYTHON) -m benchmarks.gpu_check

test-pythons:
	@failed=; for v in $(SUPPORTED); do \
	  python=$$(for p in python$$v $${PYENV_ROOT:-$$HOME/.pyenv}/versions/$$v.*/bin/python; do \
	    "$$p" -c '' 2>/dev/null && { echo "$$p"; break; }; done); \
	  if [ -z "$$python" ]; then echo "== Python $$v: not here"; continue; fi; \
	  echo "== Python $$v"; \
	  $(MAKE) --no-print-directory test PYTHON="$$python" VENV=".venv-$$v" || failed="$$failed $$v"; \
	done; [ -z "$$failed" ] || { echo "failed on:$$failed"; exit 1; }

clean:
	rm -rf $(VENV) .venv-3.* build tsuzuri/kernels/native/_native*.so runs/demo .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
