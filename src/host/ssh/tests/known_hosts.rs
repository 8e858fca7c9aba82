//! What known-hosts files say about a key: a table, and OpenSSH's own tool as the judge.

use std::path::PathBuf;
use std::process::Command;

use russh::keys::PublicKey;

use super::super::known_hosts::{HostKeyVerdict, KnownHostsFile, check, known_algorithms, warnings};

const GOOD: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJlItAy3QI1bTYXCL44SFjwG9BeuYSk0TBH1L26eoXiF";

fn good() -> PublicKey {
    PublicKey::from_openssh(GOOD).unwrap()
}

fn file(text: &str) -> Vec<KnownHostsFile> {
    vec![(PathBuf::from("kh"), text.to_owned())]
}

/// The verdict in a word, with the line it rests on.
fn verdict(text: &str, host: &str, port: u16) -> String {
    match check(&file(text), host, port, &good()) {
        HostKeyVerdict::Known(place) => format!("known {}", place.line),
        HostKeyVerdict::Unknown => "unknown".to_owned(),
        HostKeyVerdict::Changed { known, .. } => format!("changed {}", known.line),
        HostKeyVerdict::Revoked(place) => format!("revoked {}", place.line),
    }
}

#[test]
fn the_table() {
    let cases: &[(&str, &str, u16, &str)] = &[
        // text (G is the key shown, O another), host, port, verdict
        ("", "web1", 22, "unknown"),
        ("web1 G", "web1", 22, "known 1"),
        ("web1 G a comment # with a hash", "web1", 22, "known 1"),
        ("web1,10.0.0.1 G", "10.0.0.1", 22, "known 1"),
        ("\tweb1\t G", "web1", 22, "known 1"),
        ("WEB1 G", "web1", 22, "known 1"),
        ("web1 G", "Web1", 22, "known 1"),
        ("web1 G\r\n", "web1", 22, "known 1"),
        ("# web1 G\n\n  # x\nweb1 G", "web1", 22, "known 4"),
        ("web2 G", "web1", 22, "unknown"),
        ("web11 G", "web1", 22, "unknown"),
        ("web1 O", "web1", 22, "changed 1"),
        ("web1 O\nweb1 G", "web1", 22, "known 2"),
        ("web1 O\nweb2 G", "web1", 22, "changed 1"),
        // ports
        ("[web1]:2222 G", "web1", 2222, "known 1"),
        ("[web1]:2222 G", "web1", 22, "unknown"),
        ("[web1]:2222 G", "web1", 2223, "unknown"),
        ("[web1]:22 G", "web1", 22, "known 1"),
        ("web1 G", "web1", 2222, "known 1"),
        ("web1 O", "web1", 2222, "unknown"),
        ("web1 G\n[web1]:2222 O", "web1", 2222, "known 1"),
        ("[*]:2222 G", "web1", 2222, "known 1"),
        ("[::1]:2222 G", "::1", 2222, "known 1"),
        // patterns
        ("* G", "web1", 22, "known 1"),
        ("web? G", "web1", 22, "known 1"),
        ("web?? G", "web1", 22, "unknown"),
        ("*.example,!db.example G", "web.example", 22, "known 1"),
        ("*.example,!db.example G", "db.example", 22, "unknown"),
        ("!db.example,*.example G", "db.example", 22, "unknown"),
        ("!web1 G", "web2", 22, "unknown"),
        ("*a*b*c G", "xaxbxxbc", 22, "known 1"),
        ("*a*b*c G", "xaxbxxb", 22, "unknown"),
        // markers
        ("@revoked web1 G", "web1", 22, "revoked 1"),
        ("@revoked * G", "web1", 2222, "revoked 1"),
        ("web1 G\n@revoked * G", "web1", 22, "revoked 2"),
        ("@revoked web2 G\nweb1 G", "web1", 22, "known 2"),
        ("@revoked * O\nweb1 G", "web1", 22, "known 2"),
        ("@revoked * O", "web1", 22, "unknown"),
        ("@cert-authority * G", "web1", 22, "unknown"),
        ("@cert-authority\tweb1 O\nweb1 G", "web1", 22, "known 2"),
        ("@unheard-of web1 G", "web1", 22, "unknown"),
        // bad lines do not spoil good ones
        ("web1\nweb1 ssh-ed25519\nweb1 ssh-ed25519 !!!\n|1|x web1\nweb1 G", "web1", 22, "known 5"),
        (
            "web1 ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ",
            "web1",
            22,
            "unknown",
        ),
    ];
    for (text, host, port, wanted) in cases {
        let text = text.replace('G', GOOD).replace(" O", &format!(" {OTHER}"));
        assert_eq!(&verdict(&text, host, *port), wanted, "{host}:{port} in\n{text}");
    }
}

