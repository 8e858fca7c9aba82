//! How a host's Docker Engine is reached, as the inventory says it.
//!
//! These are wishes: what `~/.ssh/config` adds is decided when the connection is made
//! (`host`), because only there files may be read.

use std::fmt;
use std::path::PathBuf;

/// Where the socket of a stock Docker Engine is.
pub const DEFAULT_DOCKER_SOCKET: &str = "/var/run/docker.sock";

/// The way to one host's Docker Engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// Through one SSH connection, to a socket on the far side.
    Ssh(SshConnection),
    /// A Unix socket on the operator's machine.
    Unix {
        /// Absolute path of the socket.
        socket_path: PathBuf,
    },
    /// Plain HTTP to `host:port`, without encryption.
    Tcp {
        /// `host:port` as typed.
        address: String,
    },
}

/// A URL, with the Engine's address where it is not the usual socket.
impl fmt::Display for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix { socket_path } => write!(formatter, "unix://{}", socket_path.display()),
            Self::Tcp { address } => write!(formatter, "tcp://{address}"),
            Self::Ssh(SshConnection { target, engine }) => {
                let user = target.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
                let port = target.port.map(|port| format!(":{port}")).unwrap_or_default();
                write!(formatter, "ssh://{user}{}{port}", target.destination)?;
                match engine {
                    RemoteEngine::Socket(path) if path == DEFAULT_DOCKER_SOCKET => Ok(()),
                    RemoteEngine::Socket(path) => write!(formatter, " {path}"),
                    RemoteEngine::Tcp { host, port } => write!(formatter, " {host}:{port}"),
                }
            }
        }
    }
}

/// An Engine behind sshd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshConnection {
    /// What to ask of SSH.
    pub target: SshTarget,
    /// Where the Engine listens, seen from the far side.
    pub engine: RemoteEngine,
}

/// Where the Engine listens on the far side of an SSH connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemoteEngine {
    /// A Unix socket of the host.
    Socket(String),
    /// `host:port` as the SSH host sees it.
    Tcp {
        /// Name or address.
        host: String,
        /// TCP port.
        port: u16,
    },
}

/// An SSH destination with what the inventory sets; every unset field is for
/// `ssh_config` and then for OpenSSH's defaults to fill.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SshTarget {
    /// The name as typed: a host name, an address, or an alias of `ssh_config`.
    pub destination: String,
    /// Login name.
    pub user: Option<String>,
    /// TCP port.
    pub port: Option<u16>,
    /// Private key files, tried in this order before agent keys.
    pub identity_files: Vec<PathBuf>,
    /// Files of known host keys; empty means `ssh_config`'s or OpenSSH's usual ones.
    pub known_hosts_files: Vec<PathBuf>,
    /// `[user@]host[:port]` hops, nearest first; `None` leaves it to `ssh_config`.
    pub jump_hosts: Option<Vec<String>>,
    /// Which `ssh_config` to read.
    pub config: SshConfigSource,
}

/// Which OpenSSH client configuration counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SshConfigSource {
    /// `~/.ssh/config` and `/etc/ssh/ssh_config`, as `ssh` reads them.
    #[default]
    User,
    /// This file instead (`ssh -F`).
    File(PathBuf),
    /// None at all.
    Ignore,
}
