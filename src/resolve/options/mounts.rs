//! `mounts`: docker-py's `Mount` records, and the API's.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::model::container::{DetailedMount, MountKind};
use crate::source::diagnostic::Diagnostic;
use crate::source::node::Node;
use crate::source::span::Span;

use super::super::host_options;
use super::super::mounts::normalized;
use super::super::values::OptionReader;
use super::Applier;
use super::binds::PROPAGATIONS;

const FORMS: &str = "`{target: /path, source: NAME, type: volume}`";
/// docker-py's names and the API's. What the API has in records of their own is written in the names of
/// both as `Record.Member`.
const MEMBERS: [(&str, &str); 14] = [
    ("target", "Target"),
    ("source", "Source"),
    ("type", "Type"),
    ("read_only", "ReadOnly"),
    ("consistency", "Consistency"),
    ("propagation", "BindOptions.Propagation"),
    ("no_copy", "VolumeOptions.NoCopy"),
    ("labels", "VolumeOptions.Labels"),
    ("driver_config", "VolumeOptions.DriverConfig"),
    ("tmpfs_size", "TmpfsOptions.SizeBytes"),
    ("tmpfs_mode", "TmpfsOptions.Mode"),
    ("", "BindOptions"),
    ("", "VolumeOptions"),
    ("", "TmpfsOptions"),
];
const BIND_MEMBERS: [(&str, &str); 5] = [
    ("", "Propagation"),
    ("", "NonRecursive"),
    ("", "CreateMountpoint"),
    ("", "ReadOnlyNonRecursive"),
    ("", "ReadOnlyForceRecursive"),
];
const VOLUME_MEMBERS: [(&str, &str); 4] =
    [("", "NoCopy"), ("", "Labels"), ("", "DriverConfig"), ("", "Subpath")];
const TMPFS_MEMBERS: [(&str, &str); 2] = [("", "SizeBytes"), ("", "Mode")];
const CONSISTENCIES: [&str; 4] = ["default", "consistent", "cached", "delegated"];

/// A mount as far as it was read.
#[derive(Default)]
struct Draft {
    target: Option<String>,
    source: Option<String>,
    kind: Option<MountKind>,
    read_only: bool,
    consistency: Option<String>,
    /// Places of what is in `options`, by member.
    spans: BTreeMap<&'static str, Span>,
    /// By record (`BindOptions`) and member.
    options: BTreeMap<&'static str, Map<String, Value>>,
}

impl Applier<'_> {
    /// A list of mounts; one wins over what a property mounts at its path.
    pub(super) fn detailed_mounts(&mut self, reader: &OptionReader<'_>, node: &Node) {
        let Some(items) = node.as_sequence() else {
            reader.wrong(node, &format!("a list of {FORMS}"));
            return;
        };
        for item in items {
            let Some((path, mount)) = mount(reader, item) else { continue };
            if self.claim_path(reader, &path, item.span) {
                self.note(format!("host_config.Mounts.{path}"), item.span);
                self.settings.mounts.remove(&path);
                self.settings.detailed_mounts.insert(path, mount);
            }
        }
    }
}

fn mount(reader: &OptionReader<'_>, node: &Node) -> Option<(String, DetailedMount)> {
    let mut draft = Draft::default();
    for (member, value) in reader.members(node, &MEMBERS, FORMS)? {
        read_member(reader, &mut draft, member, value)?;
    }
    let kind = draft.kind.unwrap_or(MountKind::Volume);
    check_kind(reader, node, &draft, kind)?;
    let target = draft.target.filter(|target| target.starts_with('/'));
    let Some(target) = target else {
        reader.context.report(
            Diagnostic::error(format!("`{}` has a mount without an absolute `target`", reader.field))
                .at(node.span, "where is it mounted?")
                .help("add `target: /path`"),
        );
        return None;
    };
    let mut options: BTreeMap<String, Value> = draft
        .options
        .into_iter()
        .map(|(record, members)| (record.to_owned(), Value::Object(members)))
        .collect();
    options.extend(draft.consistency.map(|word| ("Consistency".to_owned(), Value::String(word))));
    let mount = DetailedMount { kind, source: draft.source, read_only: draft.read_only, options };
    Some((normalized(&target), mount))
}

fn read_member(
    reader: &OptionReader<'_>,
    draft: &mut Draft,
    member: &'static str,
    node: &Node,
) -> Option<()> {
    match member {
        "Target" => draft.target = Some(reader.text(node)?),
        "Source" => draft.source = Some(reader.text(node)?).filter(|source| !source.is_empty()),
        "Type" => draft.kind = Some(kind(reader, node)?),
        "ReadOnly" => draft.read_only = reader.boolean(node)?,
        "Consistency" => draft.consistency = Some(reader.choice(node, &CONSISTENCIES)?),
        "BindOptions" => record(reader, draft, "BindOptions", &BIND_MEMBERS, node)?,
        "VolumeOptions" => record(reader, draft, "VolumeOptions", &VOLUME_MEMBERS, node)?,
        "TmpfsOptions" => record(reader, draft, "TmpfsOptions", &TMPFS_MEMBERS, node)?,
        nested => {
            let (record, member) = nested.split_once('.')?;
            option(reader, draft, record, member, node)?;
        }
    }
    Some(())
}

