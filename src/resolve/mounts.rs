//! `binds`, `attaches`, `uses` and `shares`: what is mounted where.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::container::{Mount, MountSource};
use crate::model::place::Places;
use crate::source::diagnostic::Diagnostic;
use crate::source::raw::{RawBind, RawHostPath, RawText, RawUse};
use crate::source::span::Span;

use super::container::Builder;

/// Everything mounted into one container.
#[derive(Default)]
pub(super) struct Mounts {
    /// By mount path.
    pub(super) by_path: BTreeMap<String, Mount>,
    /// Paths kept in anonymous volumes.
    pub(super) anonymous: BTreeSet<String>,
    /// Containers whose volumes are all taken, and whether read-only.
    pub(super) volumes_from: BTreeMap<String, bool>,
    /// Where each of them is asked for.
    pub(super) places: Places,
    spans: BTreeMap<String, Span>,
}

/// A path on the host, and what it is made of.
struct HostPath {
    path: String,
    span: Span,
    /// The map's `host_root`, where the path is relative to it.
    root: Option<Span>,
}

impl Builder<'_> {
    pub(super) fn mounts(&self) -> Mounts {
        let mut mounts = Mounts::default();
        for raw in &self.raw().shares {
            if let Some(path) = self.mount_path(raw) {
                self.note(&mut mounts.places, format!("shares.{path}"), raw.span);
                mounts.anonymous.insert(path);
            }
        }
        for bind in &self.raw().binds {
            self.bind(&bind.value, bind.span, &mut mounts);
        }
        for attach in &self.raw().attaches {
            let key = self.map.attached_key(self.config_name(), &attach.value.name.value);
            let path = self.volume_path(&attach.value.name.value, attach.value.path.as_ref());
            if let Some(path) = path {
                let source = MountSource::Volume(self.map.volume_name(&key));
                self.add(&mut mounts, path, Mount::new(source, false), attach.span);
            }
        }
        for used in &self.raw().uses {
            self.use_volume(&used.value, used.span, &mut mounts);
        }
        mounts
    }

    fn bind(&self, bind: &RawBind, span: Span, mounts: &mut Mounts) {
        let (path, source, read_only) = match bind {
            RawBind::Alias { name, read_only } => {
                let path = self.volume_path(&name.value, None);
                let source = self.map.host_path(&name.value).and_then(|path| self.host_path(path, span));
                (path, source, *read_only)
            }
            RawBind::Path { container_path, host_path, read_only } => {
                (self.mount_path(container_path), self.host_path(host_path, span), *read_only)
            }
        };
        if let (Some(path), Some(source)) = (path, source) {
            self.add(mounts, path.clone(), Mount::new(MountSource::HostPath(source.path), read_only), span);
            self.note_bind(&mut mounts.places, &path, span, source.span, source.root);
        }
    }

    fn use_volume(&self, used: &RawUse, span: Span, mounts: &mut Mounts) {
        let name = &used.name.value;
        let Some(attacher) = self.map.attacher(name) else {
            for container_name in self.container_names(name) {
                self.note(&mut mounts.places, format!("uses.{container_name}"), span);
                mounts.volumes_from.insert(container_name, used.read_only);
            }
            return;
        };
        let alias = if self.map.uses_parent_names() {
            name.split_once('.').map_or(name.as_str(), |(_, alias)| alias)
        } else {
            name
        };
        let path = match &used.path {
            Some(path) => self.mount_path(path),
            None => self.used_path(alias, attacher),
        };
        if let Some(path) = path {
            let source = MountSource::Volume(self.map.volume_name(name));
            self.add(mounts, path, Mount::new(source, used.read_only), span);
        }
    }

    /// The alias' own path, else the one its attacher gives it.
    fn used_path(&self, alias: &str, attacher: usize) -> Option<String> {
        if let Some(path) = self.map.volume(alias).and_then(|volume| volume.default_path.as_ref()) {
            return self.mount_path(path);
        }
        let (_, owner) = self.map.configurations.get_index(attacher)?;
        self.mount_path(owner.attached_path(alias)?)
    }

    /// Path of an alias inside the container; that there is one is checked for the whole map.
    fn volume_path(&self, alias: &str, own_path: Option<&RawText>) -> Option<String> {
        let default_path = || self.map.volume(alias).and_then(|volume| volume.default_path.as_ref());
        self.mount_path(own_path.or_else(default_path)?)
    }

    fn mount_path(&self, raw: &RawText) -> Option<String> {
        let path = self.context.text(raw)?;
        if !path.starts_with('/') {
            self.context.report(
                Diagnostic::error(format!("the mount path `{path}` is not absolute"))
                    .at(raw.span, "expected a path that begins with `/`"),
            );
            return None;
        }
        Some(normalized(&path))
    }

    /// Path on the host for this instance, below the map's root if relative, and where it stands.
    fn host_path(&self, raw: &RawHostPath, used_at: Span) -> Option<HostPath> {
        let text = match raw {
            RawHostPath::One(text) => text,
            RawHostPath::PerInstance(paths, span) => {
                let wanted = self.instance_name.unwrap_or("default");
                let Some(text) = self.map.path_of_instance(paths, wanted) else {
                    self.report_missing_instance(wanted, *span, used_at);
                    return None;
                };
                text
            }
        };
        let path = self.context.text(text)?;
        if path.starts_with('/') {
            return Some(HostPath { path: normalized(&path), span: text.span, root: None });
        }
        let raw_root = self.map.raw.host_root.as_ref();
        let Some(root) = self.context.optional_text(raw_root) else {
            self.context.report(
                Diagnostic::error(format!(
                    "the host path `{path}` is relative, and the map has no `host_root`"
                ))
                .at(text.span, "relative to nothing")
                .help("add `host_root: /...` to the map, or write an absolute path"),
            );
            return None;
        };
        let root_span = raw_root.map_or(text.span, |root| root.span);
        if !root.starts_with('/') {
            let diagnostic = Diagnostic::error(format!("`host_root` is `{root}`, which is not absolute"));
            let diagnostic = diagnostic.at(root_span, "expected a path that begins with `/`");
            self.context.report(diagnostic.help(format!("write `/{root}`, or where it is")));
            return None;
        }
        let path = normalized(&format!("{root}/{path}"));
        Some(HostPath { path, span: text.span, root: raw_root.map(|root| root.span) })
    }

    fn report_missing_instance(&self, wanted: &str, span: Span, used_at: Span) {
        self.context.report(
            Diagnostic::error(format!(
                "no path for instance `{wanted}` of container `{}`",
                self.config_name()
            ))
            .at(span, "has no such instance")
            .also(used_at, "mounted here")
            .help(format!("add `{wanted}: PATH`")),
        );
    }

    fn add(&self, mounts: &mut Mounts, path: String, mount: Mount, span: Span) {
        if let Some(first) = mounts.spans.get(&path) {
            self.context.report(
                Diagnostic::error(format!("container `{}` mounts `{path}` twice", self.config_name()))
                    .at(span, "mounted again here")
                    .also(*first, "first mounted here")
                    .help("take one of the two out, or mount it at another path"),
            );
            return;
        }
        self.note(&mut mounts.places, format!("binds.{path}"), span);
        mounts.spans.insert(path.clone(), span);
        mounts.by_path.insert(path, mount);
    }
}

/// Without `.`, empty parts and a trailing slash, as the Engine reports paths back.
pub(super) fn normalized(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::normalized;

    #[test]
    fn paths_lose_what_means_nothing() {
        for (typed, path) in [("/a/./b/", "/a/b"), ("/root/./rel", "/root/rel"), ("//a", "/a"), ("/", "/")] {
            assert_eq!(normalized(typed), path);
        }
    }
}
