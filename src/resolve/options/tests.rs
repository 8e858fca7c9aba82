//! What options do to properties and to one another, and what is said of wrong ones. What each becomes
//! is in `samples.txt`.

use serde_json::json;

use crate::model::container::NetworkMode;

use super::super::tests::{container, good, messages, needs, on_host, ports, refused};

/// Everything that is said of a container with these options and nothing else wrong.
fn said(section: &str, option: &str) -> Vec<String> {
    let (_, screen) =
        on_host(&format!("    web: {{{section}: {{{option}}}}}\n    db:\n    networks: {{front: }}\n"));
    let lines = screen.lines().filter(|line| {
        ["error: ", "warning: "].iter().any(|severity| line.starts_with(severity)) || line.contains("= help")
    });
    lines.map(|line| line.trim().to_owned()).collect()
}

/// Options with what is said of them.
type Mistakes = &'static [(&'static str, &'static [&'static str])];

const CREATE_MISTAKES: Mistakes = &[
    ("command: {a: b}", &["error: `create_options.command` is a mapping"]),
    ("Cmd: \"a 'b\"", &["error: the quotes of `create_options.Cmd` are not closed"]),
    ("environment: A", &["error: `create_options.environment` is text"]),
    ("Env: {A: [1]}", &["error: `create_options.Env.A` is a list"]),
    ("labels: {dmfab.map: x}", &["error: the label `dmfab.map` is dmfab's own"]),
    ("hostname: [a]", &["error: `create_options.hostname` is a list"]),
    ("stop_timeout: soon", &["error: `create_options.stop_timeout` is `soon`"]),
    ("StopTimeout: -1", &["error: `create_options.StopTimeout` is `-1`"]),
    ("tty: maybe", &["error: `create_options.tty` is `maybe`"]),
    ("OpenStdin: 2", &["error: `create_options.OpenStdin` is `2`"]),
    ("detach: maybe", &["error: `create_options.detach` is `maybe`"]),
    (
        "stop_signal: SIGTREM",
        &["error: `create_options.stop_signal` is `SIGTREM`", "= help: write `SIGTERM`"],
    ),
    (
        "StopSignal: 99",
        &[
            "error: `create_options.StopSignal` is `99`",
            "= help: write a name such as `SIGTERM`, or a number from 1 to 64",
        ],
    ),
    ("ports: [80/icmp]", &["error: `create_options.ports` is `80/icmp`"]),
    ("ports: [9000-8000]", &["error: `create_options.ports` is `9000-8000`"]),
    ("volumes: [data]", &["error: `create_options.volumes` is `data`"]),
    ("volumes: ['/a:/b']", &["error: `create_options.volumes` is `/a:/b`"]),
    ("Volumes: {/a: /b}", &["error: `create_options.Volumes` is text"]),
    ("mac_address: 02:42", &["error: `create_options.mac_address` is `02:42`"]),
    ("MacAddress: 02:42:ac:11:00:0g", &["error: `create_options.MacAddress` is `02:42:ac:11:00:0g`"]),
    ("platform: arm64", &["error: `create_options.platform` is `arm64`"]),
    ("Platform: linux/a/b/c", &["error: `create_options.Platform` is `linux/a/b/c`"]),
    ("network_disabled: off and on", &["error: `create_options.network_disabled` is `off and on`"]),
    ("networking_config: [front]", &["error: `create_options.networking_config` is a list"]),
    (
        "networking_config: {front: {aliase: x}}",
        &[
            "error: unknown key `aliase` in `create_options.networking_config.m.front`",
            "= help: write `aliases`",
        ],
    ),
    (
        "NetworkingConfig: {EndpointsConfig: {front: {IPAMConfig: {IPv4Address: '::1'}}}}",
        &["error: `create_options.NetworkingConfig.m.front` is `::1`"],
    ),
    (
        "networking_config: {fornt: }",
        &[
            "warning: `create_options.networking_config` names `fornt`, which the map does not have",
            "= help: write `front` if that is meant",
        ],
    ),
    (
        "healthcheck: {tset: x}",
        &[
            "error: unknown key `tset` in `create_options.healthcheck` of container `web`",
            "= help: did you mean `test`?",
        ],
    ),
    (
        "Healthcheck: {StartPeriode: 1s}",
        &[
            "error: unknown key `StartPeriode` in `create_options.Healthcheck` of container `web`",
            "= help: did you mean `StartPeriod`?",
        ],
    ),
    (
        "healthcheck: {test: x, interval: often}",
        &[
            "error: `interval` of container `web` needs a duration, found `often`",
            "= help: write for instance `10s` or `1m30s`",
        ],
    ),
    ("host_config: [a]", &["error: `create_options.host_config` is a list"]),
    ("comand: x", &["error: unknown key `comand` in `create_options`", "= help: write `command`"]),
    ("Entrypiont: x", &["error: unknown key `Entrypiont` in `create_options`", "= help: write `Entrypoint`"]),
    ("memlimit: 1g", &["error: unknown key `memlimit` in `create_options`", "= help: write `mem_limit`"]),
];

