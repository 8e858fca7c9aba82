//! A container's `binds`, `attaches` and `uses`. They share one grammar: a name or path, for some
//! a second path, for some whether it is read-only.

use super::diagnostic::Diagnostic;
use super::node::{Node, NodeValue};
use super::raw::{RawAttach, RawBind, RawText, RawUse};
use super::read_volumes::read_host_path;
use super::reader::{Entry, Reader, span_over};
use super::scalar::{boolean, whole_number};
use super::slips::is_one_item;
use super::span::{Span, Spanned};
use crate::wording;

/// Keys of an item of `binds`, in words.
pub(crate) const BIND_KEYS: [&str; 4] = ["name", "path", "host_path", "readonly"];
/// Keys of an item of `attaches` or `uses`, in words.
pub(crate) const VOLUME_USE_KEYS: [&str; 3] = ["name", "path", "readonly"];

/// One entry before it is known what its parts are.
struct Mount<'n> {
    /// Alias, or with a second path of `binds` the container path.
    first: &'n Node,
    path: Option<&'n Node>,
    mode: Option<&'n Node>,
    span: Span,
}

/// Reads `binds`.
pub(super) fn read_binds(node: &Node, reader: &mut Reader<'_>) -> Vec<Spanned<RawBind>> {
    let mounts = mounts(node, "binds", reader);
    mounts.iter().filter_map(|mount| read_bind(mount, reader)).collect()
}

fn read_bind(mount: &Mount<'_>, reader: &mut Reader<'_>) -> Option<Spanned<RawBind>> {
    let property = "binds";
    let read_only = read_only(mount, property, reader)?;
    let bind = match mount.path {
        None => RawBind::Alias { name: reader.name(mount.first, property)?, read_only },
        Some(path) if path.as_plain_text().is_some_and(|text| whole_number(text).is_some()) => {
            return reader.wrong(path, property, "a path, `ro` or `rw`");
        }
        Some(path) => {
            let host_path = read_host_path(path, property, reader)?;
            let container_path = reader.text(mount.first, property)?;
            if !may_be_absolute(&container_path) {
                report_relative_bind(&container_path, reader);
                return None;
            }
            RawBind::Path { container_path, host_path, read_only }
        }
    };
    Some(Spanned::new(bind, mount.span))
}

fn report_relative_bind(path: &RawText, reader: &mut Reader<'_>) {
    let text = &path.text;
    let message = format!("container path `{text}` in `binds` of {} is not absolute", reader.subject());
    reader.report(
        Diagnostic::error(message)
            .at(path.span, "expected a path from `/`")
            .help("write an absolute container path with a host path, or an alias with `ro` or `rw`"),
    );
}

/// Reads `attaches`.
pub(super) fn read_attaches(node: &Node, reader: &mut Reader<'_>) -> Vec<Spanned<RawAttach>> {
    let mounts = mounts(node, "attaches", reader);
    mounts.iter().filter_map(|mount| read_attach(mount, reader)).collect()
}

fn read_attach(mount: &Mount<'_>, reader: &mut Reader<'_>) -> Option<Spanned<RawAttach>> {
    let property = "attaches";
    if read_only(mount, property, reader)? {
        let span = mount.mode.map_or(mount.span, |mode| mode.span);
        let message = format!("attached volumes of {} cannot be read-only", reader.subject());
        let help = "remove the mode here; a container that `uses` the volume may have it read-only";
        reader.report(Diagnostic::error(message).at(span, "not possible").help(help));
        return None;
    }
    let name = reader.name(mount.first, property)?;
    let path = mount_path(mount, property, reader)?;
    Some(Spanned::new(RawAttach { name, path }, mount.span))
}

/// Reads `uses`.
pub(super) fn read_uses(node: &Node, reader: &mut Reader<'_>) -> Vec<Spanned<RawUse>> {
    let mounts = mounts(node, "uses", reader);
    mounts.iter().filter_map(|mount| read_use(mount, reader)).collect()
}

fn read_use(mount: &Mount<'_>, reader: &mut Reader<'_>) -> Option<Spanned<RawUse>> {
    let read_only = read_only(mount, "uses", reader)?;
    let name = reader.name(mount.first, "uses")?;
    let path = mount_path(mount, "uses", reader)?;
    Some(Spanned::new(RawUse { name, path, read_only }, mount.span))
}

/// The mount path of an attached or used volume; the outer `None` says that it is wrong.
#[expect(clippy::option_option, reason = "wrong and absent are different")]
fn mount_path(mount: &Mount<'_>, property: &str, reader: &mut Reader<'_>) -> Option<Option<RawText>> {
    let Some(node) = mount.path else {
        return Some(None);
    };
    let path = reader.text(node, property)?;
    if may_be_absolute(&path) {
        return Some(Some(path));
    }
    let expected = if property == "uses" { "an absolute path, `ro` or `rw`" } else { "an absolute path" };
    reader.wrong(node, property, expected)
}

