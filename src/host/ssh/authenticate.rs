//! Proving who the operator is, with public keys only.
//!
//! Order: key files of the inventory, keys in the agent (those that match a configured file
//! first), key files of `ssh_config`. Every offer costs a round trip and counts against sshd's
//! `MaxAuthTries`, so no key is offered twice and `none` is never tried. Passwords and
//! passphrases are not asked for here; an encrypted key must be in the agent.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::MethodKind;
use russh::client::{AuthResult, Handle};
use russh::keys::agent::AgentIdentity;
use russh::keys::{Algorithm, Certificate, HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey};

use super::super::error::{ConnectErrorKind, OfferedKey};
use super::config::SshSettings;
use super::connect::{ClientHandler, SessionNotes};
use super::keys::{self, Agent, KeyFile};

/// A key that can be offered.
pub(super) struct Candidate {
    name: String,
    public_key: PublicKey,
    proof: Proof,
}

/// How a candidate signs.
enum Proof {
    /// With the key of a file, and the certificate beside it.
    File(Arc<PrivateKey>, Option<Certificate>),
    /// Through the agent.
    Agent(AgentIdentity),
}

impl Candidate {
    pub(super) fn offered(&self) -> OfferedKey {
        OfferedKey {
            name: self.name.clone(),
            fingerprint: self.public_key.fingerprint(HashAlg::Sha256).to_string(),
        }
    }
}

/// The outcome of one offer.
enum Offer {
    Accepted,
    /// What the server would accept next, and whether this key was half of what it wants.
    Refused {
        server_accepts: Vec<MethodKind>,
        partly_accepted: bool,
    },
    /// The connection is gone.
    Cut,
    /// The key could not be offered after all, and why.
    Unusable(String),
}

/// Offers keys until the server accepts one.
///
/// # Errors
/// No key to offer, all refused, or the connection cut; each names the keys concerned.
pub(super) async fn authenticate(
    handle: &mut Handle<ClientHandler>,
    settings: &SshSettings,
    notes: &SessionNotes,
) -> Result<(), ConnectErrorKind> {
    let mut skipped = Vec::new();
    let mut agent = keys::connect_agent(&settings.agent, handle.agent_session_binding(), &mut skipped).await;
    let candidates = candidates(settings, agent.as_mut(), &mut skipped).await;
    let user = settings.user.clone();
    let (mut offered, mut accepts, mut partly) = (Vec::new(), Vec::new(), false);
    for candidate in &candidates {
        match offer(handle, &user, candidate, agent.as_mut()).await {
            Offer::Accepted => return Ok(()),
            Offer::Unusable(reason) => skipped.push(reason),
            Offer::Cut => {
                offered.push(candidate.offered());
                return Err(cut(user, offered, notes));
            }
            Offer::Refused { server_accepts, partly_accepted } => {
                offered.push(candidate.offered());
                let goes_on = server_accepts.contains(&MethodKind::PublicKey);
                accepts = server_accepts;
                partly |= partly_accepted;
                if !goes_on {
                    break;
                }
            }
        }
    }
    if offered.is_empty() {
        return Err(ConnectErrorKind::NoKeys { user, skipped });
    }
    let server_accepts = accepts.iter().map(String::from).collect();
    Err(ConnectErrorKind::Refused { user, offered, skipped, server_accepts, partly_accepted: partly })
}

/// A connection that ended in the middle: sshd's `MaxAuthTries`, a ban, or the network.
fn cut(user: String, offered: Vec<OfferedKey>, notes: &SessionNotes) -> ConnectErrorKind {
    match notes.disconnect_reason() {
        // One offer is never too many, so the reason is not the number of keys.
        Some(reason) if offered.len() < 2 => ConnectErrorKind::Lost { reason: Some(reason) },
        _ => ConnectErrorKind::CutWhileAuthenticating { user, offered },
    }
}

/// All keys to offer, in order and without repetition.
pub(super) async fn candidates(
    settings: &SshSettings,
    agent: Option<&mut Agent>,
    skipped: &mut Vec<String>,
) -> Vec<Candidate> {
    let mut identities = match agent {
        Some(agent) => keys::agent_identities(agent, skipped).await,
        None => Vec::new(),
    };
    let mut list = Vec::new();
    let mut configured = Vec::new();
    for path in &settings.inventory_identity_files {
        let found = file_candidate(path, true, &mut identities, skipped).await;
        configured.extend(found.public_key);
        list.extend(found.candidates);
    }
    let mut files = Vec::new();
    for path in &settings.other_identity_files {
        // A default file that is encrypted is no trouble unless nothing else works, and a
        // missing one never is.
        let found = file_candidate(path, false, &mut identities, skipped).await;
        configured.extend(found.public_key);
        files.extend(found.candidates);
    }
    let is_configured = |identity: &AgentIdentity| {
        configured.iter().any(|key: &PublicKey| key.key_data() == identity.public_key().key_data())
    };
    let (matching, others): (Vec<_>, Vec<_>) = identities.into_iter().partition(is_configured);
    list.extend(matching.into_iter().map(agent_candidate));
    let (from_agent, from_disk): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|candidate: &Candidate| matches!(candidate.proof, Proof::Agent(_)));
    list.extend(from_agent);
    if !settings.identities_only {
        list.extend(others.into_iter().map(agent_candidate));
    }
    list.extend(from_disk);
    without_repetition(list)
}

/// Keeps the first of several offers of one key. A certificate and its bare key are two.
fn without_repetition(list: Vec<Candidate>) -> Vec<Candidate> {
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in list {
        let is_same = |other: &Candidate| {
            other.public_key.key_data() == candidate.public_key.key_data()
                && other.has_certificate() == candidate.has_certificate()
        };
        if !kept.iter().any(is_same) {
            kept.push(candidate);
        }
    }
    kept
}

