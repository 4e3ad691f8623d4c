#!/usr/bin/env bash
# Set up the environment, then lint and run every test. Arguments go to pytest: bash tools/run_tests.sh tests/models -k tpavi
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tools/setup_env.sh
source tools/setup_env.sh '' # without an argument it would get those meant for pytest
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} MKL_NUM_THREADS=${MKL_NUM_THREADS:-1}
ruff check .
ruff format --check .
exec python -m pytest "$@"
