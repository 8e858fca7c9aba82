# shellcheck shell=bash disable=SC2153 # CHECKOUT is set in common.sh
# The commands, one function each.

# What a command does is done by a process of the lab's own cgroup, so that also what a
# killed one has left half-done is found.
begin() {
    take_lock
    echo "$CHECKOUT" >"$STATE/checkout"
    cgroup_enter "$CGROUP/command"
}

command_up() {
    local count=4 engine=$DEFAULT_ENGINE
    while [[ $# -gt 0 ]]; do
        case $1 in
            --engine) engine=${2:-}; shift ;;
            *) count=$1 ;;
        esac
        shift
    done
    [[ $count =~ ^[1-9][0-9]?$ && $count -le 80 ]] || die "\`$count\` is no number of hosts (1 to 80)"
    local names=() index
    for ((index = 1; index <= count; index++)); do names+=("$(standard_name "$index")"); done
    lab_up "$engine" "${names[@]}"
}

# lab_up ENGINE NAME...
lab_up() {
    local engine=$1 started=$EPOCHREALTIME
    shift
    require_engine "$engine"
    begin
    lab_prepare "$engine"
    hosts_up "$engine" "$@"
    client_write
    say "$(printf '%d hosts ready in %.1f s; ssh -F %q %s' "$#" \
        "$(awk "BEGIN { print $EPOCHREALTIME - $started }")" "$CLIENT/ssh_config" "$1")"
}

lab_prepare() {
    # shellcheck disable=SC2086 # pairs
    ensure_packages $HOST_PROGRAMS
    ensure_busybox
    [[ -e $STATE/subnets ]] || check_kernel
    claim_subnets
    engine_prepare "$1"
    images_prepare
    client_key_create
    bridge_create
    warn_of_firewall
}

# Hosts start side by side; each one's failure is told, and any fails the whole.
hosts_up() {
    local engine=$1 name failed=0 jobs=()
    shift
    registry_up &
    jobs+=($!)
    for name in "$@"; do
        host_up "$name" "$(index_of_host "$name")" "$(engine_of_host "$name" "$engine")" &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do wait "$job" || failed=1; done
    [[ $failed -eq 0 ]] || die "not all hosts are ready"
}

# A host that exists keeps its address and Engine, also when it must be made anew.
index_of_host() { cat "$(node_folder "$1")/index" 2>/dev/null || index_for "$1"; }
engine_of_host() { cat "$(node_folder "$1")/engine" 2>/dev/null || echo "$2"; }

command_host() {
    local action=${1:-} name=${2:-} engine=$DEFAULT_ENGINE
    [[ $name =~ ^[a-z][a-z0-9-]{0,30}$ && $name != "$REGISTRY" ]] || die "\`$name\` is no name for a host"
    case $action in
        add)
            [[ ${3:-} != --engine ]] || engine=${4:-}
            lab_up "$engine" "$name"
            ;;
        remove)
            require_host "$name"
            begin
            node_remove "$name"
            client_write
            ;;
        *) die "unknown command \`host $action\`" ;;
    esac
}

command_down() {
    [[ ${1:-} != --id ]] || set_lab_id "${2:-}"
    [[ $LAB_ID =~ ^[0-9a-f]{6}$ ]] || die "\`$LAB_ID\` is no lab's id"
    if [[ -n $(lab_leftovers) || -d $CLIENT ]]; then
        # Kills the processes of a killed `up`, whose lock would else keep us waiting.
        take_lock
        lab_remove
    fi
    if lab_leftovers | grep .; then die "the above is left of lab $LAB_ID"; fi
    say "lab $LAB_ID is gone"
}

