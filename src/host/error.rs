//! What can go wrong between the operator's machine and a host, and what to do about it.
//!
//! A [`ConnectError`] says which host failed and at which [`Stage`]; its source says what the
//! trouble was, one level per `source()`. [`ConnectError::help`] names the remedy. Nothing here
//! holds secrets: keys are named by path or agent comment and by fingerprint.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

pub use super::command_error::{CommandError, CommandErrorKind};
use super::ssh::probe::HostProbe;

/// How far a connection had come when it failed, in the order of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Working out the settings; nothing was sent yet.
    Config,
    /// Turning the host's name into addresses.
    Resolve,
    /// Opening the TCP connection.
    Tcp,
    /// Judging the key the server showed.
    HostKey,
    /// The SSH greeting and key exchange.
    KeyExchange,
    /// Proving who the operator is.
    Authentication,
    /// Opening a channel of the established connection.
    Channel,
    /// Talking to the Engine.
    Api,
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Config => "SSH settings",
            Self::Resolve => "name resolution",
            Self::Tcp => "TCP connection",
            Self::HostKey => "host key check",
            Self::KeyExchange => "SSH key exchange",
            Self::Authentication => "authentication",
            Self::Channel => "channel",
            Self::Api => "Engine API",
        })
    }
}

/// What to do about an address that does not answer.
const UNREACHED: &str = "check that the host is up, that sshd listens on this port, and the firewall";

/// A host that could not be reached: which, where it stopped, and why (`source()`).
#[derive(Debug)]
pub struct ConnectError {
    /// The host's name in the inventory.
    pub host: String,
    /// The jump host on the way that failed, as typed; `None` when it was the host itself.
    pub jump_host: Option<String>,
    /// How far the connection had come.
    pub stage: Stage,
    /// What went wrong. Boxed because it is large and errors travel through many results.
    pub kind: Box<ConnectErrorKind>,
}

impl ConnectError {
    /// An error of the host itself.
    pub fn new(host: impl Into<String>, stage: Stage, kind: ConnectErrorKind) -> Self {
        Self { host: host.into(), jump_host: None, stage, kind: Box::new(kind) }
    }

    /// The same error, found on the way to the host at `jump_host`.
    #[must_use]
    pub fn at_jump_host(mut self, jump_host: impl Into<String>) -> Self {
        // The innermost hop is the one to look at, so it is kept.
        self.jump_host.get_or_insert(jump_host.into());
        self
    }

    /// What the operator can do about it: one or more lines, the first beginning with a verb.
    pub fn help(&self) -> Option<String> {
        self.kind.help().or_else(|| match (self.stage, &*self.kind) {
            (Stage::Tcp, ConnectErrorKind::TimedOut { .. }) => Some(UNREACHED.to_owned()),
            _ => None,
        })
    }

    /// The connection error inside an Engine call's error, where the call failed because no
    /// channel to the Engine could be opened.
    pub fn in_engine_error(error: &bollard::errors::Error) -> Option<&Self> {
        match error {
            bollard::errors::Error::IOError { err } => err.get_ref()?.downcast_ref(),
            _ => None,
        }
    }
}

impl From<ConnectError> for bollard::errors::Error {
    fn from(error: ConnectError) -> Self {
        Self::IOError { err: io::Error::new(io::ErrorKind::NotConnected, error) }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "connection to host `{}` failed", self.host)?;
        if let Some(jump_host) = &self.jump_host {
            write!(formatter, " at jump host `{jump_host}`")?;
        }
        write!(formatter, " ({})", self.stage)
    }
}

impl StdError for ConnectError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.kind)
    }
}

/// A key that was shown to the server, as the operator knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedKey {
    /// The key file's path, or `agent: ` and the key's comment.
    pub name: String,
    /// `SHA256:...`, as `ssh-keygen -l` prints it.
    pub fingerprint: String,
}

