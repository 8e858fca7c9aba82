# shellcheck shell=bash disable=SC2034 # the other parts use what is set here
# Paths, messages and locks that every part uses.

CHECKOUT=$(cd "$LAB_DIR/../.." && pwd -P)
LAB_ID=$(printf %s "$CHECKOUT" | sha256sum | cut -c1-6)
LABS=/var/lib/dmfab-lab
CACHE=/var/cache/dmfab-lab
CLIENT="$CHECKOUT/target/lab"

# Everything that carries the lab's id follows from it; `--id` sets another one.
set_lab_id() {
    LAB_ID=$1
    STATE="$LABS/$LAB_ID"
    CGROUP="dmfab-lab-$LAB_ID"
    # Interface names may have 15 characters at most.
    BRIDGE="dl-$LAB_ID"
}
set_lab_id "$LAB_ID"

say() { printf 'lab: %s\n' "$*" >&2; }

die() {
    say "$*"
    exit 1
}

require_root_on_linux() {
    [[ $(uname -s) == Linux ]] || die "needs Linux: the hosts are made of its namespaces"
    [[ $EUID -eq 0 ]] || die "needs root: it makes namespaces, bridges and mounts (try sudo)"
}

# Polls a condition until it holds; the deadline is in seconds.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [[ $SECONDS -lt $deadline ]] || return 1
        sleep 0.05
    done
}

# The lock is on the lab's own program, so that there is no lock file to be left behind.
take_lock() {
    local program
    program="$(cat "$STATE/checkout" 2>/dev/null || echo "$CHECKOUT")/tests/lab/lab"
    [[ -e $program ]] || program="$LAB_DIR/lab"
    exec 9<"$program"
    if ! flock --nonblock 9; then
        kill_orphans_of_dead_holder
        say "waiting for another lab command to end"
        flock --timeout 300 9 || die "another lab command has held the lock for 5 minutes"
    fi
    mkdir -p "$STATE"
    echo "$$ $(start_time $$)" >"$STATE/holder"
}

# cache_locked CMD...: the cache is shared with the labs of other checkouts. Under its lock,
# what is unfinished there is debris of a killed command.
cache_locked() (
    mkdir -p "$CACHE"
    exec 8<"$CACHE"
    flock --nonblock 8 || { say "waiting for another checkout's lab to fill the cache"; flock 8; }
    rm -rf --one-file-system "$CACHE"/partial.*
    "$@"
)

cache_tidy() (
    [[ -d $CACHE ]] || return 0
    exec 8<"$CACHE"
    ! flock --nonblock 8 || rm -rf --one-file-system "$CACHE"/partial.*
)

# The children of a killed `up` hold its lock until they end; they need not be waited for.
kill_orphans_of_dead_holder() {
    local pid started
    read -r pid started 2>/dev/null <"$STATE/holder" || return 0
    [[ $(start_time "$pid") != "$started" ]] || return 0
    say "an earlier lab command was killed: ending what it had begun"
    cgroup_kill "$CGROUP/command"
}

# A process id may be used again by a stranger, but not with the same start time.
start_time() {
    local stat
    read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
    # The second field is the program's name, which may contain spaces.
    cut -d' ' -f20 <<<"${stat##*) }"
}

json_string() {
    local text=${1//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}
