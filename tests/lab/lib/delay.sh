# shellcheck shell=bash
# Delay on a host's link. Where the kernel has netem, it does it; elsewhere a small program
# (delay.rs) takes the place of the cable between the host's link and the bridge:
#
#     host eth0 == dl-ID-N   <- delay ->   dl-ID-eN == dl-ID-dN -- bridge
#
# Either way it is packets that are late, so a connection's handshake is late, too.

delay_set() {
    local name=$1 milliseconds=$2
    delay_clear "$name"
    [[ $milliseconds -gt 0 ]] || return 0
    if kernel_has_netem; then delay_by_netem "$name" "$milliseconds"; else delay_by_program "$name" "$milliseconds"; fi
    echo "$milliseconds" >"$(node_folder "$name")/delay"
}

kernel_has_netem() {
    unshare --net tc qdisc add dev lo root netem delay 1ms 2>/dev/null
}

# Half of the round trip on each end of the link.
delay_by_netem() {
    local half="$(($2 * 500))us" pid
    pid=$(node_pid "$1")
    tc qdisc add dev "$(link_name "$(host_index "$1")")" root netem delay "$half" limit 100000
    nsenter --target "$pid" --net tc qdisc add dev eth0 root netem delay "$half" limit 100000
}

delay_by_program() {
    local name=$1 index end
    index=$(host_index "$name")
    end=$(link_name "$index")
    delay_program_build
    ip link add "$(link_name "d$index")" type veth peer name "$(link_name "e$index")"
    ip link set "$end" nomaster
    ip link set "$end" promisc on
    ip link set "$(link_name "e$index")" promisc on up
    ip link set "$(link_name "d$index")" master "$BRIDGE" up
    (
        cgroup_enter "$CGROUP/$name/delay"
        exec setsid "$STATE/delay" "$end" "$(link_name "e$index")" "$(($2 * 500))"
    ) 9<&- </dev/null >"$(node_folder "$name")/log/delay.log" 2>&1 &
    wait_until 5 grep -q ready "$(node_folder "$name")/log/delay.log" ||
        die "$name: no delay: $(cat "$(node_folder "$name")/log/delay.log")"
}

delay_program_build() {
    [[ ! $STATE/delay -nt $LAB_DIR/delay.rs ]] || return 0
    command -v rustc >/dev/null || die "this kernel has no netem, and there is no rustc to build the lab's own delay"
    rustc --edition 2021 -O -o "$STATE/delay.new" "$LAB_DIR/delay.rs" 9<&- || die "cannot build delay.rs"
    mv "$STATE/delay.new" "$STATE/delay"
}

delay_clear() {
    local name=$1 index pid
    index=$(host_index "$name")
    cgroup_kill "$CGROUP/$name/delay"
    delay_links_remove "$index"
    tc qdisc delete dev "$(link_name "$index")" root 2>/dev/null || true
    if pid=$(node_pid "$name"); then
        nsenter --target "$pid" --net tc qdisc delete dev eth0 root 2>/dev/null || true
    fi
    ip link set "$(link_name "$index")" promisc off master "$BRIDGE"
    rm -f "$(node_folder "$name")/delay"
}

# The other end goes with it.
delay_links_remove() { ip link delete "$(link_name "d$1")" 2>/dev/null || true; }
