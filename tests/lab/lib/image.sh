# shellcheck shell=bash
# The lab's images, written by hand in the format of `docker save`: no Engine and no
# network is needed, and the same busybox gives the same image ids on every machine.

# A change of this file, of the program or of busybox makes another folder.
image_folder() {
    local key
    key=$(cat "$(command -v busybox)" "$LAB_DIR/image/app" "$LAB_DIR/lib/image.sh" | sha256sum | cut -c1-12)
    echo "$CACHE/images-$key"
}

images_prepare() {
    [[ -d $(image_folder) ]] || cache_locked build_images
}

build_images() {
    local work
    [[ ! -d $(image_folder) ]] || return 0
    say "building the images"
    work=$(mktemp -d "$CACHE/partial.XXXXXX")
    layer_base "$work"
    layer_version "$work" 1
    layer_version "$work" 2
    write_image "$work" busybox '"Cmd":["sh"]' '' base
    write_image "$work" app-1 "$(app_settings 1)" 1 base version-1
    write_image "$work" app-2 "$(app_settings 2)" 2 base version-2
    write_image "$work" health-1 "$(app_settings 1),$(health_settings)" 1 base version-1
    write_image "$work" health-2 "$(app_settings 2),$(health_settings)" 2 base version-2
    write_save_manifest "$work"
    (cd "$work" && tar --owner=0 --group=0 --numeric-owner --mtime=@0 -cf images.tar manifest.json ./*.config.json ./*.layer.tar)
    mv -T "$work" "$(image_folder)"
}

# Owner, order and time are fixed, so that equal content has an equal digest.
pack_layer() {
    tar -C "$1" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf "$2" .
    gzip -nc "$2" >"$2.gz"
    rm -rf "$1"
}

layer_base() {
    local root="$1/root" applet
    mkdir -p "$root"/{bin,etc,root,tmp,www,var/lib}
    cp "$(command -v busybox)" "$root/bin/busybox"
    for applet in $("$root/bin/busybox" --list); do
        [[ $applet == busybox ]] || ln -s busybox "$root/bin/$applet"
    done
    ln -s bin "$root/sbin"
    cp "$LAB_DIR/image/app" "$root/bin/app"
    chmod 755 "$root/bin/busybox" "$root/bin/app"
    chmod 1777 "$root/tmp"
    printf 'root:x:0:0:root:/root:/bin/sh\nwww:x:33:33:www:/www:/bin/sh\n' >"$root/etc/passwd"
    printf 'root:x:0:\nwww:x:33:\n' >"$root/etc/group"
    pack_layer "$root" "$1/base.layer.tar"
}

layer_version() {
    local root="$1/root"
    mkdir -p "$root"/{etc,www}
    echo "$2" >"$root/etc/version"
    echo "app version $2" >"$root/www/index.html"
    pack_layer "$root" "$1/version-$2.layer.tar"
}

app_settings() {
    printf '"Entrypoint":["/bin/app"],"Cmd":["serve"],"ExposedPorts":{"80/tcp":{}}'
}

# Nanoseconds: every second, quick enough for a test that waits for it.
health_settings() {
    printf '"Healthcheck":{"Test":["CMD","/bin/app","health"],"Interval":1000000000,"Timeout":2000000000,"Retries":2}'
}

digest() { sha256sum "$1" | cut -d' ' -f1; }

# write_image FOLDER NAME SETTINGS VERSION LAYER...
write_image() {
    local folder=$1 name=$2 settings=$3 version=$4 layer ids='' env='"PATH=/bin"'
    shift 4
    for layer in "$@"; do
        ids+="${ids:+,}\"sha256:$(digest "$folder/$layer.layer.tar")\""
    done
    [[ -z $version ]] || env+=",\"VERSION=$version\""
    printf '{"architecture":"%s","os":"linux","created":"2024-01-01T00:00:00Z","config":{"Env":[%s],"WorkingDir":"/",%s},"rootfs":{"type":"layers","diff_ids":[%s]},"history":[%s]}' \
        "$(dpkg --print-architecture)" "$env" "$settings" "$ids" "$(history_entries "$@")" \
        >"$folder/$name.config.json"
    echo "$@" >"$folder/$name.layers"
}

history_entries() {
    local layer entries=''
    for layer in "$@"; do
        entries+="${entries:+,}{\"created\":\"2024-01-01T00:00:00Z\",\"created_by\":\"lab layer $layer\"}"
    done
    printf %s "$entries"
}

# The registry.example.com names are those of the manual's example.
image_tags() {
    case $1 in
        busybox) echo busybox:latest ;;
        app-1) echo dmfab-lab/app:1 registry.example.com/nginx:latest registry.example.com/app:latest ;;
        app-2) echo dmfab-lab/app:2 ;;
        health-*) echo "dmfab-lab/health:${1#health-}" ;;
    esac
}

quoted_list() {
    local item list=''
    for item in "$@"; do list+="${list:+,}\"$item\""; done
    printf %s "$list"
}

write_save_manifest() {
    local config name layers entries=''
    for config in "$1"/*.config.json; do
        name=$(basename "$config" .config.json)
        read -ra layers <"$1/$name.layers"
        # shellcheck disable=SC2046 # the tags are words
        entries+="${entries:+,}{\"Config\":\"$name.config.json\",\"RepoTags\":[$(quoted_list $(image_tags "$name"))],\"Layers\":[$(quoted_list "${layers[@]/%/.layer.tar}")]}"
    done
    printf '[%s]' "$entries" >"$1/manifest.json"
}
