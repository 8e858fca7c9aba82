//! The client against a scripted SSH server in memory: no socket, no process, no root.
//!
//! [`FakeHost`] says how the server behaves; every test connects through `over_stream`, so all
//! of the client but name resolution and TCP is the real one.

mod agent;
mod certificates;
mod commands;
mod fake_host;
mod known_hosts;

use std::path::PathBuf;
use std::time::Duration;

use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey};

use self::fake_host::{FakeHost, Reply, SOCKET};
use super::super::channel_pool::{ChannelPool, EngineDialer};
use super::super::error::{CommandErrorKind, ConnectErrorKind};
use super::config::{AgentSource, SshSettings};
use super::*;

/// A client with a key file of its own and a known-hosts file that names `web1`.
struct Client {
    folder: tempfile::TempDir,
    settings: SshSettings,
    deadlines: Deadlines,
}

impl Client {
    /// A client that `host` accepts and that knows `host`'s key.
    fn of(host: &mut FakeHost) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = random_key();
        host.accepted_key = Some(key.public_key().clone());
        std::fs::write(folder.path().join("id"), key.to_openssh(LineEnding::LF).unwrap().as_bytes()).unwrap();
        let settings = SshSettings {
            destination: "web1".to_owned(),
            hostname: "web1".to_owned(),
            port: 22,
            user: "deploy".to_owned(),
            inventory_identity_files: vec![folder.path().join("id")],
            other_identity_files: Vec::new(),
            identities_only: false,
            agent: AgentSource::None,
            known_hosts_files: vec![folder.path().join("known_hosts")],
            host_key_alias: None,
            jump_hosts: Vec::new(),
            connect_timeout: None,
            notices: Vec::new(),
        };
        let client = Self { folder, settings, deadlines: Deadlines::default() };
        client.know(&format!("web1 {}", host.public_line()));
        client
    }

    fn know(&self, lines: &str) {
        std::fs::write(self.known_hosts(), format!("{lines}\n")).unwrap();
    }

    fn known_hosts(&self) -> PathBuf {
        self.folder.path().join("known_hosts")
    }

    async fn connect(&self, host: FakeHost) -> Result<Arc<SshSession>, StageError> {
        let stream = host.start();
        SshSession::over_stream("web1", stream, self.settings.clone(), self.deadlines, None).await
    }

    async fn fails(&self, host: FakeHost) -> (Stage, ConnectErrorKind) {
        self.connect(host).await.err().unwrap()
    }
}

fn random_key() -> PrivateKey {
    PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap()
}

async fn connected(mut host: FakeHost) -> Arc<SshSession> {
    let client = Client::of(&mut host);
    client.connect(host).await.unwrap()
}

fn engine(session: &Arc<SshSession>) -> (Arc<ChannelPool>, bollard::Docker) {
    let session = Arc::clone(session);
    let dialer = EngineDialer::SshSocket { session, socket_path: SOCKET.to_owned() };
    let pool = ChannelPool::new(dialer, Deadlines::default());
    let transport = Arc::clone(&pool);
    let send = move |request| {
        let pool = Arc::clone(&transport);
        async move { pool.request(request).await }
    };
    let version = bollard::API_DEFAULT_VERSION;
    (pool, bollard::Docker::connect_with_custom_transport(send, Some("http://docker"), 30, version).unwrap())
}

fn run(text: &str) -> RemoteCommand {
    RemoteCommand::new([text])
}

#[tokio::test]
async fn sixty_four_hosts_answer_over_one_connection_each() {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..64 {
        tasks.spawn(async {
            let host = FakeHost::new();
            let log = Arc::clone(&host.log);
            let session = connected(host).await;
            let (pool, docker) = engine(&session);
            assert_eq!(docker.ping().await.unwrap(), "OK");
            pool.pin_api_version("1.41");
            docker.version().await.unwrap();
            docker.version().await.unwrap();
            assert_eq!(session.run(&run("ok")).await.unwrap().stdout_text(), "out");
            let log = log.lock().unwrap();
            let requests: Vec<&str> = log.requests.iter().map(String::as_str).collect();
            assert_eq!(requests, ["/_ping docker", "/v1.41/version docker", "/v1.41/version docker"]);
            // A plain sequence of calls travels on one channel.
            assert_eq!((log.logins, log.socket_channels), (1, 1));
        });
    }
    while let Some(finished) = tasks.join_next().await {
        finished.unwrap();
    }
}

