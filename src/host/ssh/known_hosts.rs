//! Judging a host's key by known-hosts files, failing closed.
//!
//! [`check`] is a function of the files' text. It reads what OpenSSH reads: plain and hashed
//! names, `[host]:port`, `*` and `?`, `!`, `@revoked`, `@cert-authority`, any blanks, any case.
//! russh has a matcher of its own that ignores revocations and patterns; it is not used.
//! This module never writes a file: no key is ever learned by itself.

use std::io;
use std::path::PathBuf;

use hmac::{Hmac, KeyInit as _, Mac as _};
use russh::keys::ssh_key::known_hosts::{HostPatterns, Marker};
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Algorithm, HashAlg, PublicKey};
use sha1::Sha1;

use super::super::error::ConnectErrorKind;

/// A known-hosts file: its path, for messages, and its text.
pub type KnownHostsFile = (PathBuf, String);

/// A place in a known-hosts file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownHostsLine {
    /// The file.
    pub file: PathBuf,
    /// Its line, from 1.
    pub line: usize,
}

/// What the files say about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostKeyVerdict {
    /// It is the host's key.
    Known(KnownHostsLine),
    /// The host is in none of the files.
    Unknown,
    /// The host is known by other keys only, be they of the same algorithm or not.
    Changed {
        /// Where the other key is.
        known: KnownHostsLine,
        /// `SHA256:...` of that key.
        known_fingerprint: String,
    },
    /// The key must not be used.
    Revoked(KnownHostsLine),
}

/// One line that names a key for the host in question.
struct Entry {
    place: KnownHostsLine,
    marker: Option<Marker>,
    key: KeyData,
    /// Whether the line names host *and* port, rather than the bare host for another port.
    is_exact: bool,
}

/// What the files say about `key`, shown by `host` (a name, an address or an alias) at `port`.
///
/// As with OpenSSH, a line for the bare host vouches for its key at every port, but does not
/// make another key at another port a changed one.
pub fn check(files: &[KnownHostsFile], host: &str, port: u16, key: &PublicKey) -> HostKeyVerdict {
    let entries = entries(files, host, port);
    let is_shown = |entry: &&Entry| entry.key == *key.key_data();
    if let Some(entry) = entries.iter().filter(is_shown).find(|entry| entry.marker == Some(Marker::Revoked)) {
        return HostKeyVerdict::Revoked(entry.place.clone());
    }
    let mut plain = entries.iter().filter(|entry| entry.marker.is_none());
    if let Some(entry) = plain.clone().find(is_shown) {
        return HostKeyVerdict::Known(entry.place.clone());
    }
    // Of several other keys, the one of the same algorithm is the one that was replaced.
    let same_algorithm =
        plain.clone().find(|entry| entry.is_exact && entry.key.algorithm() == key.algorithm());
    match same_algorithm.or_else(|| plain.find(|entry| entry.is_exact)) {
        Some(entry) => HostKeyVerdict::Changed {
            known: entry.place.clone(),
            known_fingerprint: entry.key.fingerprint(HashAlg::Sha256).to_string(),
        },
        None => HostKeyVerdict::Unknown,
    }
}

/// The keys of the authorities that may certify this host.
pub(super) fn authorities(files: &[KnownHostsFile], host: &str, port: u16) -> Vec<KeyData> {
    let entries = entries(files, host, port);
    entries
        .into_iter()
        .filter(|entry| entry.marker == Some(Marker::CertAuthority))
        .map(|entry| entry.key)
        .collect()
}

/// The algorithms of the keys known for this host, without repetition: to be asked for first,
/// as OpenSSH does, lest the server shows a key of another kind that nobody has filed.
pub(super) fn known_algorithms(files: &[KnownHostsFile], host: &str, port: u16) -> Vec<Algorithm> {
    let mut algorithms = Vec::new();
    for entry in entries(files, host, port).iter().filter(|entry| entry.marker.is_none()) {
        let algorithm = entry.key.algorithm();
        if !algorithms.contains(&algorithm) {
            algorithms.push(algorithm);
        }
    }
    algorithms
}

