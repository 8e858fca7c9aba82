//! What a host's registries hold, written into their storage.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::images::{Image, digest};

/// Images that registries hold, by their references.
pub(super) type Held = BTreeMap<String, String>;

/// Both storages of a host hold exactly these afterwards. `root` is the folder of the storages.
pub(super) fn set(root: &Path, held: &Held) {
    for storage in ["golden-open", "golden-auth"] {
        let repositories = root.join(storage).join("docker/registry/v2/repositories");
        let _ = fs::remove_dir_all(&repositories);
        fs::create_dir_all(&repositories).expect("a folder of a registry");
    }
    for (reference, identity) in held {
        let (storage, repository, tag) = location(reference);
        Storage { root: root.join(storage).join("docker/registry/v2") }.put(&repository, &tag, identity);
    }
}

/// Where a reference leads: storage, repository, tag. What names no registry is of the mirror, which shares the open one's storage.
fn location(reference: &str) -> (&'static str, String, String) {
    let last = reference.rsplit('/').next().unwrap_or_default();
    let (name, tag) = match last.rsplit_once(':') {
        Some((_, tag)) => (&reference[..reference.len() - tag.len() - 1], tag),
        None => (reference, "latest"),
    };
    let (storage, repository) = match name.split_once('/') {
        Some(("auth.example.com", rest)) => ("golden-auth", rest.to_owned()),
        Some(("registry.example.com" | "10.55.0.1:5000", rest)) => ("golden-open", rest.to_owned()),
        Some(_) => ("golden-open", name.to_owned()),
        None => ("golden-open", format!("library/{name}")),
    };
    (storage, repository, tag.to_owned())
}

/// The file system of a registry.
struct Storage {
    root: PathBuf,
}

impl Storage {
    fn put(&self, repository: &str, tag: &str, identity: &str) {
        let image = Image::of(identity);
        let descriptor = |kind: &str, bytes: &[u8]| {
            self.blob(bytes);
            self.link(repository, &format!("_layers/{}", path_of(bytes)), &digest(bytes));
            json!({"mediaType": format!("application/vnd.docker.{kind}"), "size": bytes.len(), "digest": digest(bytes)})
        };
        // Engines look at the bytes: a layer need not be compressed.
        let layers = image.layers.map(|layer| descriptor("image.rootfs.diff.tar.gzip", layer));
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": descriptor("container.image.v1+json", &image.config),
            "layers": layers,
        });
        let manifest = manifest.to_string().into_bytes();
        self.blob(&manifest);
        let (path, digest) = (path_of(&manifest), digest(&manifest));
        for place in [
            format!("_manifests/revisions/{path}"),
            format!("_manifests/tags/{tag}/current"),
            format!("_manifests/tags/{tag}/index/{path}"),
        ] {
            self.link(repository, &place, &digest);
        }
    }

    fn blob(&self, bytes: &[u8]) {
        let digits = &digest(bytes)[7..];
        let folder = self.root.join("blobs/sha256").join(&digits[..2]).join(digits);
        if !folder.exists() {
            fs::create_dir_all(&folder).expect("a blob's folder");
            fs::write(folder.join("data"), bytes).expect("a blob");
        }
    }

    fn link(&self, repository: &str, place: &str, digest: &str) {
        let folder = self.root.join("repositories").join(repository).join(place);
        fs::create_dir_all(&folder).expect("a link's folder");
        fs::write(folder.join("link"), digest).expect("a link");
    }
}

/// `sha256/...`, as digests are in paths.
fn path_of(bytes: &[u8]) -> String {
    digest(bytes).replacen(':', "/", 1)
}