fn record(
    reader: &OptionReader<'_>,
    draft: &mut Draft,
    name: &'static str,
    known: &[(&'static str, &'static str)],
    node: &Node,
) -> Option<()> {
    let reader = OptionReader { context: reader.context, field: format!("{}.{name}", reader.field) };
    for (member, value) in reader.members(node, known, "a mapping")? {
        option(&reader, draft, name, member, value)?;
    }
    Some(())
}

/// One member of a record. What says nothing is left out, as the Engine leaves it out.
fn option(
    reader: &OptionReader<'_>,
    draft: &mut Draft,
    record: &'static str,
    member: &'static str,
    node: &Node,
) -> Option<()> {
    let value = match member {
        "Propagation" => Value::from(reader.choice(node, &PROPAGATIONS)?),
        "Labels" => reader.text_mapping(node)?,
        "DriverConfig" => driver_config(reader, node)?,
        "Subpath" => Value::from(reader.text(node)?),
        "SizeBytes" => Value::from(reader.bytes(node)?),
        "Mode" => Value::from(mode(reader, node)?),
        _ => Value::from(reader.boolean(node)?),
    };
    if let Some(first) = draft.spans.insert(member, node.span) {
        reader.report_double(member, node.span, first);
        return None;
    }
    if !host_options::is_unset(&value) {
        draft.options.entry(record).or_default().insert(member.to_owned(), value);
    }
    Some(())
}

fn kind(reader: &OptionReader<'_>, node: &Node) -> Option<MountKind> {
    let word = reader.choice(node, &MountKind::ALL.map(MountKind::word))?;
    MountKind::ALL.into_iter().find(|kind| kind.word() == word)
}

fn driver_config(reader: &OptionReader<'_>, node: &Node) -> Option<Value> {
    let known = [("name", "Name"), ("options", "Options")];
    let mut config = Map::new();
    for (member, value) in reader.members(node, &known, "`{name: nfs, options: {..}}`")? {
        let value =
            if member == "Name" { Value::from(reader.text(value)?) } else { reader.text_mapping(value)? };
        config.insert(member.to_owned(), value);
    }
    Some(json!(config))
}

/// A mode as YAML writes octal numbers, `0o1777` or `01777`; others are decimal.
fn mode(reader: &OptionReader<'_>, node: &Node) -> Option<i64> {
    let text = reader.text(node)?;
    let octal = text.strip_prefix("0o").or_else(|| text.strip_prefix('0').filter(|rest| !rest.is_empty()));
    let mode = match octal {
        Some(digits) => i64::from_str_radix(digits, 8).ok(),
        None => text.parse().ok(),
    };
    let mode = mode.filter(|mode| (0..=0o7777).contains(mode));
    if mode.is_none() {
        reader.wrong_text(node, &text, "a mode such as `0o1777`");
    }
    mode
}

/// Whether everything that is said belongs to that kind of mount.
fn check_kind(reader: &OptionReader<'_>, node: &Node, draft: &Draft, kind: MountKind) -> Option<()> {
    let own_record = match kind {
        MountKind::Bind => "BindOptions",
        MountKind::Volume => "VolumeOptions",
        MountKind::Tmpfs => "TmpfsOptions",
        MountKind::Npipe => "",
    };
    let word = kind.word();
    let foreign = draft.options.iter().find(|(record, _)| **record != own_record);
    let source = draft.source.as_deref();
    let problem = if let Some((record, members)) = foreign {
        let member = members.keys().next().map_or("", String::as_str);
        format!("`{record}.{member}` is not for mounts of type `{word}`")
    } else {
        match kind {
            MountKind::Tmpfs if source.is_some() => "memory has no `source`".to_owned(),
            MountKind::Bind if !source.is_some_and(|source| source.starts_with('/')) => {
                "a mount of type `bind` needs an absolute path as `source`".to_owned()
            }
            MountKind::Npipe if source.is_none() => "a mount of type `npipe` needs a `source`".to_owned(),
            MountKind::Volume if source.is_some_and(|source| source.contains('/')) => {
                "a mount of type `volume` needs the name of a volume as `source`".to_owned()
            }
            _ => return Some(()),
        }
    };
    reader.context.report(
        Diagnostic::error(format!("`{}` has a mount that does not fit its type", reader.field))
            .at(node.span, problem)
            .help("change `type`: `bind` for a path of the host, `volume`, or `tmpfs`"),
    );
    None
}
