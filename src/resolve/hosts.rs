//! Hosts of an inventory: ranges become hosts, defaults and templates are filled in, and each
//! host's way to its Engine is decided.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use secrecy::SecretString;

use crate::model::connection::{
    Connection, DEFAULT_DOCKER_SOCKET, RemoteEngine, SshConfigSource, SshConnection, SshTarget,
};
use crate::model::secret::Secrets;
use crate::model::spec::{EngineSettings, HostSpec, Interfaces, RegistryLogin};
use crate::source::diagnostic::Diagnostic;
use crate::source::raw::{RawHost, RawInventory, RawName, RawRegistryLogin, RawSshConfig, RawText};
use crate::source::span::Span;
use crate::source::tag::Tag;
use crate::source::weight;

use super::RunFor;
use super::claims::Claims;
use super::context::Context;
use super::engine_url::{EngineUrl, split_login, unknown_placeholder};
use super::host_places::host_places;
use super::logins;
use crate::model::ranges;

/// The API of Engine 20.10.
const OLDEST_API_VERSION: (u32, u32) = (1, 41);

/// One host before containers are put on it.
pub(super) struct ResolvedHost {
    pub(super) spec: HostSpec,
    /// Its place in the inventory, from 0.
    pub(super) position: usize,
    /// Whether commands that print its secrets are run.
    pub(super) runs_commands: bool,
    /// Overrides the maps' `default_domain`.
    pub(super) domain_name: Option<String>,
    /// For containers that set no stop time.
    pub(super) stop_timeout_seconds: Option<u32>,
    /// Ports and addresses that its containers have taken.
    pub(super) claims: Claims,
    /// Where the host is declared.
    pub(super) span: Span,
    /// Whether it stands for any host: it has whatever interface is asked for, and what runs on it
    /// need not run beside one another.
    pub(super) is_anywhere: bool,
}

/// All hosts by name, in the inventory's order.
pub(super) fn resolve_hosts(
    context: &Context<'_>,
    inventory: &RawInventory,
    folder: &Path,
    commands: &RunFor<'_>,
) -> IndexMap<String, ResolvedHost> {
    let mut hosts: IndexMap<String, ResolvedHost> = IndexMap::new();
    for (key, raw) in &inventory.hosts {
        let merged = with_defaults(raw, inventory.defaults.as_ref());
        let weight = weight::of_host(&merged);
        for (name, number) in members(context, key) {
            if !context.spend(weight, key.span) {
                return hosts;
            }
            if let Some(first) = hosts.get(&name) {
                context.report(
                    Diagnostic::error(format!("host `{name}` is defined twice"))
                        .at(key.span, "defined again here")
                        .also(first.span, "first defined here")
                        .help("take it out of one of the two"),
                );
                continue;
            }
            let filler = Filler { context, name: &name, number: number.as_deref(), folder };
            let runs_commands = commands.run_for(&name);
            context.set_runs_commands(runs_commands);
            let filled = filler.host(&merged, key.span);
            let mut host = ResolvedHost { position: hosts.len(), runs_commands, ..filled };
            host.spec.withholds_secrets = context.take_withheld();
            hosts.insert(name, host);
        }
    }
    hosts
}

/// The names a host key stands for, with their numbers.
fn members(context: &Context<'_>, key: &RawName) -> Vec<(String, Option<String>)> {
    match ranges::expand(&key.value) {
        Ok(Some(members)) => members.into_iter().map(|member| (member.name, Some(member.number))).collect(),
        Ok(None) => {
            logins::check_host_name(context, key);
            vec![(key.value.clone(), None)]
        }
        Err(error) => {
            context.error(format!("`{}`: {error}", key.value), key.span, "not a range of host names");
            Vec::new()
        }
    }
}

/// A host's own settings over the inventory's defaults; mappings merge by key.
fn with_defaults(own: &RawHost, defaults: Option<&RawHost>) -> RawHost {
    let Some(defaults) = defaults.cloned() else { return own.clone() };
    let own = own.clone();
    RawHost {
        base_url: own.base_url.or(defaults.base_url),
        fabric_host: own.fabric_host.or(defaults.fabric_host),
        version: own.version.or(defaults.version),
        timeout_seconds: own.timeout_seconds.or(defaults.timeout_seconds),
        wait_timeout_seconds: own.wait_timeout_seconds.or(defaults.wait_timeout_seconds),
        stop_timeout_seconds: own.stop_timeout_seconds.or(defaults.stop_timeout_seconds),
        tunnel_remote_port: own.tunnel_remote_port.or(defaults.tunnel_remote_port),
        domainname: own.domainname.or(defaults.domainname),
        interfaces: merged(own.interfaces, defaults.interfaces),
        interfaces_ipv6: merged(own.interfaces_ipv6, defaults.interfaces_ipv6),
        auth_configs: merged(own.auth_configs, defaults.auth_configs),
        ssh_config: own.ssh_config.or(defaults.ssh_config),
        user: own.user.or(defaults.user),
        port: own.port.or(defaults.port),
        identity_files: if own.identity_files.is_empty() {
            defaults.identity_files
        } else {
            own.identity_files
        },
        known_hosts: if own.known_hosts.is_empty() { defaults.known_hosts } else { own.known_hosts },
        proxy_jump: own.proxy_jump.or(defaults.proxy_jump),
        docker_socket: own.docker_socket.or(defaults.docker_socket),
    }
}