#[tokio::test]
async fn parallel_calls_use_a_bounded_number_of_channels() {
    let host = FakeHost::new();
    let log = Arc::clone(&host.log);
    let session = connected(host).await;
    let (_, docker) = engine(&session);
    let calls = (0..100).map(|_| docker.version());
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(Result::is_ok));
    let opened = log.lock().unwrap().socket_channels;
    assert!((2..=32).contains(&opened), "{opened} channels");
}

#[tokio::test]
async fn an_unknown_host_key_is_refused_with_the_way_to_add_it() {
    let mut host = FakeHost::new();
    let client = Client::of(&mut host);
    client.know("other ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ");
    let fingerprint = host.fingerprint();
    let log = Arc::clone(&host.log);
    let (stage, kind) = client.fails(host).await;
    assert!(matches!(kind, ConnectErrorKind::HostKeyUnknown { .. }), "{kind}");
    let error = ConnectError::new("web1", stage, kind);
    assert_eq!(error.to_string(), "connection to host `web1` failed (host key check)");
    let help = error.help().unwrap();
    assert!(
        help.contains(&fingerprint) && help.contains("ssh-keyscan -p 22 -t ed25519 web1 | ssh-keygen -lf -")
    );
    assert!(help.contains(&format!(">> {}", client.known_hosts().display())));
    assert_eq!(log.lock().unwrap().logins, 0);
}

#[tokio::test]
async fn a_changed_and_a_revoked_host_key_are_refused() {
    let mut host = FakeHost::new();
    let client = Client::of(&mut host);
    let line = host.public_line();
    client.know(&format!("# old\nweb1 {}", random_key().public_key().to_openssh().unwrap()));
    let (stage, kind) = client.fails(host.clone()).await;
    assert!(matches!(kind, ConnectErrorKind::HostKeyChanged { line: 2, .. }) && stage == Stage::HostKey);
    client.know(&format!("web1 {line}\n@revoked * {line}"));
    let (_, kind) = client.fails(host.clone()).await;
    assert!(matches!(kind, ConnectErrorKind::HostKeyRevoked { line: 2, .. }), "{kind}");
    std::fs::remove_file(client.known_hosts()).unwrap();
    std::fs::create_dir(client.known_hosts()).unwrap();
    let (_, kind) = client.fails(host).await;
    assert!(matches!(kind, ConnectErrorKind::KnownHostsUnreadable { .. }), "{kind}");
}

#[tokio::test]
async fn refused_keys_are_listed() {
    let mut host = FakeHost::new();
    let mut client = Client::of(&mut host);
    host.accepted_key = None;
    client.settings.inventory_identity_files.push(PathBuf::from("/nonexistent/id"));
    let (stage, kind) = client.fails(host).await;
    assert_eq!(stage, Stage::Authentication);
    let ConnectErrorKind::Refused { offered, skipped, .. } = &kind else { panic!("{kind}") };
    assert_eq!(offered.len(), 1);
    assert!(offered[0].name.ends_with("/id") && offered[0].fingerprint.starts_with("SHA256:"));
    assert_eq!(skipped, &["`/nonexistent/id` does not exist"]);
}

#[tokio::test]
async fn without_a_key_nothing_is_offered() {
    let mut host = FakeHost::new();
    let mut client = Client::of(&mut host);
    client.settings.inventory_identity_files.clear();
    let (_, kind) = client.fails(host).await;
    assert!(matches!(kind, ConnectErrorKind::NoKeys { .. }), "{kind}");
}

#[tokio::test]
async fn an_encrypted_key_without_agent_is_named() {
    let mut host = FakeHost::new();
    let client = Client::of(&mut host);
    let key = random_key().encrypt(&mut rand::rng(), "secret").unwrap();
    let path = client.folder.path().join("id");
    std::fs::write(path, key.to_openssh(LineEnding::LF).unwrap().as_bytes()).unwrap();
    let (stage, kind) = client.fails(host).await;
    let text = kind.to_string();
    assert!(text.contains("is encrypted") && text.contains("not in the agent"), "{text}");
    assert!(ConnectError::new("web1", stage, kind).help().unwrap().contains("ssh-add"));
}

