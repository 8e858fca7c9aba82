use std::sync::{Arc, Mutex};

use dmfab::event::Events;
use dmfab::fleet::{Fleet, FleetOptions};
use dmfab::model::variables::Variables;

use super::*;

/// A log that remembers what was written to it.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no panic elsewhere").clone()).expect("text")
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic elsewhere").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Written {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Everything that somebody could try in order to see more.
const WANTED: [&str; 7] = [
    "trace",
    "bollard=trace,russh=trace,hyper=trace,hyper_util=trace",
    "bollard::docker=trace",
    "russh::client=trace",
    "hyper::proto=debug,info",
    "hyper_util::client[{}]=trace",
    "[{}]=trace",
];

#[test]
fn crates_that_log_whole_messages_never_tell_more_than_info() {
    for wanted in WANTED {
        let written = Written::default();
        tracing::subscriber::with_default(log(wanted, false, written.clone()), || {
            tracing::trace!(target: "bollard::docker", "secret");
            tracing::debug!(target: "russh::client", "secret");
            tracing::debug!(target: "hyper::proto", "secret");
            tracing::trace!(target: "hyper_util::client", "secret");
        });
        assert_eq!(written.text(), "", "{wanted}");
    }
}

#[test]
fn what_is_asked_for_is_told() {
    for (wanted, expected) in [
        ("dmfab::host=trace", vec!["ours"]),
        ("trace", vec!["ours", "harmless"]),
        ("bollard=trace", vec!["harmless"]),
        ("bollard=error", vec![]),
    ] {
        let written = Written::default();
        tracing::subscriber::with_default(log(wanted, false, written.clone()), || {
            tracing::trace!(target: "dmfab::host", "ours");
            tracing::info!(target: "bollard::docker", "harmless");
        });
        let text = written.text();
        let told: Vec<&str> = text.lines().filter_map(|line| line.split(' ').next_back()).collect();
        assert_eq!(told, expected, "{wanted}");
    }
}

/// bollard tells what it sends before it knows whether anybody listens.
#[tokio::test]
async fn what_is_sent_to_an_engine_is_not_logged() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("inventory.yaml");
    std::fs::write(&file, "hosts: {web1: {base_url: 'unix:///nonexistent/docker.sock'}}\n").expect("a file");
    let fleet = Fleet::load(&file, &[], &Variables::new(Vec::new(), None)).expect("an inventory");
    for wanted in WANTED {
        let written = Written::default();
        let _log = log(wanted, false, written.clone()).set_default();
        let host_names = ["web1".to_owned()];
        let session = fleet.connect(&host_names, FleetOptions::default(), &Events::ignored()).await;
        session.close().await;
        assert!(!written.text().contains("bollard"), "{wanted}: {}", written.text());
    }
}

#[test]
fn the_log_has_colours_only_where_they_are_wanted() {
    for colour in [true, false] {
        let written = Written::default();
        tracing::subscriber::with_default(log("info", colour, written.clone()), || {
            tracing::info!(target: "dmfab", "told");
        });
        assert_eq!(written.text().contains('\u{1b}'), colour, "{}", written.text());
    }
}

#[test]
fn documents_say_what_they_are() {
    let problem = Problem { chain: vec!["no answer".to_owned()], help: None, output: None };
    let fields = json!({ "containers": [], "unreachable": unreachable(&[("web1".to_owned(), problem)]) });
    insta::assert_snapshot!(document("ps", fields), @r#"{"containers":[],"document":"ps","unreachable":[{"host_name":"web1","problem":{"chain":["no answer"],"help":null,"output":null}}],"version":1}"#);
}
