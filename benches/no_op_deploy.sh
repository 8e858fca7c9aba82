#!/usr/bin/env bash
# A deployment that finds nothing to do, on 8 hosts with 12 containers each, beside
# `docker -H ssh://HOST ps` run once for each of the same hosts at the same time. Prints what it
# measured, round by round, and the ratio of the medians. Needs root; uses the lab.
#
#     benches/no_op_deploy.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."

readonly ROUNDS=${1:-7} HOSTS=8 CONTAINERS=12
# The hosts of `lab up 8`; a lab may have more.
readonly SELECTION=web1-2,apps1-6
readonly MAP=bench
work=$(mktemp -d)

clean_up() {
    target/release/dmfab shutdown "$work/inventory.yaml" --yes --progress quiet >/dev/null 2>&1 || true
    tests/lab/lab exec web1 sh -c 'rm -f /etc/docker/daemon.json; kill -HUP "$(pidof dockerd)"' || true
    rm -rf "$work"
}
trap clean_up EXIT

prepare() {
    tests/lab/lab up "$HOSTS" >/dev/null
    cargo build --release --locked --quiet
    sed "s|ssh_config: ssh_config|ssh_config: '$PWD/target/lab/ssh_config'|" target/lab/inventory.yaml >"$work/inventory.yaml"
    local instances
    instances=$(seq -s ', ' -f 'i%g' "$CONTAINERS")
    cat >>"$work/inventory.yaml" <<MAP
maps:
  $MAP:
    clients: [web1-2, apps1-6]
    app:
      image: dmfab-lab/app:1
      instances: [$instances]
      stop_timeout: 1
      create_options: {command: [sleep]}
MAP
    mapfile -t hosts < <(target/release/dmfab hosts "$work/inventory.yaml" --hosts "$SELECTION" | awk 'NR > 1 { print $1 }')
    target/release/dmfab deploy "$work/inventory.yaml" --yes --progress quiet >/dev/null 2>&1
    # docker has no option for ssh's configuration; it takes whatever `ssh` is on the path.
    mkdir "$work/bin"
    printf '#!/bin/sh\nexec /usr/bin/ssh -F "%s" "$@"\n' "$PWD/target/lab/ssh_config" >"$work/bin/ssh"
    chmod +x "$work/bin/ssh"
}

# Wall seconds and peak memory (MB) of a command.
measured() {
    busybox time -v "$@" >/dev/null 2>"$work/time"
    awk '/Elapsed/ { n = split($NF, part, ":"); seconds = part[n] + 60 * part[n - 1] }
         /Maximum resident/ { memory = $NF / 1024 }
         END { printf "%.2f %.0f\n", seconds, memory }' "$work/time"
}

no_op() { target/release/dmfab deploy "$work/inventory.yaml" --yes --progress quiet; }
docker_ps() { printf '%s\n' "${hosts[@]}" | PATH="$work/bin:$PATH" xargs -P "$HOSTS" -I{} docker -H ssh://root@{} ps; }

# Seconds of a shell function, by the clock of the shell.
seconds() {
    local start=$EPOCHREALTIME
    "$@" >/dev/null 2>&1
    awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", b - a }'
}

median() { sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }

# Requests that one host's Engine saw during one run, counted by the Engine itself.
api_calls() {
    local log before
    log=$(python3 -c 'import json; print(json.load(open("target/lab/lab.json"))["hosts"][0]["dockerd_log"])' 2>/dev/null ||
        sed -n 's/.*"dockerd_log": *"\([^"]*\)".*/\1/p' target/lab/lab.json | head -1)
    tests/lab/lab exec web1 sh -c 'mkdir -p /etc/docker; echo "{\"debug\": true}" >/etc/docker/daemon.json; kill -HUP "$(pidof dockerd)"'
    until grep -q 'Reloaded configuration' "$log"; do :; done
    before=$(grep -c 'Calling' "$log" || true)
    no_op >/dev/null 2>&1
    tail -n +1 "$log" | grep 'Calling' | tail -n +"$((before + 1))" |
        sed 's/.*Calling \([A-Z]*\) \/v[0-9.]*\(\/[a-z]*\).*/\1 \2/; s/.*Calling \([A-Z]*\) \(\/[a-z]*\).*/\1 \2/; s/".*//' | sort | uniq -c
}

prepare
echo "$HOSTS hosts x $CONTAINERS containers, $(nproc) CPUs, $(docker --version | tr -d ,), $(ssh -V 2>&1 | cut -d, -f1)"
echo "round  dmfab deploy (nothing to do)  docker -H ssh://HOST ps, all hosts at once"
for round in $(seq "$ROUNDS"); do
    ours=$(seconds no_op) theirs=$(seconds docker_ps)
    echo "$ours" >>"$work/ours"; echo "$theirs" >>"$work/theirs"
    printf '%5s  %27s s  %s s\n' "$round" "$ours" "$theirs"
done
ours=$(median <"$work/ours") theirs=$(median <"$work/theirs")
printf 'median %27s s  %s s  ratio %s\n' "$ours" "$theirs" "$(awk -v a="$theirs" -v b="$ours" 'BEGIN { printf "%.1f", a / b }')"
echo "peak memory: dmfab, all hosts: $(measured target/release/dmfab deploy "$work/inventory.yaml" --yes --progress quiet | cut -d' ' -f2) MB; \
docker, one host: $(PATH="$work/bin:$PATH" measured docker -H "ssh://root@${hosts[0]}" ps | cut -d' ' -f2) MB"
echo "API calls of one host in a no-op, as its Engine counted them:"
api_calls
