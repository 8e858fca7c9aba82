#!/usr/bin/env bash
# An update of 30 containers on one host that finds nothing to do, beside what Docker-Map needed for the same (its figures were measured once, on Docker
# Engine 20.10 with 2 cores and a direct socket). Needs root; uses the lab.
#
#     benches/no_op_update.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."

readonly ROUNDS=${1:-11} HOST=apps2
work=$(mktemp -d)

clean_up() {
    target/release/dmfab shutdown "$work/inventory.yaml" --networks --yes --progress quiet >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap clean_up EXIT

tests/lab/lab up 4 >/dev/null 2>&1
cargo build --release --locked --quiet
counted=$(cargo test --locked --quiet --test integration -- --exact --nocapture \
    on_the_lab::no_op::an_update_with_nothing_to_do_asks_once_and_all_at_the_same_time)

# The map of that test, on the host's socket.
socket=$(sed -n 's|.*"docker_sock": *"\([^"]*\)".*|\1|p' target/lab/lab.json | grep "/$HOST/")
printf 'hosts:\n  %s: {base_url: "unix://%s"}\nmaps: map.yaml\n' "$HOST" "$socket" >"$work/inventory.yaml"
{
    printf 'name: bench\nclients: [%s]\n' "$HOST"
    sed -n '/^const MAP/,/^";/p' tests/on_the_lab/no_op.rs | sed '1d;$d'
} >"$work/map.yaml"
target/release/dmfab deploy "$work/inventory.yaml" --yes --progress quiet >/dev/null 2>&1

# Seconds of a no-op, by the clock of the shell.
seconds() {
    local start=$EPOCHREALTIME
    target/release/dmfab update "$work/inventory.yaml" --yes --progress quiet >/dev/null 2>&1
    awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", b - a }'
}
for _ in $(seq "$ROUNDS"); do seconds; done | sort -n >"$work/times"
median=$(awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }' "$work/times")

read -r _ calls _ rounds _ at_once < <(grep -m1 -o 'calls [0-9]* one_after_another [0-9]* at_once [0-9]*' <<<"$counted")
echo "a no-op update of 30 containers on one host, $(nproc) CPUs, median of $ROUNDS runs"
printf '%-36s %10s %12s\n' '' dmfab Docker-Map \
    'calls to the Engine' "$calls" 38 \
    'of them one after another' "$rounds" 38 \
    'most at the same time' "$at_once" 1 \
    'seconds, with the start' "$median" 0.30 \
    'seconds inside the process' - 0.06
echo 'calls by kind:'
grep -o 'kind  *[0-9].*' <<<"$counted" | sed 's/^kind/ /'
