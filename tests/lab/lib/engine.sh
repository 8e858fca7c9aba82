# shellcheck shell=bash
# Newer Engines: a tree of a newer Debian per Engine, made once and kept in the cache.
# 28c is 28 with containerd's image store instead of Docker's own.

DEFAULT_ENGINE=20

engine_suite() {
    case $1 in
        26) echo trixie ;;
        28 | 28c) echo sid ;;
        *) die "no engine \`$1\`: there are 20, 26, 28 and 28c" ;;
    esac
}

# Empty for the machine's own packages.
engine_tree() {
    [[ $1 == "$DEFAULT_ENGINE" ]] || echo "$CACHE/debian-$(engine_suite "$1")"
}

require_engine() {
    [[ $1 == "$DEFAULT_ENGINE" ]] || engine_suite "$1" >/dev/null
}

engine_prepare() {
    local tree
    tree=$(engine_tree "$1")
    [[ -z $tree || -d $tree ]] && return
    ensure_packages debootstrap:debootstrap
    cache_locked engine_tree_build "$1" "$tree"
}

engine_tree_build() {
    local tree=$2 suite partial
    [[ ! -d $tree ]] || return 0
    suite=$(engine_suite "$1")
    say "getting Debian $suite for Engine $1 (once, about a minute)"
    partial=$(mktemp -d "$CACHE/partial.XXXXXX")
    chmod 755 "$partial"
    debootstrap_in_own_namespace "$suite" "$partial" 9<&- >"$CACHE/debootstrap-$suite.log" 2>&1 ||
        { tail -n 20 "$CACHE/debootstrap-$suite.log" >&2; die "debootstrap of $suite failed"; }
    mv -T "$partial" "$tree"
}

# In mount and process namespaces of its own, so that whatever a package's script mounts
# or starts ends with it, also when it is interrupted.
debootstrap_in_own_namespace() {
    unshare --mount --pid --fork --kill-child --propagation private \
        debootstrap --variant=minbase \
        --include=docker.io,docker-cli,openssh-server,openssh-client,sudo,iptables,iproute2,procps,hostname,ca-certificates \
        "$1" "$2" "$(debian_mirror)"
}

# The mirror that this machine uses anyway.
debian_mirror() {
    local mirror
    mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null |
        sed -nE -e 's/^URIs:[[:space:]]*([^[:space:]]+).*/\1/p' \
            -e 's/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+).*/\2/p' |
        grep -E '/debian/?$' | head -n 1) || true
    echo "${mirror:-http://deb.debian.org/debian}"
}
