//! The parts of what says where a host and its Engine are: URLs, logins, placeholders.

/// The forms of `base_url` (Docker-Map and Docker-Fabric).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum EngineUrl {
    Socket(String),
    Tcp {
        /// Who logs in, where the host is one to log in to.
        user: Option<String>,
        host: String,
        port: Option<u16>,
        /// Whether it is said to be an Engine; without a scheme it may be a host to log in to.
        has_scheme: bool,
    },
    Ssh(String),
    Unsupported(String),
}

impl EngineUrl {
    /// Reads a `base_url`.
    pub(super) fn parse(url: &str) -> Self {
        if url.starts_with('/') {
            return Self::Socket(url.to_owned());
        }
        let socket = url.strip_prefix("http+unix:").or_else(|| url.strip_prefix("unix:"));
        if let Some(path) = socket {
            // Any number of slashes is in use; the path is absolute in any case.
            return Self::Socket(format!("/{}", path.trim_start_matches('/')));
        }
        match url.split_once("://") {
            Some(("tcp" | "http", rest)) => Self::tcp(rest, true),
            Some(("ssh", rest)) => Self::Ssh(rest.trim_end_matches('/').to_owned()),
            Some((scheme, _)) => Self::Unsupported(scheme.to_owned()),
            None => Self::tcp(url, false),
        }
    }

    fn tcp(authority_and_path: &str, has_scheme: bool) -> Self {
        let authority = authority_and_path.split('/').next().unwrap_or_default();
        let (user, host, port) = split_login(authority);
        Self::Tcp { user: user.map(str::to_owned), host: host.to_owned(), port, has_scheme }
    }
}

/// A word in braces that is none of those that are filled in.
pub(super) fn unknown_placeholder(text: &str) -> Option<&str> {
    let starts = text.match_indices('{').map(|(at, _)| &text[at..]);
    let mut words = starts.filter_map(|rest| rest.find('}').map(|end| &rest[..=end]));
    words.find(|word| {
        let inner = &word[1..word.len() - 1];
        let is_word = !inner.is_empty() && inner.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        is_word && !matches!(inner, "name" | "number")
    })
}

/// `[user@]host[:port]`; an IPv6 address with a port stands in brackets.
pub(super) fn split_login(text: &str) -> (Option<&str>, &str, Option<u16>) {
    let (user, rest) = match text.rsplit_once('@') {
        Some((user, rest)) => (Some(user), rest),
        None => (None, text),
    };
    if let Some((address, after)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        return (user, address, after.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match rest.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => match port.parse() {
            Ok(port) => (user, host, Some(port)),
            Err(_) => (user, rest, None),
        },
        _ => (user, rest, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engine_urls_are_read_in_every_spelling() {
        for url in ["/run/d.sock", "unix:///run/d.sock", "unix://run/d.sock", "http+unix:/run/d.sock"] {
            assert_eq!(EngineUrl::parse(url), EngineUrl::Socket("/run/d.sock".to_owned()), "{url}");
        }
        let tcp = |host: &str, port, has_scheme| EngineUrl::Tcp {
            user: None,
            host: host.to_owned(),
            port,
            has_scheme,
        };
        assert_eq!(EngineUrl::parse("tcp://h:2375"), tcp("h", Some(2375), true));
        assert_eq!(EngineUrl::parse("http://h:2375/path"), tcp("h", Some(2375), true));
        assert_eq!(EngineUrl::parse("h:2375"), tcp("h", Some(2375), false));
        assert_eq!(EngineUrl::parse("apps1_host"), tcp("apps1_host", None, false));
        let with_user = EngineUrl::Tcp {
            user: Some("me".to_owned()),
            host: "h".to_owned(),
            port: None,
            has_scheme: false,
        };
        assert_eq!(EngineUrl::parse("me@h"), with_user);
        assert_eq!(EngineUrl::parse("ssh://me@h:22"), EngineUrl::Ssh("me@h:22".to_owned()));
        assert_eq!(EngineUrl::parse("npipe://x"), EngineUrl::Unsupported("npipe".to_owned()));
    }

    #[test]
    fn placeholders_are_words_in_braces() {
        for known in ["{name}.example.com", "apps{number}", "{}", "{a b}", "x{", "}{", "plain"] {
            assert_eq!(unknown_placeholder(known), None, "{known}");
        }
        assert_eq!(unknown_placeholder("{name}.{nam}"), Some("{nam}"));
    }

    #[test]
    fn logins_are_split_into_user_host_and_port() {
        assert_eq!(split_login("me@h:22"), (Some("me"), "h", Some(22)));
        assert_eq!(split_login("h"), (None, "h", None));
        assert_eq!(split_login("fe80::1"), (None, "fe80::1", None));
        assert_eq!(split_login("me@[fe80::1]:2222"), (Some("me"), "fe80::1", Some(2222)));
    }
}
