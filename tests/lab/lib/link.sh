# shellcheck shell=bash
# Addresses and links. Two networks per lab, a private and a public one, share one bridge;
# a node has an address of the same last number in both.

# The networks' first three numbers, e.g. `10.213.0 10.213.1`.
subnets() { cat "$STATE/subnets"; }

private_address() { local both; read -ra both < <(subnets); echo "${both[0]}.$((10 + $1))"; }
public_address() { local both; read -ra both < <(subnets); echo "${both[1]}.$((10 + $1))"; }

# The first lab of a machine gets 10.213.0 and 10.213.1, so that a committed inventory with
# fixed addresses fits it; each further lab gets the next pair that nobody uses.
claim_subnets() {
    local number
    [[ ! -s $STATE/subnets ]] || return 0
    exec 8<"$LABS"
    flock 8
    for ((number = 0; number < 254; number += 2)); do
        ! subnet_is_taken "10.213.$number" || continue
        ! subnet_is_taken "10.213.$((number + 1))" || continue
        echo "10.213.$number 10.213.$((number + 1))" >"$STATE/subnets"
        break
    done
    exec 8<&-
    [[ -s $STATE/subnets ]] || die "no free pair of networks in 10.213.0.0/16"
}

subnet_is_taken() {
    grep -qsE "(^| )${1//./\\.}( |$)" "$LABS"/*/subnets || [[ -n $(ip route show root "$1.0/24") ]]
}

bridge_create() {
    local both
    read -ra both < <(subnets)
    [[ ! -d /sys/class/net/$BRIDGE ]] || return 0
    # A fixed hardware address: without one it changes with the hosts that come and go.
    ip link add "$BRIDGE" address "02:d0:$(lab_octets):01" type bridge forward_delay 0
    ip address add "${both[0]}.1/24" dev "$BRIDGE"
    ip address add "${both[1]}.1/24" dev "$BRIDGE"
    ip link set "$BRIDGE" up
}

# A Docker of the machine itself makes the kernel filter what crosses bridges, and drop it.
# The lab makes no firewall rules on the machine, hence only says so.
warn_of_firewall() {
    [[ $(cat /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null) == 1 ]] || return 0
    ! iptables -S FORWARD 2>/dev/null | grep -qx -e '-P FORWARD DROP' ||
        say "this machine's firewall drops what crosses bridges: hosts cannot reach each other or the registries"
}

link_name() { echo "dl-$LAB_ID-$1"; }

# A node made anew must answer from the same hardware address, or its neighbours would
# send to the old one until their tables expire.
link_create() {
    local name=$1 index=$2 end pid
    end=$(link_name "$index")
    pid=$(node_pid "$name") || die "$name: died while booting: $(tail -n 5 "$(node_folder "$name")/log/boot.log")"
    ip link add "$end" type veth peer name eth0 address "$(printf '02:d1:%s:%02x' "$(lab_octets)" $((index & 255)))" netns "$pid"
    ip link set "$end" master "$BRIDGE" up
    nsenter --target "$pid" --net ip -batch - <<END
link set lo up
address add $(private_address "$index")/24 dev eth0
address add $(public_address "$index")/24 dev eth0
link set eth0 up
END
}

lab_octets() { echo "${LAB_ID:0:2}:${LAB_ID:2:2}:${LAB_ID:4:2}"; }

link_remove() {
    local index
    index=$(cat "$(node_folder "$1")/index" 2>/dev/null) || return 0
    ip link delete "$(link_name "$index")" 2>/dev/null || true
    delay_links_remove "$index"
}
