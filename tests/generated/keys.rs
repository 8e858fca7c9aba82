//! Keys of a container configuration with values that Engines take, and what a change of them does.

use Effect::{InPlace, InPlaceUntilGone, New, NewByValue, NewUnlessGone, NewUnlessPutIn, Nothing};
use Needs::{Anything, Network, OneOnNetwork};
use Section::{Container, CreateOptions, HostConfig};

/// What becomes of a container where a key of it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It is made anew.
    New,
    /// The same, but the key is never taken out: what is left then is for the daemon to decide.
    NewUnlessGone,
    /// The same, but the key is never put in: machines may not know it, and drop it without a word.
    NewUnlessPutIn,
    /// The same, but the key is only given another value: each container has some hardware address.
    NewByValue,
    /// It keeps its life.
    InPlace,
    /// The same, unless the key is taken out: Engines do not forget it.
    InPlaceUntilGone,
    /// It is for dmfab, not for the Engine.
    Nothing,
}

/// Where a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Container,
    CreateOptions,
    HostConfig,
}

/// What must be so for a key to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    Anything,
    /// A network that is its own.
    Network,
    /// The same, and to be the only container of its configuration.
    OneOnNetwork,
}

/// A key, values of it that differ in their effect, and the keys it goes ill with.
///
/// `PORT` stands for the first digits of a port, and `NUMBER` for two digits, that no other configuration has.
pub(crate) struct Key {
    pub(crate) section: Section,
    pub(crate) name: &'static str,
    pub(crate) values: &'static [&'static str],
    pub(crate) effect: Effect,
    pub(crate) needs: Needs,
    pub(crate) excludes: &'static [&'static str],
}

const fn key(
    section: Section,
    name: &'static str,
    values: &'static [&'static str],
    effect: Effect,
    needs: Needs,
    excludes: &'static [&'static str],
) -> Key {
    Key { section, name, values, effect, needs, excludes }
}