#[tokio::test]
async fn a_host_certificate_is_enough_where_its_authority_is_known() {
    let mut host = FakeHost::new();
    let client = Client::of(&mut host);
    let authority = random_key();
    let line = authority.public_key().to_openssh().unwrap();
    host.certify(&authority, "web1");
    client.know(&format!("@cert-authority web* {line}"));
    let session = client.connect(host.clone()).await.unwrap();
    assert!(session.run(&run("ok")).await.unwrap().is_success());
    client.know(&format!("@cert-authority web* {line}\n@revoked * {line}"));
    let (_, kind) = client.fails(host.clone()).await;
    assert!(matches!(kind, ConnectErrorKind::HostKeyRevoked { line: 2, .. }), "{kind}");
    client.know(&format!("@cert-authority db* {line}"));
    let (_, kind) = client.fails(host.clone()).await;
    assert!(matches!(kind, ConnectErrorKind::HostKeyUnknown { .. }), "{kind}");
    host.certify(&authority, "db1");
    client.know(&format!("@cert-authority web* {line}"));
    let (stage, kind) = client.fails(host).await;
    assert_eq!(stage, Stage::HostKey);
    assert_eq!(kind.to_string(), "host certificate of `web1` is not valid: it is for `db1`");
}

#[tokio::test]
async fn a_server_that_hangs_up_while_keys_are_offered_is_not_a_refusal() {
    let mut host = FakeHost::new();
    let mut client = Client::of(&mut host);
    host.accepted_key = None;
    host.key_limit = 2;
    for index in 0..4 {
        let path = client.folder.path().join(format!("id{index}"));
        std::fs::write(&path, random_key().to_openssh(LineEnding::LF).unwrap().as_bytes()).unwrap();
        client.settings.inventory_identity_files.push(path);
    }
    let (_, kind) = client.fails(host).await;
    let ConnectErrorKind::CutWhileAuthenticating { offered, .. } = &kind else { panic!("{kind}") };
    assert!(offered.len() < 5);
}

#[tokio::test]
async fn a_forbidden_socket_forward_falls_back_to_dial_stdio() {
    let mut host = FakeHost::new();
    host.forwards_sockets = false;
    let log = Arc::clone(&host.log);
    let session = connected(host).await;
    let (_, docker) = engine(&session);
    for _ in 0..3 {
        assert_eq!(docker.ping().await.unwrap(), "OK");
    }
    let log = log.lock().unwrap();
    assert_eq!(log.refused_channels, 1, "asked once, not for every call");
    let started = log.commands.iter().filter(|command| command.ends_with("system dial-stdio")).count();
    assert_eq!(started, 1);
}

#[tokio::test]
async fn dial_stdio_and_commands_share_few_sessions() {
    for limit in [1, 2, 5, 10] {
        let mut host = FakeHost::new();
        host.forwards_sockets = false;
        host.session_limit = limit;
        let log = Arc::clone(&host.log);
        let session = connected(host).await;
        let (_, docker) = engine(&session);
        for _ in 0..3 {
            let calls = futures_util::future::join_all((0..20).map(|_| docker.version()));
            let commands =
                futures_util::future::join_all((0..20).map(|_| async { session.run(&run("ok")).await }));
            let both = async { tokio::join!(calls, commands) };
            let (answers, outputs) =
                tokio::time::timeout(Duration::from_secs(20), both).await.expect("all end");
            assert!(answers.iter().all(Result::is_ok), "{answers:?}");
            assert!(outputs.iter().all(Result::is_ok), "{outputs:?}");
        }
        // A call leaves its connection idle, which must not keep a lone command out.
        docker.version().await.unwrap();
        assert!(session.run(&run("ok")).await.unwrap().is_success());
        let log = log.lock().unwrap();
        assert_eq!(log.requests.len(), 61, "no request is sent twice");
        assert!(log.most_sessions <= limit.min(12));
    }
}

#[tokio::test(start_paused = true)]
async fn a_channel_confirmed_too_late_is_closed() {
    let mut host = FakeHost::new();
    let mut client = Client::of(&mut host);
    client.deadlines.channel = Duration::from_secs(1);
    host.channels = Reply::After(Duration::from_secs(5));
    let log = Arc::clone(&host.log);
    let session = client.connect(host).await.unwrap();
    let error = session.run(&run("ok")).await.unwrap_err();
    assert!(matches!(*error.kind, CommandErrorKind::NoChannel(_)), "{error:?}");
    assert_eq!(log.lock().unwrap().closed_unused, 0);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(log.lock().unwrap().closed_unused, 1);
}

