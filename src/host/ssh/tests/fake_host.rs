//! A host in memory: russh's server side, a tiny Engine, and commands that misbehave on order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use russh::keys::ssh_key::certificate::{Builder, CertType};
use russh::keys::{Certificate, HashAlg, PrivateKey, PublicKey};
use russh::server::{self, Auth, ChannelOpenHandle, Handle, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelOpenFailure, Sig};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};

/// Where the fake Engine listens.
pub(super) const SOCKET: &str = "/var/run/docker.sock";

/// Whether the server answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    Now,
    After(Duration),
    Never,
}

/// What has happened on a host.
#[derive(Default)]
pub(super) struct Log {
    pub(super) logins: usize,
    pub(super) socket_channels: usize,
    pub(super) refused_channels: usize,
    /// Path and `Host` header of each request.
    pub(super) requests: Vec<String>,
    pub(super) commands: Vec<String>,
    pub(super) sessions: usize,
    pub(super) most_sessions: usize,
    /// Channels the client closed before it asked for anything.
    pub(super) closed_unused: usize,
    pub(super) accepted_by_client: Option<bool>,
}

/// How a host behaves.
#[derive(Clone)]
pub(super) struct FakeHost {
    host_key: PrivateKey,
    certificates: Vec<Certificate>,
    pub(super) accepted_key: Option<PublicKey>,
    pub(super) key_limit: usize,
    pub(super) login: Reply,
    pub(super) channels: Reply,
    pub(super) forwards_sockets: bool,
    pub(super) session_limit: usize,
    pub(super) stdio_fails: bool,
    pub(super) closes_after_answer: bool,
    /// What the probe is told, without its mark.
    pub(super) facts: Vec<String>,
    /// The host that TCP channels lead to.
    pub(super) behind: Option<Box<FakeHost>>,
    pub(super) log: Arc<Mutex<Log>>,
}

impl FakeHost {
    pub(super) fn new() -> Self {
        Self {
            host_key: super::random_key(),
            certificates: Vec::new(),
            accepted_key: None,
            key_limit: 20,
            login: Reply::Now,
            channels: Reply::Now,
            forwards_sockets: true,
            session_limit: 10,
            stdio_fails: false,
            closes_after_answer: false,
            facts: ["socket_exists yes", "socket_writable yes", "docker yes"].map(str::to_owned).to_vec(),
            behind: None,
            log: Arc::default(),
        }
    }

    /// The key as in a known-hosts line.
    pub(super) fn public_line(&self) -> String {
        self.host_key.public_key().to_openssh().unwrap()
    }

    /// Lets the host prove itself by a certificate of `authority` for `name`.
    pub(super) fn certify(&mut self, authority: &PrivateKey, name: &str) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let key = self.host_key.public_key().key_data().clone();
        let mut builder = Builder::new([1; 32], key, now - 60, now + 3600).unwrap();
        builder.cert_type(CertType::Host).unwrap().key_id(name).unwrap().valid_principal(name).unwrap();
        self.certificates = vec![builder.sign(authority).unwrap()];
    }

    pub(super) fn fingerprint(&self) -> String {
        self.host_key.public_key().fingerprint(HashAlg::Sha256).to_string()
    }

    /// Serves one connection; the client's end is returned.
    pub(super) fn start(self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(256 * 1024);
        tokio::spawn(self.serve(ours));
        theirs
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let config = server::Config {
            keys: vec![self.host_key.clone()],
            certificates: self.certificates.clone(),
            auth_rejection_time: Duration::ZERO,
            auth_rejection_time_initial: Some(Duration::ZERO),
            max_auth_attempts: self.key_limit,
            inactivity_timeout: None,
            ..server::Config::default()
        };
        let connection = Connection { host: self, channels: HashMap::new() };
        if let Ok(session) = server::run_stream(Arc::new(config), stream, connection).await {
            let _ = session.await;
        }
    }
}

struct Connection {
    host: FakeHost,
    channels: HashMap<ChannelId, Channel<Msg>>,
}

impl server::Handler for Connection {
    type Error = russh::Error;

    async fn auth_publickey(&mut self, _user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        if self.host.login == Reply::Never {
            std::future::pending::<()>().await;
        }
        let accepted = self.host.accepted_key.as_ref().map(PublicKey::key_data);
        if accepted != Some(key.public_key.key_data()) {
            return Ok(Auth::reject());
        }
        self.host.log.lock().unwrap().logins += 1;
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        if self.host.channels == Reply::Never {
            std::mem::forget(reply);
            return Ok(());
        }
        let is_full = {
            let mut log = self.host.log.lock().unwrap();
            let is_full = log.sessions >= self.host.session_limit;
            if is_full {
                log.refused_channels += 1;
            } else {
                log.sessions += 1;
                log.most_sessions = log.most_sessions.max(log.sessions);
            }
            is_full
        };
        if is_full {
            reply.reject(ChannelOpenFailure::ConnectFailed).await;
        } else {
            if let Reply::After(pause) = self.host.channels {
                tokio::time::sleep(pause).await;
            }
            self.channels.insert(channel.id(), channel);
            reply.accept().await;
        }
        Ok(())
    }