const HOST_MISTAKES: Mistakes = &[
    ("mem_limit: 1x", &["error: `host_config.mem_limit` is `1x`"]),
    ("Memory: -5", &["error: `host_config.Memory` is `-5`"]),
    ("memswap_limit: -2", &["error: `host_config.memswap_limit` is `-2`"]),
    ("cpu_shares: many", &["error: `host_config.cpu_shares` is `many`"]),
    ("privileged: [yes]", &["error: `host_config.privileged` is a list"]),
    ("cap_add: {a: b}", &["error: `host_config.cap_add` is a mapping"]),
    ("sysctls: a", &["error: `host_config.sysctls` is text"]),
    ("uts_mode: mine", &["error: `host_config.uts_mode` is `mine`"]),
    ("ulimits: nofile", &["error: `host_config.ulimits` is text"]),
    ("ulimits: [nofile]", &["error: `host_config.ulimits` is `nofile`"]),
    ("ulimits: [{name: nofile}]", &["error: `host_config.ulimits` is a mapping"]),
    (
        "Ulimits: [{Name: nofile, Sotf: 1}]",
        &["error: unknown key `Sotf` in `host_config.Ulimits`", "= help: write `Soft`"],
    ),
    ("devices: ['/dev/a:/dev/b:rx']", &["error: `host_config.devices` is `/dev/a:/dev/b:rx`"]),
    ("devices: [{PathInContainer: /dev/a}]", &["error: `host_config.devices` is a mapping"]),
    ("log_config: json-file", &["error: `host_config.log_config` is text"]),
    ("log_config: {config: {a: b}}", &["error: `host_config.log_config` is a mapping"]),
    (
        "log_config: {type: syslog, options: {a: b}}",
        &["error: unknown key `options` in `host_config.log_config`"],
    ),
    (
        "restart_policy: {Name: always, Retries: 1}",
        &["error: unknown key `Retries` in `host_config.restart_policy`"],
    ),
    ("binds: [/a]", &["error: `host_config.binds` is `/a`"]),
    ("binds: ['/a:/b:rx']", &["error: `host_config.binds` is `/a:/b:rx`"]),
    ("binds: {/a: {to: /b}}", &["error: unknown key `to` in `host_config.binds`"]),
    ("binds: {/a: [/b]}", &["error: `host_config.binds` is a list"]),
    (
        "binds: {/a: {bind: /b, propagation: all}}",
        &["error: `host_config.binds` has a value that is no mount"],
    ),
    ("volumes_from: ['db:rx']", &["error: `host_config.volumes_from` is `db:rx`"]),
    ("links: [[a, b, c]]", &["error: `host_config.links` is a list"]),
    ("port_bindings: {80: x}", &["error: `host_config.port_bindings` is `x`"]),
    ("port_bindings: {80: {Port: 1}}", &["error: `host_config.port_bindings` is a mapping"]),
    ("PortBindings: {80/icmp: 1}", &["error: `host_config.PortBindings` is `80/icmp`"]),
    ("port_bindings: [80]", &["error: `host_config.port_bindings` is a list"]),
    ("network_mode: [db]", &["error: `host_config.network_mode` is a list"]),
    ("network_mode: 'container:'", &["error: `host_config.network_mode` is `container:`"]),
    ("mounts: /a", &["error: `host_config.mounts` is text"]),
    ("mounts: [/a]", &["error: `host_config.mounts` is text"]),
    (
        "mounts: [{source: v}]",
        &[
            "error: `host_config.mounts` has a mount without an absolute `target`",
            "= help: add `target: /path`",
        ],
    ),
    ("mounts: [{target: /a, type: cluster}]", &["error: `host_config.mounts` is `cluster`"]),
    ("mounts: [{target: /a, type: tmpfs, tmpfs_mode: rwx}]", &["error: `host_config.mounts` is `rwx`"]),
    (
        "mounts: [{target: /a, type: bind, source: /b, propagation: all}]",
        &["error: `host_config.mounts` is `all`"],
    ),
    (
        "Mounts: [{Target: /a, VolumeOptions: {NoCpoy: true}}]",
        &["error: unknown key `NoCpoy` in `host_config.Mounts.VolumeOptions`", "= help: write `NoCopy`"],
    ),
    ("lxc_conf: {a: b}", &["warning: `host_config.lxc_conf` has no effect", "= help: remove it"]),
    ("InitPath: /x", &["error: `host_config.InitPath` is not supported", "= help: take it out"]),
    ("Mount: []", &["error: unknown key `Mount` in `host_config`", "= help: write `Mounts`"]),
    ("comand: x", &["error: unknown key `comand` in `host_config`"]),
];

