//! What goes over the wire, told by an Engine of a few canned answers.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

use super::*;

const VERSION: &str =
    r#"{"Version":"28.5.2","ApiVersion":"1.51","MinAPIVersion":"1.24","Os":"linux","Arch":"amd64"}"#;

/// An answer to requests that begin with the given text, `GET /version`.
struct Canned {
    request: &'static str,
    status: u16,
    /// `None`: the request is never answered.
    body: Option<&'static str>,
}

fn canned(request: &'static str, status: u16, body: &'static str) -> Canned {
    Canned { request, status, body: Some(body) }
}

/// An Engine at the end of a socket, and what it was sent: request lines and credentials.
struct Script {
    engine: DockerEngine,
    seen: Arc<Mutex<Vec<String>>>,
    _folder: tempfile::TempDir,
}

impl Script {
    fn new(answers: Vec<Canned>, settings: &EngineSettings) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket_path = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&socket_path).expect("a socket");
        let seen = Arc::default();
        tokio::spawn(serve(listener, Arc::new(answers), Arc::clone(&seen)));
        let engine = DockerEngine::unix(&socket_path, settings).expect("an Engine");
        Self { engine, seen, _folder: folder }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("no panic").clone()
    }
}

async fn serve(listener: UnixListener, answers: Arc<Vec<Canned>>, seen: Arc<Mutex<Vec<String>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(converse(stream, Arc::clone(&answers), Arc::clone(&seen)));
    }
}