/// Keys that most hosts take.
const KEYS: &[Key] = &[
    key(Container, "image", &["dmfab-lab/app:2"], New, Anything, &["persistent"]),
    key(Container, "shares", &["/cache", "[/cache, /srv/more]"], New, Anything, &[]),
    key(
        Container,
        "binds",
        &["[{/mnt/one: [/tmp, ro]}]", "[{/mnt/one: [/tmp, rw]}]", "[{/mnt/one: [/var/tmp, rw]}, tmp]", "tmp"],
        New,
        Anything,
        &[],
    ),
    key(Container, "user", &["2000", "'33:33'", "'0'"], New, Anything, &["sysctls"]),
    key(Container, "permissions", &["'u=rwX,g=rX,o='", "'0777'"], Nothing, Anything, &[]),
    key(Container, "stop_signal", &["SIGINT", "SIGKILL"], New, Anything, &[]),
    key(Container, "persistent", &["true"], Nothing, Anything, &["image"]),
    key(Container, "start_delay", &["0.01", "0.02"], Nothing, Anything, &[]),
    key(
        Container,
        "healthcheck",
        &[
            "{test: [CMD, 'true'], interval: 1s}",
            "{test: 'true', interval: 1s, retries: 3}",
            "[['CMD', 'true'], 1s, 5s, 2]",
            "NONE",
        ],
        New,
        Anything,
        &[],
    ),
    key(
        Container,
        "exec_commands",
        &["'true'", "[[[echo, a b], root, initial]]", "[{cmd: echo, policy: restart}]"],
        Nothing,
        Anything,
        &[],
    ),
    key(
        Container,
        "exposes",
        &["{80: PORT1}", "{80: PORT2, 53/udp: }", "[[81, PORT2], 9/udp]", "{80: PORT1, 443: PORT3}"],
        New,
        OneOnNetwork,
        &[],
    ),
    key(CreateOptions, "command", &["serve 81", "[sleep, '9999']"], New, Network, &["entrypoint"]),
    key(
        CreateOptions,
        "entrypoint",
        &["[/bin/sh, -c, sleep 9999]", "sh -c 'sleep 9998'"],
        New,
        Network,
        &["command"],
    ),
    key(
        CreateOptions,
        "environment",
        &["{A: 1}", "{A: '1', B: x=y z}", "[C=, D]", "{DB_PASSWORD: a}", "{DB_PASSWORD: b}"],
        New,
        Anything,
        &[],
    ),
    key(CreateOptions, "labels", &["{team: a}", "{team: b, empty: ''}"], New, Anything, &[]),
    key(CreateOptions, "hostname", &["one", "two"], New, Network, &["uts_mode"]),
    key(CreateOptions, "domainname", &["example.com", "example.org"], New, Network, &["uts_mode"]),
    key(CreateOptions, "working_dir", &["/tmp", "/bin"], New, Anything, &[]),
    key(CreateOptions, "ports", &["[9000, [53, udp]]", "['9000-9002']"], New, Network, &[]),
    key(CreateOptions, "volumes", &["/nameless", "[/nameless, /unnamed/]"], New, Anything, &[]),
    key(CreateOptions, "tty", &["true"], New, Anything, &[]),
    key(CreateOptions, "stdin_open", &["true"], New, Anything, &[]),
    key(
        CreateOptions,
        "mac_address",
        &["'02:42:0a:e7:01:NUMBER'", "'02:42:0a:e7:02:NUMBER'"],
        NewByValue,
        OneOnNetwork,
        &[],
    ),
    key(HostConfig, "mem_limit", &["64m", "96m"], InPlaceUntilGone, Anything, &[]),
    key(HostConfig, "mem_reservation", &["16m", "24m"], InPlaceUntilGone, Anything, &[]),
    key(HostConfig, "cpu_shares", &["512", "256"], InPlaceUntilGone, Anything, &[]),
    key(HostConfig, "cpu_period", &["100000", "50000"], InPlaceUntilGone, Anything, &["nano_cpus"]),
    key(HostConfig, "cpu_quota", &["50000", "40000"], InPlace, Anything, &["nano_cpus"]),
    key(
        HostConfig,
        "nano_cpus",
        &["500000000", "400000000"],
        InPlaceUntilGone,
        Anything,
        &["cpu_period", "cpu_quota"],
    ),
    key(HostConfig, "cpuset_cpus", &["'0'"], InPlaceUntilGone, Anything, &[]),
    key(HostConfig, "pids_limit", &["100", "50"], InPlace, Anything, &[]),
    key(
        HostConfig,
        "restart_policy",
        &["always", "unless-stopped", "{Name: on-failure, MaximumRetryCount: 2}"],
        InPlace,
        Anything,
        &[],
    ),
    key(HostConfig, "cap_add", &["[SYS_TIME]", "[NET_ADMIN, CAP_SYS_TIME]"], New, Anything, &[]),
    key(HostConfig, "cap_drop", &["MKNOD", "[CHOWN]"], New, Anything, &[]),
    key(HostConfig, "dns", &["[10.0.0.1]", "[10.0.0.1, 10.0.0.2]"], New, Network, &[]),
    key(HostConfig, "dns_opt", &["['ndots:1']", "[use-vc]"], New, Network, &[]),
    key(HostConfig, "dns_search", &["[example.com]", "example.org"], New, Network, &[]),
    key(HostConfig, "extra_hosts", &["{a: 10.0.0.2}", "['b:10.0.0.3', 'a:10.0.0.2']"], New, Network, &[]),
    key(HostConfig, "group_add", &["['33']", "['33', '20']"], New, Anything, &[]),
    key(HostConfig, "init", &["true"], New, Anything, &[]),
    key(HostConfig, "ipc_mode", &["shareable", "host"], NewUnlessGone, Anything, &["shm_size"]),
    key(
        HostConfig,
        "log_config",
        &["{type: json-file, config: {max-size: 1m}}", "{type: none}"],
        NewUnlessGone,
        Anything,
        &[],
    ),
    key(
        HostConfig,
        "mounts",
        &[
            "[{target: /memory, type: tmpfs, tmpfs_size: 1m}]",
            "[{target: /memory, type: tmpfs, tmpfs_size: 2m, tmpfs_mode: 0o1777}]",
            "[{target: /memory, source: /tmp, type: bind, read_only: true}]",
        ],
        NewUnlessGone,
        Anything,
        &[],
    ),
    key(
        HostConfig,
        "Binds",
        &["['/tmp:/extra:ro']", "{/tmp: {bind: /extra, mode: 'rw,z'}}"],
        New,
        Anything,
        &[],
    ),
    key(
        HostConfig,
        "devices",
        &["['/dev/null:/dev/nothing']", "['/dev/null:/dev/nothing:r', /dev/zero]"],
        New,
        Anything,
        &[],
    ),
    key(HostConfig, "oom_score_adj", &["100", "200"], New, Anything, &[]),
    key(
        HostConfig,
        "port_bindings",
        &["{9001: PORT4}", "{9001: [127.0.0.1, PORT5], 9003: PORT6}"],
        New,
        OneOnNetwork,
        &[],
    ),
    key(HostConfig, "publish_all_ports", &["true"], New, Network, &[]),
    key(HostConfig, "read_only", &["true"], New, Anything, &[]),
    key(HostConfig, "security_opt", &["[no-new-privileges]"], New, Anything, &[]),
    key(HostConfig, "shm_size", &["1m", "2m"], NewUnlessGone, Anything, &["ipc_mode"]),
    key(
        HostConfig,
        "sysctls",
        &["{net.core.somaxconn: 1024}", "{net.core.somaxconn: 512}"],
        New,
        Network,
        &["user"],
    ),
    key(HostConfig, "tmpfs", &["[/run]", "{/run: size=1m}"], New, Anything, &[]),
    key(HostConfig, "ulimits", &["{nofile: '1024:2048'}", "[nofile=1024, core=0]"], New, Anything, &[]),
    key(HostConfig, "uts_mode", &["host"], New, Anything, &["hostname", "domainname"]),
    key(HostConfig, "volume_driver", &["local"], Nothing, Anything, &[]),
];

