# shellcheck shell=bash
# Runs inside a new host: users, sudo, ssh and Docker settings. /etc is the host's own.
set -euo pipefail

# A machine whose account `deploy` or whose number 2001 is taken must not matter.
for file in passwd shadow; do
    sed -i -e '/^deploy:/d' -e '/^root:/d' "/etc/$file"
done
sed -i -e '/^[^:]*:[^:]*:2001:/d' /etc/passwd
sed -i -e '/^deploy:/d' -e '/^docker:/d' -e '/^[^:]*:[^:]*:2001:/d' /etc/group
printf 'root:x:0:0:root:/root:/bin/bash\ndeploy:x:2001:2001::/home/deploy:/bin/bash\n' >>/etc/passwd
# A star is no valid password, yet does not lock the account as `!` would.
printf 'root:*:19000:0:99999:7:::\ndeploy:*:19000:0:99999:7:::\n' >>/etc/shadow
printf 'deploy:x:2001:\ndocker:x:2002:deploy\n' >>/etc/group
grep -q '^sshd:' /etc/passwd || echo 'sshd:x:2003:65534::/run/sshd:/usr/sbin/nologin' >>/etc/passwd
rm -f /etc/gshadow

mkdir -p /etc/sudoers.d
echo 'deploy ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/deploy
chmod 440 /etc/sudoers.d/deploy

rm -f /etc/hosts /etc/hostname /etc/resolv.conf /etc/motd
echo "$LAB_HOSTS_FILE" >/etc/hosts
hostname >/etc/hostname
# Empty: with no resolver and no default route, what needs the internet fails at once.
: >/etc/resolv.conf

authorize() {
    install -d -m 700 -o "$1" -g "$1" "$2/.ssh"
    echo "$LAB_CLIENT_KEY" >"$2/.ssh/authorized_keys"
    chmod 600 "$2/.ssh/authorized_keys"
    chown "$1:$1" "$2/.ssh/authorized_keys"
}
install -d -m 755 -o deploy -g deploy /home/deploy
authorize root /root
authorize deploy /home/deploy

rm -rf /etc/ssh
mkdir -p /etc/ssh/sshd_config.d
ssh-keygen -q -t ed25519 -N '' -C "root@$(hostname)" -f /etc/ssh/ssh_host_ed25519_key
# The first value counts, so a file in sshd_config.d overrides what follows.
cat >/etc/ssh/sshd_config <<'END'
Include /etc/ssh/sshd_config.d/*.conf
HostKey /etc/ssh/ssh_host_ed25519_key
PidFile /run/sshd.pid
UsePAM no
UseDNS no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
LogLevel VERBOSE
PrintMotd no
# Tests open many connections at once; refusing some at random is not what they test.
MaxStartups 200
Subsystem sftp /usr/lib/openssh/sftp-server
END
# Newer sshds shut clients out for a while after some failed logins.
if /usr/sbin/sshd -t -o PerSourcePenalties=no 2>/dev/null; then
    echo 'PerSourcePenalties no' >>/etc/ssh/sshd_config
fi

rm -rf /etc/docker
mkdir -p /etc/docker
cat >/etc/docker/daemon.json <<END
{
  "cgroup-parent": "$LAB_CGROUP",
  "exec-opts": ["native.cgroupdriver=cgroupfs"],
  "insecure-registries": ["$LAB_NETWORK"]
}
END
if [[ $LAB_CONTAINERD_STORE == true ]]; then
    sed -i '2i \  "features": {"containerd-snapshotter": true},' /etc/docker/daemon.json
fi
