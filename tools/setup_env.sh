#!/usr/bin/env bash
# Set-up of the Python environment; sourced by quickstart.sh and run_tests.sh, or run by hand:
#
#   bash tools/setup_env.sh          create or reuse .venv in the checkout
#   bash tools/setup_env.sh --here   install into the active environment
#
# Needs Python 3.10 to 3.13 and nothing else. Safe to interrupt and to run again: a stamp with a hash of the requirements is
# written last, and an environment whose stamp matches is used as it is.
if [ "${BASH_SOURCE[0]}" = "$0" ]; then set -euo pipefail; fi # a shell that sources this keeps its own options

MMAVS_CHECKOUT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

mmavs_find_python() {
    local name
    for name in python3 python3.12 python3.11 python3.13 python3.10 python; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    echo "error: no Python 3.10-3.13 with the venv module found; install one (Debian: apt install python3 python3-venv)" >&2
    return 1
}

mmavs_pip() {
    local try
    for try in 1 2 3; do
        if python -m pip install --disable-pip-version-check "$@" >>"$MMAVS_LOG" 2>&1; then
            return
        fi
        echo "  attempt $try failed, see $MMAVS_LOG" >&2
        sleep $((try * 3))
    done
    tail -n 5 "$MMAVS_LOG" >&2
    return 1
}

mmavs_warn_small_disk() {
    local free
    free=$(df -Pk "$1" 2>/dev/null | tail -n 1 | { read -r _ _ _ kilobytes _ && echo $((kilobytes / 1048576)); } || true)
    if [ "${free:-99}" -lt 10 ]; then
        echo "warning: $free GB free for $1; torch with its CUDA libraries takes 8 GB (a CPU build 1 GB)" >&2
    fi
}

mmavs_setup() {
    local python hash stamp
    if [ "${1:-}" = --here ]; then
        if ! python -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' 2>/dev/null; then
            echo "error: --here needs an active environment whose \"python\" is Python 3.10-3.13" >&2
            return 1
        fi
    elif [ -n "${1:-}" ]; then
        echo "error: unknown argument $1 (usage: setup_env.sh [--here])" >&2
        return 2
    else
        python=$(mmavs_find_python) || return 1
        # made anew when a kill has left it half-made, or when the checkout was moved (its scripts hold absolute paths)
        if ! "$MMAVS_CHECKOUT/.venv/bin/python" -c 'import pip' 2>/dev/null ||
            ! grep -qF "$MMAVS_CHECKOUT/.venv" "$MMAVS_CHECKOUT/.venv/bin/activate"; then
            echo "creating .venv with $("$python" --version)"
            "$python" -m venv --clear "$MMAVS_CHECKOUT/.venv" || return 1
        fi
        # shellcheck disable=SC1091
        source "$MMAVS_CHECKOUT/.venv/bin/activate"
    fi
    python=$(command -v python)
    MMAVS_LOG=$(python -c 'import sys; print(sys.prefix)')/mmavs_setup.log
    stamp=$(dirname "$MMAVS_LOG")/mmavs_setup.stamp
    hash=$({ cat "$MMAVS_CHECKOUT"/requirements/*.txt "$MMAVS_CHECKOUT/setup.py"; echo "$MMAVS_CHECKOUT"; python --version; } | cksum)
    if [ "$(cat "$stamp" 2>/dev/null)" = "$hash" ]; then
        echo "environment $(dirname "$(dirname "$python")") is up to date"
        return
    fi
    local requirements=$MMAVS_CHECKOUT/requirements
    : >"$MMAVS_LOG"
    echo "installing into $(dirname "$(dirname "$python")") (log: $MMAVS_LOG)"
    mmavs_warn_small_disk "$(dirname "$MMAVS_LOG")"
    echo "  1/5 build tools"
    mmavs_pip 'setuptools<81' wheel || return 1
    echo "  2/5 torch (the largest download)"
    mmavs_pip -r "$requirements/torch.txt" || return 1
    echo "  3/5 mmengine, mmcv-lite, mmsegmentation"
    mmavs_pip --no-build-isolation -r "$requirements/mminstall.txt" || return 1
    echo "  4/5 libraries and test tools"
    mmavs_pip -r "$requirements/runtime.txt" -r "$requirements/tests.txt" || return 1
    echo "  5/5 mmavs"
    mmavs_pip --no-deps --no-build-isolation -e "$MMAVS_CHECKOUT" || return 1
    echo "$hash" >"$stamp"
}

mmavs_setup "$@"
