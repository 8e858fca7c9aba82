//! Which keys are offered, in which order, with an agent on the other end of a pipe.

use std::path::PathBuf;

use russh::keys::PrivateKey;
use russh::keys::agent::client::AgentClient;
use russh::keys::agent::server;
use russh::keys::ssh_key::LineEnding;

use super::super::authenticate::candidates;
use super::super::config::SshSettings;
use super::super::keys::Agent;
use super::{Client, FakeHost, random_key};

/// An agent that holds `keys`. russh's keeps no comments.
async fn agent(keys: &[&PrivateKey]) -> Agent {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let connections = futures_util::stream::iter([Ok(theirs)]);
    tokio::spawn(server::serve(connections, ()));
    let mut agent = AgentClient::connect(ours).dynamic();
    for key in keys {
        agent.add_identity(key, &[]).await.unwrap();
    }
    agent
}

/// A folder with key files, and the names of the keys that would be offered.
struct Keys(Client);

impl Keys {
    fn new() -> Self {
        let mut client = Client::of(&mut FakeHost::new());
        client.settings.inventory_identity_files.clear();
        Self(client)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn private(&self, name: &str, key: &PrivateKey) -> PathBuf {
        self.write(name, &key.to_openssh(LineEnding::LF).unwrap())
    }

    fn public(&self, name: &str, key: &PrivateKey) -> PathBuf {
        self.write(name, &key.public_key().to_openssh().unwrap())
    }

    async fn offered(&self, settings: &SshSettings, mut agent: Option<Agent>) -> (Vec<String>, Vec<String>) {
        let mut skipped = Vec::new();
        let offered = candidates(settings, agent.as_mut(), &mut skipped).await;
        let folder = format!("{}/", self.0.folder.path().display());
        let short = |name: &str| name.replace(&folder, "");
        let names = offered.iter().map(|candidate| short(&candidate.offered().name)).collect();
        (names, skipped.iter().map(|reason| short(reason)).collect())
    }
}

#[tokio::test]
async fn inventory_files_come_first_then_the_agent_then_other_files() {
    let keys = Keys::new();
    let [inventory, other, held, matching] = std::array::from_fn(|_| random_key());
    let mut settings = keys.0.settings.clone();
    settings.inventory_identity_files = vec![keys.private("inventory", &inventory)];
    let missing = keys.0.folder.path().join("missing");
    settings.other_identity_files =
        vec![keys.private("other", &other), missing, keys.public("matching.pub", &matching)];
    let all = [&held, &inventory, &matching];
    let (names, skipped) = keys.offered(&settings, Some(agent(&all).await)).await;
    assert_eq!(names, ["inventory", "matching.pub (agent)", "agent", "other"]);
    assert!(skipped.is_empty(), "{skipped:?}");
}

#[tokio::test]
async fn identities_only_leaves_the_agents_other_keys_out() {
    let keys = Keys::new();
    let [locked, held] = std::array::from_fn(|_| random_key());
    let mut settings = keys.0.settings.clone();
    settings.identities_only = true;
    let encrypted = locked.encrypt(&mut rand::rng(), "secret").unwrap();
    settings.other_identity_files = vec![keys.private("locked", &encrypted)];
    let all = [&held, &locked];
    let (names, skipped) = keys.offered(&settings, Some(agent(&all).await)).await;
    assert_eq!(names, ["locked (agent)"]);
    assert!(skipped.is_empty(), "{skipped:?}");
    let (names, skipped) = keys.offered(&settings, None).await;
    assert!(names.is_empty());
    assert_eq!(skipped, ["`locked` is encrypted or without its private half, and not in the agent"]);
}

#[tokio::test]
async fn a_file_that_is_no_key_is_skipped_with_a_reason() {
    let keys = Keys::new();
    let mut settings = keys.0.settings.clone();
    settings.inventory_identity_files = vec![keys.write("notes", "hello\n")];
    let (names, skipped) = keys.offered(&settings, None).await;
    assert!(names.is_empty());
    assert!(skipped[0].starts_with("`notes` is not a usable private key"), "{skipped:?}");
}