/// Keys that ask for devices, rights or programs that few hosts have.
const FURTHER_KEYS: &[Key] = &[
    key(HostConfig, "blkio_weight", &["500"], NewUnlessPutIn, Anything, &[]),
    key(
        HostConfig,
        "blkio_weight_device",
        &["[{Path: /dev/vda, Weight: 400}]"],
        NewUnlessPutIn,
        Anything,
        &[],
    ),
    key(HostConfig, "cgroup_parent", &["/site", "/other"], New, Anything, &[]),
    key(HostConfig, "cgroupns", &["host"], Nothing, Anything, &[]),
    key(HostConfig, "cpu_count", &["1"], New, Anything, &[]),
    key(HostConfig, "cpu_percent", &["10"], New, Anything, &[]),
    key(HostConfig, "cpu_rt_period", &["1000000"], NewUnlessPutIn, Anything, &[]),
    key(HostConfig, "cpu_rt_runtime", &["950000"], NewUnlessPutIn, Anything, &[]),
    key(HostConfig, "cpuset_mems", &["'0'", "'0-1'"], InPlaceUntilGone, Anything, &[]),
    key(HostConfig, "device_cgroup_rules", &["['c 1:3 rwm']"], New, Anything, &[]),
    key(HostConfig, "device_read_bps", &["[{Path: /dev/vda, Rate: 1m}]"], NewUnlessPutIn, Anything, &[]),
    key(HostConfig, "device_read_iops", &["[{path: /dev/vda, rate: 1000}]"], NewUnlessPutIn, Anything, &[]),
    key(
        HostConfig,
        "device_requests",
        &["[{driver: nvidia, count: -1, capabilities: [[gpu]]}]"],
        New,
        Anything,
        &[],
    ),
    key(HostConfig, "device_write_bps", &["[{Path: /dev/vda, Rate: 1m}]"], NewUnlessPutIn, Anything, &[]),
    key(HostConfig, "device_write_iops", &["[{Path: /dev/vda, Rate: 9}]"], NewUnlessPutIn, Anything, &[]),
    key(HostConfig, "isolation", &["process"], New, Anything, &[]),
    key(HostConfig, "mem_swappiness", &["0", "10"], NewUnlessPutIn, Anything, &[]),
    key(HostConfig, "privileged", &["true"], New, Anything, &["cap_add", "cap_drop"]),
    key(HostConfig, "runtime", &["kata"], NewUnlessGone, Anything, &[]),
    key(HostConfig, "storage_opt", &["{size: 10G}", "{size: 9G}"], New, Anything, &[]),
    key(HostConfig, "userns_mode", &["host"], New, Anything, &[]),
    key(CreateOptions, "stop_timeout", &["20", "0"], New, Anything, &[]),
];

/// All of them.
pub(crate) fn all() -> Vec<&'static Key> {
    KEYS.iter().chain(FURTHER_KEYS).collect()
}

/// Names of those that ask for what few hosts have.
pub(crate) fn rare() -> Vec<&'static str> {
    FURTHER_KEYS.iter().map(|key| key.name).collect()
}
