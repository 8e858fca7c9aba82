//! What is sent is what is read back.

use std::collections::{BTreeMap, BTreeSet};

use dmfab::host::engine::Engine;
use dmfab::model::container::{
    ContainerSettings, DetailedMount, Endpoint, Healthcheck, Mount, MountKind, MountSource, NetworkMode, Port,
};
use dmfab::model::secret::SensitiveText;
use dmfab::plan::effective::effective_settings;
use serde_json::{Value, json};

use super::subject::{APP, HEALTH, Subject, endpoint, image, link, published, sleeping, words};

/// Each of the settings on each image: read back when created, and again when running.
pub(super) async fn settings_are_read_back_as_they_are_effective<E: Engine>(subject: &Subject<'_, E>) {
    let engine = subject.engine;
    let network_names = [subject.network("net1", 5).await, subject.network("net2", 6).await];
    subject.volume("data").await;
    subject.run("target", &sleeping()).await;
    let others = cases_with_others(subject, &network_names);
    let mounts = cases_with_mounts(subject);
    let cases = [program_cases(), plain_cases(), cases_with_options(), mounts, others].concat();
    let mut wrong = Vec::new();
    for (title, settings) in &cases {
        // What is inherited of a health check shows only where there is one.
        let references: &[_] = if title.contains("health") { &[APP, HEALTH] } else { &[APP] };
        for reference in references {
            let starts = !title.ends_with("(not started)");
            let outcome = read_back(subject, reference, settings, starts).await;
            wrong.extend(outcome.err().map(|difference| format!("{title} on {reference}: {difference}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    subject.remove(&["target"]).await;
    for name in network_names {
        engine.remove_network(&name).await.expect("removed");
    }
    for volume in ["data", "fresh"] {
        engine.remove_volume(&subject.name(volume)).await.expect("removed");
    }
}

/// Creates and starts a container and looks at it after each; the error says what is different.
async fn read_back<E: Engine>(
    subject: &Subject<'_, E>,
    reference: &str,
    settings: &ContainerSettings,
    starts: bool,
) -> Result<(), String> {
    let (engine, name) = (subject.engine, subject.name("settings"));
    let image_defaults =
        engine.inspect_image(reference).await.expect("an answer").expect("an image").defaults;
    let expected = effective_settings(settings, &image_defaults);
    let created = engine.create_container(&name, &image(reference), settings).await;
    created.map_err(|error| error.to_string())?;
    // Further networks are joined by calls of their own.
    for endpoint in settings.endpoints.iter().skip(1) {
        engine.connect_network(&name, endpoint).await.expect("joined");
    }
    let found = as_wanted(subject, &expected).await;
    let started = if starts { engine.start_container(&name).await } else { Ok(()) };
    let found_running = as_wanted(subject, &expected).await;
    subject.remove(&["settings"]).await;
    for (moment, found) in [("created", found), ("running", found_running)] {
        if found != expected {
            return Err(format!("{moment}\n  found    {found:?}\n  expected {expected:?}"));
        }
    }
    started.map_err(|error| error.to_string())
}

/// What is found, but for what the observer and the comparison know better: whose network is
/// shared is said by id, and in the host's network the Engine gives the host's own name.
async fn as_wanted<E: Engine>(subject: &Subject<'_, E>, expected: &ContainerSettings) -> ContainerSettings {
    let mut settings = subject.settings("settings").await;
    let target = subject.inspect("target").await;
    if settings.network_mode == NetworkMode::Container(target.id.clone()) {
        settings.network_mode = NetworkMode::Container(target.name.clone());
    }
    // Every running container has a hardware address, and none that stands still.
    settings.mac_address = settings.mac_address.or_else(|| expected.mac_address.clone());
    settings.mac_address = settings.mac_address.filter(|_| expected.mac_address.is_some());
    for value in settings.host_options.values_mut() {
        if value.as_str() == Some(&format!("container:{}", target.id)) {
            *value = format!("container:{}", target.name).into();
        }
    }
    if settings.network_mode == NetworkMode::Host && expected.hostname.is_none() {
        settings.hostname = None;
    }
    settings
}

pub(super) async fn unknown_options_are_refused<E: Engine>(subject: &Subject<'_, E>) {
    let settings = with_options(json!({"RestartPolicy": {"Name": "always"}, "Memroy": 1}));
    // The fake Engine takes everything; what counts is that nothing is dropped without a word.
    match subject.create("unknown", &settings).await {
        Ok(()) => {
            assert_eq!(subject.settings("unknown").await.host_options["Memroy"], 1);
            subject.remove(&["unknown"]).await;
        }
        Err(error) => assert!(error.to_string().contains("`HostConfig.Memroy`"), "{error}"),
    }
}

fn with_options(options: Value) -> ContainerSettings {
    let host_options = serde_json::from_value(options).expect("an object");
    ContainerSettings { host_options, ..sleeping() }
}

fn variables(variables: &[(&str, Option<&str>)]) -> BTreeMap<String, Option<SensitiveText>> {
    let text = |value: &str| SensitiveText::open(value);
    variables.iter().map(|(name, value)| ((*name).to_owned(), value.map(text))).collect()
}

fn mount(source: MountSource, read_only: bool) -> Mount {
    Mount::new(source, read_only)
}

fn detailed(
    path: &str,
    kind: MountKind,
    source: Option<&str>,
    read_only: bool,
    options: Value,
) -> (String, DetailedMount) {
    let options = serde_json::from_value(options).expect("an object");
    (path.to_owned(), DetailedMount { kind, source: source.map(str::to_owned), read_only, options })
}

fn with_mac_address(endpoints: Vec<Endpoint>) -> ContainerSettings {
    ContainerSettings { mac_address: Some("02:42:0a:e7:00:63".to_owned()), endpoints, ..sleeping() }
}

fn healthcheck(test: &[&str], interval: u64, timeout: u64, retries: u32, start_period: u64) -> Healthcheck {
    const SECOND: u64 = 1_000_000_000;
    Healthcheck {
        test: test.iter().map(|&word| word.to_owned()).collect(),
        interval_nanoseconds: interval * SECOND,
        timeout_nanoseconds: timeout * SECOND,
        retries,
        start_period_nanoseconds: start_period * SECOND,
    }
}

/// What is run, and with which variables.
fn program_cases() -> Vec<(&'static str, ContainerSettings)> {
    let none = ContainerSettings::default;
    vec![
        ("nothing", none()),
        ("command", sleeping()),
        ("entrypoint", ContainerSettings { entrypoint: Some(words("/bin/app sleep")), ..none() }),
        (
            "entrypoint and command",
            ContainerSettings { entrypoint: Some(words("/bin/sleep")), command: Some(words("99")), ..none() },
        ),
        (
            "no entrypoint",
            ContainerSettings {
                entrypoint: Some(words("")),
                command: Some(words("/bin/sleep 99")),
                ..none()
            },
        ),
        (
            "empty entrypoint",
            ContainerSettings {
                entrypoint: Some(Vec::new()),
                command: Some(words("/bin/sleep 99")),
                ..none()
            },
        ),
        ("empty command", ContainerSettings { command: Some(Vec::new()), ..none() }),
        (
            "environment",
            ContainerSettings {
                environment: variables(&[
                    ("VERSION", Some("9")),
                    ("A", Some("x=y z")),
                    ("E", Some("")),
                    ("N", None),
                ]),
                ..sleeping()
            },
        ),
        (
            "no variable of the image",
            ContainerSettings { environment: variables(&[("VERSION", None)]), ..sleeping() },
        ),
    ]
}

/// Further settings that need nothing else.
fn plain_cases() -> Vec<(&'static str, ContainerSettings)> {
    let labels = [("dmfab.map", "m"), ("empty", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let paths = ["/kept", "/var/kept"].map(str::to_owned);
    let ports = ["80", "53/udp", "9/sctp"].map(|port| Port::parse(port).expect("a port"));
    vec![
        ("labels", ContainerSettings { labels: labels.into(), ..sleeping() }),
        ("user", ContainerSettings { user: Some("33:33".to_owned()), ..sleeping() }),
        (
            "names",
            ContainerSettings {
                hostname: Some("web-1".to_owned()),
                domainname: Some("example.com".to_owned()),
                ..sleeping()
            },
        ),
        ("directory", ContainerSettings { working_dir: Some("/tmp".to_owned()), ..sleeping() }),
        ("exposed ports", ContainerSettings { exposed_ports: ports.into(), ..sleeping() }),
        (
            "published ports",
            ContainerSettings {
                published_ports: BTreeSet::from([
                    published("80", None, 28_932),
                    published("80", Some("127.0.0.1"), 28_933),
                    published("81", Some("0.0.0.0"), 28_934),
                    published("53/udp", None, 0),
                ]),
                ..sleeping()
            },
        ),
        ("anonymous volumes", ContainerSettings { anonymous_volumes: paths.into(), ..sleeping() }),
        (
            "host paths",
            ContainerSettings {
                mounts: BTreeMap::from([
                    ("/tmp/one".to_owned(), mount(MountSource::HostPath("/tmp".to_owned()), true)),
                    ("/tmp/two".to_owned(), mount(MountSource::HostPath("/tmp".to_owned()), false)),
                    (
                        "/tmp/three".to_owned(),
                        Mount {
                            modes: ["rprivate", "z"].map(str::to_owned).into(),
                            ..mount(MountSource::HostPath("/tmp".to_owned()), true)
                        },
                    ),
                ]),
                anonymous_volumes: ["/tmp/two".to_owned()].into(),
                ..sleeping()
            },
        ),
        (
            "ending",
            ContainerSettings {
                stop_signal: Some("SIGINT".to_owned()),
                stop_timeout_seconds: Some(7),
                ..sleeping()
            },
        ),
        ("usual signal", ContainerSettings { stop_signal: Some("SIGTERM".to_owned()), ..sleeping() }),
        (
            "health check",
            ContainerSettings { healthcheck: Some(healthcheck(&["CMD", "true"], 60, 5, 3, 2)), ..sleeping() },
        ),
        (
            "part of a health check",
            ContainerSettings { healthcheck: Some(healthcheck(&[], 0, 0, 5, 0)), ..sleeping() },
        ),
        (
            "no health check",
            ContainerSettings { healthcheck: Some(healthcheck(&["NONE"], 0, 0, 0, 0)), ..sleeping() },
        ),
        ("streams", ContainerSettings { tty: true, open_stdin: true, ..sleeping() }),
        ("no network", ContainerSettings { network_mode: NetworkMode::None, ..sleeping() }),
        ("network of the host", ContainerSettings { network_mode: NetworkMode::Host, ..sleeping() }),
    ]
}

/// Further options of `HostConfig`. A lab inside a container may not have the rights to start
/// what wants all of them.
fn cases_with_options() -> Vec<(&'static str, ContainerSettings)> {
    vec![
        ("memory", with_options(json!({"Memory": 64 << 20}))),
        (
            "memory and swap",
            with_options(json!({"Memory": 64 << 20, "MemorySwap": 96 << 20, "MemoryReservation": 32 << 20})),
        ),
        ("memory without limit of swap", with_options(json!({"Memory": 64 << 20, "MemorySwap": -1}))),
        ("shared memory", with_options(json!({"ShmSize": 1 << 20}))),
        (
            "processor",
            with_options(
                json!({"CpuShares": 512, "CpuQuota": 50_000, "CpuPeriod": 100_000, "CpusetCpus": "0"}),
            ),
        ),
        ("part of a processor", with_options(json!({"NanoCpus": 500_000_000, "PidsLimit": 100}))),
        ("always", with_options(json!({"RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}}))),
        (
            "on failure",
            with_options(json!({"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}})),
        ),
        ("never", with_options(json!({"RestartPolicy": {"Name": "no"}}))),
        ("privileged (not started)", with_options(json!({"Privileged": true}))),
        (
            "namespaces of the host",
            with_options(json!({"PidMode": "host", "IpcMode": "host", "UTSMode": "host"})),
        ),
        ("shareable", with_options(json!({"IpcMode": "shareable"}))),
        (
            "capabilities",
            with_options(json!({"CapAdd": ["SYS_TIME", "NET_ADMIN"], "CapDrop": ["CAP_MKNOD"]})),
        ),
        ("all capabilities (not started)", with_options(json!({"CapAdd": ["all"], "CapDrop": ["MKNOD"]}))),
        (
            "names of hosts",
            with_options(
                json!({"Dns": ["10.0.0.1"], "DnsSearch": ["example.com"], "DnsOptions": ["ndots:1"],
                "ExtraHosts": ["a:10.0.0.2", "b:10.0.0.3"]}),
            ),
        ),
        (
            "files",
            with_options(
                json!({"ReadonlyRootfs": true, "Tmpfs": {"/run": "", "/tmp": "size=1m"}, "Init": true}),
            ),
        ),
        ("names of the host", with_options(json!({"UTSMode": "host"}))),
        ("volume driver", with_options(json!({"VolumeDriver": "local"}))),
        ("log", with_options(json!({"LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}}}))),
        ("no log", with_options(json!({"LogConfig": {"Type": "none", "Config": {}}}))),
        (
            "limits",
            with_options(
                json!({"Ulimits": [{"Name": "nofile", "Soft": 1024, "Hard": 2048}], "OomScoreAdj": 100}),
            ),
        ),
        (
            "device",
            with_options(json!({"Devices": [
            {"PathOnHost": "/dev/null", "PathInContainer": "/dev/nothing", "CgroupPermissions": "rwm"}]})),
        ),
        ("groups", with_options(json!({"GroupAdd": ["33"], "SecurityOpt": ["no-new-privileges"]}))),
        ("kernel", with_options(json!({"Sysctls": {"net.core.somaxconn": "1024"}}))),
        ("published by the Engine", with_options(json!({"PublishAllPorts": true}))),
        (
            "nothing said in words",
            with_options(json!({"Memory": 0, "Dns": [], "Privileged": false, "Runtime": "runc",
            "PidMode": "", "LogConfig": {"Type": "json-file", "Config": {}}, "Init": null})),
        ),
    ]
}

/// What is mounted of volumes, of the host, and of memory.
fn cases_with_mounts<E: Engine>(subject: &Subject<'_, E>) -> Vec<(&'static str, ContainerSettings)> {
    let volume = || MountSource::Volume(subject.name("data"));
    vec![
        (
            "volume",
            ContainerSettings {
                mounts: BTreeMap::from([
                    ("/data".to_owned(), mount(volume(), false)),
                    ("/also".to_owned(), mount(volume(), true)),
                ]),
                ..sleeping()
            },
        ),
        (
            "detailed mounts",
            ContainerSettings {
                detailed_mounts: BTreeMap::from([
                    detailed("/data", MountKind::Volume, Some(&subject.name("data")), true, json!({})),
                    detailed(
                        "/fresh",
                        MountKind::Volume,
                        Some(&subject.name("fresh")),
                        false,
                        json!({"VolumeOptions": {"NoCopy": true, "Labels": {"a": ""},
                            "DriverConfig": {"Name": "local", "Options": {"type": "tmpfs", "device": "tmpfs"}}}}),
                    ),
                    detailed("/nameless", MountKind::Volume, None, false, json!({})),
                    detailed(
                        "/b",
                        MountKind::Bind,
                        Some("/tmp"),
                        true,
                        json!({"BindOptions": {"Propagation": "rprivate"}, "Consistency": "cached"}),
                    ),
                    detailed("/plain", MountKind::Bind, Some("/tmp"), false, json!({})),
                    detailed(
                        "/m",
                        MountKind::Tmpfs,
                        None,
                        false,
                        json!({"TmpfsOptions": {"SizeBytes": 1 << 20, "Mode": 0o1777}}),
                    ),
                ]),
                anonymous_volumes: ["/m".to_owned(), "/b".to_owned()].into(),
                ..sleeping()
            },
        ),
    ]
}

/// Settings that name other things on the host.
fn cases_with_others<E: Engine>(
    subject: &Subject<'_, E>,
    network_names: &[String; 2],
) -> Vec<(&'static str, ContainerSettings)> {
    let [one, two] = network_names;
    let target = subject.name("target");
    let fixed = Endpoint {
        aliases: ["api".to_owned()].into(),
        links: [link(&target, "db")].into(),
        ipv4_address: Some("10.231.5.77".to_owned()),
        ..endpoint(one)
    };
    let endpoints = |endpoints: Vec<Endpoint>| ContainerSettings { endpoints, ..sleeping() };
    vec![
        ("hardware address", with_mac_address(Vec::new())),
        ("hardware address in a network", with_mac_address(vec![endpoint(one)])),
        ("hardware address in the first network", with_mac_address(vec![endpoint(two), endpoint(one)])),
        ("hardware address on the default bridge", with_mac_address(vec![endpoint("bridge")])),
        (
            "options of a place in a network",
            endpoints(vec![Endpoint {
                driver_options: [("com.example.option".to_owned(), "x".to_owned())].into(),
                ..endpoint(one)
            }]),
        ),
        ("volumes from", ContainerSettings { volumes_from: [(target.clone(), false)].into(), ..sleeping() }),
        (
            "volumes from, read-only",
            ContainerSettings { volumes_from: [(target.clone(), true)].into(), ..sleeping() },
        ),
        (
            "links",
            ContainerSettings { links: [link(&target, "db"), link(&target, "store")].into(), ..sleeping() },
        ),
        ("network", endpoints(vec![endpoint(one)])),
        ("place in a network", endpoints(vec![fixed.clone()])),
        ("networks", endpoints(vec![endpoint(two), fixed])),
        (
            "names in a network",
            ContainerSettings {
                hostname: Some("web-1".to_owned()),
                domainname: Some("example.com".to_owned()),
                ..endpoints(vec![
                    Endpoint { aliases: ["api".to_owned(), "web-1".to_owned()].into(), ..endpoint(one) },
                    endpoint(two),
                ])
            },
        ),
        ("default bridge", endpoints(vec![endpoint("bridge")])),
        ("default bridge and network", endpoints(vec![endpoint("bridge"), endpoint(one)])),
        ("network and default bridge", endpoints(vec![endpoint(one), endpoint("bridge")])),
        (
            "links in a network",
            ContainerSettings { links: [link(&target, "db")].into(), ..endpoints(vec![endpoint(one)]) },
        ),
        (
            "network of a container",
            ContainerSettings {
                network_mode: NetworkMode::Container(target.clone()),
                hostname: Some("dropped".to_owned()),
                ..sleeping()
            },
        ),
        ("processes of a container", with_options(json!({"PidMode": format!("container:{target}")}))),
    ]
}
