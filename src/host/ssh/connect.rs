//! From settings to an authenticated SSH connection, stage by stage, each with its own deadline.
//!
//! Everything above the byte stream is generic over it: TCP, a channel of a jump host, or a
//! pipe in memory. No command runs and no channel opens here but the one through a jump host.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use russh::client::{self, ChannelOpenHandle, DisconnectReason, Handle, Msg, Session};
use russh::keys::{Algorithm, HashAlg, PublicKey, PublicKeyOrCertificate};
use russh::{Channel, Preferred, cipher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::super::error::{ConnectErrorKind, ShownKey, Stage};
use super::config::SshSettings;
use super::known_hosts::{self, HostKeyVerdict, KnownHostsFile, KnownHostsLine};
use super::quick_ack::QuickAck;
use super::{Deadlines, authenticate, host_certificate};

/// The pause before the next address is tried beside the one that does not answer (RFC 8305).
const NEXT_ADDRESS_DELAY: Duration = Duration::from_millis(250);

/// A failure of one SSH server, not yet told which host of the inventory it belongs to.
pub(super) type StageError = (Stage, ConnectErrorKind);

/// What the session's task knows and its users ask: russh itself only says "closed".
#[derive(Debug, Default)]
pub(super) struct SessionNotes {
    host_key_trouble: Mutex<Option<ConnectErrorKind>>,
    disconnect_reason: OnceLock<String>,
}

impl SessionNotes {
    /// Why the connection ended, if it did and anything is known.
    pub(super) fn disconnect_reason(&self) -> Option<String> {
        self.disconnect_reason.get().cloned()
    }

    fn reject_host_key(&self, kind: ConnectErrorKind) {
        *self.host_key_trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(kind);
    }

    fn take_host_key_trouble(&self) -> Option<ConnectErrorKind> {
        self.host_key_trouble.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Our side of the protocol: judges the host key and refuses everything the server starts.
pub(super) struct ClientHandler {
    settings: SshSettings,
    known_hosts: Vec<KnownHostsFile>,
    notes: Arc<SessionNotes>,
}

impl ClientHandler {
    /// The name and port to look up in the known hosts. An alias has no port.
    fn lookup(&self) -> (&str, u16) {
        match &self.settings.host_key_alias {
            Some(alias) => (alias, 22),
            None => (&self.settings.hostname, self.settings.port),
        }
    }

    /// `Err` says why the server is not to be trusted.
    fn judge(&self, shown: &PublicKeyOrCertificate) -> Result<(), ConnectErrorKind> {
        let (host, port) = self.lookup();
        let name = self.settings.known_hosts_name();
        let PublicKeyOrCertificate::Certificate(certificate) = shown else {
            return self.judge_key(&shown.public_key());
        };
        // A revocation holds for the key inside the certificate and for the authority too.
        let authority = PublicKey::new(certificate.signature_key().clone(), "");
        for key in [shown.public_key(), authority] {
            if let HostKeyVerdict::Revoked(place) = known_hosts::check(&self.known_hosts, host, port, &key) {
                let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
                return Err(ConnectErrorKind::HostKeyRevoked {
                    name,
                    fingerprint,
                    file: place.file,
                    line: place.line,
                });
            }
        }
        let authorities = known_hosts::authorities(&self.known_hosts, host, port);
        host_certificate::validate(certificate, &authorities, host)
            .map_err(|reason| ConnectErrorKind::HostCertificate { name, reason })
    }

    fn judge_key(&self, key: &PublicKey) -> Result<(), ConnectErrorKind> {
        let (host, port) = self.lookup();
        let shown = ShownKey {
            name: self.settings.known_hosts_name(),
            algorithm: key.algorithm().as_str().to_owned(),
            fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
        };
        Err(match known_hosts::check(&self.known_hosts, host, port, key) {
            HostKeyVerdict::Known(_) => return Ok(()),
            HostKeyVerdict::Unknown => ConnectErrorKind::HostKeyUnknown {
                key: Box::new(shown),
                hostname: self.settings.hostname.clone(),
                port: self.settings.port,
                files: self.settings.known_hosts_files.clone(),
            },
            HostKeyVerdict::Changed { known, known_fingerprint } => ConnectErrorKind::HostKeyChanged {
                key: Box::new(shown),
                known_fingerprint,
                file: known.file,
                line: known.line,
            },
            HostKeyVerdict::Revoked(KnownHostsLine { file, line }) => ConnectErrorKind::HostKeyRevoked {
                name: shown.name,
                fingerprint: shown.fingerprint,
                file,
                line,
            },
        })
    }
}

/// Refuses a kind of channel that a server might open: dropping the reply is the refusal.
/// russh's own defaults accept them.
macro_rules! refuse {
    ($name:ident $(, $argument:ident : $kind:ty)*) => {
        async fn $name(
            &mut self,
            _channel: Channel<Msg>,
            $($argument: $kind,)*
            _reply: ChannelOpenHandle,
            _session: &mut Session,
        ) -> Result<(), Self::Error> {
            Ok(())
        }
    };
}

impl client::Handler for ClientHandler {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        match self.judge(shown) {
            Ok(()) => Ok(true),
            Err(kind) => {
                self.notes.reject_host_key(kind);
                Ok(false)
            }
        }
    }

    async fn disconnected(&mut self, reason: DisconnectReason<Self::Error>) -> Result<(), Self::Error> {
        match reason {
            DisconnectReason::ReceivedDisconnect(information) => {
                let _ = self.notes.disconnect_reason.set(format!("server says `{}`", information.message));
                Ok(())
            }
            DisconnectReason::Error(error) => {
                let _ = self.notes.disconnect_reason.set(error.to_string());
                Err(error)
            }
        }
    }

    refuse!(server_channel_open_session);
    refuse!(server_channel_open_agent_forward);
    refuse!(server_channel_open_x11, _originator: &str, _originator_port: u32);
    refuse!(server_channel_open_direct_streamlocal, _socket_path: &str);
    refuse!(server_channel_open_forwarded_streamlocal, _socket_path: &str);
    refuse!(server_channel_open_direct_tcpip, _host: &str, _port: u32, _originator: &str, _originator_port: u32);
    refuse!(server_channel_open_forwarded_tcpip, _host: &str, _port: u32, _originator: &str, _originator_port: u32);
}

/// Resolves the host's name and opens a TCP connection to one of its addresses.
pub(super) async fn open_tcp(settings: &SshSettings, deadline: Duration) -> Result<QuickAck, StageError> {
    let timed_out = |stage| (stage, ConnectErrorKind::TimedOut { deadline });
    let end = Instant::now() + deadline;
    let hostname = settings.hostname.clone();
    let looked_up = timeout_at(end, lookup_host((settings.hostname.as_str(), settings.port))).await;
    let addresses: Vec<SocketAddr> = match looked_up {
        Err(_) => return Err(timed_out(Stage::Resolve)),
        Ok(Err(source)) => {
            return Err((Stage::Resolve, ConnectErrorKind::Resolve { hostname, source: Some(source) }));
        }
        Ok(Ok(addresses)) => interleave(addresses.collect()),
    };
    if addresses.is_empty() {
        return Err((Stage::Resolve, ConnectErrorKind::Resolve { hostname, source: None }));
    }
    match timeout_at(end, race(&addresses)).await {
        Err(_) => Err(timed_out(Stage::Tcp)),
        Ok(Err((address, source))) => {
            let address = match addresses.len() {
                1 => format!("`{address}`"),
                count => format!("`{address}`, the last of {count} addresses,"),
            };
            Err((Stage::Tcp, ConnectErrorKind::Tcp { address, source }))
        }
        Ok(Ok(stream)) => Ok(stream),
    }
}

/// Alternates the address families, beginning with the resolver's first choice.
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (preferred, others): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let mut others = others.into_iter();
    let mut mixed = Vec::new();
    for address in preferred {
        mixed.push(address);
        mixed.extend(others.next());
    }
    mixed.extend(others);
    mixed
}

/// Tries the addresses in turn, not waiting long for one before the next joins; the first
/// connection wins and the rest are dropped. `Err` holds the last failure.
async fn race(addresses: &[SocketAddr]) -> Result<QuickAck, (SocketAddr, std::io::Error)> {
    let mut waiting = addresses.iter().copied();
    let mut attempts = JoinSet::new();
    let mut last_failure = None;
    loop {
        if let Some(address) = waiting.next() {
            attempts
                .spawn(async move { (address, TcpStream::connect(address).await.and_then(QuickAck::new)) });
        }
        let finished = match waiting.len() {
            0 => attempts.join_next().await,
            _ => timeout(NEXT_ADDRESS_DELAY, attempts.join_next()).await.unwrap_or(None),
        };
        match finished {
            Some(Ok((_, Ok(stream)))) => return Ok(stream),
            Some(Ok((address, Err(error)))) => last_failure = Some((address, error)),
            Some(Err(_)) | None => {}
        }
        if attempts.is_empty() && waiting.len() == 0 {
            let nowhere =
                || (SocketAddr::from(([0, 0, 0, 0], 0)), std::io::ErrorKind::AddrNotAvailable.into());
            return Err(last_failure.unwrap_or_else(nowhere));
        }
    }
}

/// Speaks SSH on `stream` until the operator is authenticated.
///
/// `deadlines.connect` bounds greeting, key exchange and host key check together.
pub(super) async fn establish<S>(
    stream: S,
    settings: &SshSettings,
    known_hosts: Vec<KnownHostsFile>,
    deadlines: &Deadlines,
) -> Result<(Handle<ClientHandler>, Arc<SessionNotes>), StageError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let notes = Arc::new(SessionNotes::default());
    let handler = ClientHandler { settings: settings.clone(), known_hosts, notes: Arc::clone(&notes) };
    let config = Arc::new(client_config(&handler));
    let connected = timeout(deadlines.connect, client::connect_stream(config, stream, handler)).await;
    let mut handle = match connected {
        Ok(Ok(handle)) => handle,
        Ok(Err(error)) => {
            return Err(match notes.take_host_key_trouble() {
                Some(kind) => (Stage::HostKey, kind),
                None => (Stage::KeyExchange, ConnectErrorKind::KeyExchange(error)),
            });
        }
        Err(_) => {
            return Err((Stage::KeyExchange, ConnectErrorKind::TimedOut { deadline: deadlines.connect }));
        }
    };
    let authenticated =
        timeout(deadlines.authenticate, authenticate::authenticate(&mut handle, settings, &notes)).await;
    match authenticated {
        Ok(Ok(())) => Ok((handle, notes)),
        Ok(Err(kind)) => Err((Stage::Authentication, kind)),
        Err(_) => {
            Err((Stage::Authentication, ConnectErrorKind::TimedOut { deadline: deadlines.authenticate }))
        }
    }
}

