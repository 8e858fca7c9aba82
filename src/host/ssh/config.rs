//! The settings a connection is made with: the inventory beats `ssh_config`, which beats
//! OpenSSH's defaults.
//!
//! `ssh_config` is not read here. `ssh -G` resolves it, so `Host`, `Match`, `Include` and the
//! rest mean exactly what they mean to `ssh`; this module asks it and parses the answer.
//! Nothing here opens a connection, and no key or known-hosts file is read.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::super::error::ConnectErrorKind;
use super::command::quote;
use crate::model::connection::{SshConfigSource, SshTarget};

/// OpenSSH's port.
const DEFAULT_PORT: u16 = 22;

/// Key files OpenSSH tries when none is named, in its order, below `~/.ssh`.
const DEFAULT_IDENTITIES: [&str; 5] = ["id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"];

/// How long `ssh -G` may take. It reads files and, with `Match exec`, runs the user's programs.
const SSH_PROGRAM_DEADLINE: Duration = Duration::from_secs(10);

/// Where keys held by an agent come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentSource {
    /// The socket that `SSH_AUTH_SOCK` names, if set.
    Environment,
    /// This socket.
    Socket(PathBuf),
    /// No agent.
    None,
}

/// Everything that decides how one SSH server is reached and trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshSettings {
    /// The destination as typed, for messages.
    pub destination: String,
    /// The name or address to connect to.
    pub hostname: String,
    /// TCP port.
    pub port: u16,
    /// Login name.
    pub user: String,
    /// Key files the inventory names; offered first.
    pub inventory_identity_files: Vec<PathBuf>,
    /// Key files of `ssh_config` or OpenSSH's defaults; offered last, and only where they exist.
    pub other_identity_files: Vec<PathBuf>,
    /// Offer only agent keys that match one of the key files.
    pub identities_only: bool,
    /// The agent to ask.
    pub agent: AgentSource,
    /// Files of known host keys, the one to add to first. Missing files count as empty.
    pub known_hosts_files: Vec<PathBuf>,
    /// The name the host's key is filed under, instead of `hostname` and `port`.
    pub host_key_alias: Option<String>,
    /// `[user@]host[:port]` hops, nearest first.
    pub jump_hosts: Vec<String>,
    /// `ConnectTimeout`, which replaces the connect deadline.
    pub connect_timeout: Option<Duration>,
    /// What the operator should know although it is no failure.
    pub notices: Vec<String>,
}

impl SshSettings {
    /// Works out the settings for `target`, running `ssh -G` unless the target forbids it.
    ///
    /// # Errors
    /// A destination that is none, an `ssh_config` that was named but cannot be read, options
    /// that are not supported, and a login name that nothing sets.
    pub async fn resolve(target: &SshTarget) -> Result<Self, ConnectErrorKind> {
        Self::resolve_with(target, Path::new("ssh")).await
    }

    /// [`Self::resolve`] with the program to ask, so that its absence can be tested.
    pub(super) async fn resolve_with(target: &SshTarget, program: &Path) -> Result<Self, ConnectErrorKind> {
        check_destination(&target.destination)?;
        let mut settings = match (&target.config, ask_ssh(target, program).await) {
            (SshConfigSource::Ignore, _) => Self::defaults(target),
            (_, Ok(answer)) => parse_answer(&answer, &target.destination)?,
            (SshConfigSource::File(path), Err(AskError::Missing)) => {
                return Err(ConnectErrorKind::SshProgramMissing { path: path.clone() });
            }
            (SshConfigSource::User, Err(AskError::Missing)) => {
                let mut settings = Self::defaults(target);
                settings
                    .notices
                    .push("`ssh_config` is not read, because the `ssh` program is not installed".to_owned());
                settings
            }
            (_, Err(AskError::Failed(kind))) => return Err(kind),
        };
        settings.apply_inventory(target);
        settings.expand_identity_files();
        if settings.user.is_empty() {
            return Err(ConnectErrorKind::NoUser);
        }
        Ok(settings)
    }

