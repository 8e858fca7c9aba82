//! The settings of a host: Docker-Map's and Docker-Fabric's client keys, and ours.

use super::diagnostic::Diagnostic;
use super::node::{Node, NodeValue};
use super::raw::{RawHost, RawName, RawRegistryLogin, RawSshConfig, RawText};
use super::reader::{Entry, Reader};
use super::scalar::boolean;
use super::slips::{self, Parts};
use super::span::{Span, Spanned};

pub(super) const HOST_KEYS: [&str; 22] = [
    "base_url",
    "fabric_host",
    "version",
    "timeout",
    "wait_timeout",
    "stop_timeout",
    "tunnel_remote_port",
    "domainname",
    "interfaces",
    "interfaces_ipv6",
    "auth_configs",
    "ssh_config",
    "user",
    "port",
    "identity_file",
    "identity_files",
    "known_hosts",
    "proxy_jump",
    "docker_socket",
    "tls",
    "tunnel_local_port",
    "features",
];

/// Keys of Docker-Map's clients and Docker-Fabric's command line client that mean nothing here:
/// features and constraints are asked of the Engine.
pub(crate) const WITHOUT_EFFECT: [&str; 14] = [
    "features",
    "constraints",
    "info",
    "host_config",
    "networks",
    "volumes",
    "stop_signal",
    "container_update",
    "container_update_restart_policy",
    "healthcheck",
    "cmd_prefix",
    "default_bin",
    "use_sudo",
    "debug",
];

const LOGIN_KEYS: [&str; 3] = ["username", "password", "email"];
/// Arguments of docker-py's login that mean nothing here.
pub(crate) const LOGIN_WITHOUT_EFFECT: [&str; 5] =
    ["registry", "reauth", "insecure_registry", "dockercfg_path", "serveraddress"];

/// Reads the settings of a host or of `defaults`; null is none.
pub(super) fn read_host(node: &Node, subject: &str, reader: &mut Reader<'_>) -> Option<RawHost> {
    let mut reader = reader.with_subject(subject);
    let entries = match &node.value {
        NodeValue::Mapping(entries) => entries.as_slice(),
        _ if node.is_null() => &[],
        _ => {
            let name = subject.split('`').nth(1).unwrap_or_default();
            slips::report_no_mapping(&mut reader, node, subject, name, Parts::Host);
            return None;
        }
    };
    let mut host = RawHost::default();
    for (key, value) in entries {
        let name = key.as_text().unwrap_or_default();
        let is_known = read_engine_key(&mut host, name, value, &mut reader)
            || read_ssh_key(&mut host, name, value, &mut reader)
            || read_meaningless_key(key, value, &mut reader);
        if !is_known {
            reader.unknown_key(key, &HOST_KEYS);
        }
    }
    Some(host)
}

/// Reads what concerns the Engine; `false` if the key does not.
fn read_engine_key(host: &mut RawHost, name: &str, value: &Node, reader: &mut Reader<'_>) -> bool {
    let seconds = "a whole number of seconds";
    match name {
        "base_url" => host.base_url = reader.optional_text(value, name),
        "version" => host.version = reader.optional_text(value, name),
        "timeout" => host.timeout_seconds = reader.positive(value, name, seconds),
        "wait_timeout" => host.wait_timeout_seconds = reader.positive(value, name, seconds),
        "stop_timeout" => host.stop_timeout_seconds = reader.whole(value, name, seconds),
        "tunnel_remote_port" => host.tunnel_remote_port = reader.port(value, name),
        "domainname" => host.domainname = reader.optional_text(value, name),
        "interfaces" => host.interfaces = reader.text_entries(value, name),
        "interfaces_ipv6" => host.interfaces_ipv6 = reader.text_entries(value, name),
        "auth_configs" => host.auth_configs = read_logins(value, reader),
        "docker_socket" => host.docker_socket = reader.optional_text(value, name),
        _ => return false,
    }
    true
}