/// Whether a path is absolute as far as it can be seen here: tags are expanded later.
fn may_be_absolute(path: &RawText) -> bool {
    path.tag.is_some() || path.text.starts_with('/')
}

fn read_only(mount: &Mount<'_>, property: &str, reader: &mut Reader<'_>) -> Option<bool> {
    let Some(mode) = mount.mode else {
        return Some(false);
    };
    match mode.as_plain_text() {
        _ if mode.is_null() => Some(false),
        Some("1") => Some(true),
        Some("0") => Some(false),
        // In this position Docker-Map took any text but `rw` for read-only.
        None if mode.tag.is_none() && mode.as_text() == Some("true") => Some(true),
        _ => mode_of(mode).or_else(|| reader.wrong(mode, property, "`ro` or `rw`")),
    }
}

/// What `ro`, `rw` and switches say about being read-only.
fn mode_of(node: &Node) -> Option<bool> {
    match node.as_text() {
        Some("ro") if node.tag.is_none() => Some(true),
        Some("rw") if node.tag.is_none() => Some(false),
        _ => node.as_plain_text().and_then(boolean),
    }
}

fn mounts<'n>(node: &'n Node, property: &str, reader: &mut Reader<'_>) -> Vec<Mount<'n>> {
    match &node.value {
        NodeValue::Mapping(entries)
            if property == "binds" && is_one_item(entries, "path", &BIND_KEYS, property, reader) =>
        {
            Vec::new()
        }
        NodeValue::Mapping(entries) => {
            entries.iter().filter_map(|(key, value)| pair(key, value, property, reader)).collect()
        }
        _ => reader
            .items(node, property)
            .iter()
            .filter_map(|item| item_mount(item, property, reader))
            .collect(),
    }
}

fn item_mount<'n>(item: &'n Node, property: &str, reader: &mut Reader<'_>) -> Option<Mount<'n>> {
    match &item.value {
        NodeValue::Scalar { .. } => Some(Mount { first: item, path: None, mode: None, span: item.span }),
        NodeValue::Mapping(entries) => match entries.as_slice() {
            [(key, value)] if key.as_text() == Some("name") && value.as_text().is_some() => {
                Some(Mount { first: value, path: None, mode: None, span: value.span })
            }
            // No alias of binds has a path beside it.
            [(key, value)]
                if property == "binds"
                    && matches!(key.as_text(), Some("path" | "host_path"))
                    && value.as_text().is_some_and(|path| path.starts_with('/')) =>
            {
                record(item, entries, property, reader)
            }
            [(key, value)] => pair(key, value, property, reader),
            _ => record(item, entries, property, reader),
        },
        NodeValue::Sequence(parts) => match parts.as_slice() {
            [first] => Some(Mount { first, path: None, mode: None, span: item.span }),
            [first, second] => pair(first, second, property, reader),
            [first, path, mode] => {
                let path = (!path.is_null()).then_some(path);
                Some(Mount { first, path, mode: Some(mode), span: item.span })
            }
            _ => reader.wrong_with(item, property, "items with one to three parts", EXAMPLES),
        },
    }
}

const EXAMPLES: Option<&str> = Some("write `alias`, `alias: ro`, or `/path: [/other/path, ro]`");

/// `first: second`, where the second may be a mode, a path, or both in a list.
fn pair<'n>(first: &'n Node, second: &'n Node, property: &str, reader: &mut Reader<'_>) -> Option<Mount<'n>> {
    let span = span_over(first.span, second.span);
    let mount = |path, mode| Some(Mount { first, path, mode, span });
    let one = |node: &'n Node| {
        if node.is_null() {
            mount(None, None)
        } else if mode_of(node).is_some() {
            mount(None, Some(node))
        } else {
            mount(Some(node), None)
        }
    };
    match &second.value {
        NodeValue::Sequence(parts) => match parts.as_slice() {
            [part] if part.as_sequence().is_none() => one(part),
            [path, mode] => mount((!path.is_null()).then_some(path), Some(mode)),
            _ => reader.wrong_with(second, property, "a path, or a list of a path and a mode", EXAMPLES),
        },
        _ => one(second),
    }
}

