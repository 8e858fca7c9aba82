//! Names of hosts, and where to log in: what no SSH client could mean.

use std::net::Ipv6Addr;

use crate::source::diagnostic::Diagnostic;
use crate::source::raw::{RawHost, RawName};
use crate::source::span::Span;

use super::context::Context;
use super::engine_url::split_login;

/// What selections of hosts are written with.
const SIGNS: [char; 8] = [',', '!', '&', '*', '?', '/', '{', '}'];

/// A name that no selection could name.
pub(super) fn check_host_name(context: &Context<'_>, key: &RawName) {
    let name = key.value.as_str();
    if name.starts_with('@') || name.contains(char::is_whitespace) || name.contains(SIGNS) {
        let diagnostic = Diagnostic::error(format!("`{name}` cannot name a host"));
        let diagnostic = diagnostic.at(key.span, "expected letters, digits, `_`, `-` and `.`");
        context.report(diagnostic.help("write a short name, and where to log in under `fabric_host`"));
    }
}

/// `fabric_host`, and a `base_url` that says where to log in.
pub(super) fn check(
    context: &Context<'_>,
    host_name: &str,
    raw: &RawHost,
    fabric_host: Option<&str>,
    base_url: Option<&str>,
) {
    if let (Some(login), Some(typed)) = (fabric_host.filter(|login| !login.is_empty()), &raw.fabric_host) {
        check_login(context, host_name, login, typed.span);
    }
    let (Some(url), Some(typed)) = (base_url, &raw.base_url) else { return };
    match url.split_once("://") {
        _ if url.starts_with('/') || url.starts_with("unix:") || url.starts_with("http+unix:") => {}
        None | Some(("ssh", _)) => {
            let login = url.strip_prefix("ssh://").unwrap_or(url).trim_end_matches('/');
            check_login(context, host_name, login, typed.span);
        }
        // A missing port, and what is not supported, are told where they are used.
        Some(_) => {}
    }
}

/// Whether this is `[user@]host[:port]`; if not, it is reported.
pub(super) fn check_login(context: &Context<'_>, host_name: &str, login: &str, span: Span) -> bool {
    let without_scheme = login.strip_prefix("ssh://");
    let (user, destination, _) = split_login(without_scheme.unwrap_or(login));
    let is_word =
        |text: &str| !text.is_empty() && !text.contains(char::is_whitespace) && !text.contains(SIGNS);
    let is_host = is_word(destination)
        && (!destination.contains(':')
            || destination.split('%').next().is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok()));
    let is_good = is_host && user.is_none_or(is_word);
    if is_good && without_scheme.is_none() {
        return true;
    }
    let help = match without_scheme {
        Some(rest) if is_good => format!("write `{rest}`"),
        _ if login.contains(['{', '}']) => {
            "write `{name}` for the host's name, `{number}` for its number".to_owned()
        }
        _ if destination.contains(':') && !destination.contains("::") => {
            "write a port from 1 to 65535, such as `root@192.0.2.1:22`".to_owned()
        }
        _ => "write for instance `root@192.0.2.1` or `deploy@web1.example.com:22`".to_owned(),
    };
    let diagnostic = Diagnostic::error(format!("host `{host_name}`: `{login}` is no place to log in to"));
    context.report(diagnostic.at(span, "expected `[user@]host[:port]`").help(help));
    false
}
