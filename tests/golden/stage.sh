# Runs inside a host of the lab: the addresses, names and registries that golden scenarios speak of. `$1` is the last number of its addresses, `$2` its folder
# outside. Each host has registries of its own, so that scenarios on several hosts at once do not see one another's images.
set -eu

private=10.66.0.$1 public=203.0.113.$1
open=10.55.0.1 auth=10.55.0.2

# Paths from outside lead to the same files inside.
mkdir -p "$2"
ln -sfn / "$2/root"
ln -sfn /run "$2/run"

for address in "$private/32" "$public/32" "$open/32" "$auth/32" "fd00:66::$1/128" "fd00:77::$1/128"; do
    ip address add "$address" dev lo 2>/dev/null || ip address show dev lo | grep -q "${address%/*}"
done

grep -q auth.example.com /etc/hosts ||
    printf '%s registry.example.com mirror.example.com\n%s auth.example.com\n' "$open" "$auth" >>/etc/hosts

# serve NAME ADDRESS STORAGE: a registry that looks at its files anew for each request.
serve() {
    ! (echo >"/dev/tcp/${2%:*}/${2#*:}") 2>/dev/null || return 0
    {
        printf 'version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n'
        printf 'storage:\n  filesystem: {rootdirectory: /srv/golden-%s}\nhttp: {addr: "%s", secret: golden}\n' "$3" "$2"
        [ "$1" != auth ] || printf 'auth:\n  htpasswd: {realm: golden, path: /srv/golden-htpasswd}\n'
    } >"/srv/golden-$1.yml"
    mkdir -p "/srv/golden-$3"
    setsid docker-registry serve "/srv/golden-$1.yml" </dev/null >"/var/log/golden-$1.log" 2>&1 &
    for _ in $(seq 100); do
        ! (echo >"/dev/tcp/${2%:*}/${2#*:}") 2>/dev/null || return 0
        sleep 0.1
    done
    echo "registry $1 does not answer" >&2
    exit 1
}

# alice, s3cret: those of the lab's own registry.
printf '%s\n' 'alice:$2y$05$dmfablabdmfablabdmfabOgcJgo6y2TcPft9NkGSCqLDboOHF1cC2' >/srv/golden-htpasswd
serve mirror "$open:5000" open
serve open "$open:5080" open
serve auth "$auth:5080" auth
# Port 80 is for containers, which may publish it on all addresses.
for address in "$open" "$auth"; do
    rule="OUTPUT -t nat -d $address -p tcp --dport 80 -j DNAT --to-destination $address:5080"
    # shellcheck disable=SC2086 # words
    iptables -C $rule 2>/dev/null || iptables -I $rule
done

if ! grep -q registry-mirrors /etc/docker/daemon.json; then
    sed -i "s|\"insecure-registries\": \[|\"registry-mirrors\": [\"http://$open:5000\"],\n  \"insecure-registries\": [\"10.55.0.0/24\", |" /etc/docker/daemon.json
    kill -HUP "$(cat /run/docker.pid)"
fi