impl Candidate {
    fn has_certificate(&self) -> bool {
        matches!(self.proof, Proof::File(_, Some(_)) | Proof::Agent(AgentIdentity::Certificate { .. }))
    }
}

/// What a configured key file comes to.
#[derive(Default)]
struct FileFound {
    /// The offers it makes possible, by itself or through the agent.
    candidates: Vec<Candidate>,
    /// Its public key, which marks the agent key that belongs to it.
    public_key: Option<PublicKey>,
}

/// Looks at one configured file; takes the agent key of an encrypted file out of `identities`.
async fn file_candidate(
    path: &Path,
    must_exist: bool,
    identities: &mut Vec<AgentIdentity>,
    skipped: &mut Vec<String>,
) -> FileFound {
    let name = path.display().to_string();
    match keys::load(path).await {
        Ok(KeyFile::Ready(key, certificate)) => {
            let public_key = key.public_key().clone();
            let key: Arc<PrivateKey> = Arc::from(key);
            // The certificate first, then the bare key, as OpenSSH does.
            let certificates = certificate.into_iter().map(|certificate| Some(*certificate)).chain([None]);
            let candidates = certificates
                .map(|certificate| Candidate {
                    name: name.clone(),
                    public_key: public_key.clone(),
                    proof: Proof::File(Arc::clone(&key), certificate),
                })
                .collect();
            FileFound { candidates, public_key: Some(public_key) }
        }
        Ok(KeyFile::AgentOnly(public_key)) => {
            let held = identities
                .iter()
                .position(|identity| identity.public_key().key_data() == public_key.key_data());
            let candidate = held.map(|index| Candidate {
                name: format!("{name} (agent)"),
                public_key: public_key.clone(),
                proof: Proof::Agent(identities.remove(index)),
            });
            if candidate.is_none() {
                skipped
                    .push(format!("`{name}` is encrypted or without its private half, and not in the agent"));
            }
            FileFound { candidates: candidate.into_iter().collect(), public_key: Some(public_key) }
        }
        Ok(KeyFile::Missing) if !must_exist => FileFound::default(),
        Ok(KeyFile::Missing) => {
            skipped.push(format!("`{name}` does not exist"));
            FileFound::default()
        }
        Err(reason) => {
            skipped.push(format!("`{name}` {reason}"));
            FileFound::default()
        }
    }
}

fn agent_candidate(identity: AgentIdentity) -> Candidate {
    Candidate {
        name: match identity.comment() {
            "" => "agent".to_owned(),
            comment => format!("agent: {comment}"),
        },
        public_key: identity.public_key().into_owned(),
        proof: Proof::Agent(identity),
    }
}

/// Offers one key and says how it went.
async fn offer(
    handle: &mut Handle<ClientHandler>,
    user: &str,
    candidate: &Candidate,
    agent: Option<&mut Agent>,
) -> Offer {
    let Ok(hash) = rsa_hash(handle, &candidate.public_key).await else {
        return Offer::Unusable(format!(
            "`{}` would need SHA-1, the server knows nothing newer",
            candidate.name
        ));
    };
    let result = match (&candidate.proof, agent) {
        (Proof::File(key, None), _) => {
            let key = PrivateKeyWithHashAlg::new(Arc::clone(key), hash);
            handle.authenticate_publickey(user, key).await.map_err(|error| error.to_string())
        }
        (Proof::File(key, Some(certificate)), _) => handle
            .authenticate_openssh_cert(user, Arc::clone(key), certificate.clone())
            .await
            .map_err(|error| error.to_string()),
        (Proof::Agent(AgentIdentity::PublicKey { key, .. }), Some(agent)) => handle
            .authenticate_publickey_with(user, key.clone(), hash, agent)
            .await
            .map_err(|error| error.to_string()),
        (Proof::Agent(AgentIdentity::Certificate { certificate, .. }), Some(agent)) => handle
            .authenticate_certificate_with(user, certificate.clone(), hash, agent)
            .await
            .map_err(|error| error.to_string()),
        (Proof::Agent(_), None) => Err("the agent is gone".to_owned()),
    };
    match result {
        Ok(AuthResult::Success) => Offer::Accepted,
        // russh's way of saying that the session ended: sshd always names a method.
        Ok(AuthResult::Failure { remaining_methods, .. }) if remaining_methods.is_empty() => Offer::Cut,
        Ok(AuthResult::Failure { remaining_methods, partial_success }) => {
            Offer::Refused { server_accepts: remaining_methods.to_vec(), partly_accepted: partial_success }
        }
        Err(_) if handle.is_closed() => Offer::Cut,
        Err(reason) => Offer::Unusable(format!("`{}` did not sign ({reason})", candidate.name)),
    }
}

/// The hash an RSA key signs with: the best the server takes. SHA-1 is not used.
async fn rsa_hash(handle: &Handle<ClientHandler>, key: &PublicKey) -> Result<Option<HashAlg>, ()> {
    if !matches!(key.algorithm(), Algorithm::Rsa { .. }) {
        return Ok(None);
    }
    match handle.best_supported_rsa_hash().await {
        Ok(Some(Some(hash))) => Ok(Some(hash)),
        Ok(Some(None)) => Err(()),
        // The server says nothing: RFC 8332 lets a client try.
        Ok(None) | Err(_) => Ok(Some(HashAlg::Sha256)),
    }
}

/// The certificate file that belongs to a key file: `id_x-cert.pub` beside `id_x`.
pub(super) fn certificate_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-cert.pub");
    PathBuf::from(name)
}
