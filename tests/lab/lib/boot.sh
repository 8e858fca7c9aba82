#!/usr/bin/env bash
# Runs as first process inside a node's fresh namespaces: builds the root folder, enters
# it for good with pivot_root, and turns into a process that only reaps. A chroot would not
# do: containerd 2 looks for its state's mount and does not find it below a chroot.
set -euo pipefail

root="$NODE_FOLDER/root"

# /proc still shows the machine's processes here, hence this is our number out there.
read -r outer_pid _ </proc/self/stat
exec 3>"$NODE_FOLDER/pid"

# Programs are this machine's, read-only; all else is the node's own. Neither the machine's
# homes nor its /usr/local can be seen.
mount_root_of_this_machine() {
    local link
    mkdir -p "$NODE_FOLDER"/{etc,etc.work,usr-local/bin}
    mkdir -p "$root"/{usr,etc,dev,proc,sys,run,srv,opt,mnt,media,home}
    mkdir -p "$root"/var/{lib,log,cache,spool,tmp,mail} "$root"/var/lib/{docker,containerd,sudo}
    install -d -m 700 "$root/root"
    install -d -m 1777 "$root/tmp"
    ln -sfn /run "$root/var/run"
    ln -sfn /run/lock "$root/var/lock"
    mount --bind "$root" "$root"
    mount --bind /usr "$root/usr"
    mount -o remount,bind,ro "$root/usr"
    mount --bind "$NODE_FOLDER/usr-local" "$root/usr/local"
    for link in /bin /sbin /lib*; do
        if [[ -L $link ]]; then
            ln -sfn "$(readlink "$link")" "$root$link"
        else
            mkdir -p "$root$link"
            mount --bind "$link" "$root$link"
        fi
    done
    mount -t overlay overlay -o "lowerdir=/etc,upperdir=$NODE_FOLDER/etc,workdir=$NODE_FOLDER/etc.work" "$root/etc"
}

mount_root_of_tree() {
    mkdir -p "$NODE_FOLDER"/{upper,work}
    mount -t overlay overlay -o "lowerdir=$NODE_TREE,upperdir=$NODE_FOLDER/upper,workdir=$NODE_FOLDER/work" "$root"
    mkdir -p "$root"/var/lib/{docker,containerd}
}

# The Engine's data must lie on a real file system, since an overlay cannot be the upper
# layer of an overlay; /run and /var/log are bound so that tests can read them from outside.
mount_own_folders() {
    mkdir -p "$NODE_FOLDER"/{docker,containerd}
    mount --bind "$NODE_FOLDER/docker" "$root/var/lib/docker"
    mount --bind "$NODE_FOLDER/containerd" "$root/var/lib/containerd"
    mount --bind "$NODE_FOLDER/run" "$root/run"
    mount --bind "$NODE_FOLDER/log" "$root/var/log"
    mkdir -p "$root"/run/{lock,sshd}
}

# A /sys mounted anew shows this network namespace; the cgroups must be those of the machine.
mount_kernel_views() {
    mount -t proc proc "$root/proc"
    mount -t sysfs sysfs "$root/sys"
    mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
    mount -t tmpfs -o mode=755,size=1m tmpfs "$root/dev"
    mkdir "$root"/dev/{pts,shm,mqueue}
    mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$root/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    mount -t mqueue mqueue "$root/dev/mqueue"
    make_devices
}

make_devices() {
    local name numbers
    while read -r name numbers; do
        # shellcheck disable=SC2086 # major and minor
        mknod -m 666 "$root/dev/$name" c $numbers
    done <<'END'
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
END
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    ln -s /proc/self/fd/0 "$root/dev/stdin"
    ln -s /proc/self/fd/1 "$root/dev/stdout"
    ln -s /proc/self/fd/2 "$root/dev/stderr"
}

enter_root() {
    cd "$root"
    pivot_root . .
    # Both roots now lie on each other; the old one is on top.
    umount --lazy .
    cd /
}

if [[ -z $NODE_TREE ]]; then mount_root_of_this_machine; else mount_root_of_tree; fi
mount_own_folders
mount_kernel_views
enter_root
hostname "$NODE_NAME"
echo "$outer_pid" >&3
# Processes whose child signal is ignored reap without doing anything.
exec 3>&- env -i --ignore-signal=CHLD sleep infinity