/// Reads what concerns the SSH connection; `false` if the key does not.
fn read_ssh_key(host: &mut RawHost, name: &str, value: &Node, reader: &mut Reader<'_>) -> bool {
    match name {
        "fabric_host" => host.fabric_host = reader.optional_text(value, name),
        "ssh_config" => host.ssh_config = read_ssh_config(value, reader),
        "user" => host.user = reader.optional_text(value, name),
        "port" => host.port = reader.port(value, name),
        "identity_file" | "identity_files" => host.identity_files.extend(reader.texts(value, name)),
        "known_hosts" => host.known_hosts = reader.texts(value, name),
        "proxy_jump" => host.proxy_jump = read_proxy_jump(value, reader),
        _ => return false,
    }
    true
}

/// Accepts what other tools need and this one does not; `false` if the key is unknown to all.
fn read_meaningless_key(key: &Node, value: &Node, reader: &mut Reader<'_>) -> bool {
    let name = key.as_text().unwrap_or_default();
    match name {
        "tls" => {
            if !value.is_null() && value.as_plain_text().and_then(boolean) != Some(false) {
                let message = format!("`tls` of {} is not supported yet", reader.subject());
                let help = "connect through SSH: remove `tls` and set `fabric_host`";
                reader.report(Diagnostic::error(message).at(value.span, "not supported yet").help(help));
            }
        }
        "tunnel_local_port" => without_effect(key, "no local port is needed", reader),
        _ if WITHOUT_EFFECT.contains(&name) => without_effect(key, "has no effect", reader),
        _ => return false,
    }
    true
}

fn without_effect(key: &Node, label: &str, reader: &mut Reader<'_>) {
    let name = key.as_text().unwrap_or_default();
    let message = format!("`{name}` of {} has no effect", reader.subject());
    reader.report(Diagnostic::warning(message).at(key.span, label).help("remove it"));
}

fn read_logins(node: &Node, reader: &mut Reader<'_>) -> Vec<(RawName, RawRegistryLogin)> {
    let mut logins = Vec::new();
    let logins_subject = format!("`auth_configs` of {}", reader.subject());
    for (key, value) in login_entries(node, &logins_subject, reader) {
        let Some(registry) = reader.key(key, "auth_configs") else { continue };
        let subject = format!("the login at `{}` of {}", *registry, reader.subject());
        let login = read_login(value, &mut reader.with_subject(subject));
        logins.push((registry, login));
    }
    logins
}

fn read_login(node: &Node, reader: &mut Reader<'_>) -> RawRegistryLogin {
    let mut login = RawRegistryLogin::default();
    let mark = reader.diagnostics().mark();
    let subject = reader.subject().to_owned();
    for (key, value) in login_entries(node, &subject, reader) {
        let name = key.as_text().unwrap_or_default();
        match name {
            "username" => login.username = reader.optional_text(value, name),
            "password" => login.password = reader.optional_text(value, name),
            "email" => login.email = reader.optional_text(value, name),
            _ if LOGIN_WITHOUT_EFFECT.contains(&name) => without_effect(key, "has no effect", reader),
            _ if name.contains(':') => {
                // `{password:secret}` without a space is a key; it must not be shown.
                let message = format!("unknown key in {subject}");
                let diagnostic = Diagnostic::error(message).at(key.span, "unknown key");
                reader.report(diagnostic.help("write a space after the `:`"));
            }
            _ => reader.unknown_key(key, &LOGIN_KEYS),
        }
    }
    if reader.diagnostics().has_errors_since(mark) {
        // What is missing is most likely what was wrong.
        let stand_in = || RawText { text: "-".to_owned(), tag: None, span: node.span };
        login.username.get_or_insert_with(stand_in);
        login.password.get_or_insert_with(stand_in);
    }
    login
}

/// The entries of a mapping. Anything else may be a password and is not quoted in the message.
fn login_entries<'n>(node: &'n Node, subject: &str, reader: &mut Reader<'_>) -> &'n [Entry] {
    if !node.is_null() && node.as_mapping().is_none() {
        let message = format!("{subject} must be a mapping, found {}", node.kind());
        reader.report(Diagnostic::error(message).at(node.span, "expected a mapping"));
    }
    node.as_mapping().unwrap_or_default()
}

