# shellcheck shell=bash
# A host is a node with users, sshd and dockerd.

# 1 web1, 2 apps1, 3 apps2, 4 apps3, 5 web2, 6 apps4, ...: one web host for three of apps.
standard_name() {
    local group=$((($1 - 1) / 4)) place=$((($1 - 1) % 4))
    if [[ $place -eq 0 ]]; then echo "web$((group + 1))"; else echo "apps$((group * 3 + place))"; fi
}

# A name of the scheme has its fixed address; other names follow from 101 on.
index_for() {
    local index
    for ((index = 1; index <= 80; index++)); do
        [[ $(standard_name "$index") != "$1" ]] || { echo "$index"; return; }
    done
    for ((index = 101; index <= 240; index++)); do
        grep -qsx "$index" "$STATE"/nodes/*/index || { echo "$index"; return; }
    done
    die "the lab is full"
}

host_names() {
    local index_file
    for index_file in "$STATE"/nodes/*/engine; do
        [[ -e $index_file ]] || continue
        index_file=$(dirname "$index_file")
        echo "$(cat "$index_file/index") $(basename "$index_file")"
    done | sort -n | cut -d' ' -f2
}

require_host() {
    [[ -e $(node_folder "$1")/engine ]] || die "no host named \`$1\` (there are: $(host_names | xargs))"
}

# host_up NAME INDEX ENGINE: makes the host, or mends what is missing of it.
host_up() {
    local name=$1 index=$2 engine=$3
    if ! node_is_alive "$name" || [[ ! -e $(node_folder "$name")/complete ]]; then
        node_create "$name" "$index" "$(engine_tree "$engine")"
        host_settings "$name" "$engine"
        echo "$engine" >"$(node_folder "$name")/engine"
    fi
    ip link set "$(link_name "$index")" up
    sshd_answers "$name" || sshd_start "$name"
    dockerd_answers "$name" || dockerd_start "$name"
    await_daemon "$name" sshd
    await_daemon "$name" dockerd
    [[ -e $(node_folder "$name")/complete ]] || load_images "$name"
    touch "$(node_folder "$name")/complete"
}

# The settings are made by a script inside the host, where /etc is the host's own.
host_settings() {
    local name=$1 both folder
    folder=$(node_folder "$name")
    read -ra both < <(subnets)
    (node_exec "$name" env \
        LAB_CLIENT_KEY="$(cat "$STATE/client/id_ed25519.pub")" \
        LAB_HOSTS_FILE="$(hosts_file "$name")" \
        LAB_NETWORK="${both[0]}.0/24" \
        LAB_CONTAINERD_STORE="$([[ $2 == *c ]] && echo true || echo false)" \
        LAB_CGROUP="/$CGROUP/$name/containers" \
        bash -s <"$LAB_DIR/lib/settings.sh") >>"$folder/log/boot.log" 2>&1 ||
        { tail -n 20 "$folder/log/boot.log" >&2; die "$name: cannot be set up"; }
    (node_exec "$name" cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub) >"$folder/host_key"
}

hosts_file() {
    local both
    read -ra both < <(subnets)
    printf '127.0.0.1 localhost\n::1 localhost ip6-localhost\n127.0.1.1 %s\n' "$1"
    printf '%s registry.lab\n%s login.registry.lab\n' "${both[0]}.2" "${both[0]}.3"
}

host_address() { private_address "$(cat "$(node_folder "$1")/index")"; }

sshd_start() { node_daemon "$1" /var/log/sshd.log /usr/sbin/sshd -D -E /var/log/sshd.log; }

dockerd_start() {
    node_daemon "$1" /var/log/dockerd.log /usr/sbin/dockerd --pidfile /run/docker.pid \
        --data-root /var/lib/docker --exec-root /run/docker -H unix:///run/docker.sock
}

sshd_answers() {
    timeout 2 bash -c "read -r banner 2>/dev/null </dev/tcp/$(host_address "$1")/22 && [[ \$banner == SSH-* ]]" 2>/dev/null
}

# A name in /proc/PID/root would do as well, but this path is short and stays the same.
docker_socket() { echo "$(node_folder "$1")/run/docker.sock"; }

dockerd_answers() {
    [[ $(curl --silent --max-time 2 --unix-socket "$(docker_socket "$1")" http://docker/_ping) == OK ]]
}

await_daemon() {
    wait_until 30 "${2}_answers" "$1" && return
    say "$1: $2 does not answer; its log ends with:"
    tail -n 20 "$(node_folder "$1")/log/$2.log" >&2 || true
    exit 1
}

load_images() {
    local answer
    answer=$(curl --silent --show-error --max-time 60 --unix-socket "$(docker_socket "$1")" \
        -H 'Content-Type: application/x-tar' --upload-file "$(image_folder)/images.tar" \
        -X POST 'http://docker/images/load?quiet=1' 2>&1) || die "$1: cannot load the images: $answer"
    [[ $answer != *'"error"'* ]] || die "$1: cannot load the images: $answer"
}

# host_daemon_stop NAME DAEMON: as a crash would, without a chance to tidy up.
host_daemon_stop() {
    local file=/run/sshd.pid
    [[ $2 == sshd ]] || file=/run/docker.pid
    # shellcheck disable=SC2016 # expanded inside
    (node_exec "$1" sh -c 'kill -KILL "$(cat "$1")"' sh "$file")
}