    /// OpenSSH's defaults for a destination no configuration mentions.
    fn defaults(target: &SshTarget) -> Self {
        let (user, hostname) = match target.destination.rsplit_once('@') {
            Some((user, hostname)) => (Some(user.to_owned()), hostname),
            None => (None, target.destination.as_str()),
        };
        let local_user = || std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_default();
        Self {
            destination: target.destination.clone(),
            hostname: hostname.to_owned(),
            port: DEFAULT_PORT,
            user: user.unwrap_or_else(local_user),
            inventory_identity_files: Vec::new(),
            other_identity_files: DEFAULT_IDENTITIES
                .iter()
                .map(|name| Path::new("~/.ssh").join(name))
                .collect(),
            identities_only: false,
            agent: AgentSource::Environment,
            known_hosts_files: default_known_hosts_files(),
            host_key_alias: None,
            jump_hosts: Vec::new(),
            connect_timeout: None,
            notices: Vec::new(),
        }
    }

    /// Lays what the inventory says over what is there.
    fn apply_inventory(&mut self, target: &SshTarget) {
        if let Some(user) = &target.user {
            self.user.clone_from(user);
        }
        self.port = target.port.unwrap_or(self.port);
        self.inventory_identity_files.clone_from(&target.identity_files);
        if !target.known_hosts_files.is_empty() {
            self.known_hosts_files = target.known_hosts_files.iter().map(|path| expand_home(path)).collect();
        }
        if let Some(jump_hosts) = &target.jump_hosts {
            self.jump_hosts.clone_from(jump_hosts);
        }
    }

    /// `ssh -G` prints `IdentityFile` before its tokens are replaced, unlike the other paths.
    fn expand_identity_files(&mut self) {
        let mut expanded = Vec::new();
        for path in std::mem::take(&mut self.other_identity_files) {
            match self.expand_tokens(&path.to_string_lossy()) {
                Ok(text) => expanded.push(expand_home(Path::new(&text))),
                Err(token) => self.notices.push(format!(
                    "key file `{}` is left out, because `{token}` in it is not supported",
                    path.display()
                )),
            }
        }
        self.other_identity_files = expanded;
        self.inventory_identity_files =
            self.inventory_identity_files.iter().map(|path| expand_home(path)).collect();
    }

    /// Replaces the `%` tokens of a path; `Err` holds the token that is not known here.
    fn expand_tokens(&self, text: &str) -> Result<String, String> {
        let mut expanded = String::with_capacity(text.len());
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            if character != '%' {
                expanded.push(character);
                continue;
            }
            match characters.next() {
                Some('%') => expanded.push('%'),
                Some('d') => expanded.push_str(&home_directory().to_string_lossy()),
                Some('h') => expanded.push_str(&self.hostname),
                Some('n') => expanded.push_str(&self.destination),
                Some('p') => expanded.push_str(&self.port.to_string()),
                Some('r') => expanded.push_str(&self.user),
                Some('k') => expanded.push_str(self.host_key_alias.as_deref().unwrap_or(&self.destination)),
                Some('u') => expanded.push_str(&std::env::var("USER").unwrap_or_default()),
                other => return Err(format!("%{}", other.map(String::from).unwrap_or_default())),
            }
        }
        Ok(expanded)
    }

    /// The name this host's key is filed under: the alias, `host`, or `[host]:port`.
    pub fn known_hosts_name(&self) -> String {
        match (&self.host_key_alias, self.port) {
            (Some(alias), _) => alias.clone(),
            (None, DEFAULT_PORT) => self.hostname.clone(),
            (None, port) => format!("[{}]:{port}", self.hostname),
        }
    }
}