/// russh's settings, each measured: see `docs/architecture.md`.
fn client_config(handler: &ClientHandler) -> client::Config {
    client::Config {
        // The default of 2 MiB halves the rate of downloads over 100 ms.
        window_size: 8 * 1024 * 1024,
        maximum_packet_size: 32 * 1024,
        // A channel that is read slowly must not stop the others at once.
        channel_buffer_size: 1024,
        keepalive_interval: Some(Duration::from_secs(15)),
        keepalive_max: 3,
        preferred: preferred_algorithms(handler),
        ..client::Config::default()
    }
}

fn preferred_algorithms(handler: &ClientHandler) -> Preferred {
    let (host, port) = handler.lookup();
    let known = known_hosts::known_algorithms(&handler.known_hosts, host, port);
    let has_authority = !known_hosts::authorities(&handler.known_hosts, host, port).is_empty();
    // `ssh-rsa` with SHA-1 is left out, as in OpenSSH since 8.8.
    let default: Vec<Algorithm> = Preferred::DEFAULT
        .key
        .iter()
        .filter(|algorithm| **algorithm != Algorithm::Rsa { hash: None })
        .cloned()
        .collect();
    let is_known = |algorithm: &Algorithm| match algorithm {
        Algorithm::Rsa { .. } => known.iter().any(|known| matches!(known, Algorithm::Rsa { .. })),
        other => known.contains(other),
    };
    let (first, then): (Vec<_>, Vec<_>) = default.iter().cloned().partition(is_known);
    let keys: Vec<Algorithm> = first.into_iter().chain(then).collect();
    Preferred {
        key: Cow::Owned(keys),
        host_key_certificates: if has_authority { Cow::Owned(default) } else { Cow::Borrowed(&[]) },
        cipher: Cow::Owned(ciphers()),
        ..Preferred::DEFAULT
    }
}

/// AES first where the processor has instructions for it, else `ChaCha20`, which is faster there.
fn ciphers() -> Vec<cipher::Name> {
    let aes = [cipher::AES_128_GCM, cipher::AES_256_GCM];
    let stream = [cipher::CHACHA20_POLY1305];
    let rest = [cipher::AES_256_CTR, cipher::AES_192_CTR, cipher::AES_128_CTR];
    if has_aes_instructions() {
        aes.into_iter().chain(stream).chain(rest).collect()
    } else {
        stream.into_iter().chain(aes).chain(rest).collect()
    }
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn has_aes_instructions() -> bool {
    std::arch::is_x86_feature_detected!("aes")
}

#[cfg(target_arch = "aarch64")]
fn has_aes_instructions() -> bool {
    std::arch::is_aarch64_feature_detected!("aes")
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
fn has_aes_instructions() -> bool {
    false
}
