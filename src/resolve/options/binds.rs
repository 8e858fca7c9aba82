//! `binds`, `volumes_from` and `links` as options: they add to the properties, and win over them
//! where they name the same path, container or alias.

use std::collections::{BTreeSet, HashMap};

use crate::model::container::{Link, Mount, MountSource};
use crate::source::node::{Node, NodeValue};

use super::super::mounts::normalized;
use super::super::values::OptionReader;
use super::Applier;

const BIND_FORMS: &str = "`source:/path`, with `:ro` or `:rw`, and `z`, `Z`, `nocopy` or a propagation";
const BIND_RECORD: &str = "`{bind: /path, mode: ro}`";
const BIND_MEMBERS: [(&str, &str); 4] = [("", "bind"), ("", "mode"), ("", "ro"), ("", "propagation")];
pub(super) const PROPAGATIONS: [&str; 6] = ["private", "rprivate", "shared", "rshared", "slave", "rslave"];
/// Further words of a mode: labels of `SELinux`, and volumes that are not filled from the image.
const MODES: [&str; 3] = ["z", "Z", "nocopy"];

/// Whether it is read-only, and the further words.
type BindMode = (bool, BTreeSet<String>);

impl Applier<'_> {
    /// `source:path[:mode]` or `{source: {bind: path, mode: ro}}`.
    pub(super) fn binds(&mut self, reader: &OptionReader<'_>, node: &Node) {
        if let Some(entries) = node.as_mapping() {
            for (source, bind) in entries {
                self.bind_entry(reader, source, bind);
            }
            return;
        }
        for item in node.as_sequence().unwrap_or(std::slice::from_ref(node)) {
            let Some(text) = reader.text(item) else { continue };
            let parts: Vec<&str> = text.split(':').collect();
            let (source, path, mode) = match parts[..] {
                [source, path] => (source, path, "rw"),
                [source, path, mode] => (source, path, mode),
                _ => ("", "", ""),
            };
            match bind_mode(mode).filter(|_| !source.is_empty() && path.starts_with('/')) {
                Some(mode) => self.add_bind(reader, item, source, path, mode),
                None => reader.wrong_text(item, &text, BIND_FORMS),
            }
        }
    }

    fn bind_entry(&mut self, reader: &OptionReader<'_>, source: &Node, bind: &Node) {
        let members = match &bind.value {
            NodeValue::Scalar { .. } => Some(vec![("bind", bind)]),
            _ => reader.members(bind, &BIND_MEMBERS, BIND_RECORD),
        };
        let Some(members) = members else { return };
        let member = |name: &str| members.iter().find(|(member, _)| *member == name).map(|(_, value)| *value);
        let text = |name: &str| member(name).map_or(Some(String::new()), |value| reader.text(value));
        let (Some(source), Some(path), Some(mode), Some(propagation)) =
            (reader.text(source), text("bind"), text("mode"), text("propagation"))
        else {
            return;
        };
        let flag = match member("ro") {
            Some(flag) => match reader.boolean(flag) {
                Some(flag) => Some(flag),
                None => return,
            },
            None => None,
        };
        let mode = match flag {
            Some(read_only) if mode.is_empty() => bind_mode(if read_only { "ro" } else { "rw" }),
            // docker-py refuses both.
            Some(_) => None,
            None => bind_mode(&mode),
        };
        let propagation_is_known = propagation.is_empty() || PROPAGATIONS.contains(&propagation.as_str());
        match mode {
            Some(mut mode) if !source.is_empty() && path.starts_with('/') && propagation_is_known => {
                mode.1.extend(Some(propagation).filter(|word| !word.is_empty()));
                self.add_bind(reader, bind, &source, &path, mode);
            }
            _ => {
                let field = &reader.field;
                reader.context.error(
                    format!("`{field}` has a value that is no mount"),
                    bind.span,
                    &format!("expected {BIND_RECORD}, `{{bind: /path, ro: true}}` or a path"),
                );
            }
        }
    }

    fn add_bind(&mut self, reader: &OptionReader<'_>, node: &Node, source: &str, path: &str, mode: BindMode) {
        let (read_only, modes) = mode;
        let source = if source.starts_with('/') {
            MountSource::HostPath(source.to_owned())
        } else {
            MountSource::Volume(source.to_owned())
        };
        let path = normalized(path);
        if self.claim_path(reader, &path, node.span) {
            self.note(format!("binds.{path}"), node.span);
            self.settings.detailed_mounts.remove(&path);
            self.settings.mounts.insert(path, Mount { source, read_only, modes });
        }
    }

    /// `{container: alias}`, `[[container, alias]]` or `container:alias`; merged by alias.
    pub(super) fn links(&mut self, reader: &OptionReader<'_>, node: &Node) {
        let links = read_links(reader, node);
        for link in &links {
            self.note(format!("links.{link}"), node.span);
        }
        replace_links(&mut self.settings.links, links);
    }

    /// `container[:mode]`; a text may name several between commas.
    pub(super) fn volumes_from(&mut self, reader: &OptionReader<'_>, node: &Node) {
        for item in node.as_sequence().unwrap_or(std::slice::from_ref(node)) {
            let Some(text) = reader.text(item) else { continue };
            for source in text.split(',') {
                let (container_name, mode) = source.split_once(':').unwrap_or((source, "rw"));
                match read_only(mode).filter(|_| !container_name.is_empty()) {
                    Some(read_only) => {
                        self.note(format!("uses.{container_name}"), item.span);
                        self.settings.volumes_from.insert(container_name.to_owned(), read_only);
                    }
                    None => reader.wrong_text(item, source, "`container`, with `:ro` or `:rw`"),
                }
            }
        }
    }
}

