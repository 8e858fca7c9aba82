//! One SSH connection to one host: settings, trust, login, commands and channels.
//!
//! ```text
//! config        SshTarget -> SshSettings           (inventory > ssh -G > defaults)
//! connect       SshSettings -> authenticated connection, stage by stage
//!   known_hosts, host_certificate                  is it the right server?
//!   authenticate, keys                             who are we?
//! SshSession    the open connection
//!   channels    open a channel, waiting for room on the server
//!   command     run one command to its end
//!   probe       one look at the host
//! ```
//!
//! This is the only place that names russh, beside `channel_pool`, which turns channels into
//! HTTP connections. Nothing listens on the operator's machine, nothing is forwarded to it, and
//! no password is sent. A connection that is lost stays lost: reconnecting is the caller's.
//!
//! russh logs what it sends at debug level and bollard logs bodies, which hold secrets; the
//! binary keeps both targets at `info`.

use std::sync::Arc;
use std::time::Duration;

use russh::Disconnect;
use russh::client::Handle;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OnceCell;
use tokio::time::timeout;

mod authenticate;
pub(in crate::host) mod channels;
pub mod command;
pub mod config;
mod connect;
mod host_certificate;
mod keys;
pub mod known_hosts;
pub mod probe;
mod quick_ack;
#[cfg(test)]
mod tests;

use self::channels::OpenSessions;
pub use self::command::{CommandOutput, RemoteCommand, quote};
use self::config::SshSettings;
use self::connect::{ClientHandler, SessionNotes, StageError};
pub use self::probe::HostProbe;
use super::error::{ConnectError, ConnectErrorKind, Stage};
use crate::model::connection::SshTarget;

/// Jump hosts on the way to one host. More is a loop in `ssh_config`.
const JUMP_HOST_LIMIT: usize = 8;

/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_millis(500);

/// How long each part of a host's work may take. None of them covers an Engine call's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Name resolution, TCP and key exchange together, for each server on the way.
    pub connect: Duration,
    /// All offers of keys together. A hardware key waits for a touch within this time.
    pub authenticate: Duration,
    /// Opening one channel.
    pub channel: Duration,
    /// One command, from waiting for its turn to its exit status.
    pub command: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            authenticate: Duration::from_secs(15),
            channel: Duration::from_secs(10),
            command: Duration::from_secs(120),
        }
    }
}

/// An authenticated SSH connection to one host, shared by everything that talks to it.
pub struct SshSession {
    host_name: String,
    settings: SshSettings,
    deadlines: Deadlines,
    handle: Arc<Handle<ClientHandler>>,
    notes: Arc<SessionNotes>,
    notices: Vec<String>,
    sessions: Arc<OpenSessions>,
    probe: OnceCell<(String, HostProbe)>,
    /// The connection this one runs through; it must live as long.
    jump_session: Option<Arc<SshSession>>,
}

impl SshSession {
    /// Connects to `target` and logs in, through its jump hosts.
    ///
    /// `host_name` is the inventory's name for the host and appears in errors.
    ///
    /// # Errors
    /// The host, the jump host if one failed, and the stage; see [`ConnectError::help`].
    pub async fn connect(
        host_name: &str,
        target: &SshTarget,
        deadlines: Deadlines,
    ) -> Result<Arc<Self>, ConnectError> {
        let hops = hops(host_name, target).await?;
        let mut session: Option<Arc<Self>> = None;
        let last = hops.len() - 1;
        for (index, settings) in hops.into_iter().enumerate() {
            let destination = settings.destination.clone();
            let connected = Self::connect_hop(host_name, settings, deadlines, session.take()).await;
            session = Some(connected.map_err(|(stage, kind)| {
                let error = ConnectError::new(host_name, stage, kind);
                if index < last { error.at_jump_host(destination) } else { error }
            })?);
        }
        session.ok_or_else(|| {
            ConnectError::new(host_name, Stage::Config, ConnectErrorKind::Lost { reason: None })
        })
    }