async fn converse(stream: UnixStream, answers: Arc<Vec<Canned>>, seen: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream, &seen).await {
        let Some(answer) = answers.iter().find(|answer| request.starts_with(answer.request)) else { return };
        let Some(body) = answer.body else { return std::future::pending().await };
        let head = format!(
            "HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            answer.status,
            body.len()
        );
        if stream.write_all(format!("{head}{body}").as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read_request(stream: &mut BufReader<UnixStream>, seen: &Mutex<Vec<String>>) -> Option<String> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let header = |name: &str| {
        let is_meant = |line: &&String| line.to_ascii_lowercase().starts_with(name);
        lines.iter().find(is_meant).and_then(|line| line.split_once(": ")).map(|(_, value)| value.to_owned())
    };
    let length = header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let request = lines.first()?.trim_end_matches(" HTTP/1.1").to_owned();
    let mut seen = seen.lock().expect("no panic");
    seen.push(request.clone());
    seen.extend(header("x-registry-auth"));
    Some(request)
}

fn settings(api_version: Option<&str>, call_timeout: Duration) -> EngineSettings {
    EngineSettings {
        api_version: api_version.map(str::to_owned),
        call_timeout: Some(call_timeout),
        wait_timeout: None,
    }
}

const SOON: Duration = Duration::from_millis(50);
const LATE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn the_version_is_asked_once_and_then_spoken() {
    let answers = || {
        vec![
            canned("GET /version", 200, VERSION),
            canned("POST /v1.51/containers/m.web/start", 304, ""),
            canned("POST /v1.43/containers/m.web/start", 204, ""),
            canned("DELETE /v1.51/containers/m.web", 404, r#"{"message":"No such container: m.web"}"#),
        ]
    };
    let script = Script::new(answers(), &settings(None, LATE));
    script.engine.start_container("m.web").await.expect("304 is started already");
    let error = script.engine.remove_container("m.web").await.expect_err("none");
    assert!(error.is_not_found());
    assert_eq!(
        error.to_string(),
        "DELETE /containers/m.web?v=false&force=false: 404, No such container: m.web"
    );
    assert_eq!(script.seen()[..2], ["GET /version", "POST /v1.51/containers/m.web/start"]);
    assert_eq!(script.engine.version().await.expect("known").api_version, "1.51");
    assert_eq!(script.seen().len(), 3);

    let script = Script::new(answers(), &settings(Some("1.43"), LATE));
    script.engine.start_container("m.web").await.expect("the version that was asked for");
}

#[tokio::test]
async fn lists_do_not_wait_for_the_version() {
    let answers = vec![
        Canned { request: "GET /version", status: 200, body: None },
        canned("GET /networks", 200, r#"[{"Name":"bridge","Id":"b1","Driver":"bridge"}]"#),
    ];
    let script = Script::new(answers, &settings(None, LATE));
    let networks = script.engine.list_networks().await.expect("networks");
    assert_eq!(networks[0].name, "bridge");
}

#[tokio::test]
async fn an_old_engine_is_refused_before_anything_is_done() {
    let old = r#"{"Version":"19.03.5","ApiVersion":"1.40","MinAPIVersion":"1.12"}"#;
    let script = Script::new(vec![canned("GET /version", 200, old)], &settings(None, LATE));
    let error = script.engine.start_container("m.web").await.expect_err("refused");
    assert!(matches!(error.kind, EngineErrorKind::Unsupported(_)), "{error}");
    assert_eq!(script.seen(), ["GET /version"]);
}

#[tokio::test]
async fn a_lost_first_call_is_a_lost_connection() {
    let nowhere = DockerEngine::unix(Path::new("/nonexistent/docker.sock"), &settings(None, LATE));
    let error = nowhere.expect("nothing is sent yet").version().await.expect_err("no socket");
    assert!(error.is_connection_lost(), "{error:?}");
    assert!(error.connect_error().is_some(), "{error:?}");
    let closing = Script::new(Vec::new(), &settings(None, LATE));
    let error = closing.engine.start_container("m.web").await.expect_err("closed without an answer");
    assert!(error.is_connection_lost(), "{error:?}");
}

#[tokio::test]
async fn every_call_has_a_deadline() {
    let never = |request| Canned { request, status: 200, body: None };
    let answers =
        vec![canned("GET /version", 200, VERSION), never("POST /v1.51/containers"), never("GET /volumes")];
    let script = Script::new(answers, &settings(None, SOON));
    let listed = script.engine.list_volumes().await.map(drop);
    let started = script.engine.start_container("m.web").await;
    let words = ["true".to_owned()];
    let run = script.engine.exec("m.web", &words, None, SOON).await.map(drop);
    for answer in [listed, started, run] {
        let error = answer.expect_err("no answer");
        assert!(matches!(error.kind, EngineErrorKind::Timeout { after } if after == SOON), "{error:?}");
    }
}

#[tokio::test]
async fn an_answer_of_another_kind_is_no_lost_connection() {
    let answers = vec![canned("GET /networks", 200, r#"{"not":"a list"}"#)];
    let error =
        Script::new(answers, &settings(None, LATE)).engine.list_networks().await.expect_err("nonsense");
    assert!(matches!(error.kind, EngineErrorKind::Answer(_)), "{error:?}");
}

#[tokio::test]
async fn a_pull_fails_with_its_stream_and_hides_its_login() {
    let progress = concat!(
        r#"{"status":"Pulling from app"}"#,
        "\r\n",
        r#"{"errorDetail":{"message":"toomanyrequests"},"error":"toomanyrequests"}"#,
        "\r\n"
    );
    let answers =
        vec![canned("GET /version", 200, VERSION), canned("POST /v1.51/images/create", 200, progress)];
    let script = Script::new(answers, &settings(None, LATE));
    // Chosen so that the standard alphabet of base64 would show `+` and `/`.
    let login = RegistryLogin {
        username: "me".to_owned(),
        password: "~~~???>>>hunter2".to_owned().into(),
        email: None,
    };
    let image = ImageReference::parse("registry.example.com/app:1", "latest");
    let error = script.engine.pull_image(&image, Some(&login)).await.expect_err("the stream fails");
    assert_eq!(
        error.to_string(),
        "POST /images/create?fromImage=registry.example.com/app&tag=1: \
         pull of `registry.example.com/app:1` failed: toomanyrequests"
    );
    let header = script.seen().pop().expect("credentials");
    assert!(!header.contains(['+', '/']), "{header}");
    let sent =
        base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE, &header).expect("the URL-safe alphabet");
    let sent: serde_json::Value = serde_json::from_slice(&sent).expect("JSON");
    assert_eq!((&sent["username"], &sent["password"]), (&"me".into(), &"~~~???>>>hunter2".into()));
    assert_eq!(sent["serveraddress"], "registry.example.com");
}

#[test]
fn names_cannot_leave_their_place_in_a_path() {
    let part = |name| path_part("GET", name).ok();
    assert_eq!(part("m.web-1").as_deref(), Some("m.web-1"));
    assert_eq!(part("localhost:5000/app@sha256:ab").as_deref(), Some("localhost:5000/app@sha256:ab"));
    assert_eq!(part("a?b#c d").as_deref(), Some("a%3Fb%23c%20d"));
    for wrong in ["", "..", "a/../b", "a//b", "/a"] {
        assert_eq!(part(wrong), None, "{wrong}");
    }
}