/// One hop as a target of its own.
///
/// The inventory's keys, known hosts and configuration source hold for the hop too: an
/// inventory that ignores `ssh_config` has no other place to say them.
pub(super) fn jump_target(jump_host: &str, target: &SshTarget) -> Result<SshTarget, ConnectErrorKind> {
    let bad = || ConnectErrorKind::BadJumpHost { jump_host: jump_host.to_owned() };
    let rest = jump_host.strip_prefix("ssh://").unwrap_or(jump_host);
    let (user, rest) = match rest.rsplit_once('@') {
        Some((user, rest)) if !user.is_empty() => (Some(user.to_owned()), rest),
        Some(_) => return Err(bad()),
        None => (None, rest),
    };
    let (host, port) = split_host_port(rest).ok_or_else(bad)?;
    check_destination(host).map_err(|_| bad())?;
    Ok(SshTarget {
        destination: host.to_owned(),
        user,
        port,
        identity_files: target.identity_files.clone(),
        known_hosts_files: target.known_hosts_files.clone(),
        jump_hosts: None,
        config: target.config.clone(),
    })
}

/// Splits `host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address.
fn split_host_port(text: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        return match port.strip_prefix(':') {
            Some(port) => Some((host, Some(port.parse().ok()?))),
            None => port.is_empty().then_some((host, None)),
        };
    }
    match text.split_once(':') {
        Some((_, rest)) if rest.contains(':') => Some((text, None)),
        Some((host, port)) => Some((host, Some(port.parse().ok()?))),
        None => Some((text, None)),
    }
}

/// Refuses what `ssh` would read as an option or what no host is called.
fn check_destination(destination: &str) -> Result<(), ConnectErrorKind> {
    let harmless = !destination.is_empty()
        && !destination.starts_with('-')
        && !destination.contains(|character: char| character.is_whitespace() || character.is_control());
    if harmless {
        return Ok(());
    }
    Err(ConnectErrorKind::BadDestination { destination: destination.to_owned() })
}

/// Why `ssh -G` gave no answer.
enum AskError {
    /// There is no such program.
    Missing,
    /// It failed.
    Failed(ConnectErrorKind),
}

/// Runs `ssh -G` for `target` and returns what it prints.
async fn ask_ssh(target: &SshTarget, program: &Path) -> Result<String, AskError> {
    let mut command = Command::new(program);
    command.arg("-T").arg("-G");
    match &target.config {
        SshConfigSource::Ignore => return Ok(String::new()),
        SshConfigSource::File(path) => {
            command.arg("-F").arg(expand_home(path));
        }
        SshConfigSource::User => {}
    }
    // Port and user may decide which `Match` blocks hold.
    if let Some(port) = target.port {
        command.arg("-p").arg(port.to_string());
    }
    if let Some(user) = &target.user {
        command.arg("-l").arg(user);
    }
    command.arg("--").arg(&target.destination).stdin(Stdio::null()).kill_on_drop(true);
    let output = match tokio::time::timeout(SSH_PROGRAM_DEADLINE, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => return Err(AskError::Missing),
        Ok(Err(error)) => return Err(AskError::Failed(ConnectErrorKind::SshProgram(error))),
        Err(_) => {
            return Err(AskError::Failed(ConnectErrorKind::TimedOut { deadline: SSH_PROGRAM_DEADLINE }));
        }
    };
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let message =
        String::from_utf8_lossy(&output.stderr).lines().map(str::trim).collect::<Vec<_>>().join("; ");
    Err(AskError::Failed(ConnectErrorKind::SshConfig { command: shown_question(target), message }))
}

/// The question as an operator would type it.
fn shown_question(target: &SshTarget) -> String {
    let file = match &target.config {
        SshConfigSource::File(path) => Some(expand_home(path).display().to_string()),
        SshConfigSource::Ignore | SshConfigSource::User => None,
    };
    let words = file.map_or_else(Vec::new, |file| vec!["-F".to_owned(), file]);
    let words = ["ssh".to_owned(), "-G".to_owned()].into_iter().chain(words);
    let quoted = words.chain([target.destination.clone()]).filter_map(|word| quote(&word));
    quoted.collect::<Vec<_>>().join(" ")
}

