//! Any map that can be written, with texts that YAML could take for something else.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::json;

use super::super::*;
use crate::source::node::Node;

fn any_word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z][a-z0-9_]{0,6}",
        1 => "\\PC{1,12}",
        1 => prop::sample::select(&[
            "null", "~", "true", "yes", "No", "0750", "80", "-0", "1e3", "12:30", "1.30", "!env x", "- a", "a: b", "#x",
            "<<", "'", "\"", " x ", "a\nb", "a\n", "\n", "\t", "\\", "{", "[", "&a", "*a", "%", "@", "|", ">", "?", ":",
            "A:-b", "=", ".inf", "0x10", "---", "...", "\u{e9}\u{1f600}",
        ][..]).prop_map(str::to_owned),
    ]
}

fn any_name() -> impl Strategy<Value = Name> {
    any_word().prop_map(made)
}

fn any_names() -> impl Strategy<Value = Vec<Name>> {
    vec(any_name(), 0..3)
}

fn any_text() -> impl Strategy<Value = Text> {
    (any_word(), any_word(), 0..12_u8).prop_map(|(text, default, kind)| match kind {
        0 => Text::path(text),
        1 => Text::env(text.replace(":-", "_")),
        2 => Text::env_or(text.replace(":-", "_"), default),
        3 => Text::file(text),
        4 => Text::secret_env(text),
        5 => Text::secret_file(text),
        6 => Text::secret_command(text),
        _ => Text::plain(text),
    })
}

fn any_path() -> impl Strategy<Value = Text> {
    prop_oneof![any_word().prop_map(|word| Text::plain(format!("/{word}"))), any_word().prop_map(Text::path)]
}

fn any_host_path() -> impl Strategy<Value = HostPath> {
    prop_oneof![
        any_path().prop_map(HostPath::One),
        vec(("[a-z]{1,3}", any_text()), 1..3)
            .prop_map(|paths| { HostPath::PerInstance(unique(paths), Span::default()) }),
    ]
}

fn setting<T: std::fmt::Debug + Clone>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Setting<T>> {
    (0..3_u8, value).prop_map(|(kind, value)| match kind {
        0 => Setting::Unset,
        1 => Setting::null(),
        _ => value.into(),
    })
}

fn any_user() -> impl Strategy<Value = User> {
    prop_oneof![any_text().prop_map(User::Text), (any_text(), any_text()).prop_map(|(a, b)| User::Pair(a, b))]
}

fn any_bind() -> impl Strategy<Value = Bind> {
    let alias = (any_name(), any::<bool>()).prop_map(|(name, read_only)| Bind::Alias { name, read_only });
    let path =
        (any_path(), any_host_path(), any::<bool>()).prop_map(|(container_path, host_path, read_only)| {
            Bind::Path { container_path, host_path, read_only }
        });
    prop_oneof![alias, path]
}

fn any_link() -> impl Strategy<Value = Link> {
    (any_name(), option::of(any_name())).prop_map(|(container, alias)| Link { container, alias })
}

fn any_port() -> impl Strategy<Value = Port> {
    let protocol = prop::sample::select(&["tcp", "udp", "sctp"][..]);
    let host_port = prop_oneof![any::<u16>().prop_map(Text::from), Just(Text::env("PORT"))];
    (1..=u16::MAX, protocol, option::of(host_port), option::of(any_text()), any::<bool>()).prop_map(
        |(number, protocol, host_port, interface, ipv6)| Port {
            exposed_port: made(format!("{number}/{protocol}")),
            host_port,
            interface,
            ipv6,
        },
    )
}

fn any_endpoint() -> impl Strategy<Value = Endpoint> {
    let texts = || vec(any_text(), 0..3);
    let links = vec(any_link().prop_map(made), 0..2);
    (any_name(), texts(), links, option::of(any_text()), option::of(any_text()), texts()).prop_map(
        |(network, aliases, links, ipv4_address, ipv6_address, link_local_ips)| Endpoint {
            network,
            aliases,
            links,
            ipv4_address,
            ipv6_address,
            link_local_ips,
        },
    )
}

fn any_command() -> impl Strategy<Value = ExecCommand> {
    let command =
        prop_oneof![any_text().prop_map(Command::Line), vec(any_text(), 1..3).prop_map(Command::Words)];
    // A user that looks like a word of a command is refused.
    let user = prop_oneof![
        "[a-z]{1,5}".prop_map(|name| User::from(name.as_str())),
        any::<u32>().prop_map(User::from)
    ];
    (command, option::of(user), any::<bool>()).prop_map(|(command, user, is_initial)| ExecCommand {
        command,
        user,
        policy: if is_initial { ExecPolicy::Initial } else { ExecPolicy::Restart },
    })
}

fn any_check() -> impl Strategy<Value = Healthcheck> {
    let test = prop_oneof![
        vec(any_word(), 1..3).prop_map(Healthcheck::command),
        any_word().prop_map(Healthcheck::shell),
        Just(Healthcheck::disabled()),
    ];
    let time = || option::of(1_000_000..u64::MAX / 2);
    (test, time(), time(), option::of(any::<u32>()), time()).prop_map(
        |(check, interval, timeout, retries, start_period)| Healthcheck {
            interval: interval.map(made),
            timeout: timeout.map(made),
            retries: retries.map(made),
            start_period: start_period.map(made),
            ..check
        },
    )
}

