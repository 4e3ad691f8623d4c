#!/usr/bin/env bash
# From a bare machine to a trained audio-visual segmentation model and a report with pictures.
#
# usage: bash tools/quickstart.sh [--procedural] [--smoke] [--here] [--source DIR] [--root DIR]
#   --procedural  shapes and tones instead of photographs and recordings (needs no package)
#   --smoke       the smallest procedural run: a check of the whole chain, not of quality
#   --here        use the active Python environment instead of .venv
#   --source DIR  unpacked tuxpaint-stamps-default and tuxpaint-data instead of installed or downloaded ones
#   --root DIR    where data/ and work_dirs/ go (default: the checkout)
#
# Every step can be interrupted and run again; what is done is skipped.
set -euo pipefail

CHECKOUT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ROOT=$CHECKOUT
SETUP_ARGS=()
BUILD_ARGS=(--fallback-procedural)
MODE=quick
SIZE=quick
while [ $# -gt 0 ]; do
    case $1 in
        --procedural) BUILD_ARGS=(--procedural) MODE=procedural ;;
        --smoke) BUILD_ARGS=(--procedural) MODE=smoke SIZE=tiny ;;
        --here) SETUP_ARGS=(--here) ;;
        --source) BUILD_ARGS=(--source "$(cd "$2" && pwd)"); shift ;;
        --root) mkdir -p "$2"; ROOT=$(cd "$2" && pwd); shift ;;
        -h | --help) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) echo "unknown argument: $1 (see --help)" >&2; exit 2 ;;
    esac
    shift
done

# shellcheck source=tools/setup_env.sh
source "$CHECKOUT/tools/setup_env.sh" "${SETUP_ARGS[@]}"
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} MKL_NUM_THREADS=${MKL_NUM_THREADS:-1}

DATA=$ROOT/data/avstamps-$MODE
WORK=$ROOT/work_dirs/quickstart-$MODE
TAGGER_CONFIG=$CHECKOUT/configs/tagger/tagger_audiocnn_avstamps-s4.py
MODEL_CONFIG=$CHECKOUT/configs/ama/ama_lite0_avstamps-s4.py
TAGGER_OPTIONS=("data_root=$DATA")
MODEL_OPTIONS=("data_root=$DATA" "model.audio_backbone.pretrained=$WORK/tagger/final.pth")
if [ "$MODE" = smoke ]; then # 8 classes, a handful of steps
    TAGGER_OPTIONS+=(model.num_tags=8 train_cfg.max_iters=4 train_cfg.val_interval=4)
    MODEL_OPTIONS+=(train_cfg.max_iters=4 train_cfg.val_interval=4)
fi

step() { printf '\n== %s/5 %s\n' "$1" "$2"; }

# train NAME CONFIG OPTION...: train into $WORK/NAME, resuming what an earlier call has begun; leaves final.pth
train() {
    local name=$1 config=$2
    shift 2
    if [ ! -e "$WORK/$name/final.pth" ]; then
        python "$CHECKOUT/tools/train.py" "$config" --work-dir "$WORK/$name" --resume --cfg-options "$@"
        ln -sf "$(basename "$(cat "$WORK/$name/last_checkpoint")")" "$WORK/$name/final.pth"
    fi
}

# pictures NAME OPTION...: draw the first test clips of a set
pictures() {
    local name=$1
    shift
    [ -d "$WORK/pictures/$name" ] || python "$CHECKOUT/tools/test.py" "$MODEL_CONFIG" "$WORK/model/final.pth" \
        --work-dir "$WORK/test" --show-dir "$WORK/pictures/$name" \
        --cfg-options "${MODEL_OPTIONS[@]}" +test_dataloader.dataset.max_clips=3 "$@"
}

step 1 "AVStamps ($SIZE) in $DATA"
python "$CHECKOUT/tools/dataset_converters/build_avstamps.py" --out "$DATA" --size "$SIZE" \
    --sets s4 spatial temporal unseen offscreen --workers 2 "${BUILD_ARGS[@]}"

step 2 "audio tagger (what AudioSet pre-training is to VGGish)"
train tagger "$TAGGER_CONFIG" "${TAGGER_OPTIONS[@]}"

step 3 "AMA + UE on EfficientNet-Lite0"
train model "$MODEL_CONFIG" "${MODEL_OPTIONS[@]}"

step 4 "test sets, and the test clips with other sound"
[ -f "$WORK/conditions.json" ] ||
    python "$CHECKOUT/tools/evaluate_conditions.py" "$MODEL_CONFIG" "$WORK/model/final.pth" \
        --cfg-options "${MODEL_OPTIONS[@]}" --out "$WORK/conditions.json"
pictures s4
pictures spatial test_dataloader.dataset.type=AVSBenchMS3Dataset "test_dataloader.dataset.data_root=$DATA/spatial"
pictures temporal test_dataloader.dataset.type=AVSBenchMS3Dataset "test_dataloader.dataset.data_root=$DATA/temporal"

step 5 "report"
python "$CHECKOUT/tools/analysis_tools/write_report.py" "$WORK/model" "$WORK/conditions.json" --out "$WORK/report.html" \
    --title "AMA + UE on AVStamps ($MODE)" --pictures "$WORK"/pictures/*