/// Reads what `ssh -G` prints: one `option value` per line, options in lower case.
///
/// # Errors
/// `ProxyCommand`, which would have to be run.
pub(super) fn parse_answer(answer: &str, destination: &str) -> Result<SshSettings, ConnectErrorKind> {
    let mut settings = SshSettings {
        other_identity_files: Vec::new(),
        known_hosts_files: Vec::new(),
        ..SshSettings::defaults(&SshTarget { destination: destination.to_owned(), ..SshTarget::default() })
    };
    let mut global_files = Vec::new();
    for line in answer.lines() {
        let Some((option, value)) = line.split_once(' ') else { continue };
        let is_set = !value.eq_ignore_ascii_case("none");
        match option {
            "hostname" => value.clone_into(&mut settings.hostname),
            "user" => value.clone_into(&mut settings.user),
            "port" => settings.port = value.parse().unwrap_or(DEFAULT_PORT),
            "identityfile" if is_set => settings.other_identity_files.push(PathBuf::from(value)),
            "identitiesonly" => settings.identities_only = value == "yes",
            "identityagent" => settings.agent = agent_source(value),
            "userknownhostsfile" => settings.known_hosts_files = split_paths(value),
            "globalknownhostsfile" => global_files = split_paths(value),
            "hostkeyalias" if is_set => settings.host_key_alias = Some(value.to_owned()),
            "proxyjump" if is_set => settings.jump_hosts = value.split(',').map(str::to_owned).collect(),
            "proxycommand" if is_set => {
                return Err(ConnectErrorKind::Unsupported { option: format!("ProxyCommand {value}") });
            }
            "connecttimeout" => settings.connect_timeout = value.parse().ok().map(Duration::from_secs),
            "stricthostkeychecking" if matches!(value, "no" | "off" | "false") => settings.notices.push(
                "`StrictHostKeyChecking no` is not honoured: an unknown host key is never accepted"
                    .to_owned(),
            ),
            _ => {}
        }
    }
    settings.known_hosts_files.append(&mut global_files);
    Ok(settings)
}

fn agent_source(value: &str) -> AgentSource {
    match value {
        "none" => AgentSource::None,
        "SSH_AUTH_SOCK" => AgentSource::Environment,
        _ => match value.strip_prefix('$') {
            Some(variable) => {
                std::env::var_os(variable).map_or(AgentSource::None, |path| AgentSource::Socket(path.into()))
            }
            None => AgentSource::Socket(expand_home(Path::new(value))),
        },
    }
}

/// Splits a list of paths. `ssh -G` separates them with blanks and quotes nothing, so a piece
/// that does not start like a path belongs to the one before it.
fn split_paths(value: &str) -> Vec<PathBuf> {
    let mut paths: Vec<String> = Vec::new();
    for piece in value.split(' ').filter(|piece| !piece.is_empty() && *piece != "none") {
        match paths.last_mut() {
            Some(previous) if !piece.starts_with(['/', '~', '\\']) && !piece.contains(":\\") => {
                previous.push(' ');
                previous.push_str(piece);
            }
            _ => paths.push(piece.to_owned()),
        }
    }
    paths.iter().map(|path| expand_home(Path::new(path))).collect()
}

fn default_known_hosts_files() -> Vec<PathBuf> {
    let user = ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"].map(|path| expand_home(Path::new(path)));
    let global = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"].map(PathBuf::from);
    user.into_iter().chain(global).collect()
}

/// Replaces a leading `~/`.
fn expand_home(path: &Path) -> PathBuf {
    path.strip_prefix("~").map_or_else(|_| path.to_owned(), |rest| home_directory().join(rest))
}