lab_remove() {
    local index_file checkout
    checkout=$(cat "$STATE/checkout" 2>/dev/null || echo "$CHECKOUT")
    cgroup_kill "$CGROUP"
    for index_file in "$STATE"/nodes/*/index; do
        [[ ! -e $index_file ]] || link_remove "$(basename "$(dirname "$index_file")")"
    done
    interfaces_remove
    cgroup_remove "$CGROUP"
    remove_folder "$STATE"
    rmdir "$LABS" 2>/dev/null || true
    cache_tidy
    rm -rf "$checkout/target/lab"
    rmdir "$checkout/target" 2>/dev/null || true
}

# Also those whose node's folder was not yet written when `up` was killed.
interfaces_remove() {
    local name
    for name in $(lab_interfaces); do ip link delete "$name" 2>/dev/null || true; done
}

lab_interfaces() {
    ip -o link show | awk -F': ' '{ print $2 }' | cut -d@ -f1 | grep -E "^$BRIDGE(\$|-)" || true
}

# One line for each thing of the lab that still exists on this machine.
lab_leftovers() {
    local tree pid
    for pid in $(cgroup_members "$CGROUP"); do echo "process $pid"; done
    for tree in $(cgroup_trees); do
        [[ ! -d $tree/$CGROUP ]] || echo "cgroup $tree/$CGROUP"
    done
    lab_interfaces | sed 's/^/interface /'
    grep -s "$STATE" /proc/self/mounts | sed 's/^/mount /' || true
    { iptables-save; ip6tables-save; } 2>/dev/null | grep "$BRIDGE" | sed 's/^/iptables rule /' || true
    [[ ! -d $STATE ]] || echo "folder $STATE"
}

command_status() {
    local name
    if [[ ${1:-} == --clean ]]; then
        if lab_leftovers | grep .; then die "the above is left of lab $LAB_ID"; fi
        say "nothing is left of lab $LAB_ID"
        return
    fi
    [[ -d $STATE ]] || die "no lab is up"
    printf '%-10s %-14s %-14s %-18s %-5s %-8s %10s %9s %5s\n' \
        HOST PRIVATE PUBLIC ENGINE SSHD DOCKERD CONTAINERS MEMORY_MB DELAY
    for name in $(host_names); do host_status "$name"; done
}

host_status() {
    local name=$1 index sshd=down dockerd=down version=- containers=-
    index=$(host_index "$name")
    ! sshd_answers "$name" || sshd=up
    if dockerd_answers "$name"; then
        dockerd=up
        version=$(engine_version "$name")
        containers=$(curl --silent --unix-socket "$(docker_socket "$name")" http://docker/containers/json |
            grep -o '"Id":"' | wc -l) || true
    fi
    printf '%-10s %-14s %-14s %-18s %-5s %-8s %10s %9s %5s\n' "$name" "$(private_address "$index")" \
        "$(public_address "$index")" "$version" "$sshd" "$dockerd" "$containers" \
        "$(host_memory "$name")" "$(cat "$(node_folder "$name")/delay" 2>/dev/null || echo 0)"
}

# Resident memory of everything on the host, in megabytes. A page that several processes
# share, like the program text of all dockerds, counts as a part for each (PSS).
host_memory() {
    local pid
    for pid in $(cgroup_members "$CGROUP/$1"); do
        cat "/proc/$pid/smaps_rollup" 2>/dev/null || true
    done | awk '/^Pss:/ { sum += $2 } END { printf "%d", sum / 1024 }'
}

command_list() {
    local folder
    for folder in "$LABS"/*/; do
        [[ -d $folder ]] || continue
        printf '%s  %s  %s\n' "$(basename "$folder")" \
            "$(cat "$folder/subnets" 2>/dev/null)" "$(cat "$folder/checkout" 2>/dev/null || echo '(unfinished)')"
    done
}

command_ssh() {
    local host=${1:-}
    require_host "${host#*@}"
    shift
    exec ssh -F "$CLIENT/ssh_config" "$host" "$@"
}

command_exec() {
    local host=${1:-}
    require_host "$host"
    shift
    [[ $# -gt 0 ]] || set -- bash
    node_exec "$host" "$@"
}

command_stop() {
    require_daemon "$@"
    host_daemon_stop "$1" "$2"
}

command_start() {
    require_daemon "$@"
    begin
    "${2}_answers" "$1" || "${2}_start" "$1"
    await_daemon "$1" "$2"
}

require_daemon() {
    require_host "${1:-}"
    [[ ${2:-} == sshd || ${2:-} == dockerd ]] || die "no daemon \`${2:-}\`: there are sshd and dockerd"
}

# sshd reads its settings again on HUP, and keeps the connections it has.
command_sshd() {
    local host=${1:-} text='' log starts
    require_host "$host"
    shift
    while [[ $# -gt 1 ]]; do
        text+="$1 $2"$'\n'
        shift 2
    done
    [[ $# -eq 0 ]] || die "option \`$1\` has no value"
    log="$(node_folder "$host")/log/sshd.log"
    starts=$(sshd_starts "$log")
    # shellcheck disable=SC2016 # expanded inside
    (node_exec "$host" bash -c 'set -e; cd /etc/ssh/sshd_config.d; printf %s "$1" >/run/sshd/test.conf
        { cat /run/sshd/test.conf; grep -v ^Include ../sshd_config; } >/run/sshd/all.conf; sshd -t -f /run/sshd/all.conf
        cp /run/sshd/test.conf .; kill -HUP "$(cat /run/sshd.pid)"' sh "$text") ||
        die "$host: sshd does not take these options"
    # It listens anew, hence a connection that is answered may still have been the old one's.
    wait_until 10 sshd_has_started_again "$log" "$starts" || die "$host: sshd does not come back"
}

sshd_starts() { grep -c "^Server listening on 0.0.0.0" "$1" || true; }
sshd_has_started_again() { [[ $(sshd_starts "$1") -gt $2 ]]; }

command_delay() {
    require_host "${1:-}"
    [[ ${2:-} =~ ^[0-9]{1,4}$ ]] || die "\`${2:-}\` is no delay in milliseconds"
    begin
    delay_set "$1" "$2"
}

command_link() {
    require_host "${1:-}"
    [[ ${2:-} == up || ${2:-} == down ]] || die "a link is up or down, not \`${2:-}\`"
    ip link set "$(link_name "$(host_index "$1")")" "$2"
}