    async fn channel_open_direct_streamlocal(
        &mut self,
        channel: Channel<Msg>,
        path: &str,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        if self.host.channels == Reply::Never {
            std::mem::forget(reply);
        } else if path == SOCKET && self.host.forwards_sockets {
            self.host.log.lock().unwrap().socket_channels += 1;
            reply.accept().await;
            tokio::spawn(serve_engine(self.host.clone(), channel.into_stream()));
        } else {
            self.host.log.lock().unwrap().refused_channels += 1;
            reply.reject(ChannelOpenFailure::ConnectFailed).await;
        }
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        _host: &str,
        _port: u32,
        _originator: &str,
        _originator_port: u32,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        let Some(behind) = self.host.behind.clone() else { return Ok(()) };
        reply.accept().await;
        tokio::spawn(Box::pin(behind.serve(channel.into_stream())));
        Ok(())
    }

    async fn channel_close(&mut self, id: ChannelId, _session: &mut Session) -> Result<(), Self::Error> {
        if self.channels.remove(&id).is_some() {
            let mut log = self.host.log.lock().unwrap();
            log.closed_unused += 1;
            log.sessions -= 1;
        }
        Ok(())
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let command = String::from_utf8_lossy(command).into_owned();
        let Some(channel) = self.channels.remove(&id) else { return Ok(()) };
        self.host.log.lock().unwrap().commands.push(command.clone());
        if command == "forbidden" {
            session.channel_failure(id)?;
            self.host.log.lock().unwrap().sessions -= 1;
            return Ok(());
        }
        session.channel_success(id)?;
        if command == "drop" {
            return Err(russh::Error::HUP);
        }
        tokio::spawn(execute(self.host.clone(), command, channel, session.handle()));
        Ok(())
    }
}

/// Plays a command.
async fn execute(host: FakeHost, command: String, mut channel: Channel<Msg>, handle: Handle) {
    let id = channel.id();
    let mut status = Some(0);
    match command.as_str() {
        "ok" => drop(handle.data(id, &b"out"[..]).await),
        "fails" => {
            let _ = handle.extended_data(id, 1, &b"first\nlast\n"[..]).await;
            status = Some(7);
        }
        "killed" => {
            let _ = handle.exit_signal_request(id, Sig::KILL, false, String::new(), String::new()).await;
            status = None;
        }
        "cat" => {
            let mut input = Vec::new();
            let _ = channel.make_reader().read_to_end(&mut input).await;
            let _ = handle.data(id, input).await;
        }
        "mute" => status = None,
        "hang" => std::future::pending().await,
        "flood" => {
            let mut output = channel.make_writer();
            let block = vec![b'x'; 1 << 20];
            for _ in 0..20 {
                if output.write_all(&block).await.is_err() {
                    break;
                }
            }
        }
        "open-back" => {
            let opened = handle.channel_open_session().await.is_ok();
            host.log.lock().unwrap().accepted_by_client = Some(opened);
        }
        probe if probe.contains("dmfab-probe") => {
            let _ = handle.data(id, probe_answer(&host)).await;
        }
        _ if host.stdio_fails => {
            let _ = handle.extended_data(id, 1, &b"no daemon\n"[..]).await;
            status = Some(1);
        }
        _ => {
            // dial-stdio; it ends when the client's input does.
            let (mut ours, theirs) = tokio::io::duplex(64 * 1024);
            tokio::spawn(serve_engine(host.clone(), theirs));
            let mut stream = channel.into_stream();
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut ours).await;
            host.log.lock().unwrap().sessions -= 1;
            let _ = handle.exit_status_request(id, 0).await;
            return;
        }
    }
    // Counted before the client can hear of the end.
    host.log.lock().unwrap().sessions -= 1;
    if let Some(status) = status {
        let _ = handle.exit_status_request(id, status).await;
    }
    let _ = handle.eof(id).await;
    let _ = handle.close(id).await;
}

fn probe_answer(host: &FakeHost) -> String {
    let always = ["user deploy", "uid 1000", "groups deploy", "system Linux", "machine x86_64"];
    let facts = always.into_iter().chain(host.facts.iter().map(String::as_str));
    facts.flat_map(|fact| ["dmfab-probe ", fact, "\n"]).collect()
}

/// A very small Engine.
async fn serve_engine<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(host: FakeHost, stream: S) {
    let closes = host.closes_after_answer;
    let service = service_fn(move |request: Request<Incoming>| {
        let log = Arc::clone(&host.log);
        async move {
            let name = request.headers().get("host").map_or("", |value| value.to_str().unwrap());
            log.lock().unwrap().requests.push(format!("{} {name}", request.uri()));
            let body =
                if request.uri().path().ends_with("/version") { r#"{"ApiVersion":"1.41"}"# } else { "OK" };
            Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from_static(body.as_bytes()))))
        }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    let _ = builder.keep_alive(!closes).serve_connection(TokioIo::new(stream), service).await;
}
