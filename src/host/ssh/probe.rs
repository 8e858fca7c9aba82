//! One look at a host, by one command: who are we there, and may we use its Engine?
//!
//! The command is needed anyway: it makes sshd up to 10.0 switch Nagle's algorithm off, so it
//! runs beside the first Engine call. What it finds is used when that call is refused, because
//! sshd gives one and the same answer for a missing socket and for forbidden forwarding.

use super::super::error::{CommandError, CommandErrorKind};
use super::SshSession;
use super::command::{RemoteCommand, quote};

/// Marks our lines among whatever a login script may print.
const MARK: &str = "dmfab-probe";

/// What a host says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each read by its name")]
pub struct HostProbe {
    /// The Engine's socket that was looked for.
    pub socket_path: String,
    /// Login name.
    pub user: String,
    /// Numeric user id; 0 is root.
    pub uid: u32,
    /// The groups of the login user.
    pub groups: Vec<String>,
    /// Whether there is a socket at the path, as far as the user can see.
    pub socket_exists: bool,
    /// Whether the user may read and write it.
    pub socket_writable: bool,
    /// Whether the `docker` program is on the path.
    pub has_docker_cli: bool,
    /// Whether the `sudo` program is on the path; it may still ask for a password.
    pub has_sudo: bool,
    /// Kernel name, such as `Linux`.
    pub system: String,
    /// Machine type, such as `x86_64`.
    pub machine: String,
}

impl HostProbe {
    /// What the operator can do when the Engine's socket is missing or forbidden; `None` when
    /// the socket can be used.
    pub fn remedy(&self) -> Option<String> {
        let Self { socket_path, user, .. } = self;
        match (self.socket_exists, self.socket_writable) {
            (true, true) => None,
            (true, false) if self.groups.iter().any(|group| group == "docker") => Some(format!(
                "check the owner and mode of `{socket_path}`: `{user}` is in the docker group already"
            )),
            (true, false) => Some(format!(
                "add `{user}` to the docker group on the host, then connect anew: `sudo usermod -aG docker {user}`"
            )),
            (false, _) if self.has_docker_cli => Some(format!(
                "start Docker on the host (`sudo systemctl start docker`), or set the Engine's socket \
                 in the inventory if it is not `{socket_path}`"
            )),
            (false, _) => {
                Some("install Docker on the host, or set the Engine's socket in the inventory".to_owned())
            }
        }
    }
}

impl SshSession {
    /// Asks the host about itself and the Engine's socket at `docker_socket`, once per session
    /// and socket: later calls return the first answer.
    ///
    /// # Errors
    /// Those of [`SshSession::run`], a probe that fails, or an answer that makes no sense.
    pub async fn probe(&self, docker_socket: &str) -> Result<HostProbe, CommandError> {
        let (socket_path, probe) = self
            .probe_cell()
            .get_or_try_init(|| async {
                Ok((docker_socket.to_owned(), self.run_probe(docker_socket).await?))
            })
            .await?;
        if socket_path == docker_socket {
            return Ok(probe.clone());
        }
        self.run_probe(docker_socket).await
    }

    async fn run_probe(&self, docker_socket: &str) -> Result<HostProbe, CommandError> {
        let fail = |kind| CommandError::new(self.host_name(), "host probe", kind);
        let script = script(docker_socket).ok_or_else(|| fail(CommandErrorKind::NulByte))?;
        let output = self.run(&RemoteCommand::new(["sh", "-c", &script])).await?.success()?;
        parse(&output.stdout_text(), docker_socket)
            .map_err(|missing| fail(CommandErrorKind::BadProbe { missing }))
    }
}

/// The probe as one line of `sh`; `None` for a path with a NUL byte.
fn script(socket_path: &str) -> Option<String> {
    let socket = quote(socket_path)?;
    let say = |key: &str, value: &str| format!("echo \"{MARK} {key} {value}\"");
    let test = |key: &str, test: &str| format!("{test} && {}", say(key, "yes"));
    let lines = [
        say("user", "$(id -un)"),
        say("uid", "$(id -u)"),
        say("groups", "$(id -Gn)"),
        test("socket_exists", &format!("[ -S {socket} ]")),
        test("socket_writable", &format!("[ -r {socket} ] && [ -w {socket} ]")),
        test("docker", "command -v docker >/dev/null 2>&1"),
        test("sudo", "command -v sudo >/dev/null 2>&1"),
        say("system", "$(uname -s)"),
        say("machine", "$(uname -m)"),
    ];
    Some(lines.join("; "))
}

/// Reads the probe's answer; `Err` names the line that is missing.
fn parse(text: &str, socket_path: &str) -> Result<HostProbe, &'static str> {
    let value = |key: &'static str| {
        let mut lines = text.lines().filter_map(|line| line.trim_end().strip_prefix(MARK)?.strip_prefix(' '));
        lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')).ok_or(key)
    };
    let is_yes = |key| value(key) == Ok("yes");
    Ok(HostProbe {
        socket_path: socket_path.to_owned(),
        user: value("user")?.to_owned(),
        uid: value("uid")?.parse().map_err(|_| "uid")?,
        groups: value("groups")?.split_whitespace().map(str::to_owned).collect(),
        socket_exists: is_yes("socket_exists"),
        socket_writable: is_yes("socket_writable"),
        has_docker_cli: is_yes("docker"),
        has_sudo: is_yes("sudo"),
        system: value("system")?.to_owned(),
        machine: value("machine")?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "Welcome!\ndmfab-probe user deploy\ndmfab-probe uid 1000\ndmfab-probe groups deploy users\n\
        dmfab-probe socket_exists yes\ndmfab-probe docker yes\ndmfab-probe system Linux\ndmfab-probe machine x86_64\n";

    #[test]
    fn reads_the_answer_among_other_output() {
        let probe = parse(ANSWER, "/var/run/docker.sock").unwrap();
        assert_eq!((probe.user.as_str(), probe.uid, probe.machine.as_str()), ("deploy", 1000, "x86_64"));
        assert_eq!(probe.groups, ["deploy", "users"]);
        assert!(probe.socket_exists && !probe.socket_writable && probe.has_docker_cli && !probe.has_sudo);
        assert!(probe.remedy().unwrap().starts_with("add `deploy` to the docker group"));
    }

    #[test]
    fn a_half_answer_is_an_error() {
        assert_eq!(parse("dmfab-probe user deploy\n", "/s"), Err("uid"));
        assert_eq!(parse("", "/s"), Err("user"));
    }

    #[test]
    fn the_script_is_one_that_sh_understands() {
        let script = script("/tmp/no 'such' socket").unwrap();
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        assert!(output.status.success());
        let probe = parse(&String::from_utf8_lossy(&output.stdout), "/s").unwrap();
        assert!(!probe.socket_exists && !probe.groups.is_empty());
    }
}
