//! Images by their identities: what is in them, and files of them for Engines and registries.
//!
//! An identity is `NAME-vN`. The name decides what the image does, the whole only makes its content differ. All of them share one layer of programs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::archive::Archive;

/// The label that names the identity. Dumps of the state leave it out.
pub(super) const IDENTITY_LABEL: &str = "golden.identity";

const CREATED: &str = "2020-01-01T00:00:00Z";
const PROGRAMS: &str = "sh ash sleep true false echo cat ls chown chmod id touch mkdir rm httpd nc wget ps kill env stat test printf date hostname head tail \
                        grep sed awk sort wc tr seq mount whoami xargs find tee yes ln cp mv";
const USERS: &str = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n\
                     app:x:2000:2000:app:/:/bin/sh\nweb:x:2001:2001:web:/:/bin/sh\n";
const GROUPS: &str = "root:x:0:\nnogroup:x:65534:\napp:x:2000:web\nweb:x:2001:\ndata:x:3000:\n";

/// An image as bytes.
pub(super) struct Image {
    pub(super) config: Vec<u8>,
    pub(super) layers: [&'static [u8]; 2],
}

impl Image {
    pub(super) fn of(identity: &str) -> Self {
        let layers = [program_layer(), identity_layer(identity)];
        let diff_ids: Vec<String> = layers.iter().map(|layer| digest(layer)).collect();
        let config = json!({
            "architecture": architecture(),
            "os": "linux",
            "created": CREATED,
            "config": settings(identity),
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": [{"created": CREATED}, {"created": CREATED, "comment": identity}],
        });
        Self { config: config.to_string().into_bytes(), layers }
    }
}

/// `sha256:...`.
pub(super) fn digest(bytes: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// What `docker load` takes: identities with their tags.
pub(super) fn saved(tags: &BTreeMap<String, BTreeSet<String>>) -> Vec<u8> {
    let mut archive = Archive::default();
    let mut written = BTreeSet::new();
    let mut manifest = Vec::new();
    for (identity, tags) in tags {
        let image = Image::of(identity);
        let layers = image.layers.map(|layer| format!("{}.tar", &digest(layer)[7..]));
        let config = format!("{}.json", &digest(&image.config)[7..]);
        archive.file(&config, 0o644, &image.config);
        for (name, layer) in layers.iter().zip(image.layers) {
            if written.insert(name.clone()) {
                archive.file(name, 0o644, layer);
            }
        }
        manifest.push(json!({"Config": config, "RepoTags": tags, "Layers": layers}));
    }
    archive.file("manifest.json", 0o644, Value::Array(manifest).to_string().as_bytes());
    archive.bytes()
}

/// What a container of the image does when nothing else is said.
fn settings(identity: &str) -> Value {
    let name = identity.rsplit_once("-v").map_or(identity, |(name, _)| name);
    let mut settings = match name {
        "true" => json!({"Entrypoint": ["/bin/true"]}),
        "busybox" => json!({"Cmd": ["sh"]}),
        "withports" => json!({
            "Cmd": ["/bin/serve"],
            "ExposedPorts": {"9000/tcp": {}},
            "Env": ["IMG_VAR=from-image"],
            "Volumes": {"/img/vol": {}},
            "Labels": {"img.label": "x"},
        }),
        "withhealth" => json!({
            "Cmd": ["/bin/serve"],
            "Healthcheck": {"Test": ["CMD", "/bin/true"], "Interval": 30_000_000_000_u64},
        }),
        _ => match name.strip_prefix("exit") {
            Some(code) => json!({"Cmd": ["sh", "-c", format!("exit {code}")]}),
            None => json!({"Cmd": ["/bin/serve"]}),
        },
    };
    settings["Labels"][IDENTITY_LABEL] = json!(identity);
    settings
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn program_layer() -> &'static [u8] {
    static LAYER: OnceLock<Vec<u8>> = OnceLock::new();
    LAYER.get_or_init(|| {
        let mut archive = Archive::default();
        let folders = ["bin", "etc", "var", "dev", "proc", "sys"].map(|name| (name, 0o755));
        for (name, mode) in folders.into_iter().chain([("tmp", 0o1777), ("root", 0o700)]) {
            archive.folder(name, mode);
        }
        archive.file(
            "bin/busybox",
            0o755,
            &std::fs::read("/bin/busybox").expect("busybox, which the lab has"),
        );
        for program in PROGRAMS.split(' ') {
            archive.link(&format!("bin/{program}"), "busybox");
        }
        archive.file("bin/serve", 0o755, &compiled());
        archive.link("bin/bgtask", "serve");
        archive.file("etc/passwd", 0o644, USERS.as_bytes());
        archive.file("etc/group", 0o644, GROUPS.as_bytes());
        archive.bytes()
    })
}

/// The layer that tells identities apart. Kept, since a scenario uses an identity many times.
fn identity_layer(identity: &str) -> &'static [u8] {
    static LAYERS: std::sync::Mutex<BTreeMap<String, &'static [u8]>> = std::sync::Mutex::new(BTreeMap::new());
    let mut layers = LAYERS.lock().expect("no panic");
    layers.entry(identity.to_owned()).or_insert_with(|| {
        let mut archive = Archive::default();
        archive.file("etc/ident", 0o644, format!("{identity}\n").as_bytes());
        archive.bytes().leak()
    })
}

fn compiled() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("serve");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/image/serve.c");
    let output = Command::new("gcc").args(["-static", "-Os", "-s", "-o"]).arg(&program).arg(&source).output();
    let output = output.expect("gcc, which `.ci/setup` installs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(&program).expect("the program")
}