impl fmt::Display for OfferedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` ({})", self.name, self.fingerprint)
    }
}

/// A host key as the server showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownKey {
    /// The name looked up in the known hosts: an alias, `host` or `[host]:port`.
    pub name: String,
    /// The key's algorithm, as in a known-hosts line.
    pub algorithm: String,
    /// `SHA256:...` of the key.
    pub fingerprint: String,
}

impl fmt::Display for ShownKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} key {} of `{}`", self.algorithm, self.fingerprint, self.name)
    }
}

/// What kept a connection from being made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectErrorKind {
    /// A destination that would be read as an option, or that has blanks.
    #[error("SSH destination `{destination}` is not a host name")]
    BadDestination {
        /// As typed.
        destination: String,
    },
    /// A hop that is not `[user@]host[:port]`.
    #[error("jump host `{jump_host}` is not `[user@]host[:port]`")]
    BadJumpHost {
        /// As typed.
        jump_host: String,
    },
    /// Jump hosts that lead through each other.
    #[error("way to the host has more than {limit} jump hosts")]
    TooManyJumpHosts {
        /// How many are followed.
        limit: usize,
    },
    /// No login name is set and the environment names none.
    #[error("login name is not set")]
    NoUser,
    /// An `ssh_config` was named, but the program that reads it is missing.
    #[error("`{path}` cannot be read, because the `ssh` program is not installed", path = path.display())]
    SshProgramMissing {
        /// The file the inventory names.
        path: PathBuf,
    },
    /// `ssh -G` could not be started or waited for.
    #[error("`ssh -G` could not be run")]
    SshProgram(#[source] io::Error),
    /// `ssh -G` refused the configuration.
    #[error("`{command}` refused the configuration: {message}")]
    SshConfig {
        /// What was asked: `ssh -G ...`, as it can be typed.
        command: String,
        /// What it wrote to stderr, on one line.
        message: String,
    },
    /// The configuration asks for something dmfab cannot do.
    #[error("`{option}` in `ssh_config` is not supported yet")]
    Unsupported {
        /// The option and its value.
        option: String,
    },
    /// A known-hosts file exists but cannot be read.
    #[error("known hosts file `{path}` cannot be read", path = path.display())]
    KnownHostsUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The name has no address.
    #[error("`{hostname}` has no address")]
    Resolve {
        /// The name that was looked up.
        hostname: String,
        /// The resolver's answer; `None` when it answered with no address at all.
        #[source]
        source: Option<io::Error>,
    },
    /// No address accepted a TCP connection.
    #[error("{address} does not accept a connection")]
    Tcp {
        /// `address:port` that was tried last, with the number of others.
        address: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Nothing is known about the host's key.
    #[error("{key} is not known")]
    HostKeyUnknown {
        /// The key shown.
        key: Box<ShownKey>,
        /// Host to ask for its key.
        hostname: String,
        /// Its SSH port.
        port: u16,
        /// The files that were searched, first the one to add to.
        files: Vec<PathBuf>,
    },
    /// Another key is known for the host.
    #[error("{key} is not the known {known_fingerprint} (`{file}`, line {line})", file = file.display())]
    HostKeyChanged {
        /// The key shown.
        key: Box<ShownKey>,
        /// `SHA256:...` of the key on file.
        known_fingerprint: String,
        /// The file with the other key.
        file: PathBuf,
        /// Its line, from 1.
        line: usize,
    },
    /// The key is marked `@revoked`.
    #[error("`{name}` shows the revoked key {fingerprint} (`{file}`, line {line})", file = file.display())]
    HostKeyRevoked {
        /// The name looked up in the known hosts.
        name: String,
        /// `SHA256:...` of the revoked key: the host's, or that of its authority.
        fingerprint: String,
        /// The file with the mark.
        file: PathBuf,
        /// Its line, from 1.
        line: usize,
    },
    /// The host showed a certificate that proves nothing.
    #[error("host certificate of `{name}` is not valid: {reason}")]
    HostCertificate {
        /// The name looked up in the known hosts.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The SSH greeting or key exchange failed.
    #[error("server did not complete the SSH key exchange")]
    KeyExchange(#[source] russh::Error),
    /// There was no key to offer.
    #[error("there is no key to offer for user `{user}`{}", skipped_list(skipped))]
    NoKeys {
        /// Login name.
        user: String,
        /// Keys that could not be used, each with the reason.
        skipped: Vec<String>,
    },
    /// The server accepted none of the keys.
    #[error(
        "user `{user}` was refused with {}{}{}",
        offered_list(offered),
        skipped_list(skipped),
        accepted_list(server_accepts)
    )]
    Refused {
        /// Login name.
        user: String,
        /// What was shown to the server, in this order.
        offered: Vec<OfferedKey>,
        /// Keys that could not be used, each with the reason.
        skipped: Vec<String>,
        /// What the server would accept next, such as `password`.
        server_accepts: Vec<String>,
        /// Whether a key was accepted and the server wants a second proof.
        partly_accepted: bool,
    },
    /// The server hung up while keys were being offered.
    #[error("server closed the connection after user `{user}` offered {}", offered_list(offered))]
    CutWhileAuthenticating {
        /// Login name.
        user: String,
        /// What was shown to the server until then.
        offered: Vec<OfferedKey>,
    },
    /// Nothing came within the stage's time.
    #[error("no answer within {} s", deadline.as_secs_f32())]
    TimedOut {
        /// The time that was given.
        deadline: Duration,
    },
    /// The connection broke.
    #[error("SSH connection is lost{}", reason_text(reason.as_deref()))]
    Lost {
        /// What the server or the network said, where known.
        reason: Option<String>,
    },
    /// The server refused to open a channel.
    #[error("server refused a channel to `{to}`")]
    ChannelRefused {
        /// What the channel was to lead to.
        to: String,
        /// The refusal.
        #[source]
        source: Box<russh::Error>,
    },
    /// There is no Engine socket on the host.
    #[error("socket `{}` does not exist on the host", probe.socket_path)]
    SocketMissing {
        /// What the host says about itself.
        probe: Box<HostProbe>,
    },
    /// The user may not use the Engine's socket.
    #[error("user `{}` may not use socket `{}`", probe.user, probe.socket_path)]
    SocketForbidden {
        /// What the host says about itself.
        probe: Box<HostProbe>,
    },
    /// sshd forwards no sockets and there is no docker program to do it instead.
    #[error("sshd refuses to forward socket `{socket_path}` and the host has no `docker` program")]
    ForwardingRefused {
        /// The Engine's socket.
        socket_path: String,
    },
    /// The host could not be asked about its Engine.
    #[error("state of the host could not be asked for")]
    Probe(#[source] Box<CommandError>),
    /// A local socket or plain TCP Engine cannot be opened.
    #[error("Engine at `{address}` cannot be reached")]
    Engine {
        /// Path or `host:port`.
        address: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The stream to the Engine does not speak HTTP.
    #[error("stream to the Engine failed before the first request")]
    Http(#[source] hyper::Error),
}

impl ConnectErrorKind {
    /// What the operator can do about it.
    fn help(&self) -> Option<String> {
        let text = match self {
            Self::BadDestination { .. } => {
                "write a host name, an address, or an alias of `ssh_config`".to_owned()
            }
            Self::BadJumpHost { .. } => "write `user@host:port`; user and port may be left out".to_owned(),
            Self::TooManyJumpHosts { .. } => "look for jump hosts that lead through each other".to_owned(),
            Self::NoUser => "set the user in the inventory".to_owned(),
            Self::SshProgramMissing { .. } => {
                "install the OpenSSH client, or set user, port, key and jump hosts in the inventory".to_owned()
            }
            Self::SshConfig { command, .. } => format!("run `{command}` and correct what it names"),
            Self::Unsupported { option } if option.starts_with("ProxyCommand") => {
                "use `ProxyJump`, or set the jump hosts in the inventory".to_owned()
            }
            Self::Resolve { hostname, .. } => {
                format!("check the spelling of `{hostname}`, or add it to DNS, `/etc/hosts` or `ssh_config`")
            }
            Self::Tcp { .. } => UNREACHED.to_owned(),
            Self::HostKeyUnknown { key, hostname, port, files } => {
                host_key_help(key, hostname, *port, files)
            }
            Self::HostKeyChanged { key, file, .. } => format!(
                "find out why the key changed before anything else: someone may be in between.\n\
                 If the host was set up anew, remove the old key with `ssh-keygen -R '{}' -f {}` \
                 and add the new one after comparing its fingerprint on the host's console",
                key.name,
                shell_word(file)
            ),
            Self::HostKeyRevoked { .. } => "give the host a new key; this one must not be used again".to_owned(),
            Self::HostCertificate { .. } => {
                "issue a new host certificate, or add the host's own key to the known hosts".to_owned()
            }
            Self::NoKeys { .. } => {
                "load a key with `ssh-add`, or name a key file in the inventory".to_owned()
            }
            Self::Refused { partly_accepted: true, .. } => {
                "allow public key authentication alone for this user: a second proof cannot be given".to_owned()
            }
            Self::Refused { server_accepts, .. } if !accepted_list(server_accepts).is_empty() => {
                "allow public key authentication (`PubkeyAuthentication yes`) on the host".to_owned()
            }
            Self::Refused { user, skipped, .. } => refused_help(user, skipped),
            Self::CutWhileAuthenticating { .. } => "name the one right key in the inventory, or set `IdentitiesOnly yes` \
                 in `ssh_config`: sshd hangs up after `MaxAuthTries` keys"
                .to_owned(),
            Self::KeyExchange(russh::Error::NoCommonAlgo { .. }) => "update the host's sshd".to_owned(),
            Self::KeyExchange(_) => {
                "check that the port is sshd's, and `MaxStartups` and bans in the host's sshd log".to_owned()
            }
            Self::SocketMissing { probe } | Self::SocketForbidden { probe } => return probe.remedy(),
            Self::ForwardingRefused { .. } => {
                "set `AllowStreamLocalForwarding yes` in the host's sshd_config, or install the docker client there".to_owned()
            }
            Self::Engine { .. } => "check that the Engine runs and that you may use its socket".to_owned(),
            _ => return None,
        };
        Some(text)
    }
}

/// A path in a command that is meant to be pasted.
fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    super::ssh::quote(&text).unwrap_or(text)
}

/// The exact steps from an unknown key to a known one, with the comparison in the middle.
fn host_key_help(key: &ShownKey, hostname: &str, port: u16, files: &[PathBuf]) -> String {
    let file = files.first().map_or_else(|| "~/.ssh/known_hosts".to_owned(), |file| shell_word(file));
    let scan = format!("ssh-keyscan -p {port} -t {} {hostname}", keyscan_type(&key.algorithm));
    let fingerprint = &key.fingerprint;
    format!(
        "compare the fingerprint with the host's own, then add the key:\n  \
         {scan} | ssh-keygen -lf -   # must show {fingerprint}\n  \
         {scan} >> {file}\n\
         `StrictHostKeyChecking no` is not honoured: an unknown key is never accepted"
    )
}

/// `ssh-keyscan -t` wants short names.
fn keyscan_type(algorithm: &str) -> &str {
    match algorithm {
        "ssh-ed25519" => "ed25519",
        _ if algorithm.contains("ecdsa") => "ecdsa",
        _ if algorithm.contains("rsa") => "rsa",
        other => other,
    }
}

fn refused_help(user: &str, skipped: &[String]) -> String {
    let mut text = format!(
        "add one of these keys to `~{user}/.ssh/authorized_keys` on the host, or name another key or user"
    );
    if skipped.iter().any(|reason| reason.contains("encrypted")) {
        text.push_str("; load an encrypted key with `ssh-add` first");
    }
    text
}

fn offered_list(offered: &[OfferedKey]) -> String {
    if offered.is_empty() {
        return "no key".to_owned();
    }
    offered.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Says what the server wants where it takes no keys at all.
fn accepted_list(server_accepts: &[String]) -> String {
    if server_accepts.is_empty() || server_accepts.iter().any(|method| method == "publickey") {
        return String::new();
    }
    format!("; the server takes only {}", server_accepts.join(", "))
}

fn skipped_list(skipped: &[String]) -> String {
    if skipped.is_empty() { String::new() } else { format!("; not usable: {}", skipped.join(", ")) }
}

pub(super) fn reason_text(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(": {reason}"))
}
