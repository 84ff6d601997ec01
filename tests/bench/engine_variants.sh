#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the geometry of the tensor engine does to ep against fse_dp: the table of docs/engine.md.
#   tests/bench/engine_variants.sh MOESAIC [OPTIONS OF moesaic run...]
# prints, for each variant of 2048 MACs per die, the simulated times of both images and their ratio.
set -euo pipefail

if (($# == 0)) || [[ $1 == --help || $1 == -h ]]; then
  sed -n '3,5s/^# //p' "${BASH_SOURCE[0]}"
  exit 0
fi
moesaic=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
engine=package.chiplet.tensor_engine

variant() {
  local name=$1
  shift
  local settings=()
  for setting in "$@"; do settings+=(--set "$engine.$setting"); done
  "$moesaic" compare --firmware ep --firmware fse_dp --out "$folder" "${settings[@]}" "${options[@]}" 2>/dev/null |
    awk -v name="$name" '$2 == "ok" { time[$1] = $3 " " $4; if ($1 == "fse_dp") ratio = $5 }
      END { printf "| %-44s | %9s | %9s | %5s |\n", name, time["ep"], time["fse_dp"], ratio }'
}

options=("$@")
echo "| engine                                       |        ep |    fse_dp | ratio |"
echo "|---|---|---|---|"
variant "32 x 64, weight-stationary (default)"
variant "the same, one weight register per PE" double_buffered_weights=false
variant "the same, partial folds cost what they occupy" partial_folds=occupied_part
variant "32 x 64, output-stationary" dataflow=output_stationary
variant "32 x 64, input-stationary" dataflow=input_stationary
variant "64 x 32, 32 B of weights a cycle" rows=64 columns=32 weight_load_bytes_per_cycle=32
variant "16 x 128, 128 B of weights a cycle" rows=16 columns=128 weight_load_bytes_per_cycle=128
variant "8 x 256, 256 B of weights a cycle" rows=8 columns=256 weight_load_bytes_per_cycle=256
variant "ideal" dataflow=ideal
