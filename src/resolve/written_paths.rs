//! Paths of a host that several configurations may write to: it works, and is seldom meant.

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use crate::model::container::{ContainerSettings, Mount, MountKind, MountSource};
use crate::source::diagnostic::Diagnostic;
use crate::source::raw::RawBind;
use crate::source::span::{Span, Spanned};

use super::container::Builder;
use super::context::Context;
use super::mounts::normalized;

/// Where programs meet on purpose: devices, state of the running system, sockets, scratch files.
const MEETING_PLACES: [&str; 6] = ["/dev", "/proc", "/sys", "/run", "/var/run", "/tmp"];

/// The first configuration that writes to each path of a host.
#[derive(Default)]
pub(super) struct WrittenPaths(HashMap<String, Writer>);

#[derive(Clone)]
struct Writer {
    /// Map and configuration.
    config_name: Rc<str>,
    span: Span,
}

/// A path of the host that a container writes to, with the place that says so.
pub(super) type WrittenPath = (String, Span);

impl WrittenPaths {
    /// Adds what a container of a configuration writes to. Two configurations are warned of once, not
    /// for each path, instance and host; what one line says to several heirs is meant.
    pub(super) fn add(&mut self, context: &Context<'_>, config_name: &str, paths: Vec<WrittenPath>) {
        let config_name: Rc<str> = config_name.into();
        for (path, span) in paths {
            let second = Writer { config_name: config_name.clone(), span };
            match self.0.get(&path) {
                Some(first) => first.meet(context, &path, &second),
                None => drop(self.0.insert(path, second)),
            }
        }
    }
}

impl Writer {
    fn meet(&self, context: &Context<'_>, path: &str, second: &Self) {
        let is_one = self.config_name == second.config_name || self.span == second.span;
        if is_one
            || !context.is_first_meeting([&self.config_name, &second.config_name], [self.span, second.span])
        {
            return;
        }
        context.report(
            Diagnostic::warning(format!(
                "containers of `{}` and `{}` both write to `{path}` of their host",
                self.config_name, second.config_name
            ))
            .at(second.span, "mounted again here")
            .also(self.span, "first mounted here")
            .help("mount it read-only (`ro`) in one of them, or give each a path of its own"),
        );
    }
}

impl Builder<'_> {
    /// Paths of the host that the container may write to, without those that programs share on purpose.
    pub(super) fn written_paths(&self, settings: &ContainerSettings) -> Vec<WrittenPath> {
        let detailed = settings.detailed_mounts.iter().filter_map(|(path, mount)| {
            let source =
                mount.source.as_ref().filter(|_| mount.kind == MountKind::Bind && !mount.read_only)?;
            Some((path, source))
        });
        let written = settings.mounts.iter().filter_map(|(path, mount)| Some((path, written_source(mount)?)));
        let written = written.chain(detailed).filter(|(_, source)| !is_meeting_place(source));
        let mut written = written.peekable();
        if written.peek().is_none() {
            return Vec::new();
        }
        let spans = self.bind_spans();
        let option = ["binds", "mounts"].iter().find_map(|name| self.option(name));
        let otherwise = option.unwrap_or(self.configuration.name.span);
        written
            .map(|(path, source)| (source.clone(), spans.get(path).copied().unwrap_or(otherwise)))
            .collect()
    }

    /// Where each item of `binds` stands, by the path in the container.
    fn bind_spans(&self) -> HashMap<String, Span> {
        let span = |bind: &Spanned<RawBind>| {
            let path = match &bind.value {
                RawBind::Path { container_path, .. } => container_path,
                RawBind::Alias { name, .. } => self.map.volume(&name.value)?.default_path.as_ref()?,
            };
            path.tag.is_none().then(|| (normalized(&path.text), bind.span))
        };
        self.raw().binds.iter().filter_map(span).collect()
    }
}

fn written_source(mount: &Mount) -> Option<&String> {
    match &mount.source {
        MountSource::HostPath(path) if !mount.read_only => Some(path),
        MountSource::HostPath(_) | MountSource::Volume(_) => None,
    }
}

fn is_meeting_place(path: &str) -> bool {
    let is_below =
        |place: &str| path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_socket = Path::new(path).extension().is_some_and(|end| end == "sock" || end == "socket");
    is_socket || MEETING_PLACES.iter().any(|place| is_below(place))
}

#[cfg(test)]
mod tests {
    use super::is_meeting_place;

    #[test]
    fn programs_meet_in_places_of_the_running_system() {
        for path in ["/dev", "/dev/shm", "/var/run/docker.sock", "/run/x", "/srv/app.sock", "/tmp/.X11-unix"]
        {
            assert!(is_meeting_place(path), "{path}");
        }
        for path in ["/", "/devices", "/srv/run", "/var", "/srv/tmp"] {
            assert!(!is_meeting_place(path), "{path}");
        }
    }
}
