#!/bin/sh
# Builds and tests the project in the way its files suggest. Stops at the first failure.
set -eu
if [ -f CMakeLists.txt ]; then
  cmake -S . -B build -DCMAKE_BUILD_TYPE=Debug
  cmake --build build -j "$(nproc)"
  ctest --test-dir build --output-on-failure
fi
if [ -f pyproject.toml ]; then
  python3 -m venv .venv
  .venv/bin/pip install --quiet -e ".[test]"
  .venv/bin/python -m pytest
fi
if [ -f package.json ]; then
  npm ci --no-audit --no-fund
  npm test
fi
