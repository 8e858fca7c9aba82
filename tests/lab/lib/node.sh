# shellcheck shell=bash
# A node is a set of namespaces (network, mounts, host name, IPC, processes) that lives as
# long as its first process. No namespace or mount of it is known to the machine outside,
# so when its processes are gone nothing of it is left. Hosts and the registry are nodes.

node_folder() { echo "$STATE/nodes/$1"; }

node_names() {
    [[ ! -d $STATE/nodes ]] || ls "$STATE/nodes"
}

# node_create NAME INDEX TREE: builds the namespaces, the root folder and the link.
# TREE is the root folder of another Debian, or empty for this machine's programs.
node_create() {
    local name=$1 index=$2 tree=$3 folder
    folder=$(node_folder "$name")
    node_remove "$name"
    mkdir -p "$folder"/{log,run,root}
    echo "$index" >"$folder/index"
    node_spawn "$name" "$tree"
    wait_until 20 test -s "$folder/pid" || { tail -n 20 "$folder/log/boot.log" >&2; die "$name: does not boot"; }
    link_create "$name" "$index"
}

node_spawn() {
    local name=$1 folder
    folder=$(node_folder "$name")
    (
        cgroup_enter "$CGROUP/$name/processes"
        # The operator's environment (proxies, secrets, locale) is none of the host's business.
        exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
            NODE_NAME="$name" NODE_FOLDER="$folder" NODE_TREE="$2" \
            setsid unshare --net --mount --uts --ipc --pid --fork --propagation private \
            bash "$LAB_DIR/lib/boot.sh"
    ) 9<&- </dev/null >"$folder/log/boot.log" 2>&1 &
}

node_pid() {
    local pid=
    read -r pid 2>/dev/null <"$(node_folder "$1")/pid" || return 1
    cgroup_has "$CGROUP/$1/processes" "$pid" && echo "$pid"
}

node_is_alive() { node_pid "$1" >/dev/null; }

# node_exec NAME CMD...: replaces the calling shell by a command inside the node.
node_exec() {
    local name=$1 pid
    pid=$(node_pid "$name") || die "$name: is not running"
    shift
    exec nsenter --target "$pid" --mount --uts --ipc --net --pid env -i \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        LANG=C.UTF-8 HOME=/root USER=root TERM="${TERM:-dumb}" "$@"
}

# node_daemon NAME LOG CMD...: starts a daemon that outlives this command. The shell in
# between ends at once, so the daemon's parent is the node's first process, which reaps it.
node_daemon() (
    name=$1 log=$2
    shift 2
    cgroup_enter "$CGROUP/$name/processes"
    ulimit -n 524288 2>/dev/null || true
    # shellcheck disable=SC2016 # expanded inside
    node_exec "$name" sh -c 'log=$1; shift; setsid "$@" </dev/null >>"$log" 2>&1 &' sh "$log" "$@" 9<&-
)

node_remove() {
    cgroup_kill "$CGROUP/$1"
    link_remove "$1"
    cgroup_remove "$CGROUP/$1"
    remove_folder "$(node_folder "$1")"
}

# Nothing is mounted below the state folder outside the nodes. Should that ever be
# otherwise, a recursive removal would reach into what is mounted.
remove_folder() {
    [[ -d $1 ]] || return 0
    ! awk '{ print $2 }' /proc/self/mounts | grep -q "^$1\(/\|$\)" || die "something is mounted below $1"
    rm -rf --one-file-system "$1"
}
