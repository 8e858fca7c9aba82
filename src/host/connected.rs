//! A host that is reached: its Engine, and a shell for `chown` and `chmod`.

use std::sync::Arc;
use std::time::Duration;

use crate::model::connection::{Connection, RemoteEngine};
use crate::model::observed::EngineVersion;
use crate::model::spec::HostSpec;

use super::channel_pool::ChannelPool;
use super::docker::DockerEngine;
use super::engine::EngineReader;
use super::engine_dialer::EngineDialer;
use super::engine_error::EngineError;
use super::error::ConnectError;
use super::shell::HostShell;
use super::ssh::{Deadlines, SshSession};

/// Why a host is not reached.
#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    /// SSH did not come to a login.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The Engine did not answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The Engine took the call and said nothing.
    #[error("the Docker Engine did not answer within {} s", .0.as_secs())]
    Silent(Duration),
}

impl ReachError {
    /// What the operator can do about it; begins with a verb.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Connect(error) => error.help(),
            Self::Engine(error) => error.help().or_else(|| {
                let hint = "check that Docker runs on the host: `systemctl status docker`";
                error.is_connection_lost().then(|| hint.to_owned())
            }),
            Self::Silent(_) => {
                Some("look at the Engine's log on the host: `journalctl -u docker`".to_owned())
            }
        }
    }
}

/// A host whose Engine has answered.
pub struct ConnectedHost {
    /// The Engine.
    pub engine: DockerEngine,
    /// Scripts on the host.
    pub shell: HostShell,
    /// The Engine's version.
    pub version: EngineVersion,
    session: Option<Arc<SshSession>>,
}

impl ConnectedHost {
    /// Opens the one connection to a host, and asks its Engine for its version.
    ///
    /// For an SSH host the probe of what its user may do runs beside that first question: it costs
    /// no round trip, and it makes older sshds send small answers at once.
    ///
    /// # Errors
    /// The stage that failed, with its remedy.
    pub async fn connect(host: &HostSpec, deadlines: Deadlines) -> Result<Self, ReachError> {
        let session = match &host.connection {
            Connection::Ssh(ssh) => Some(SshSession::connect(&host.name, &ssh.target, deadlines).await?),
            Connection::Unix { .. } | Connection::Tcp { .. } => None,
        };
        let connected = Self::over(host, session.clone(), deadlines).await;
        if let (Err(_), Some(session)) = (&connected, session) {
            session.close().await;
        }
        connected
    }

    async fn over(
        host: &HostSpec,
        session: Option<Arc<SshSession>>,
        deadlines: Deadlines,
    ) -> Result<Self, ReachError> {
        let dialer = dialer(&host.connection, session.clone());
        let pool = ChannelPool::new(dialer, deadlines);
        let engine = DockerEngine::over(pool, &host.engine)?;
        let (version, ()) =
            tokio::join!(first_answer(&engine, deadlines.connect), probe(host, session.as_deref()));
        let shell = match (&session, &host.connection) {
            (Some(session), _) => HostShell::Ssh(Arc::clone(session)),
            (None, Connection::Unix { .. }) => HostShell::Local,
            (None, _) => HostShell::Unavailable,
        };
        Ok(Self { engine, shell, version: version?, session })
    }

    /// What the operator should know about the connection.
    pub fn notices(&self) -> &[String] {
        self.session.as_deref().map(SshSession::notices).unwrap_or_default()
    }

    /// Says goodbye, within a bounded time.
    pub async fn close(self) {
        drop(self.engine);
        drop(self.shell);
        if let Some(session) = self.session {
            session.close().await;
        }
    }
}

/// An Engine that hangs must not hold up the others' run longer than a host that does not answer.
async fn first_answer(engine: &DockerEngine, deadline: Duration) -> Result<EngineVersion, ReachError> {
    match tokio::time::timeout(deadline, engine.version()).await {
        Ok(version) => Ok(version?),
        Err(_) => Err(ReachError::Silent(deadline)),
    }
}

/// What the probe finds is kept by the session and used where the Engine's answer needs explaining;
/// a probe that fails is no reason to give up a host whose Engine answers.
async fn probe(host: &HostSpec, session: Option<&SshSession>) {
    if let (Some(session), Connection::Ssh(ssh)) = (session, &host.connection)
        && let RemoteEngine::Socket(socket_path) = &ssh.engine
        && let Err(error) = session.probe(socket_path).await
    {
        tracing::debug!(host = host.name, %error, "the probe failed");
    }
}

fn dialer(connection: &Connection, session: Option<Arc<SshSession>>) -> EngineDialer {
    match (connection, session) {
        (Connection::Ssh(ssh), Some(session)) => match &ssh.engine {
            RemoteEngine::Socket(socket_path) => {
                EngineDialer::SshSocket { session, socket_path: socket_path.clone() }
            }
            RemoteEngine::Tcp { host, port } => {
                EngineDialer::SshTcp { session, host: host.clone(), port: *port }
            }
        },
        (Connection::Unix { socket_path }, _) => EngineDialer::Unix(socket_path.clone()),
        (Connection::Tcp { address }, _) => EngineDialer::Tcp(address.clone()),
        // Every SSH host has a session by now.
        (Connection::Ssh(ssh), None) => EngineDialer::Tcp(ssh.target.destination.clone()),
    }
}