fn merged<T>(own: Vec<(RawName, T)>, defaults: Vec<(RawName, T)>) -> Vec<(RawName, T)> {
    let own_names: HashSet<&str> = own.iter().map(|(name, _)| name.value.as_str()).collect();
    let missing: Vec<_> =
        defaults.into_iter().filter(|(name, _)| !own_names.contains(name.value.as_str())).collect();
    own.into_iter().chain(missing).collect()
}

/// Fills in one host.
struct Filler<'a> {
    context: &'a Context<'a>,
    name: &'a str,
    number: Option<&'a str>,
    folder: &'a Path,
}

impl Filler<'_> {
    fn host(&self, raw: &RawHost, span: Span) -> ResolvedHost {
        let seconds = |value: &Option<crate::source::span::Spanned<u32>>| {
            value.as_ref().map(|seconds| Duration::from_secs(u64::from(seconds.value)))
        };
        let engine = EngineSettings {
            api_version: self.api_version(raw),
            call_timeout: seconds(&raw.timeout_seconds),
            wait_timeout: seconds(&raw.wait_timeout_seconds),
        };
        let connection = self.connection(raw, span);
        let spec = HostSpec {
            places: host_places(self.context, raw, span, &connection),
            name: self.name.to_owned(),
            connection,
            engine,
            interfaces: self.interfaces(raw),
            registry_logins: self.registry_logins(&raw.auth_configs),
            secrets: Secrets::default(),
            withholds_secrets: false,
            networks: Vec::new(),
            volumes: Vec::new(),
            containers: Vec::new(),
            map_names: Arc::default(),
        };
        ResolvedHost {
            spec,
            position: 0,
            runs_commands: true,
            domain_name: self.optional_text(raw.domainname.as_ref()),
            stop_timeout_seconds: raw.stop_timeout_seconds.as_ref().map(|seconds| seconds.value),
            claims: Claims::default(),
            span,
            is_anywhere: false,
        }
    }

    /// The API version to ask for. Files of Docker-Map name versions of their day; an Engine that
    /// can be used speaks newer ones.
    fn api_version(&self, raw: &RawHost) -> Option<String> {
        let typed = raw.version.as_ref()?;
        let version = self.text(typed).filter(|version| version != "auto")?;
        let number = |part: &str| part.parse::<u32>().ok();
        let parts = version.split_once('.').and_then(|(major, minor)| Some((number(major)?, number(minor)?)));
        let (diagnostic, label) = match parts {
            Some(parts) if parts >= OLDEST_API_VERSION => return Some(version),
            Some(_) => {
                let message = format!("host `{}`: API version {version} is not asked for", self.name);
                (Diagnostic::warning(message), "older than 1.41, the oldest that is spoken")
            }
            None => {
                let message = format!("host `{}`: `{version}` is not an API version", self.name);
                (Diagnostic::error(message), "expected `auto` or a version such as `1.41`")
            }
        };
        let help = "drop the key: the version is negotiated with each Engine";
        self.context.report(diagnostic.at(typed.span, label).help(help));
        None
    }

    /// A text with `{name}` and `{number}` filled in.
    fn text(&self, raw: &RawText) -> Option<String> {
        let text = self.context.text(raw)?;
        if self.number.is_none() && text.contains("{number}") {
            self.context.report(
                Diagnostic::error(format!("host `{}` has no `{{number}}`", self.name))
                    .at(raw.span, "only hosts of a range have one")
                    .help("write the number, or make the key a range such as `apps1-3`"),
            );
            return None;
        }
        if raw.tag.is_none()
            && let Some(placeholder) = unknown_placeholder(&text)
        {
            self.context.report(
                Diagnostic::error(format!("host `{}`: nothing is called `{placeholder}`", self.name))
                    .at(raw.span, "not filled in")
                    .help("write `{name}` or `{number}`"),
            );
            return None;
        }
        let text = text.replace("{name}", self.name).replace("{number}", self.number.unwrap_or_default());
        self.context.spend(weight::of_text(&text), raw.span).then_some(text)
    }

    fn optional_text(&self, raw: Option<&RawText>) -> Option<String> {
        raw.and_then(|raw| self.text(raw))
    }

    /// A user name or password. In one from outside the file, braces are its own.
    fn credential(&self, raw: &RawText) -> Option<String> {
        if raw.tag.is_some() { self.context.any_text(raw) } else { self.text(raw) }
    }

    fn file(&self, raw: &RawText) -> Option<PathBuf> {
        let text = self.text(raw)?;
        let path = if text.starts_with('~') {
            // Identity files are commonly typed with a tilde; the tag is implied.
            self.context.text(&RawText { text, tag: Some(Tag::Path), span: raw.span })?
        } else {
            text
        };
        Some(self.folder.join(path))
    }

    fn interfaces(&self, raw: &RawHost) -> Interfaces {
        Interfaces {
            ipv4: self.addresses(&raw.interfaces, std::net::IpAddr::is_ipv4, "IPv4"),
            ipv6: self.addresses(&raw.interfaces_ipv6, std::net::IpAddr::is_ipv6, "IPv6"),
        }
    }

    fn addresses(
        &self,
        raw: &[(RawName, RawText)],
        is_right: impl Fn(&IpAddr) -> bool,
        family: &str,
    ) -> BTreeMap<String, IpAddr> {
        let mut addresses = BTreeMap::new();
        for (alias, value) in raw {
            let Some(text) = self.text(value) else { continue };
            match text.parse::<IpAddr>().ok().filter(|address| is_right(address)) {
                Some(address) => drop(addresses.insert(alias.value.clone(), address)),
                None => self.context.error(
                    format!("host `{}`: interface `{}` has the address `{text}`", self.name, alias.value),
                    value.span,
                    &format!("expected an {family} address"),
                ),
            }
        }
        addresses
    }

    fn registry_logins(&self, raw: &[(RawName, RawRegistryLogin)]) -> BTreeMap<String, RegistryLogin> {
        let mut logins = BTreeMap::new();
        for (registry, login) in raw {
            let username = login.username.as_ref().and_then(|text| self.credential(text));
            let password = login.password.as_ref().and_then(|text| self.credential(text));
            let (Some(username), Some(password)) = (username, password) else {
                if login.username.is_none() || login.password.is_none() {
                    let missing = if login.password.is_none() { "password" } else { "username" };
                    self.context.report(
                        Diagnostic::error(format!(
                            "the login for registry `{}` is not complete",
                            registry.value
                        ))
                        .at(registry.span, "needs `username` and `password`")
                        .help(format!("add `{missing}`")),
                    );
                }
                continue;
            };
            let email = self.optional_text(login.email.as_ref());
            let login = RegistryLogin { username, password: SecretString::from(password), email };
            logins.insert(registry.value.clone(), login);
        }
        logins
    }

    /// `fabric_host` says where to log in; without it `base_url` may, else the host's own name.
    fn connection(&self, raw: &RawHost, span: Span) -> Connection {
        let base_url = self.optional_text(raw.base_url.as_ref()).filter(|url| !url.is_empty());
        let url_span = raw.base_url.as_ref().map_or(span, |text| text.span);
        let engine_url = base_url.as_deref().map(EngineUrl::parse);
        let fabric_host = self.optional_text(raw.fabric_host.as_ref());
        if let (Some(""), Some(typed)) = (fabric_host.as_deref(), &raw.fabric_host) {
            self.context.report(
                Diagnostic::error(format!("host `{}`: `fabric_host` is empty", self.name))
                    .at(typed.span, "expected `[user@]host[:port]`")
                    .help("write where to log in, or take the key out"),
            );
        }
        logins::check(self.context, self.name, raw, fabric_host.as_deref(), base_url.as_deref());
        let login = fabric_host.as_deref();
        match (login, engine_url) {
            (None, Some(EngineUrl::Socket(path))) => Connection::Unix { socket_path: path.into() },
            (None, Some(EngineUrl::Tcp { host, port: Some(port), .. })) => {
                Connection::Tcp { address: format!("{host}:{port}") }
            }
            (None, Some(EngineUrl::Tcp { host, port: None, has_scheme: true, .. })) => {
                let fallback = raw.tunnel_remote_port.as_ref().map(|port| port.value);
                match self.remote_tcp(&host, fallback, url_span) {
                    RemoteEngine::Tcp { host, port } => Connection::Tcp { address: format!("{host}:{port}") },
                    // The missing port has been told.
                    RemoteEngine::Socket(_) => Connection::Tcp { address: String::new() },
                }
            }
            (None, Some(EngineUrl::Tcp { user, host, port: None, has_scheme: false })) => {
                let login = user.map_or_else(|| host.clone(), |user| format!("{user}@{host}"));
                self.ssh(raw, &login, RemoteEngine::Socket(self.socket(raw)))
            }
            (None, Some(EngineUrl::Ssh(login))) => {
                self.ssh(raw, &login, RemoteEngine::Socket(self.socket(raw)))
            }
            (login, None) => {
                self.ssh(raw, login.unwrap_or(self.name), RemoteEngine::Socket(self.socket(raw)))
            }
            (Some(login), Some(EngineUrl::Socket(path))) => self.ssh(raw, login, RemoteEngine::Socket(path)),
            (Some(login), Some(EngineUrl::Tcp { host, port, .. })) => {
                let fallback = raw.tunnel_remote_port.as_ref().map(|port| port.value);
                let engine = self.remote_tcp(&host, port.or(fallback), url_span);
                self.ssh(raw, login, engine)
            }
            (Some(login), Some(EngineUrl::Ssh(_))) => {
                self.context.error(
                    format!("host `{}` has both `fabric_host` and a `base_url` with `ssh://`", self.name),
                    url_span,
                    "says where to log in a second time",
                );
                self.ssh(raw, login, RemoteEngine::Socket(self.socket(raw)))
            }
            (_, Some(EngineUrl::Unsupported(scheme))) => {
                self.context.error(
                    format!("host `{}`: `{scheme}://` is not supported yet", self.name),
                    url_span,
                    "expected `unix://`, `tcp://`, `ssh://` or a host name",
                );
                Connection::Tcp { address: String::new() }
            }
        }
    }

    fn remote_tcp(&self, host: &str, port: Option<u16>, span: Span) -> RemoteEngine {
        let Some(port) = port else {
            self.context.report(
                Diagnostic::error(format!("host `{}`: the Engine's port is missing", self.name))
                    .at(span, "no port here")
                    .help("add it to the URL, or set `tunnel_remote_port`"),
            );
            return RemoteEngine::Socket(DEFAULT_DOCKER_SOCKET.to_owned());
        };
        RemoteEngine::Tcp { host: host.to_owned(), port }
    }

    fn socket(&self, raw: &RawHost) -> String {
        let socket = self.optional_text(raw.docker_socket.as_ref());
        if let (Some(path), Some(typed)) = (&socket, &raw.docker_socket)
            && !path.starts_with('/')
        {
            let message = format!("host `{}`: the socket `{path}` is not absolute", self.name);
            let diagnostic =
                Diagnostic::error(message).at(typed.span, "expected a path that begins with `/`");
            self.context.report(diagnostic.help("write for instance `/var/run/docker.sock`"));
        }
        socket.unwrap_or_else(|| DEFAULT_DOCKER_SOCKET.to_owned())
    }

    fn ssh(&self, raw: &RawHost, login: &str, engine: RemoteEngine) -> Connection {
        let (user, destination, port) = split_login(login);
        let target = SshTarget {
            destination: destination.to_owned(),
            user: self.optional_text(raw.user.as_ref()).or(user.map(str::to_owned)),
            port: raw.port.as_ref().map(|port| port.value).or(port),
            identity_files: raw.identity_files.iter().filter_map(|path| self.file(path)).collect(),
            known_hosts_files: raw.known_hosts.iter().filter_map(|path| self.file(path)).collect(),
            jump_hosts: raw
                .proxy_jump
                .as_ref()
                .map(|hops| hops.iter().filter_map(|hop| self.jump_host(hop)).collect()),
            config: self.ssh_config(raw.ssh_config.as_ref().map(|config| &config.value)),
        };
        Connection::Ssh(SshConnection { target, engine })
    }

    fn jump_host(&self, raw: &RawText) -> Option<String> {
        let hop = self.text(raw)?;
        logins::check_login(self.context, self.name, &hop, raw.span).then_some(hop)
    }

    fn ssh_config(&self, raw: Option<&RawSshConfig>) -> SshConfigSource {
        match raw {
            None | Some(RawSshConfig::User) => SshConfigSource::User,
            Some(RawSshConfig::Ignore) => SshConfigSource::Ignore,
            Some(RawSshConfig::File(path)) => {
                self.file(path).map_or(SshConfigSource::User, SshConfigSource::File)
            }
        }
    }
}