fn read_ssh_config(node: &Node, reader: &mut Reader<'_>) -> Option<Spanned<RawSshConfig>> {
    let config = match node.as_plain_text().and_then(boolean) {
        _ if node.is_null() => None,
        Some(true) => Some(RawSshConfig::User),
        Some(false) => Some(RawSshConfig::Ignore),
        None => reader.text(node, "ssh_config").map(RawSshConfig::File),
    };
    config.map(|config| Spanned::new(config, node.span))
}

/// Hops as a list or, as in `ssh_config`, in one text with commas. `none` forbids any.
fn read_proxy_jump(node: &Node, reader: &mut Reader<'_>) -> Option<Spanned<Vec<RawText>>> {
    if node.is_null() {
        return None;
    }
    let is_none = node.as_text() == Some("none") || node.as_plain_text().and_then(boolean) == Some(false);
    if is_none {
        return Some(Spanned::new(Vec::new(), node.span));
    }
    let texts = reader.texts(node, "proxy_jump");
    Some(Spanned::new(texts.into_iter().flat_map(hops).collect(), node.span))
}

/// Splits `a,b` and keeps the place of each hop where the text stands as it is.
fn hops(text: RawText) -> Vec<RawText> {
    if text.tag.is_some() || !text.text.contains(',') {
        return vec![text];
    }
    let length = text.span.end - text.span.start;
    let is_verbatim = length as usize == text.text.len();
    let mut hops = Vec::new();
    let mut start = text.span.start;
    let offset = |width: usize| u32::try_from(width).unwrap_or(length);
    for part in text.text.split(',') {
        let first = start + offset(part.len() - part.trim_start().len());
        let own = Span { file: text.span.file, start: first, end: first + offset(part.trim().len()) };
        start += offset(part.len() + 1);
        let span = if is_verbatim { own } else { text.span };
        hops.push(RawText { text: part.trim().to_owned(), tag: None, span });
    }
    hops
}