fn home_directory() -> PathBuf {
    std::env::home_dir().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(destination: &str) -> SshTarget {
        SshTarget { destination: destination.to_owned(), ..SshTarget::default() }
    }

    #[test]
    fn reads_what_ssh_prints() {
        let answer = "host a\nuser deploy\nhostname a.example\nport 2222\nidentitiesonly yes\n\
            stricthostkeychecking accept-new\nhostkeyalias foo\nidentityagent none\n\
            identityfile ~/.ssh/k_%h\nidentityfile /k/two\nconnecttimeout 7\nproxycommand none\n\
            globalknownhostsfile /etc/ssh/ssh_known_hosts\nuserknownhostsfile /root/kh /tmp/with space/kh\n\
            proxyjump u@j1:2222,j2\n";
        let mut settings = parse_answer(answer, "a").unwrap();
        settings.expand_identity_files();
        assert_eq!(
            (settings.hostname.as_str(), settings.port, settings.user.as_str()),
            ("a.example", 2222, "deploy")
        );
        assert_eq!(settings.other_identity_files[0], home_directory().join(".ssh/k_a.example"));
        assert_eq!(settings.other_identity_files[1], PathBuf::from("/k/two"));
        let files = ["/root/kh", "/tmp/with space/kh", "/etc/ssh/ssh_known_hosts"].map(PathBuf::from);
        assert_eq!(settings.known_hosts_files, files);
        assert_eq!(settings.jump_hosts, ["u@j1:2222", "j2"]);
        assert_eq!(settings.connect_timeout, Some(Duration::from_secs(7)));
        assert_eq!(settings.agent, AgentSource::None);
        assert_eq!(settings.known_hosts_name(), "foo");
        assert!(settings.identities_only && settings.notices.is_empty());
    }

    #[test]
    fn proxy_command_is_an_error_and_disabled_checking_a_notice() {
        let error = parse_answer("proxycommand nc %h %p\n", "a").unwrap_err();
        assert_eq!(error.to_string(), "`ProxyCommand nc %h %p` in `ssh_config` is not supported yet");
        let settings = parse_answer("stricthostkeychecking false\n", "a").unwrap();
        assert!(settings.notices[0].contains("not honoured"));
    }

    #[tokio::test]
    async fn inventory_beats_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        std::fs::write(&file, "Host web1\n HostName web1.example\n User other\n Port 99\n ProxyJump gate\n")
            .unwrap();
        let wanted = SshTarget {
            user: Some("deploy".to_owned()),
            jump_hosts: Some(Vec::new()),
            known_hosts_files: vec![PathBuf::from("/kh")],
            config: SshConfigSource::File(file),
            ..target("web1")
        };
        // Skipped where there is no OpenSSH client: only it knows what the file means.
        let Ok(settings) = SshSettings::resolve(&wanted).await else { return };
        assert_eq!(
            (settings.hostname.as_str(), settings.port, settings.user.as_str()),
            ("web1.example", 99, "deploy")
        );
        assert!(settings.jump_hosts.is_empty());
        assert_eq!(settings.known_hosts_files, [PathBuf::from("/kh")]);
        assert_eq!(settings.known_hosts_name(), "[web1.example]:99");
    }

    #[tokio::test]
    async fn a_missing_program_is_a_notice_unless_a_file_was_named() {
        let missing = Path::new("/nonexistent/ssh");
        let plain = SshTarget { user: Some("deploy".to_owned()), ..target("web1") };
        let settings = SshSettings::resolve_with(&plain, missing).await.unwrap();
        assert!(settings.notices[0].contains("not installed"));
        let named = SshTarget { config: SshConfigSource::File("/x".into()), ..plain };
        let error = SshSettings::resolve_with(&named, missing).await.unwrap_err();
        assert!(matches!(error, ConnectErrorKind::SshProgramMissing { .. }));
    }

    #[test]
    fn destinations_that_are_options_are_refused() {
        for text in ["", "-oProxyCommand=x", "a b", "a\n"] {
            assert!(check_destination(text).is_err(), "{text:?}");
        }
        assert!(check_destination("deploy@web1").is_ok());
    }

    #[test]
    fn jump_hosts_are_taken_apart() {
        let cases = [
            ("gate", Some((None, "gate", None))),
            ("u@gate:2222", Some((Some("u"), "gate", Some(2222)))),
            ("ssh://u@gate:22", Some((Some("u"), "gate", Some(22)))),
            ("[fe80::1]:22", Some((None, "fe80::1", Some(22)))),
            ("fe80::1", Some((None, "fe80::1", None))),
            ("gate:port", None),
            ("gate:70000", None),
            ("@gate", None),
            ("-oX", None),
            ("", None),
        ];
        for (text, wanted) in cases {
            let found = jump_target(text, &target("t")).ok();
            let found = found.as_ref().map(|hop| (hop.user.as_deref(), hop.destination.as_str(), hop.port));
            assert_eq!(found, wanted, "{text}");
        }
    }
}
