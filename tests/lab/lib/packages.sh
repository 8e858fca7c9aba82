# shellcheck shell=bash disable=SC2034 # commands.sh uses HOST_PROGRAMS
# What the machine must have: packages, and features of its kernel.

# program:package; the engine's parts are checked by the paths Debian gives them, because
# a Docker from elsewhere in the PATH is not what the hosts will run.
HOST_PROGRAMS="/usr/sbin/dockerd:docker.io /usr/sbin/sshd:openssh-server ssh:openssh-client
    ip:iproute2 iptables:iptables curl:curl sudo:sudo nsenter:util-linux
    /usr/bin/docker-registry:docker-registry"

ensure_packages() {
    local pair missing=()
    for pair in "$@"; do
        command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    install_packages "${missing[@]}"
}

install_packages() {
    local log="$CACHE/apt.log"
    command -v apt-get >/dev/null || die "needs the packages $*, and can install them on Debian only"
    say "installing missing packages with apt-get: $*"
    mkdir -p "$CACHE"
    # Without the lists of a first `update`, a fresh machine knows no package.
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >"$log" 2>&1 9<&- ||
        { apt-get update >"$log" 2>&1 9<&- &&
            DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >>"$log" 2>&1 9<&-; } ||
        { tail -n 15 "$log" >&2; die "apt-get failed (whole log: $log)"; }
}

# The images are made of a busybox that needs no libraries.
ensure_busybox() {
    if ! command -v busybox >/dev/null || ldd "$(command -v busybox)" >/dev/null 2>&1; then
        install_packages busybox-static
    fi
}

# Asks the kernel for each thing the lab is made of, in throw-away namespaces, so that a
# missing one is named here and not in the log of some dockerd.
check_kernel() {
    local probe="$STATE/probe"
    mkdir -p "$probe"/{lower,upper,work,merged}
    unshare --mount --net --uts --ipc --pid --fork true 2>/dev/null ||
        die "the kernel gives no namespaces (unshare failed): are we in an unprivileged container?"
    unshare --net ip link add probe type bridge 2>/dev/null || die "the kernel has no bridges"
    unshare --net ip link add probe type veth peer name probe2 2>/dev/null || die "the kernel has no veth links"
    unshare --mount mount -t overlay overlay -o \
        "lowerdir=$probe/lower,upperdir=$probe/upper,workdir=$probe/work" "$probe/merged" 2>/dev/null ||
        die "the kernel cannot mount an overlay on $STATE (is $LABS itself on an overlay?)"
    unshare --net iptables -t nat -L >/dev/null 2>&1 || die "the kernel has no iptables nat table, which dockerd needs"
    rm -rf "$probe"
}