#[tokio::test]
async fn a_socket_that_is_missing_or_forbidden_is_told_apart() {
    for (facts, wanted) in [
        ("docker yes", "socket `/var/run/docker.sock` does not exist on the host"),
        ("socket_exists yes", "user `deploy` may not use socket `/var/run/docker.sock`"),
        (
            "socket_exists yes,socket_writable yes",
            "sshd refuses to forward socket `/var/run/docker.sock` and the host has no `docker` program",
        ),
    ] {
        let mut host = FakeHost::new();
        host.forwards_sockets = false;
        host.facts = facts.split(',').map(str::to_owned).collect();
        let session = connected(host).await;
        let error = engine(&session).1.ping().await.unwrap_err();
        let error = ConnectError::in_engine_error(&error).unwrap();
        assert_eq!(error.stage, Stage::Channel);
        assert_eq!(error.kind.to_string(), wanted);
        assert!(error.help().is_some());
    }
}

#[tokio::test]
async fn a_failing_dial_stdio_is_an_error_with_its_words() {
    let mut host = FakeHost::new();
    host.forwards_sockets = false;
    host.stdio_fails = true;
    let session = connected(host).await;
    let error = engine(&session).1.ping().await.unwrap_err();
    let mut texts = Vec::new();
    let mut next: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = next {
        texts.push(error.to_string());
        next = error.source();
    }
    assert!(texts.iter().any(|text| text.contains("exit status 1: no daemon")), "{texts:?}");
}

#[tokio::test]
async fn an_engine_connection_closed_while_idle_is_replaced() {
    let mut host = FakeHost::new();
    host.closes_after_answer = true;
    let log = Arc::clone(&host.log);
    let session = connected(host).await;
    let (_, docker) = engine(&session);
    for _ in 0..4 {
        assert_eq!(docker.ping().await.unwrap(), "OK");
    }
    let log = log.lock().unwrap();
    assert_eq!(log.requests.len(), 4, "no request is sent twice");
    assert_eq!(log.socket_channels, 4);
}

#[tokio::test]
async fn commands_report_output_status_and_signal() {
    let session = connected(FakeHost::new()).await;
    let output = session.run(&run("fails")).await.unwrap();
    assert_eq!((output.exit_status, output.stderr.as_slice()), (7, b"first\nlast\n".as_slice()));
    let error = output.success().unwrap_err();
    assert_eq!(error.kind.to_string(), "exit status 7: first\nlast");
    let output = session.run(&run("killed")).await.unwrap();
    assert_eq!((output.exit_status, output.signal.as_deref()), (137, Some("KILL")));
    assert!(!output.is_success());
    let output = session.run(&RemoteCommand::new(["cat"]).with_input("in\0put")).await.unwrap();
    assert_eq!(output.stdout, b"in\0put");
}

#[tokio::test]
async fn a_command_without_a_reported_end_is_never_a_success() {
    for (command, may_have_run) in [("mute", true), ("drop", true), ("forbidden", false)] {
        let session = connected(FakeHost::new()).await;
        let error = session.run(&run(command)).await.unwrap_err();
        match command {
            "forbidden" => assert!(matches!(*error.kind, CommandErrorKind::Refused), "{error:?}"),
            _ => assert!(matches!(*error.kind, CommandErrorKind::Lost { .. }), "{error:?}"),
        }
        assert_eq!(error.may_have_run(), may_have_run);
    }
}