/// `ro,z`; without a word about it, a bind can be written to.
fn bind_mode(mode: &str) -> Option<BindMode> {
    let (mut access, mut modes) = (None, BTreeSet::new());
    for word in mode.split(',').filter(|_| !mode.is_empty()) {
        match word {
            "ro" | "rw" if access.is_none() => access = Some(word == "ro"),
            _ if MODES.contains(&word) || PROPAGATIONS.contains(&word) => drop(modes.insert(word.to_owned())),
            _ => return None,
        }
    }
    Some((access.unwrap_or_default(), modes))
}

fn read_only(mode: &str) -> Option<bool> {
    match mode {
        "ro" => Some(true),
        "rw" => Some(false),
        _ => None,
    }
}

/// Links of a container or of its place in a network. A container without an alias is its own.
pub(super) fn read_links(reader: &OptionReader<'_>, node: &Node) -> Vec<Link> {
    let link = |(container_name, alias): (String, String)| {
        let alias = if alias.is_empty() { container_name.clone() } else { alias };
        Link { container_name, alias }
    };
    let pairs: Vec<(String, String)> = match &node.value {
        NodeValue::Mapping(_) => {
            let entries = reader.text_entries(node).unwrap_or_default();
            let pair = |(container, alias)| Some((container, reader.context.text(&alias)?));
            entries.into_iter().filter_map(pair).collect()
        }
        NodeValue::Sequence(items) => items.iter().filter_map(|item| link_pair(reader, item)).collect(),
        NodeValue::Scalar { .. } => link_pair(reader, node).into_iter().collect(),
    };
    pairs.into_iter().map(link).collect()
}

/// Adds links in the place of those with the same alias; of several new ones, the last.
pub(super) fn replace_links(links: &mut BTreeSet<Link>, added: Vec<Link>) {
    let by_alias: HashMap<String, Link> = added.into_iter().map(|link| (link.alias.clone(), link)).collect();
    links.retain(|known| !by_alias.contains_key(&known.alias));
    links.extend(by_alias.into_values());
}

fn link_pair(reader: &OptionReader<'_>, node: &Node) -> Option<(String, String)> {
    let words = reader.texts(node)?;
    let pair = match words.as_slice() {
        [container, alias] => (container.clone(), alias.clone()),
        [text] => {
            let (container, alias) = text.split_once(':').unwrap_or((text, text));
            (container.to_owned(), alias.to_owned())
        }
        _ => (String::new(), String::new()),
    };
    if pair.0.is_empty() {
        reader.wrong(node, "`container:alias` or `[container, alias]`");
        return None;
    }
    Some(pair)
}
