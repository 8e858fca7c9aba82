# shellcheck shell=bash
# What a client needs to reach the lab, in one folder of the checkout: target/lab.
# The originals of the keys are in the state folder, because target/ may be cleaned any time.

client_key_create() {
    mkdir -p "$STATE/client"
    [[ -e $STATE/client/id_ed25519.pub ]] ||
        ssh-keygen -q -t ed25519 -N '' -C "dmfab lab $LAB_ID" -f "$STATE/client/id_ed25519"
}

# The folder belongs to the owner of the checkout, who may have used sudo to get here.
client_write() {
    mkdir -p "$CLIENT"
    chown --reference="$CHECKOUT" "$CHECKOUT/target" "$CLIENT"
    client_file id_ed25519 cat "$STATE/client/id_ed25519"
    client_file id_ed25519.pub cat "$STATE/client/id_ed25519.pub"
    client_file known_hosts print_known_hosts
    client_file ssh_config print_ssh_config
    client_file inventory.yaml print_inventory
    client_file lab.json print_lab_json
}

# Parallel tests may be reading: every file is replaced in one step.
client_file() {
    local file="$CLIENT/$1"
    shift
    (umask 077 && "$@" >"$file.new")
    chown --reference="$CHECKOUT" "$file.new"
    mv "$file.new" "$file"
}

host_key() { cat "$(node_folder "$1")/host_key"; }

host_index() { cat "$(node_folder "$1")/index"; }

print_known_hosts() {
    local name index
    for name in $(host_names); do
        index=$(host_index "$name")
        echo "$name,$(private_address "$index"),$(public_address "$index") $(host_key "$name")"
    done
}

# ssh reads `%` as the start of a token; blanks need the quotes.
ssh_path() { printf '"%s"' "${1//%/%%}"; }

print_ssh_config() {
    local name
    echo "# The lab's hosts; use it as: ssh -F FILE web1"
    for name in $(host_names); do
        printf 'Host %s\n    HostName %s\n' "$name" "$(host_address "$name")"
    done
    cat <<END
Host *
    User root
    IdentityFile $(ssh_path "$CLIENT/id_ed25519")
    IdentitiesOnly yes
    UserKnownHostsFile $(ssh_path "$CLIENT/known_hosts")
    StrictHostKeyChecking yes
END
}

print_inventory() {
    local name index
    echo "# The lab's hosts, written by \`lab up\`."
    printf 'defaults:\n  ssh_config: ssh_config\nhosts:\n'
    for name in $(host_names); do
        index=$(host_index "$name")
        printf '  %s:\n    fabric_host: root@%s\n' "$name" "$name"
        printf '    interfaces: {private: %s, public: %s}\n' "$(private_address "$index")" "$(public_address "$index")"
    done
}

print_lab_json() {
    local both name hosts=''
    read -ra both < <(subnets)
    for name in $(host_names); do hosts+="${hosts:+,}"$'\n    '"$(json_host "$name")"; done
    cat <<END
{
  "id": "$LAB_ID",
  "checkout": $(json_string "$CHECKOUT"),
  "lab": $(json_string "$LAB_DIR/lab"),
  "state": "$STATE",
  "subnets": {"private": "${both[0]}.0/24", "public": "${both[1]}.0/24"},
  "bridge": "$BRIDGE",
  "key": $(json_string "$CLIENT/id_ed25519"),
  "known_hosts": $(json_string "$CLIENT/known_hosts"),
  "ssh_config": $(json_string "$CLIENT/ssh_config"),
  "inventory": $(json_string "$CLIENT/inventory.yaml"),
  "users": ["root", "deploy"],
  "images": ["busybox:latest", "dmfab-lab/app:1", "dmfab-lab/app:2", "dmfab-lab/health:1", "dmfab-lab/health:2", "registry.example.com/app:latest", "registry.example.com/nginx:latest"],
  "registries": {
    "open": {"address": "$(registry_address open)", "images": ["dmfab-lab/app:1", "dmfab-lab/app:2"], "log": "$(node_folder "$REGISTRY")/log/open.log"},
    "auth": {"address": "$(registry_address login)", "user": "$REGISTRY_USER", "password": "$REGISTRY_PASSWORD", "images": ["dmfab-lab/app:1", "dmfab-lab/app:2"], "log": "$(node_folder "$REGISTRY")/log/login.log"}
  },
  "hosts": [$hosts
  ]
}
END
}

json_host() {
    local name=$1 folder pid index
    folder=$(node_folder "$name")
    pid=$(node_pid "$name")
    index=$(host_index "$name")
    printf '{"name": "%s", "address": "%s", "private": "%s", "public": "%s", ' \
        "$name" "$(private_address "$index")" "$(private_address "$index")" "$(public_address "$index")"
    printf '"engine": "%s", "engine_version": "%s", ' "$(cat "$folder/engine")" "$(engine_version "$name")"
    printf '"sshd_log": "%s", "dockerd_log": "%s", ' "$folder/log/sshd.log" "$folder/log/dockerd.log"
    printf '"docker_sock": "%s", "pid": %d, "netns": "/proc/%d/ns/net", ' "$(docker_socket "$name")" "$pid" "$pid"
    printf '"link": "%s", "host_key": "%s"}' "$(link_name "$index")" "$(host_key "$name")"
}

engine_version() {
    curl --silent --max-time 5 --unix-socket "$(docker_socket "$1")" http://docker/version |
        sed -nE 's/.*"Version":"([^"]+)","ApiVersion".*/\1/p'
}