#[test]
fn several_files_are_searched_and_named() {
    let files = vec![
        (PathBuf::from("one"), format!("web1 {OTHER}")),
        (PathBuf::from("two"), format!("\nweb1 {GOOD}")),
    ];
    let HostKeyVerdict::Known(place) = check(&files, "web1", 22, &good()) else { panic!() };
    assert_eq!((place.file, place.line), (PathBuf::from("two"), 2));
}

#[test]
fn another_algorithm_is_a_changed_key_and_asked_for_first() {
    let key = random(russh::keys::Algorithm::Ecdsa { curve: russh::keys::EcdsaCurve::NistP256 });
    let text = format!("web1 {key}");
    assert_eq!(verdict(&text, "web1", 22), "changed 1");
    let algorithms = known_algorithms(&file(&format!("{text}\n* {GOOD}\n@revoked web1 {OTHER}")), "web1", 22);
    let names: Vec<&str> = algorithms.iter().map(russh::keys::Algorithm::as_str).collect();
    assert_eq!(names, ["ecdsa-sha2-nistp256", "ssh-ed25519"]);
}

fn random(algorithm: russh::keys::Algorithm) -> String {
    let key = russh::keys::PrivateKey::random(&mut rand::rng(), algorithm).unwrap();
    key.public_key().to_openssh().unwrap()
}

#[test]
fn lines_that_cannot_be_read_are_reported() {
    let text = format!("web1 {GOOD}\n\n# comment\nweb1 nonsense\n@x web1 {GOOD}\n");
    let warnings = warnings(&file(&text));
    assert_eq!(warnings.len(), 2);
    assert_eq!(warnings[0], "`kh`, line 4, is not a known-hosts line and is skipped");
    assert!(warnings[1].contains("line 5"));
}

/// Whatever `ssh-keygen -F` finds in a file that `ssh-keygen -H` hashed, we find, and no more.
#[test]
fn agrees_with_ssh_keygen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("known_hosts");
    let text = format!(
        "web1 {GOOD}\n[web2]:2222 {GOOD}\n10.0.0.1,alias {GOOD}\n*.example,!db.example {GOOD}\nMixed.Case {GOOD}\n"
    );
    std::fs::write(&path, &text).unwrap();
    let hashed = Command::new("ssh-keygen").arg("-q").arg("-H").arg("-f").arg(&path).output();
    // Skipped where there is no OpenSSH client: it is the judge.
    let Ok(hashed) = hashed else { return };
    assert!(hashed.status.success(), "{}", String::from_utf8_lossy(&hashed.stderr));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.matches("|1|").count() >= 4, "{text}");
    let names =
        ["web1", "web2", "10.0.0.1", "alias", "web.example", "db.example", "mixed.case", "nobody", "web"];
    for name in names {
        for port in [22, 2222] {
            let asked = if port == 22 { name.to_owned() } else { format!("[{name}]:{port}") };
            let found =
                Command::new("ssh-keygen").arg("-F").arg(&asked).arg("-f").arg(&path).output().unwrap();
            // At another port `ssh`, unlike this tool, also takes a key known for the bare name.
            let bare = Command::new("ssh-keygen").arg("-F").arg(name).arg("-f").arg(&path).output().unwrap();
            let wanted = found.status.success() || bare.status.success();
            let ours = verdict(&text, name, port).starts_with("known");
            assert_eq!(ours, wanted, "{asked} in\n{text}");
        }
    }
}
