# shellcheck shell=bash
# Every process of a lab is in a cgroup below dmfab-lab-<id>, also when the command that
# started it was killed. So `down` finds exactly the lab's processes and no others.
#
#   dmfab-lab-<id>/command             the lab command itself and its children
#   dmfab-lab-<id>/<node>/processes    namespaces, sshd, dockerd, registries
#   dmfab-lab-<id>/<node>/containers   given to dockerd as its cgroup parent

# Version 1 has one tree per controller; dockerd makes its cgroups in all of them.
cgroup_trees() {
    if [[ $(stat -fc %T /sys/fs/cgroup) == cgroup2fs ]]; then
        echo /sys/fs/cgroup
    else
        awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/mounts | sort -u
    fi
}

# The one tree in which the lab keeps account of its processes.
cgroup_tree() {
    local tree
    [[ $(stat -fc %T /sys/fs/cgroup) != cgroup2fs ]] || { echo /sys/fs/cgroup; return; }
    for tree in pids systemd freezer; do
        [[ ! -e /sys/fs/cgroup/$tree/cgroup.procs ]] || { echo "/sys/fs/cgroup/$tree"; return; }
    done
    die "no usable cgroup tree below /sys/fs/cgroup"
}

# Puts the calling shell into a cgroup; whatever it starts from then on belongs there.
cgroup_enter() {
    local path
    path="$(cgroup_tree)/$1"
    mkdir -p "$path"
    echo "$BASHPID" >"$path/cgroup.procs"
}

cgroup_has() {
    grep -qsx "$2" "$(cgroup_tree)/$1/cgroup.procs"
}

# In version 1 the containers of a host are members in every tree, so one tree tells all.
cgroup_members() {
    local path
    path="$(cgroup_tree)/$1"
    [[ -d $path ]] || return 0
    find "$path" -name cgroup.procs -exec cat {} + 2>/dev/null || true
}

# `0` stands for a process outside our PID namespace: not ours to kill.
cgroup_kill_once() {
    local pid
    for pid in $(cgroup_members "$1"); do
        [[ $pid -eq 0 ]] || kill -KILL "$pid" 2>/dev/null || true
    done
    [[ -z $(cgroup_members "$1") ]]
}

cgroup_kill() {
    wait_until 20 cgroup_kill_once "$1" || die "processes in cgroup $1 do not die"
}

cgroup_remove() {
    local tree
    for tree in $(cgroup_trees); do
        [[ -d $tree/$1 ]] || continue
        wait_until 5 cgroup_rmdir "$tree/$1" || die "cannot remove cgroup $tree/$1"
    done
}

# The kernel lets go of a dead process a moment after it has left the list.
cgroup_rmdir() {
    find "$1" -depth -type d -exec rmdir {} + 2>/dev/null || true
    [[ ! -d $1 ]]
}