#[tokio::test]
async fn a_lost_connection_fails_at_once_and_says_why() {
    let session = connected(FakeHost::new()).await;
    session.run(&run("drop")).await.unwrap_err();
    let error = session.run(&run("ok")).await.unwrap_err();
    assert!(matches!(*error.kind, CommandErrorKind::NotConnected { .. }), "{error:?}");
    assert!(session.is_closed() && session.disconnect_reason().is_some());
    let error = engine(&session).1.ping().await.unwrap_err();
    let error = ConnectError::in_engine_error(&error).unwrap();
    assert!(matches!(*error.kind, ConnectErrorKind::Lost { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_command_has_a_deadline() {
    let session = connected(FakeHost::new()).await;
    let begin = tokio::time::Instant::now();
    let error = session.run(&run("hang").with_deadline(Duration::from_secs(5))).await.unwrap_err();
    assert!(matches!(*error.kind, CommandErrorKind::TimedOut { .. }), "{error:?}");
    assert_eq!(begin.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn each_stage_has_a_deadline() {
    let mut host = FakeHost::new();
    let client = Client::of(&mut host);
    let (stream, _silent) = tokio::io::duplex(1024);
    let result = SshSession::over_stream("web1", stream, client.settings.clone(), client.deadlines, None);
    let (stage, kind) = result.await.err().unwrap();
    assert!(stage == Stage::KeyExchange && matches!(kind, ConnectErrorKind::TimedOut { .. }));
    let mut slow = host.clone();
    slow.login = Reply::Never;
    let (stage, kind) = client.fails(slow).await;
    assert!(stage == Stage::Authentication && matches!(kind, ConnectErrorKind::TimedOut { .. }), "{kind}");
    let mut slow = host.clone();
    slow.channels = Reply::Never;
    let session = client.connect(slow).await.unwrap();
    let error = session.run(&run("ok")).await.unwrap_err();
    assert!(matches!(*error.kind, CommandErrorKind::NoChannel(_)), "{error:?}");
    let error = engine(&session).1.ping().await.unwrap_err();
    let error = ConnectError::in_engine_error(&error).unwrap();
    assert!(matches!(*error.kind, ConnectErrorKind::TimedOut { .. }));
}

#[tokio::test]
async fn commands_wait_for_room_on_the_server() {
    for limit in [1, 2, 10] {
        let mut host = FakeHost::new();
        host.session_limit = limit;
        let log = Arc::clone(&host.log);
        let session = connected(host).await;
        let commands = (0..30).map(|_| async { session.run(&run("ok")).await });
        let results = futures_util::future::join_all(commands).await;
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        let log = log.lock().unwrap();
        assert_eq!(log.commands.len(), 30);
        assert!(log.most_sessions <= 8, "{} at once", log.most_sessions);
        assert!(log.refused_channels <= 30 * 8, "{} refusals", log.refused_channels);
    }
}

#[tokio::test]
async fn a_server_that_opens_no_session_is_asked_twice_at_most() {
    let mut host = FakeHost::new();
    host.session_limit = 0;
    let log = Arc::clone(&host.log);
    let session = connected(host).await;
    let results =
        futures_util::future::join_all((0..5).map(|_| async { session.run(&run("ok")).await })).await;
    for error in results.into_iter().map(Result::unwrap_err) {
        assert!(matches!(*error.kind, CommandErrorKind::NoChannel(_)), "{error:?}");
        assert!(error.help().unwrap().contains("MaxSessions"));
    }
    assert!(log.lock().unwrap().refused_channels <= 2 * 5);
}

#[tokio::test]
async fn too_much_output_stops_the_command() {
    let session = connected(FakeHost::new()).await;
    let error = session.run(&run("flood")).await.unwrap_err();
    assert!(matches!(*error.kind, CommandErrorKind::TooMuchOutput { stream: "stdout", .. }), "{error:?}");
    // The connection survives and the channel is given back.
    assert!(session.run(&run("ok")).await.unwrap().is_success());
}

#[tokio::test]
async fn the_server_may_open_no_channel() {
    let host = FakeHost::new();
    let log = Arc::clone(&host.log);
    let session = connected(host).await;
    assert!(session.run(&run("open-back")).await.unwrap().is_success());
    assert_eq!(log.lock().unwrap().accepted_by_client, Some(false));
}

#[tokio::test]
async fn a_host_is_reached_through_another() {
    let mut inner = FakeHost::new();
    let client = Client::of(&mut inner);
    let mut outer = FakeHost::new();
    outer.accepted_key.clone_from(&inner.accepted_key);
    outer.behind = Some(Box::new(inner.clone()));
    client.know(&format!("gate {}\nweb1 {}", outer.public_line(), inner.public_line()));
    let gate = SshSettings { hostname: "gate".to_owned(), ..client.settings.clone() };
    let jump = SshSession::over_stream("web1", outer.start(), gate, client.deadlines, None).await.unwrap();
    let session =
        SshSession::connect_hop("web1", client.settings.clone(), client.deadlines, Some(jump)).await.unwrap();
    assert!(session.run(&run("ok")).await.unwrap().is_success());
    assert_eq!(engine(&session).1.ping().await.unwrap(), "OK");
    session.close().await;
}
