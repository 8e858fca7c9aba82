# shellcheck shell=bash
# Two real registries in one node: an open one and one that wants a login.

REGISTRY=registry
REGISTRY_USER=alice
REGISTRY_PASSWORD=s3cret
# bcrypt of the password above, since the program that makes one is in no basic package.
# shellcheck disable=SC2016 # dollars belong to it
REGISTRY_HTPASSWD='alice:$2y$05$dmfablabdmfablabdmfabOgcJgo6y2TcPft9NkGSCqLDboOHF1cC2'

# The node's own address is that of the open registry; the other is one further.
REGISTRY_INDEX=-8

registry_address() {
    local both
    read -ra both < <(subnets)
    if [[ $1 == open ]]; then echo "${both[0]}.2:5000"; else echo "${both[0]}.3:5000"; fi
}

registry_up() {
    if ! node_is_alive "$REGISTRY" || [[ ! -e $(node_folder "$REGISTRY")/complete ]]; then
        node_create "$REGISTRY" "$REGISTRY_INDEX" ''
        (node_exec "$REGISTRY" ip address add "$(registry_address login | cut -d: -f1)/24" dev eth0)
    fi
    registry_start open
    registry_start login
    if [[ ! -e $(node_folder "$REGISTRY")/complete ]]; then
        registry_fill open
        registry_fill login
        touch "$(node_folder "$REGISTRY")/complete"
    fi
}

registry_start() {
    local kind=$1 log
    log="$(node_folder "$REGISTRY")/log/$kind.log"
    ! registry_answers "$kind" || return 0
    registry_settings "$kind" >"$(node_folder "$REGISTRY")/root/srv/$kind.yml"
    echo "$REGISTRY_HTPASSWD" >"$(node_folder "$REGISTRY")/root/srv/htpasswd"
    node_daemon "$REGISTRY" "/var/log/$kind.log" /usr/bin/docker-registry serve "/srv/$kind.yml"
    wait_until 20 registry_answers "$kind" || { tail -n 20 "$log" >&2; die "registry \`$kind\` does not answer"; }
}

registry_settings() {
    printf 'version: 0.1\nlog: {level: info}\n'
    printf 'storage:\n  filesystem: {rootdirectory: /srv/%s}\n  delete: {enabled: true}\n' "$1"
    printf 'http: {addr: "%s", secret: lab}\n' "$(registry_address "$1")"
    [[ $1 == open ]] || printf 'auth:\n  htpasswd: {realm: lab, path: /srv/htpasswd}\n'
}

registry_curl() {
    curl --silent --show-error --fail --max-time 20 --user "$REGISTRY_USER:$REGISTRY_PASSWORD" "$@"
}

registry_answers() { registry_curl --output /dev/null "http://$(registry_address "$1")/v2/" 2>/dev/null; }

# Pushes as a client would, but without an Engine, so it need not wait for one.
registry_fill() {
    local base version folder
    folder=$(image_folder)
    base="http://$(registry_address "$1")/v2/dmfab-lab/app"
    push_blob "$base" "$folder/base.layer.tar.gz"
    for version in 1 2; do
        push_blob "$base" "$folder/version-$version.layer.tar.gz"
        push_blob "$base" "$folder/app-$version.config.json"
        push_manifest "$base" "$version"
    done
}

push_blob() {
    local place
    place=$(registry_curl --output /dev/null --write-out '%header{location}' -X POST "$1/blobs/uploads/")
    registry_curl --output /dev/null -H 'Content-Type: application/octet-stream' \
        --upload-file "$2" "$place&digest=sha256:$(digest "$2")"
}

push_manifest() {
    local folder layer layers=''
    folder=$(image_folder)
    for layer in base "version-$2"; do
        layers+="${layers:+,}$(descriptor application/vnd.docker.image.rootfs.diff.tar.gzip "$folder/$layer.layer.tar.gz")"
    done
    printf '{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":%s,"layers":[%s]}' \
        "$(descriptor application/vnd.docker.container.image.v1+json "$folder/app-$2.config.json")" "$layers" |
        registry_curl --output /dev/null -H 'Content-Type: application/vnd.docker.distribution.manifest.v2+json' \
            -X PUT --data-binary @- "$1/manifests/$2"
}

descriptor() {
    printf '{"mediaType":"%s","size":%d,"digest":"sha256:%s"}' "$1" "$(stat -c %s "$2")" "$(digest "$2")"
}