/// `{path: .., host_path: .., readonly: ..}` or `{name: .., path: .., readonly: ..}`.
fn record<'n>(
    item: &'n Node,
    entries: &'n [Entry],
    property: &str,
    reader: &mut Reader<'_>,
) -> Option<Mount<'n>> {
    let known: &[&str] = match property {
        "binds" => &BIND_KEYS,
        _ => &VOLUME_USE_KEYS,
    };
    let unknown = entries.iter().find(|(key, _)| !key.as_text().is_some_and(|text| known.contains(&text)));
    if let Some((key, _)) = unknown {
        let text = key.as_text().unwrap_or_default();
        let message = format!("unknown key `{text}` in an item of `{property}` of {}", reader.subject());
        let help = match wording::nearest(text, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write one list item for each entry, or the keys of one entry in full".to_owned(),
        };
        reader.report(Diagnostic::error(message).at(key.span, "unknown key").help(help));
        return None;
    }
    let value = |key: &str| item.get(key).filter(|node| !node.is_null());
    let (first, path) = match (property, value("name"), value("path")) {
        ("binds", None, Some(path)) => (Some(path), value("host_path")),
        ("binds", Some(name), None) if value("host_path").is_none() => (Some(name), None),
        ("binds", _, _) => (None, None),
        (_, name, path) => (name, path),
    };
    let needs_host_path = property == "binds" && value("path").is_some() && path.is_none();
    match first.filter(|_| !needs_host_path) {
        Some(first) => Some(Mount { first, path, mode: value("readonly"), span: item.span }),
        None if property == "binds" => {
            reader.wrong(item, property, "items with `name`, or with `path` and `host_path`")
        }
        None => reader.wrong(item, property, "items with `name`"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::raw::{RawBind, RawContainer};
    use super::super::testing::{assert_forms, host_path, joined, text};

    fn mode(read_only: bool) -> &'static str {
        if read_only { "ro" } else { "rw" }
    }

    fn binds(container: &RawContainer) -> String {
        joined(&container.binds, |bind| match &bind.value {
            RawBind::Alias { name, read_only } => format!("{} {}", **name, mode(*read_only)),
            RawBind::Path { container_path, host_path: path, read_only } => {
                format!("{} <- {} {}", text(container_path), host_path(path), mode(*read_only))
            }
        })
    }

    #[test]
    fn binds_come_in_many_forms() {
        let forms = [
            ("", ""),
            ("[]", ""),
            ("alias", "alias rw"),
            ("[alias]", "alias rw"),
            ("[[alias]]", "alias rw"),
            ("[{name: alias}]", "alias rw"),
            ("[[alias, ro]]", "alias ro"),
            ("[{alias: ro}]", "alias ro"),
            ("[{alias: 'ro'}]", "alias ro"),
            ("[{alias: true}]", "alias ro"),
            ("[{alias: yes}]", "alias ro"),
            ("[[alias, rw]]", "alias rw"),
            ("[{alias: rw}]", "alias rw"),
            ("[[alias, false]]", "alias rw"),
            ("[{alias: }]", "alias rw"),
            ("[[alias, null]]", "alias rw"),
            ("[{/c: [ro]}]", "/c ro"),
            ("[[/c, /h]]", "/c <- /h rw"),
            ("[{/c: h}]", "/c <- h rw"),
            ("[[/c, h, ro]]", "/c <- h ro"),
            ("[[/c, h, true]]", "/c <- h ro"),
            ("[[/c, h, 1]]", "/c <- h ro"),
            ("[[/c, h, 'true']]", "/c <- h ro"),
            ("[[/c, h, rw]]", "/c <- h rw"),
            ("[[/c, h, null]]", "/c <- h rw"),
            ("[[/c, [h, ro]]]", "/c <- h ro"),
            ("[{/c: [h, ro]}]", "/c <- h ro"),
            ("[[/c, [h]]]", "/c <- h rw"),
            ("[{/c: [h]}]", "/c <- h rw"),
            ("[[/c, {i1: h1, i2: h2}]]", "/c <- {i1=h1 i2=h2} rw"),
            ("[{/c: [!path $A/h, ro]}]", "/c <- !path $A/h ro"),
            ("[[!path $A/c, /h]]", "!path $A/c <- /h rw"),
            ("[{path: /c, host_path: h, readonly: true}]", "/c <- h ro"),
            ("[{path: /c, host_path: h}]", "/c <- h rw"),
            ("[{name: a, readonly: true}]", "a ro"),
            ("{a: ro, b: , /c: [/h, ro]}", "a ro; b rw; /c <- /h ro"),
            ("[a, {b: ro}, {/c: d}]", "a rw; b ro; /c <- d rw"),
        ];
        assert_forms("binds", &forms, binds);
    }

    #[test]
    fn wrong_binds_are_refused() {
        let parts = "error: `binds` needs items with one to three parts, found a list of";
        let records =
            "error: `binds` needs items with `name`, or with `path` and `host_path`, found a mapping of";
        let relative = "in `binds` is not absolute";
        let forms = [
            ("[[]]", format!("{parts} 0 items")),
            ("[[a, b, c, d]]", format!("{parts} 4 items")),
            (
                "[{a: []}]",
                "error: `binds` needs a path, or a list of a path and a mode, found a list of 0 items".into(),
            ),
            (
                "[{a: [b, c, d]}]",
                "error: `binds` needs a path, or a list of a path and a mode, found a list of 3 items".into(),
            ),
            (
                "[{a: [[b]]}]",
                "error: `binds` needs a path, or a list of a path and a mode, found a list of 1 item".into(),
            ),
            ("[{alias: 1}]", "error: `binds` needs a path, `ro` or `rw`, found `1`".into()),
            ("[[alias, 0]]", "error: `binds` needs a path, `ro` or `rw`, found `0`".into()),
            ("[{/c: [h, read]}]", "error: `binds` needs `ro` or `rw`, found `read`".into()),
            ("[{alias: other}]", format!("error: container path `alias` {relative}")),
            ("[[./c, /h]]", format!("error: container path `./c` {relative}")),
            ("[null]", "error: `binds` needs a name, found nothing".into()),
            ("[{}]", format!("{records} 0 keys")),
            ("[{path: /c, readonly: true}]", format!("{records} 2 keys")),
            ("[{name: a, host_path: /h}]", format!("{records} 2 keys")),
            ("[{a: ro, b: rw}]", "error: unknown key `a` in an item of `binds`".into()),
            (
                "[{alias: {}}]",
                "error: `binds` needs a path, or a path for each instance, found a mapping of 0 keys".into(),
            ),
            ("[!path x]", "error: `binds` cannot have a tag".into()),
        ];
        let forms: Vec<(&str, &str)> =
            forms.iter().map(|(form, expected)| (*form, expected.as_str())).collect();
        assert_forms("binds", &forms, binds);
    }

    #[test]
    fn attached_volumes_have_a_name_and_maybe_a_path() {
        let read_only = "error: attached volumes cannot be read-only";
        let forms = [
            ("", ""),
            ("alias", "alias"),
            ("[alias, other]", "alias; other"),
            ("[[alias]]", "alias"),
            ("[{name: alias}]", "alias"),
            ("[[alias, /p]]", "alias /p"),
            ("[{alias: /p}]", "alias /p"),
            ("[{alias: !path $P}]", "alias !path $P"),
            ("[[alias, null]]", "alias"),
            ("[[alias, false]]", "alias"),
            ("{alias: , other: /p}", "alias; other /p"),
            ("[{alias: }]", "alias"),
            ("[{name: a, path: /p}]", "a /p"),
            ("[{name: a, readonly: false}]", "a"),
            ("[{name: a, readonly: true}]", read_only),
            ("[{a: ro}]", read_only),
            ("[[a, /p, ro]]", read_only),
            ("[[]]", "error: `attaches` needs items with one to three parts, found a list of 0 items"),
            ("[{a: data}]", "error: `attaches` needs an absolute path, found `data`"),
            (
                "[{path: /p, readonly: false}]",
                "error: `attaches` needs items with `name`, found a mapping of 2 keys",
            ),
        ];
        assert_forms("attaches", &forms, |container| {
            joined(&container.attaches, |attach| match &attach.path {
                Some(path) => format!("{} {}", *attach.name, text(path)),
                None => attach.name.value.clone(),
            })
        });
    }

    #[test]
    fn used_volumes_have_a_name_a_mode_and_maybe_a_path() {
        let forms = [
            ("", ""),
            ("name", "name rw"),
            ("config.instance", "config.instance rw"),
            ("[{name: alias}]", "alias rw"),
            ("[{volume: ro}]", "volume ro"),
            ("[[name, true]]", "name ro"),
            ("[{alias: /path}]", "alias /path rw"),
            ("[[alias, /path]]", "alias /path rw"),
            ("[{alias: [/path, ro]}]", "alias /path ro"),
            ("[[alias, /path, ro]]", "alias /path ro"),
            ("[{name: v, path: /p, readonly: true}]", "v /p ro"),
            ("[{alias: }]", "alias rw"),
            ("{a: ro, b: /p, c: [/q, ro], d: }", "a ro; b /p rw; c /q ro; d rw"),
            ("[{a: data}]", "error: `uses` needs an absolute path, `ro` or `rw`, found `data`"),
            ("[{name: a, host_path: /h}]", "error: unknown key `host_path` in an item of `uses`"),
        ];
        assert_forms("uses", &forms, |container| {
            joined(&container.uses, |used| {
                let path = used.path.as_ref().map(|path| format!(" {}", text(path))).unwrap_or_default();
                format!("{}{path} {}", *used.name, mode(used.read_only))
            })
        });
    }
}