/// One message for each line that cannot be read, which is skipped as OpenSSH skips it.
pub fn warnings(files: &[KnownHostsFile]) -> Vec<String> {
    let mut warnings = Vec::new();
    for (file, text) in files {
        for (index, line) in lines(text) {
            if Fields::parse(line).is_none() {
                warnings.push(format!(
                    "`{}`, line {}, is not a known-hosts line and is skipped",
                    file.display(),
                    index + 1
                ));
            }
        }
    }
    warnings
}

/// Reads the files; a missing one counts as empty.
///
/// # Errors
/// A file that exists and cannot be read: what it says might be a revocation.
pub(super) async fn load(paths: &[PathBuf]) -> Result<Vec<KnownHostsFile>, ConnectErrorKind> {
    let mut files = Vec::new();
    for path in paths {
        match tokio::fs::read(path).await {
            Ok(bytes) => files.push((path.clone(), String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(ConnectErrorKind::KnownHostsUnreadable { path: path.clone(), source }),
        }
    }
    Ok(files)
}

/// Every line of the files that holds for `host` at `port`.
fn entries(files: &[KnownHostsFile], host: &str, port: u16) -> Vec<Entry> {
    let bare = host.to_lowercase();
    let with_port = format!("[{bare}]:{port}");
    let is_default_port = port == 22;
    let mut entries = Vec::new();
    for (file, text) in files {
        for (index, line) in lines(text) {
            let Some(fields) = Fields::parse(line) else { continue };
            let names_bare = matches(&fields.patterns, &bare);
            let is_exact = matches(&fields.patterns, &with_port) || (is_default_port && names_bare);
            if is_exact || names_bare {
                let place = KnownHostsLine { file: file.clone(), line: index + 1 };
                entries.push(Entry { place, marker: fields.marker, key: fields.key, is_exact });
            }
        }
    }
    entries
}

/// The lines that say something, with their index from 0.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index, line.trim()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// One line taken apart.
struct Fields {
    marker: Option<Marker>,
    patterns: HostPatterns,
    key: KeyData,
}

impl Fields {
    /// Reads `[marker] names algorithm key [comment]`, separated by any blanks.
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace();
        let mut names = fields.next()?;
        let mut marker = None;
        if names.starts_with('@') {
            marker = Some(names.parse().ok()?);
            names = fields.next()?;
        }
        let algorithm = fields.next()?;
        let encoded = fields.next()?;
        let key = PublicKey::from_openssh(&format!("{algorithm} {encoded}")).ok()?;
        Some(Self { marker, patterns: names.parse().ok()?, key: key.key_data().clone() })
    }
}

/// Whether a line's names hold for `name`, which is in lower case.
fn matches(patterns: &HostPatterns, name: &str) -> bool {
    match patterns {
        HostPatterns::HashedName { salt, hash } => {
            // HMAC takes keys of any length, so this cannot fail; if it did, the line would not match.
            let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(salt) else { return false };
            mac.update(name.as_bytes());
            mac.verify_slice(hash).is_ok()
        }
        HostPatterns::Patterns(patterns) => matches_list(patterns, name),
    }
}

/// Whether one of the patterns matches and no `!pattern` does.
fn matches_list(patterns: &[String], name: &str) -> bool {
    let mut found = false;
    for pattern in patterns {
        let pattern = pattern.to_lowercase();
        match pattern.strip_prefix('!') {
            Some(forbidden) if matches_pattern(forbidden, name) => return false,
            Some(_) => {}
            None => found |= matches_pattern(&pattern, name),
        }
    }
    found
}

/// Whether `name` is what `pattern` says, with `*` for any characters and `?` for one.
pub(super) fn matches_pattern(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at_pattern, mut at_name) = (0, 0);
    // Where to go on when a guess about the last `*` was too short. One star is enough to
    // remember, so the work is bounded by the product of the lengths.
    let mut last_star: Option<(usize, usize)> = None;
    while at_name < name.len() {
        match pattern.get(at_pattern) {
            Some(b'*') => {
                last_star = Some((at_pattern, at_name));
                at_pattern += 1;
            }
            Some(&byte) if byte == b'?' || byte == name[at_name] => {
                at_pattern += 1;
                at_name += 1;
            }
            _ => {
                let Some((star, start)) = last_star else { return false };
                last_star = Some((star, start + 1));
                at_pattern = star + 1;
                at_name = start + 1;
            }
        }
    }
    pattern[at_pattern..].iter().all(|&byte| byte == b'*')
}
