#!/usr/bin/env bash
# usage: dist_train.sh CONFIG NUM_PROCS [arguments of train.py]
# NCCL on GPUs, gloo on CPU. Several nodes: NNODES, NODE_RANK, MASTER_ADDR and PORT are read from the environment.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2; }
CONFIG=$1 NUM_PROCS=$2
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PYTHONPATH="$ROOT${PYTHONPATH:+:$PYTHONPATH}"
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
if [ -n "${NNODES:-}" ]; then
    RENDEZVOUS=(--nnodes="$NNODES" --node-rank="${NODE_RANK:-0}"
        --master-addr="${MASTER_ADDR:-127.0.0.1}" --master-port="${PORT:-29500}")
else
    RENDEZVOUS=(--standalone) # one node: a free port
fi
exec python -m torch.distributed.run "${RENDEZVOUS[@]}" --nproc-per-node="$NUM_PROCS" "$ROOT/tools/train.py" "$CONFIG" \
    --launcher pytorch "${@:3}"
