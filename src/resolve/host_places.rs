//! Where the settings of a host stand, by their keys; those of its connection under `connection`.

use crate::model::connection::{Connection, RemoteEngine, SshConnection};
use crate::model::place::Places;
use crate::source::raw::{RawHost, RawText};
use crate::source::span::{Span, Spanned};

use super::context::Context;

struct Notes<'a> {
    context: &'a Context<'a>,
    places: Places,
}

/// `raw` with the defaults merged in; `key` is where the host is declared.
pub(super) fn host_places(
    context: &Context<'_>,
    raw: &RawHost,
    key: Span,
    connection: &Connection,
) -> Places {
    let mut notes = Notes { context, places: Places::default() };
    notes.note("", Some(key));
    notes.note("version", span_of(raw.version.as_ref()));
    notes.note("timeout", span_of_value(raw.timeout_seconds.as_ref()));
    notes.note("wait_timeout", span_of_value(raw.wait_timeout_seconds.as_ref()));
    notes.note("stop_timeout", span_of_value(raw.stop_timeout_seconds.as_ref()));
    notes.note("domainname", span_of(raw.domainname.as_ref()));
    for (alias, address) in &raw.interfaces {
        notes.note(&format!("interfaces.{}", alias.value), Some(address.span));
    }
    for (alias, address) in &raw.interfaces_ipv6 {
        notes.note(&format!("interfaces_ipv6.{}", alias.value), Some(address.span));
    }
    for (registry, login) in &raw.auth_configs {
        let field = format!("auth_configs.{}", registry.value);
        notes.note(&field, Some(registry.span));
        notes.note(&format!("{field}.username"), span_of(login.username.as_ref()));
        notes.note(&format!("{field}.password"), span_of(login.password.as_ref()));
        notes.note(&format!("{field}.email"), span_of(login.email.as_ref()));
    }
    notes.connection(raw, connection);
    notes.places
}

impl Notes<'_> {
    fn note(&mut self, field: &str, span: Option<Span>) {
        if let Some(span) = span {
            self.places.insert(field, self.context.place(span));
        }
    }

    /// What says where to log in also says as whom and at which port, unless a key of its own does.
    fn connection(&mut self, raw: &RawHost, connection: &Connection) {
        let url = span_of(raw.base_url.as_ref());
        match connection {
            Connection::Unix { .. } | Connection::Tcp { .. } => self.note("connection", url),
            Connection::Ssh(ssh) => {
                let login = span_of(raw.fabric_host.as_ref()).or(url);
                self.note("connection.destination", login);
                self.note("connection.user", span_of(raw.user.as_ref()).or(login));
                self.note("connection.port", span_of_value(raw.port.as_ref()).or(login));
                self.note("connection.ssh_config", span_of_value(raw.ssh_config.as_ref()));
                self.note_each("connection.identity_files", &raw.identity_files);
                self.note_each("connection.known_hosts", &raw.known_hosts);
                self.note("connection.proxy_jump", span_of_value(raw.proxy_jump.as_ref()));
                let hops = raw.proxy_jump.as_ref().map(|hops| hops.value.as_slice());
                self.note_each("connection.proxy_jump", hops.unwrap_or_default());
                self.engine(raw, ssh);
            }
        }
    }

    /// Where the Engine listens: a `base_url` beside a login says it, else `docker_socket`.
    fn engine(&mut self, raw: &RawHost, ssh: &SshConnection) {
        let url = raw.base_url.as_ref().filter(|_| raw.fabric_host.is_some());
        let socket = span_of(url).or(span_of(raw.docker_socket.as_ref()));
        match &ssh.engine {
            RemoteEngine::Socket(_) => self.note("connection.docker_socket", socket),
            RemoteEngine::Tcp { port, .. } => {
                self.note("connection.engine_address", span_of(url));
                let names_port = url.is_some_and(|url| url.text.contains(&format!(":{port}")));
                let fallback = raw.tunnel_remote_port.as_ref().filter(|_| !names_port);
                if let Some(port) = fallback {
                    let place = self.context.place(port.span);
                    self.places.insert_part("connection.engine_address", "tunnel_remote_port", place);
                }
            }
        }
    }

    fn note_each(&mut self, field: &str, texts: &[RawText]) {
        for (index, text) in texts.iter().enumerate() {
            self.note(&format!("{field}.{index}"), Some(text.span));
        }
    }
}

fn span_of(text: Option<&RawText>) -> Option<Span> {
    text.map(|text| text.span)
}

fn span_of_value<T>(value: Option<&Spanned<T>>) -> Option<Span> {
    value.map(|value| value.span)
}