impl Reader<'_> {
    /// A whole number from 1: no time at all would end every call at once.
    fn positive(&mut self, node: &Node, property: &str, expected: &str) -> Option<Spanned<u32>> {
        let number = self.whole::<u32>(node, property, expected)?;
        if number.value == 0 {
            self.wrong(node, property, &format!("{expected} from 1"))
        } else {
            Some(number)
        }
    }

    /// A TCP port.
    fn port(&mut self, node: &Node, property: &str) -> Option<Spanned<u16>> {
        let expected = "a port from 1 to 65535";
        let port = self.whole::<u16>(node, property, expected)?;
        if port.value == 0 { self.wrong(node, property, expected) } else { Some(port) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::raw::{RawHost, RawSshConfig};
    use super::super::testing::{Read, inventory, joined, text};
    use super::{HOST_KEYS, WITHOUT_EFFECT};

    fn host(form: &str) -> Read<RawHost> {
        let Read { sources, value, diagnostics } = inventory(&format!("hosts:\n  web1: {form}\n"));
        let host = value.and_then(|inventory| inventory.hosts.into_iter().next()).map(|(_, host)| host);
        Read { sources, value: host, diagnostics }
    }

    #[test]
    fn every_known_key_is_read() {
        for key in HOST_KEYS {
            let read = host(&format!("{{{key}: }}"));
            assert!(!read.messages().iter().any(|message| message.contains("unknown")), "{key}");
        }
    }

    #[test]
    fn keys_of_clients_are_read() {
        let read = host(
            "{base_url: unix:///x, fabric_host: 'me@h{number}', version: 1.30, timeout: 60, wait_timeout: '5', stop_timeout: 7, \
             tunnel_remote_port: 2375, domainname: d, interfaces: {private: 10.0.0.1}, interfaces_ipv6: {private: '::1'}, \
             auth_configs: {r: {username: u, password: !env P, email: e}}}",
        )
        .good();
        assert_eq!(read.fabric_host.as_ref().map(text).as_deref(), Some("me@h{number}"));
        assert_eq!(read.version.as_ref().map(text).as_deref(), Some("1.30"));
        assert_eq!(read.wait_timeout_seconds.map(|seconds| seconds.value), Some(5));
        assert_eq!(read.tunnel_remote_port.map(|port| port.value), Some(2375));
        assert_eq!(
            joined(&read.interfaces_ipv6, |(name, address)| format!("{}={}", **name, text(address))),
            "private=::1"
        );
        let login = &read.auth_configs[0].1;
        assert_eq!(login.password.as_ref().map(text).as_deref(), Some("!env P"));
        assert_eq!(host("").good(), RawHost::default());
    }

    #[test]
    fn keys_of_ssh_are_read() {
        let read = host("{user: u, port: 22, identity_file: a, identity_files: [b, !path c], known_hosts: k, docker_socket: /s}").good();
        assert_eq!(joined(&read.identity_files, text), "a; b; !path c");
        assert_eq!(joined(&read.known_hosts, text), "k");
        assert_eq!(read.port.map(|port| port.value), Some(22));
        for (form, hops) in [
            ("a", Some("a")),
            ("'a, b'", Some("a; b")),
            ("[a, b]", Some("a; b")),
            ("[]", Some("")),
            ("none", Some("")),
            ("", None),
        ] {
            let read = host(&format!("{{proxy_jump: {form}}}")).good();
            assert_eq!(read.proxy_jump.map(|found| joined(&found, text)).as_deref(), hops, "{form}");
        }
        let config = |form: &str| {
            host(&format!("{{ssh_config: {form}}}")).good().ssh_config.map(|config| config.value)
        };
        assert_eq!(config("false"), Some(RawSshConfig::Ignore));
        assert_eq!(config("yes"), Some(RawSshConfig::User));
        assert!(matches!(config("f"), Some(RawSshConfig::File(file)) if file.text == "f"));
    }

    #[test]
    fn hops_in_one_text_have_their_own_places() {
        let read = host("{proxy_jump: 'one,two'}").good();
        let hops = read.proxy_jump.unwrap_or_default().value;
        assert_eq!(hops[0].span, hops[1].span);
        let Read { sources, value, .. } = host("\n    proxy_jump: one, two");
        let spans = value.and_then(|host| host.proxy_jump).unwrap_or_default().value;
        let shown: Vec<&str> = spans
            .iter()
            .map(|hop| &sources.text(hop.span.file)[hop.span.start as usize..hop.span.end as usize])
            .collect();
        assert_eq!(shown, ["one", "two"]);
    }

    #[test]
    fn what_means_nothing_here_is_accepted_with_a_warning() {
        for key in WITHOUT_EFFECT.into_iter().chain(["tunnel_local_port"]) {
            let read = host(&format!("{{{key}: 1}}"));
            assert_eq!(read.messages(), [format!("`{key}` of host `web1` has no effect")]);
            assert!(!read.diagnostics.has_errors());
        }
        host("{tls: false}").good();
        assert_eq!(host("{tls: true}").messages(), ["`tls` of host `web1` is not supported yet"]);
        assert_eq!(host("{tls: {ca: x}}").messages(), ["`tls` of host `web1` is not supported yet"]);
    }

    #[test]
    fn wrong_settings_are_refused() {
        for (form, message) in [
            ("{port: 0}", "`port` of host `web1` needs a port from 1 to 65535, found `0`"),
            ("{port: 65536}", "`port` of host `web1` needs a port from 1 to 65535, found `65536`"),
            (
                "{port: '2{number}'}",
                "`port` of host `web1` needs a port from 1 to 65535, found the text `2{number}`",
            ),
            ("{timeout: 1m}", "`timeout` of host `web1` needs a whole number of seconds, found `1m`"),
            ("{timeout: 0}", "`timeout` of host `web1` needs a whole number of seconds from 1, found `0`"),
            ("{interfaces: [a]}", "`interfaces` of host `web1` needs a mapping, found a list of 1 item"),
            ("{auth_configs: {r: {user: a}}}", "unknown key `user` in the login at `r` of host `web1`"),
            ("text", "host `web1` must be a mapping, found text"),
        ] {
            assert_eq!(host(form).messages(), [message], "{form}");
        }
    }
}