fn any_mode() -> impl Strategy<Value = NetworkMode> {
    prop_oneof![
        prop::sample::select(&["bridge", "host", "default"][..])
            .prop_map(|name| NetworkMode::Preset(name.into())),
        Just(NetworkMode::Disabled),
        any_word().prop_map(NetworkMode::Foreign),
        (any_word(), option::of(any_word()))
            .prop_map(|(config, instance)| NetworkMode::Container { config, instance }),
    ]
}

/// Options as JSON has them: any nesting.
fn any_option() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|flag| json!(flag)),
        any::<i64>().prop_map(|number| json!(number)),
        any_word().prop_map(|word| json!(word)),
    ];
    let value = leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(serde_json::Value::from),
            prop::collection::btree_map("[a-z ]{1,4}", inner, 0..3).prop_map(|entries| json!(entries)),
        ]
    });
    value.prop_map(Node::from)
}

fn entries<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<(Name, T)>> {
    vec((any_word(), value), 0..3).prop_map(unique)
}

/// The last of equal names counts.
fn unique<T>(found: Vec<(String, T)>) -> Vec<(Name, T)> {
    let mut unique = Vec::new();
    for (name, value) in found {
        put(&mut unique, name, value);
    }
    unique
}

fn items<T: std::fmt::Debug>(item: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<Spanned<T>>> {
    vec(item.prop_map(made), 0..3)
}

fn any_container() -> impl Strategy<Value = Container> {
    let lists = (any_names(), any_names(), any_names(), vec(any_text(), 0..2), items(any_bind()));
    let attach = (any_name(), option::of(any_path())).prop_map(|(name, path)| Attach { name, path });
    let used = (any_name(), option::of(any_path()), any::<bool>()).prop_map(|(name, path, read_only)| Use {
        name,
        path,
        read_only,
    });
    let more_lists =
        (items(attach), items(used), items(any_link()), items(any_port()), items(any_endpoint()));
    let settings = (setting(any_text()), setting(any_user()), setting(any_text()), setting(any::<u32>()));
    let seconds = prop_oneof![Just(0.0), Just(0.5), Just(1e-7), 0.0..1e9_f64];
    let more_settings = (
        setting(any_text()),
        setting(seconds),
        setting(any_mode()),
        setting(any_check()),
        setting(any::<bool>()),
    );
    let rest =
        (option::of(any::<bool>()), items(any_command()), entries(any_option()), entries(any_option()));
    (lists, more_lists, settings, more_settings, rest).prop_map(
        |(lists, more_lists, settings, more, rest)| {
            let (extends, instances, clients, shares, binds) = lists;
            let (attaches, uses, links, exposes, networks) = more_lists;
            let (image, user, permissions, stop_timeout) = settings;
            let (stop_signal, start_delay, network_mode, healthcheck, persistent) = more;
            let (is_abstract, exec_commands, create_options, host_config) = rest;
            Container {
                is_abstract: is_abstract.map(made),
                extends,
                image,
                instances,
                clients,
                shares,
                binds,
                attaches,
                uses,
                links,
                exposes,
                user,
                permissions,
                stop_timeout,
                stop_signal,
                start_delay,
                network_mode,
                networks,
                exec_commands,
                healthcheck,
                persistent,
                create_options,
                host_config,
            }
        },
    )
}

/// A map with anything in it.
pub(super) fn any_map() -> impl Strategy<Value = ContainerMap> {
    let text = || option::of(any_text());
    let flag = || option::of(any::<bool>().prop_map(made));
    let settings = (option::of(any_name()), text(), text(), text(), text(), flag(), flag());
    let volume =
        (
            text(),
            text(),
            entries(any_text()),
            entries(any_option()),
            setting(any_user()),
            setting(any_text()),
        )
            .prop_map(|(default_path, driver, driver_options, create_options, user, permissions)| {
                Volume { default_path, driver, driver_options, create_options, user, permissions }
            });
    let network = (text(), entries(any_text()), flag(), entries(any_option())).prop_map(
        |(driver, driver_options, internal, create_options)| Network {
            driver,
            driver_options,
            internal,
            create_options,
        },
    );
    let host = entries(any_host_path()).prop_map(|paths| {
        let is_alias = |(name, _): &(Name, HostPath)| name.value != "root";
        paths.into_iter().filter(is_alias).collect::<Vec<_>>()
    });
    let parts = (any_names(), entries(any_names()), entries(volume), host, entries(network));
    (settings, parts, entries(any_container())).prop_map(|(settings, parts, containers)| {
        let (
            name,
            repository,
            default_tag,
            default_domain,
            host_root,
            set_hostname,
            use_attached_parent_name,
        ) = settings;
        let (clients, groups, volumes, host, networks) = parts;
        ContainerMap {
            name,
            repository,
            default_tag,
            default_domain,
            host_root,
            set_hostname,
            use_attached_parent_name,
            clients,
            groups,
            volumes,
            host,
            networks,
            containers,
            start: Spanned::default(),
        }
    })
}