    /// Connects to one server, directly or through the connection before it.
    async fn connect_hop(
        host_name: &str,
        settings: SshSettings,
        deadlines: Deadlines,
        jump_session: Option<Arc<Self>>,
    ) -> Result<Arc<Self>, StageError> {
        let connect_deadline = settings.connect_timeout.unwrap_or(deadlines.connect);
        let deadlines = Deadlines { connect: connect_deadline, ..deadlines };
        match jump_session {
            None => {
                let stream = connect::open_tcp(&settings, connect_deadline).await?;
                Self::over_stream(host_name, stream, settings, deadlines, None).await
            }
            Some(jump) => {
                let channel = jump.open_tcp_channel(&settings.hostname, settings.port).await?;
                Self::over_stream(host_name, channel.into_stream(), settings, deadlines, Some(jump)).await
            }
        }
    }

    /// Speaks SSH on any stream, from the greeting to the login.
    async fn over_stream<S>(
        host_name: &str,
        stream: S,
        settings: SshSettings,
        deadlines: Deadlines,
        jump_session: Option<Arc<Self>>,
    ) -> Result<Arc<Self>, StageError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let known_hosts =
            known_hosts::load(&settings.known_hosts_files).await.map_err(|kind| (Stage::HostKey, kind))?;
        let mut notices = settings.notices.clone();
        notices.extend(known_hosts::warnings(&known_hosts));
        let (handle, notes) = connect::establish(stream, &settings, known_hosts, &deadlines).await?;
        tracing::debug!(host = host_name, hostname = settings.hostname, user = settings.user, "logged in");
        Ok(Arc::new(Self {
            host_name: host_name.to_owned(),
            settings,
            deadlines,
            handle: Arc::new(handle),
            notes,
            notices,
            sessions: Arc::default(),
            probe: OnceCell::new(),
            jump_session,
        }))
    }

    /// The inventory's name for the host.
    pub fn host_name(&self) -> &str {
        &self.host_name
    }

    /// The settings the connection was made with.
    pub fn settings(&self) -> &SshSettings {
        &self.settings
    }

    /// What the operator should know although nothing failed: settings that are not honoured,
    /// lines of known-hosts files that cannot be read.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// The deadlines in force.
    pub fn deadlines(&self) -> &Deadlines {
        &self.deadlines
    }

    /// Whether the connection is gone.
    pub fn is_closed(&self) -> bool {
        self.handle.is_closed()
    }

    /// Why the connection ended, where anything is known.
    pub fn disconnect_reason(&self) -> Option<String> {
        self.notes.disconnect_reason()
    }

    /// Says goodbye to the server and its jump hosts, in bounded time. Dropping the last
    /// reference closes the connection as well, less politely.
    pub async fn close(self: Arc<Self>) {
        let mut next = Some(&self);
        while let Some(session) = next {
            let goodbye = session.handle.disconnect(Disconnect::ByApplication, "", "");
            // The outcome does not matter: either way the connection is not used again.
            let _ = timeout(GOODBYE, goodbye).await;
            next = session.jump_session.as_ref();
        }
    }

    fn probe_cell(&self) -> &OnceCell<(String, HostProbe)> {
        &self.probe
    }
}

impl std::fmt::Debug for SshSession {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SshSession").field("host_name", &self.host_name).finish_non_exhaustive()
    }
}

/// The settings of every server on the way to the host, the host last.
async fn hops(host_name: &str, target: &SshTarget) -> Result<Vec<SshSettings>, ConnectError> {
    let fail = |kind| ConnectError::new(host_name, Stage::Config, kind);
    let settings = SshSettings::resolve(target).await.map_err(fail)?;
    let mut way = vec![settings];
    let mut jump_hosts = way[0].jump_hosts.clone();
    // From the host back to the operator: only the first hop's own jump hosts come before it.
    while let Some(jump_host) = jump_hosts.pop() {
        if way.len() > JUMP_HOST_LIMIT {
            return Err(fail(ConnectErrorKind::TooManyJumpHosts { limit: JUMP_HOST_LIMIT }));
        }
        let fail = |kind| ConnectError::new(host_name, Stage::Config, kind).at_jump_host(&jump_host);
        let hop = config::jump_target(&jump_host, target).map_err(fail)?;
        let hop = SshSettings::resolve(&hop).await.map_err(fail)?;
        if jump_hosts.is_empty() {
            jump_hosts.clone_from(&hop.jump_hosts);
        }
        way.push(hop);
    }
    way.reverse();
    Ok(way)
}
