//! Finding the operator's keys: files on disk and the agent. Nothing is sent to a host here,
//! and no passphrase is asked for.

use std::io;
use std::path::{Path, PathBuf};

use russh::keys::agent::client::{AgentClient, AgentStream};
use russh::keys::agent::{AgentIdentity, AgentSessionBinding};
use russh::keys::{self, Certificate, PrivateKey, PublicKey};

use super::authenticate::certificate_path;
use super::config::AgentSource;

/// A connection to an agent, whatever carries it.
pub(super) type Agent = AgentClient<Box<dyn AgentStream + Send + Unpin>>;

/// What is in a key file.
pub(super) enum KeyFile {
    /// A key that can sign, and the certificate in the file beside it.
    Ready(Box<PrivateKey>, Option<Box<Certificate>>),
    /// A public key, alone or of a private key that is encrypted: only an agent can sign.
    AgentOnly(PublicKey),
    /// There is no such file.
    Missing,
}

/// Reads a key file.
///
/// # Errors
/// Why it is of no use, to follow the file's name.
pub(super) async fn load(path: &Path) -> Result<KeyFile, String> {
    let text = match tokio::fs::read_to_string(path).await {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // The private half may live in an agent or token, with only `.pub` on disk.
            return Ok(public_half(path).await.map_or(KeyFile::Missing, KeyFile::AgentOnly));
        }
        Err(error) => return Err(format!("cannot be read ({error})")),
    };
    if let Ok(public_key) = PublicKey::from_openssh(text.trim()) {
        return Ok(KeyFile::AgentOnly(public_key));
    }
    match keys::decode_secret_key(&text, None) {
        Ok(key) => {
            let certificate = certificate_beside(path).await;
            Ok(KeyFile::Ready(Box::new(key), certificate.map(Box::new)))
        }
        Err(keys::Error::KeyIsEncrypted) => encrypted(path, &text).await,
        Err(error) => Err(format!("is not a usable private key ({error})")),
    }
}

/// The public half of an encrypted key: in the file itself, or in `.pub` beside it.
async fn encrypted(path: &Path, text: &str) -> Result<KeyFile, String> {
    if let Ok(key) = PrivateKey::from_openssh(text) {
        return Ok(KeyFile::AgentOnly(key.public_key().clone()));
    }
    match public_half(path).await {
        Some(public_key) => Ok(KeyFile::AgentOnly(public_key)),
        None => Err("is encrypted, and there is no `.pub` file to find it in the agent by".to_owned()),
    }
}

async fn public_half(path: &Path) -> Option<PublicKey> {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    let text = tokio::fs::read_to_string(PathBuf::from(name)).await.ok()?;
    PublicKey::from_openssh(text.trim()).ok()
}

async fn certificate_beside(path: &Path) -> Option<Certificate> {
    let text = tokio::fs::read_to_string(certificate_path(path)).await.ok()?;
    Certificate::from_openssh(text.trim()).ok()
}

/// Connects to the agent; `None` when there is none. An agent that is named but does not
/// answer is noted in `skipped`.
pub(super) async fn connect_agent(
    source: &AgentSource,
    binding: Option<&AgentSessionBinding>,
    skipped: &mut Vec<String>,
) -> Option<Agent> {
    let path = match source {
        AgentSource::None => return None,
        AgentSource::Socket(path) => path.clone(),
        AgentSource::Environment => {
            PathBuf::from(std::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty())?)
        }
    };
    match open_agent(&path).await {
        Ok(mut agent) => {
            // Lets the agent honour keys that are limited to some hosts. An agent that does not
            // know the extension refuses it and works as before.
            if let Some(binding) = binding {
                let _ = agent.bind_session(binding, false).await;
            }
            Some(agent)
        }
        Err(reason) => {
            skipped.push(format!("agent at `{}` does not answer ({reason})", path.display()));
            None
        }
    }
}

#[cfg(unix)]
async fn open_agent(path: &Path) -> Result<Agent, keys::Error> {
    Ok(AgentClient::connect_uds(path).await?.dynamic())
}

#[cfg(windows)]
async fn open_agent(path: &Path) -> Result<Agent, keys::Error> {
    Ok(AgentClient::connect_named_pipe(path).await?.dynamic())
}

/// The keys the agent holds; none, with a note in `skipped`, when it does not say.
pub(super) async fn agent_identities(agent: &mut Agent, skipped: &mut Vec<String>) -> Vec<AgentIdentity> {
    agent.request_identities().await.unwrap_or_else(|error| {
        skipped.push(format!("agent does not list its keys ({error})"));
        Vec::new()
    })
}
