//! From the text of an inventory to the fleet, or to what is wrong with it.

mod late_values;

use std::path::Path;

use crate::model::connection::Connection;
use crate::model::secret::SensitiveText;
use crate::model::spec::{ContainerSpec, FleetSpec, HostSpec};
use crate::model::variables::Variables;
use crate::source::load::load;
use crate::source::render::{RenderOptions, render};

use super::{Commands, resolve};

/// The fleet and all that is said about it, as it is shown.
fn resolved(inventory: &str) -> (FleetSpec, String) {
    let mut read = |_: &Path| Ok(inventory.as_bytes().to_vec());
    let values = [("WEIGHT".to_owned(), "hunter2".to_owned()), ("DIR".to_owned(), "/srv".to_owned())];
    let variables = Variables::new(values, None);
    let mut loaded = load(Path::new("i.yaml"), &[], &variables, &mut read);
    let raw = loaded.inventory.expect("an inventory");
    let (fleet, found) =
        resolve(&raw, &loaded.maps, &loaded.sources, &variables, Path::new(""), Commands::Run);
    loaded.diagnostics.extend(found);
    (fleet, render(&loaded.diagnostics, &loaded.sources, RenderOptions::default()))
}

/// The fleet of a host `h` with an interface `private` and a map `m`, indented by four.
pub(super) fn on_host(map: &str) -> (FleetSpec, String) {
    let host = "{h: {interfaces: {private: 10.0.0.1}, interfaces_ipv6: {six: \"2001:db8::1\"}}}";
    resolved(&format!("hosts: {host}\nmaps:\n  m:\n{map}"))
}

/// The lines of a screen that say what is wrong and what to do.
pub(super) fn messages(screen: &str) -> Vec<&str> {
    let is_said = |line: &&str| line.starts_with("error") || line.contains("= help");
    screen.lines().filter(is_said).map(str::trim).collect()
}

pub(super) fn good(map: &str) -> HostSpec {
    let (mut fleet, screen) = on_host(map);
    assert_eq!(screen, "", "{map}");
    fleet.hosts.shift_remove("h").expect("the host")
}

pub(super) fn container(map: &str) -> ContainerSpec {
    good(map).containers.remove(0)
}

pub(super) fn refused(map: &str) -> Vec<String> {
    let (_, screen) = on_host(map);
    messages(&screen).into_iter().filter(|line| line.starts_with("error")).map(str::to_owned).collect()
}

