//! A key of one test alone, so that its logins can be counted while other tests log in too.

use std::path::PathBuf;
use std::process::Command;

use super::host::Host;
use super::lab::Lab;
use super::text::unique_name;

/// A key that root of these hosts accepts until it is dropped.
pub(crate) struct ClientKey {
    hosts: Vec<Host>,
    comment: String,
    fingerprint: String,
    folder: tempfile::TempDir,
}

impl ClientKey {
    pub(crate) fn for_hosts(hosts: Vec<Host>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let comment = unique_name();
        let file = folder.path().join("key");
        let ssh_keygen = |arguments: &[&str]| {
            let output = Command::new("ssh-keygen").args(arguments).arg("-f").arg(&file).output();
            let output = output.expect("ssh-keygen");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).expect("text")
        };
        ssh_keygen(&["-q", "-t", "ed25519", "-N", "", "-C", &comment]);
        let fingerprint = ssh_keygen(&["-l"]).split(' ').nth(1).expect("a fingerprint").to_owned();
        let public = std::fs::read_to_string(folder.path().join("key.pub")).expect("a public key");
        let line = format!("echo '{}' >> /root/.ssh/authorized_keys", public.trim());
        for host in &hosts {
            host.exec(["flock", "/root/.ssh", "sh", "-c", &line]);
        }
        let lab = Lab::shared();
        let settings = std::fs::read_to_string(lab.ssh_config()).expect("ssh_config");
        let lines = settings.lines().map(|line| {
            if line.trim().starts_with("IdentityFile") {
                format!("    IdentityFile {}\n", file.display())
            } else {
                format!("{line}\n")
            }
        });
        std::fs::write(folder.path().join("ssh_config"), lines.collect::<String>()).expect("ssh_config");
        Self { hosts, comment, fingerprint, folder }
    }

    /// The lab's `ssh_config` with this key in place of the lab's own.
    pub(crate) fn ssh_config(&self) -> PathBuf {
        self.folder.path().join("ssh_config")
    }

    /// How often each host has accepted the key until now.
    pub(crate) fn logins(&self) -> Vec<(String, usize)> {
        let counted =
            self.hosts.iter().map(|host| (host.name.clone(), host.accepted_logins(&self.fingerprint)));
        counted.collect()
    }

    /// Lines of a host's sshd log that accept the key.
    pub(crate) fn accepted_lines(&self, host: &Host) -> Vec<String> {
        let log = std::fs::read_to_string(&host.sshd_log).expect("sshd's log");
        let is_accepted =
            |line: &&str| line.contains("Accepted publickey") && line.contains(&self.fingerprint);
        log.lines().filter(is_accepted).map(str::to_owned).collect()
    }
}

impl Drop for ClientKey {
    fn drop(&mut self) {
        let line = format!("sed -i '/{}/d' /root/.ssh/authorized_keys", self.comment);
        for host in &self.hosts {
            host.try_exec(["flock", "/root/.ssh", "sh", "-c", &line]);
        }
    }
}