#[test]
fn wrong_values_are_told_each_by_its_kind() {
    for (section, options) in [("create_options", CREATE_MISTAKES), ("host_config", HOST_MISTAKES)] {
        for (option, expected) in options {
            assert_eq!(said(section, option), *expected, "{option}");
        }
    }
}

#[test]
fn mounts_must_fit_their_type() {
    for mount in [
        "{target: /a, type: bind, source: data}",
        "{target: /a, type: bind}",
        "{target: /a, type: tmpfs, source: x}",
        "{target: /a, type: npipe}",
        "{target: /a, source: /b}",
        "{target: /a, type: bind, source: /b, no_copy: true}",
        "{target: /a, type: tmpfs, propagation: slave}",
        "{target: /a, tmpfs_size: 1m}",
    ] {
        assert_eq!(
            refused(&format!("    web: {{host_config: {{mounts: [{mount}]}}}}")),
            ["error: `host_config.mounts` has a mount that does not fit its type"],
            "{mount}"
        );
    }
    let (_, screen) = on_host(
        "    web: {host_config: {mounts: [{target: /a, no_copy: true, VolumeOptions: {NoCopy: true}}]}}",
    );
    assert_eq!(messages(&screen)[0], "error: `host_config.mounts.VolumeOptions` has `NoCopy` twice");
}