pub(super) fn needs(host: &HostSpec, name: &str) -> String {
    let found = host.containers.iter().find(|container| container.name == name).expect(name);
    found.dependencies.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

pub(super) fn ports(container: &ContainerSpec) -> String {
    container.settings.published_ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn published_addresses_are_addresses_or_interfaces() {
    for (binding, published) in [
        ("18080", "18080->80/tcp"),
        ("[private, 18080]", "10.0.0.1:18080->80/tcp"),
        ("[six, 18080]", "[2001:db8::1]:18080->80/tcp"),
        ("[127.0.0.1, 18080]", "127.0.0.1:18080->80/tcp"),
        ("['', 18080]", "18080->80/tcp"),
    ] {
        let web = container(&format!("    web: {{host_config: {{port_bindings: {{80: {binding}}}}}}}"));
        assert_eq!(ports(&web), published, "{binding}");
    }
    let (_, screen) = on_host("    web: {host_config: {port_bindings: {80: [privat, 18080]}}}");
    insta::assert_snapshot!(screen, @"
    error: `host_config.port_bindings` publishes on `privat`
     --> i.yaml:4:46
      |
    4 |     web: {host_config: {port_bindings: {80: [privat, 18080]}}}
      |                                              ^^^^^^ neither an address nor an interface of host `h`
      |
      = help: write `private`

    1 error in 1 file
    ");
    for wrong in ["10.0.0.300", "8081.0"] {
        let map = format!("    web: {{host_config: {{port_bindings: {{80: [{wrong}, 18080]}}}}}}");
        assert_eq!(
            refused(&map),
            [format!("error: `host_config.port_bindings` publishes on `{wrong}`")],
            "{wrong}"
        );
    }
}

#[test]
fn options_make_dependencies_as_properties_do() {
    let host = good(
        "    a: {host_config: {volumes_from: [m.z, other]}}\n\
         \x20   b: {host_config: {links: [[m.z, z], [old, o]]}}\n\
         \x20   i: {host_config: {ipc_mode: 'container:m.z'}}\n\
         \x20   n: {network_mode: 'container:m.z'}\n\
         \x20   p: {create_options: {host_config: {pid_mode: 'container:m.z'}}}\n\
         \x20   v: {host_config: {binds: ['m.data:/data']}}\n\
         \x20   z: {shares: /data, attaches: [{data: /x}]}\n",
    );
    for name in ["a", "b", "i", "n", "p"] {
        assert_eq!(needs(&host, &format!("m.{name}")), "container m.z", "{name}");
    }
    assert_eq!(needs(&host, "m.v"), "volume m.data");
    assert_eq!(needs(&host, "m.z"), "volume m.data");
}

#[test]
fn circles_through_options_are_found() {
    for (map, message) in [
        (
            "    a: {host_config: {volumes_from: [m.b]}}\n    b: {links: a}\n",
            "error: circular dependency: `m.a` -> `m.b` -> `m.a`",
        ),
        ("    a: {host_config: {pid_mode: 'container:m.a'}}\n", "error: container `m.a` depends on itself"),
    ] {
        assert_eq!(refused(map), [message], "{map}");
    }
    // Instances that attach a volume and use it do not wait for one another.
    let host = good("    a: {instances: [x, y], attaches: [{v: /v}], uses: v}\n    volumes: {v: /w}\n");
    assert_eq!(needs(&host, "m.a.x"), "volume m.v");
}

#[test]
fn what_could_not_be_sent_is_refused() {
    let option = |option: &str| refused(&format!("    web: {{host_config: {{{option}}}}}"));
    for (typed, message) in [
        ("kernel_memory: 64m", "`host_config.kernel_memory` is not supported"),
        ("KernelMemory: 64", "`host_config.KernelMemory` is not supported"),
        (
            "auto_remove: true",
            "`auto_remove` is not supported: dmfab keeps a container until its successor runs",
        ),
        ("restart_policy: 'allways:3'", "`host_config.restart_policy` is `allways`"),
        ("restart_policy: 'always:3'", "`host_config.restart_policy` counts retries of `always`"),
        (
            "restart_policy: {Name: unless-stopped, MaximumRetryCount: 1}",
            "`host_config.restart_policy` counts retries of `unless-stopped`",
        ),
        ("device_requests: [{drvier: x}]", "unknown key `drvier` in `host_config.device_requests`"),
        (
            "device_requests: [{capabilities: [gpu]}]",
            "the capabilities of `host_config.device_requests` are no list of lists",
        ),
        ("device_read_bps: [{Path: /dev/vda, Rat: 1}]", "unknown key `Rat` in `host_config.device_read_bps`"),
        ("blkio_weight: 100000", "`host_config.blkio_weight` is `100000`"),
        ("oom_score_adj: 1001", "`host_config.oom_score_adj` is `1001`"),
        ("mem_swappiness: 101", "`host_config.mem_swappiness` is `101`"),
        ("dns: [192.0.2.1, resolver]", "`host_config.dns` is `resolver`"),
        ("extra_hosts: {a: nowhere}", "`host_config.extra_hosts` is `a:nowhere`"),
        ("extra_hosts: ['a']", "`host_config.extra_hosts` is `a`"),
        ("cgroupns: mine", "`host_config.cgroupns` is `mine`"),
        ("blkio_weight: !env WEIGHT", "`host_config.blkio_weight` is the value of `WEIGHT`"),
    ] {
        assert_eq!(option(typed), [format!("error: {message}")], "{typed}");
    }
    assert_eq!(
        refused("    web: {create_options: {stop_timeout: -1}}"),
        ["error: `create_options.stop_timeout` is `-1`"]
    );
}

#[test]
fn device_requests_become_the_api_s() {
    let web = container(
        "    web: {host_config: {device_requests: \
         [{driver: nvidia, count: 1, device_ids: ['0'], capabilities: [[gpu, compute]], options: {a: 1}}]}}",
    );
    assert_eq!(
        web.settings.host_options["DeviceRequests"],
        serde_json::json!([{
            "Driver": "nvidia", "Count": 1, "DeviceIDs": ["0"], "Capabilities": [["gpu", "compute"]],
            "Options": {"a": "1"},
        }])
    );
}

#[test]
fn no_swapping_and_no_init_are_wishes() {
    let web = container("    web: {host_config: {mem_swappiness: 0, init: false, mem_limit: 0}}");
    assert_eq!(
        serde_json::json!(web.settings.host_options),
        serde_json::json!({"MemorySwappiness": 0, "Init": false})
    );
}

#[test]
fn a_variable_without_a_value_is_removed() {
    let web = container("    web: {create_options: {environment: [A, B=, C=d, !path D=$DIR/x]}}");
    let shown: Vec<_> = web
        .settings
        .environment
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_ref().map(SensitiveText::expose)))
        .collect();
    assert_eq!(shown, [("A", None), ("B", Some("")), ("C", Some("d")), ("D", Some("/srv/x"))]);
    let (_, screen) =
        on_host("    web: {create_options: {environment: [!env WEIGHT], labels: [!env WEIGHT]}}");
    assert_eq!(
        messages(&screen),
        [
            "error: `!env` on an item of the list `create_options.environment`",
            "= help: write a mapping instead: `NAME: !env WEIGHT`",
            "error: `!env` on an item of the list `create_options.labels`",
            "= help: write a mapping instead: `NAME: !env WEIGHT`",
        ]
    );
    let web = container("    web: {create_options: {labels: [one, two=2]}}");
    assert_eq!((web.settings.labels["one"].as_str(), web.settings.labels["two"].as_str()), ("", "2"));
}

#[test]
fn binds_and_ports_come_in_docker_py_s_forms() {
    let web = container(
        "    web: {host_config: {binds: {/a: {bind: /c/, mode: ro}, /b: {bind: /d, ro: true}, \
         v: {bind: /e}, /f: /g}}, create_options: {ports: [80, [53, udp], 9/sctp]}}",
    );
    let mounts = web.settings.mounts.iter().map(|(path, mount)| format!("{path} {mount}"));
    assert_eq!(mounts.collect::<Vec<_>>(), ["/c /a:ro", "/d /b:ro", "/e v:rw", "/g /f:rw"]);
    let ports: Vec<_> = web.settings.exposed_ports.iter().map(ToString::to_string).collect();
    assert_eq!(ports, ["9/sctp", "53/udp", "80/tcp"]);
    for wrong in ["{bind: c}", "{bind: /c, mode: rx}", "{bind: /c, mode: ro, ro: true}"] {
        let found = refused(&format!("    web: {{host_config: {{binds: {{/a: {wrong}}}}}}}"));
        assert_eq!(found, ["error: `host_config.binds` has a value that is no mount"], "{wrong}");
    }
    for wrong in ["[53, udp, 1]", "[udp, 53]", "{53: udp}"] {
        assert_eq!(
            refused(&format!("    web: {{create_options: {{ports: [{wrong}]}}}}")).len(),
            1,
            "{wrong}"
        );
    }
}

#[test]
fn port_0_is_any_that_is_free() {
    let host = good("    web: {instances: [a, b], exposes: {80: 0}}\n");
    assert_eq!(host.containers.iter().map(ports).collect::<Vec<_>>(), ["0->80/tcp", "0->80/tcp"]);
}

#[test]
fn lists_of_terms_take_away_as_one_text_does() {
    let inventory = |clients: &str, groups: &str| {
        format!(
            "hosts: {{a1-3: , b: }}\ngroups: {{{groups}}}\nmaps:\n  m:\n    clients: {clients}\n    web:\n"
        )
    };
    for (clients, hosts) in [
        ("[a1-3, '!a2']", "a1 a3"),
        ("'a1-3,!a2'", "a1 a3"),
        ("['!a1-2']", "a3 b"),
        ("['@g', b]", "a1 b"),
        ("[b, a3]", "a3 b"),
    ] {
        let (fleet, screen) = resolved(&inventory(clients, "g: [a1-3, '!a2-3'], e: []"));
        assert_eq!(screen, "", "{clients}");
        assert_eq!(fleet.maps[0].host_names.join(" "), hosts, "{clients}");
        assert_eq!(fleet.host_groups["g"], ["a1"]);
    }
    let (_, screen) = resolved(&inventory("[a1, '!c1', d]", "g: [b, a9]"));
    insta::assert_snapshot!(screen, @"
    error: group `g`: no host is called `a9`
     --> i.yaml:2:17
      |
    2 | groups: {g: [b, a9]}
      |                 ^^ asked for here
      |
      = help: write `a1` if that is meant

    error: no host is called `c1`
     --> i.yaml:5:19
      |
    5 |     clients: [a1, '!c1', d]
      |                   ^^^^^ asked for here
      |
      = help: write `a1` if that is meant

    error: no host is called `d`
     --> i.yaml:5:26
      |
    5 |     clients: [a1, '!c1', d]
      |                          ^ asked for here
      |
      = help: choose from a[1-3],b

    3 errors in 1 file
    ");
    let (_, screen) = resolved(&inventory("[a1, '!a1']", ""));
    assert!(messages(&screen)[0].contains("`a1,!a1` leaves no host"), "{screen}");
}

#[test]
fn a_host_name_with_a_user_keeps_the_user() {
    let (fleet, screen) = resolved("hosts: {h: {base_url: me@far.example.com}, i: {base_url: 'me@[::1]'}}");
    assert_eq!(screen, "");
    for (name, destination) in [("h", "far.example.com"), ("i", "::1")] {
        let Connection::Ssh(ssh) = &fleet.hosts[name].connection else { panic!("not by SSH") };
        assert_eq!((ssh.target.user.as_deref(), ssh.target.destination.as_str()), (Some("me"), destination));
    }
}

#[test]
fn labels_of_volumes_and_networks_are_not_dmfab_s_own() {
    let labels = "create_options: {labels: {dmfab.map: x, team: apps}}";
    let map = format!("    web: {{attaches: v}}\n    volumes: {{v: {{default_path: /v, {labels}}}}}\n");
    assert_eq!(refused(&map), ["error: the label `dmfab.map` is dmfab's own"]);
    let map = format!("    web:\n    networks: {{n: {{{labels}}}}}\n");
    assert_eq!(refused(&map), ["error: the label `dmfab.map` is dmfab's own"]);
}

#[test]
fn nothing_is_published_or_given_twice() {
    let (_, screen) = on_host(
        "    a: {exposes: {80: 8080}}\n    b: {host_config: {port_bindings: {81: [private, 8080]}}}\n",
    );
    insta::assert_snapshot!(screen, @"
    error: containers `m.a` and `m.b` both publish port 8080/tcp of the host
     --> i.yaml:5:23
      |
    4 |     a: {exposes: {80: 8080}}
      |                   -------- first published here
    5 |     b: {host_config: {port_bindings: {81: [private, 8080]}}}
      |                       ^^^^^^^^^^^^^ published again here
      |
      = help: change one of them, or give the containers different `clients`

    1 error in 1 file
    ");
    let (_, screen) = on_host(
        "    networks: {n: }\n    a: {networks: {n: {ipv4_address: 10.9.0.2}}}\n    b: {networks: {n: {ipv4_address: 10.9.0.2}}}\n",
    );
    insta::assert_snapshot!(screen, @"
    error: containers `m.a` and `m.b` both have the address 10.9.0.2 in network `m.n`
     --> i.yaml:6:38
      |
    5 |     a: {networks: {n: {ipv4_address: 10.9.0.2}}}
      |                                      -------- first given here
    6 |     b: {networks: {n: {ipv4_address: 10.9.0.2}}}
      |                                      ^^^^^^^^ given again here
      |
      = help: change one of them, or give the containers different `clients`

    1 error in 1 file
    ");
    assert_eq!(
        refused("    a: {instances: [x, y], exposes: {80: 8080}}\n"),
        ["error: containers `m.a.x` and `m.a.y` both publish port 8080/tcp of the host"]
    );
    assert_eq!(
        refused("    a: {exposes: [[80, 8080], [81, 8080], [82, 8081, private], [83, 8081, six, true]]}\n"),
        ["error: container `m.a` would twice publish port 8080/tcp of the host"]
    );
    assert_eq!(
        refused(
            "    a: {image: i, create_options: {platform: linux/arm64}}\n    b: {image: i, create_options: {Platform: linux/amd64}}\n"
        ),
        ["error: containers `m.a` and `m.b` both want image `i:latest`, for different machines"]
    );
    for fine in [
        "    a: {exposes: {80: 8080}}\n    b: {exposes: {80/udp: 8080}}\n",
        "    a: {image: i, create_options: {platform: linux/arm64}}\n    b: {image: i}\n",
        "    a: {exposes: {80: [8080, private]}}\n    b: {exposes: {80: [8080, six, true]}}\n",
        "    networks: {n: , o: }\n    a: {networks: {n: {ipv4_address: 10.9.0.2}}}\n    b: {networks: {o: {ipv4_address: 10.9.0.2}}}\n",
    ] {
        good(fine);
    }
}

#[test]
fn a_command_with_an_unclosed_quote_is_not_repeated() {
    for map in [
        "    web: {create_options: {command: \"app --password 'hunter2\"}}",
        "    web: {exec_commands: [[\"app --password 'hunter2\", root]]}",
        "    web: {create_options: {comand: x, environment: {DB_PASSWORD: hunter2}}}",
        "    web: {create_options: {comand: x, environment: [DB_PASSWORD=hunter2]}}",
    ] {
        let (_, screen) = on_host(map);
        assert!(screen.contains("error"), "{map}");
        assert!(!screen.contains("hunter2"), "{screen}");
    }
}

/// The lines of the fields of a container, which stands in line 4.
fn lines(map: &str, fields: &[&str]) -> Vec<u32> {
    let container = container(map);
    fields.iter().map(|field| container.places.nearest(field).expect("a place").line).collect()
}

#[test]
fn places_are_those_of_the_item_that_a_difference_names() {
    let map = "    web:
      binds:
        /etc/a: /srv/a
        /etc/b: /srv/b
      exposes:
        80: 8080
        81: 8081
      links:
        - [db, one]
        - [db, two]
      create_options:
        user: root
    db:
";
    let fields = ["binds./etc/b", "exposes.81/tcp", "exposes.8081->81/tcp", "links.m.db:two", "user", "tty"];
    assert_eq!(lines(map, &fields), [7, 10, 10, 13, 15, 4]);
    assert_eq!(lines(map, &["binds./etc/a.d", "links.m.db:three"]), [6, 12], "what is found only");
}

#[test]
fn options_take_the_places_of_what_they_replace() {
    let map = "    web:
      binds:
        /etc/a: /srv/a
      exposes:
        80: 8080
      host_config:
        binds:
          - /srv/b:/etc/a
        port_bindings:
          80: 9090
        links: {db: one}
        volumes_from: [db]
    db:
";
    let fields = ["binds./etc/a", "exposes.80/tcp", "exposes.9090->80/tcp", "links.db:one", "uses.db"];
    let lines = lines(map, &fields);
    assert!([10, 11].contains(&lines[0]), "{lines:?}");
    assert_eq!(lines[1..3], [13, 13]);
    assert_eq!(lines[3..], [14, 15]);
}

#[test]
fn a_container_has_one_copy_of_its_places_on_all_hosts() {
    let (fleet, screen) = resolved("hosts: {h1-2: }\nmaps: {m: {clients: ['*'], web: {image: x, user: a}}}");
    assert_eq!(screen, "");
    let places: Vec<_> = fleet.hosts.values().map(|host| &host.containers[0].places).collect();
    assert_eq!(places[0], places[1]);
    assert!(places[0].is_copy_of(places[1]));
}