#[test]
fn one_option_in_both_spellings_names_both_places() {
    let (_, screen) = on_host("    web:\n      host_config:\n        mem_limit: 1g\n        Memory: 2g\n");
    insta::assert_snapshot!(screen, @"
    error: `host_config` has both `mem_limit` and `Memory`, two names of one option
     --> i.yaml:7:9
      |
    6 |         mem_limit: 1g
      |         --------- first set here
    7 |         Memory: 2g
      |         ^^^^^^ set again here
      |
      = help: remove one of them

    1 error in 1 file
    ");
    for (map, message) in [
        (
            "web: {create_options: {command: a, Cmd: b}}",
            "`create_options` has both `command` and `Cmd`, two names of one option",
        ),
        (
            "web: {create_options: {host_config: {binds: [], Binds: []}}}",
            "`create_options.host_config` has both `binds` and `Binds`, two names of one option",
        ),
        (
            "web: {create_options: {memswap_limit: 1g, MemorySwap: 1g}}",
            "`create_options` has both `memswap_limit` and `MemorySwap`, two names of one option",
        ),
        (
            "web: {host_config: {mounts: [{target: /a, Target: /b}]}}",
            "`host_config.mounts` has `Target` twice",
        ),
        (
            "web: {create_options: {healthcheck: {test: a, Test: b}}}",
            "`create_options.healthcheck` of container `web` has `test` twice",
        ),
        (
            "networks: {n: {create_options: {labels: {}, Labels: {}}}}",
            "`networks.create_options` has both `labels` and `Labels`, two names of one option",
        ),
    ] {
        assert_eq!(refused(&format!("    {map}\n    other:\n")), [format!("error: {message}")], "{map}");
    }
}

#[test]
fn an_inherited_option_is_replaced_in_either_spelling() {
    let host = good(
        "    base: {abstract: true, host_config: {mem_limit: 1g, cpu_shares: 2}, create_options: {Cmd: a}}\n\
         \x20   web: {extends: base, host_config: {Memory: 2g}, create_options: {command: b}}\n",
    );
    let settings = &host.containers[0].settings;
    assert_eq!(json!(settings.host_options), json!({"Memory": 2_i64 << 30, "CpuShares": 2}));
    assert_eq!(settings.command.as_deref(), Some(&["b".to_owned()][..]));
    let both =
        "    base: {abstract: true}\n    web: {extends: base, host_config: {mem_limit: 1g, Memory: 2g}}\n";
    assert_eq!(
        refused(both),
        ["error: `host_config` has both `mem_limit` and `Memory`, two names of one option"]
    );
}

#[test]
fn options_are_merged_over_properties() {
    let web = container(
        "    web:\n\
         \x20     shares: /own\n\
         \x20     binds: [{/a: /host/a}, {/b: /host/b}]\n\
         \x20     exposes: [[80, 8080], [80, 8081], [81, 9081]]\n\
         \x20     links: [[db, database], [db, other]]\n\
         \x20     healthcheck: {test: old, retries: 9}\n\
         \x20     user: me\n\
         \x20     stop_signal: SIGINT\n\
         \x20     create_options:\n\
         \x20       volumes: [/more, /own/]\n\
         \x20       healthcheck: {interval: 5s}\n\
         \x20       user: null\n\
         \x20       stop_signal: usr1\n\
         \x20       mem_limit: 1g\n\
         \x20       binds: ['/other:/b']\n\
         \x20     host_config:\n\
         \x20       binds: ['/last:/b:ro', 'v:/c']\n\
         \x20       port_bindings: {80: [7080, [private, 7081]]}\n\
         \x20       links: {m.db: database, m.web2: two}\n\
         \x20       mem_limit: 2g\n\
         \x20   db:\n    web2:\n",
    );
    let settings = &web.settings;
    let volumes: Vec<_> = settings.anonymous_volumes.iter().map(String::as_str).collect();
    assert_eq!(volumes, ["/more", "/own"]);
    let mounts: Vec<_> = settings.mounts.iter().map(|(path, mount)| format!("{path} {mount}")).collect();
    assert_eq!(mounts, ["/a /host/a:rw", "/b /last:ro", "/c v:rw"]);
    assert_eq!(ports(&web), "7080->80/tcp 10.0.0.1:7081->80/tcp 9081->81/tcp");
    let links: Vec<_> = settings.links.iter().map(ToString::to_string).collect();
    assert_eq!(links, ["m.db:database", "m.db:other", "m.web2:two"]);
    let check = settings.healthcheck.as_ref().expect("a health check");
    assert_eq!((check.test.len(), check.retries, check.interval_nanoseconds), (0, 0, 5_000_000_000));
    assert_eq!((settings.user.as_deref(), settings.stop_signal.as_deref()), (Some("me"), Some("usr1")));
    assert_eq!(settings.host_options["Memory"], 2_i64 << 30);
}

#[test]
fn a_mount_wins_over_a_property_and_never_over_another_option() {
    let web = container(
        "    web: {binds: [{/a: /host}], shares: /run, host_config: \
         {mounts: [{target: /a/, type: tmpfs}], tmpfs: [/run]}}\n",
    );
    assert!(web.settings.mounts.is_empty() && web.settings.anonymous_volumes.is_empty());
    assert!(web.settings.detailed_mounts.contains_key("/a"));
    for options in [
        "host_config: {mounts: [{target: /a, type: tmpfs}, {target: /a}]}",
        "host_config: {mounts: [{target: /a}], binds: ['/x:/a']}",
        "host_config: {tmpfs: [/a], binds: ['/x:/a/']}",
        "host_config: {binds: ['/x:/a', '/y:/a']}",
        "create_options: {binds: ['/x:/a']}, host_config: {mounts: [{target: /a}]}",
    ] {
        assert_eq!(
            refused(&format!("    web: {{{options}}}\n")),
            ["error: options of container `web` mount `/a` twice"],
            "{options}"
        );
    }
}

#[test]
fn a_mounted_volume_of_the_map_is_a_dependency() {
    let host = good(
        "    db: {attaches: data}\n\
         \x20   web: {host_config: {mounts: [{target: /d, source: m.data}, {target: /o, source: other}]}}\n\
         \x20   volumes: {data: /data}\n",
    );
    assert_eq!(needs(&host, "m.web"), "volume m.data");
}

#[test]
fn the_network_mode_of_an_option_counts() {
    let mode = |map: &str| container(map).settings.network_mode;
    assert_eq!(mode("    web: {host_config: {network_mode: host}}\n"), NetworkMode::Host);
    assert_eq!(mode("    web: {create_options: {network_disabled: true}}\n"), NetworkMode::None);
    assert_eq!(
        mode("    web: {network_mode: none, create_options: {network_disabled: true}}\n"),
        NetworkMode::None
    );
    let host = good("    web: {host_config: {network_mode: db.a}}\n    db: {instances: [a, b]}\n");
    assert_eq!(host.containers[0].settings.network_mode, NetworkMode::Container("m.db.a".to_owned()));
    assert_eq!(needs(&host, "m.web"), "container m.db.a");
    assert_eq!(host.containers[0].settings.hostname, None);
    let web = container(
        "    web: {networks: [back, front], host_config: {NetworkMode: m.front}}\n    networks: {back: , front: }\n",
    );
    let joined: Vec<_> =
        web.settings.endpoints.iter().map(|endpoint| endpoint.network_name.as_str()).collect();
    assert_eq!(joined, ["m.front", "m.back"]);
    let (fleet, screen) = on_host("    web: {network_mode: none, host_config: {network_mode: host}}\n");
    assert!(
        screen.starts_with("warning: `host_config.network_mode` is `host`, the property says `none`"),
        "{screen}"
    );
    assert_eq!(fleet.hosts["h"].containers[0].settings.network_mode, NetworkMode::Host);
    let bridged = container("    web: {network_mode: bridge, host_config: {network_mode: default}}\n");
    assert!(bridged.settings.hostname.is_some());
}

#[test]
fn what_needs_a_network_is_refused_without_one() {
    for (web, first, second) in [
        (
            "host_config: {network_mode: host, port_bindings: {80: 80}}",
            "host_config.network_mode",
            "host_config.port_bindings",
        ),
        ("host_config: {network_mode: host}, exposes: [[80, 80]]", "host_config.network_mode", "exposes"),
        ("host_config: {network_mode: none}, networks: n", "host_config.network_mode", "networks"),
        (
            "network_mode: host, host_config: {port_bindings: {80: 80}}",
            "network_mode",
            "host_config.port_bindings",
        ),
        (
            "create_options: {network_disabled: true}, networks: n",
            "create_options.network_disabled",
            "networks",
        ),
        (
            "create_options: {NetworkDisabled: true, networking_config: {n: }}",
            "create_options.NetworkDisabled",
            "create_options.networking_config",
        ),
        (
            "create_options: {network_disabled: true}, network_mode: host",
            "create_options.network_disabled",
            "network_mode",
        ),
        (
            "create_options: {network_disabled: true, network_mode: host}",
            "create_options.network_disabled",
            "create_options.network_mode",
        ),
        (
            "network_mode: none, create_options: {mac_address: 02:42:ac:11:00:02}",
            "network_mode",
            "create_options.mac_address",
        ),
        (
            "create_options: {hostname: x, uts_mode: host}",
            "create_options.uts_mode",
            "create_options.hostname",
        ),
    ] {
        assert_eq!(
            refused(&format!("    web: {{{web}}}\n    networks: {{n: }}\n")),
            [format!("error: container `web` has both `{first}` and `{second}`")],
            "{web}"
        );
    }
    let web = container("    web: {host_config: {uts_mode: host}}\n");
    assert_eq!(web.settings.hostname, None);
}

#[test]
fn a_place_in_a_network_is_merged_over_that_of_the_property() {
    let web = container(
        "    web:\n\
         \x20     networks: {n: {aliases: [a], ipv4_address: 10.0.0.2}, o: }\n\
         \x20     create_options:\n\
         \x20       networking_config:\n\
         \x20         EndpointsConfig:\n\
         \x20           m.n: {Aliases: [b], IPAMConfig: {IPv4Address: 10.0.0.3}, MacAddress: 02-42-AC-11-00-02}\n\
         \x20           p: {mac_address: 02:42:ac:11:00:03}\n\
         \x20   networks: {n: , o: , p: }\n",
    );
    let settings = &web.settings;
    let names: Vec<_> = settings.endpoints.iter().map(|endpoint| endpoint.network_name.as_str()).collect();
    assert_eq!(names, ["m.n", "m.o", "m.p"]);
    let first = &settings.endpoints[0];
    assert_eq!(first.aliases.iter().map(String::as_str).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(first.ipv4_address.as_deref(), Some("10.0.0.3"));
    // The first network's is the container's.
    assert_eq!(
        (first.mac_address.as_deref(), settings.mac_address.as_deref()),
        (None, Some("02:42:ac:11:00:02"))
    );
    assert_eq!(settings.endpoints[2].mac_address.as_deref(), Some("02:42:ac:11:00:03"));
}

#[test]
fn wrong_options_of_networks_and_volumes_are_told() {
    let network = |option: &str| format!("    web:\n    networks: {{n: {{create_options: {{{option}}}}}}}\n");
    let volume = |option: &str| {
        format!(
            "    web: {{attaches: v}}\n    volumes: {{v: {{default_path: /v, create_options: {{{option}}}}}}}\n"
        )
    };
    for (map, expected) in [
        (network("scope: galaxy"), vec!["error: `networks.create_options.scope` is `galaxy`"]),
        (network("Ingress: maybe"), vec!["error: `networks.create_options.ingress` is `maybe`"]),
        (network("ipam: []"), vec!["error: `networks.create_options.ipam` is a list"]),
        (
            network("ipam: {pool_configs: [{subnets: x}]}"),
            vec!["error: unknown key `subnets` in `networks.create_options.ipam`", "= help: write `subnet`"],
        ),
        (
            network("ipam: {Conifg: []}"),
            vec!["error: unknown key `Conifg` in `networks.create_options.ipam`", "= help: write `Config`"],
        ),
        (
            network("driver: bridge"),
            vec![
                "error: unknown key `driver` in `create_options`",
                "= help: write `driver` beside `create_options`",
            ],
        ),
        (
            network("options: {}"),
            vec![
                "error: unknown key `options` in `create_options`",
                "= help: write `driver_options` beside `create_options`",
            ],
        ),
        (
            network("EnableIPv4: true"),
            vec!["error: unknown key `EnableIPv4` in `create_options`", "= help: write `EnableIPv6`"],
        ),
        (volume("driver_opts: []"), vec![]),
        (volume("driver_opts: x"), vec!["error: `volumes.create_options.driver_opts` is text"]),
        (
            volume("label: {}"),
            vec!["error: unknown key `label` in `create_options`", "= help: write `labels`"],
        ),
    ] {
        let (_, screen) = on_host(&map);
        assert_eq!(messages(&screen), expected, "{map}");
    }
}
