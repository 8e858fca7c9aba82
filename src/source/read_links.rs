//! The forms of `links`, of containers and of their network endpoints.

use super::node::{Node, NodeValue};
use super::raw::RawLink;
use super::reader::{Entry, Reader, span_over};
use super::slips::is_one_item;
use super::span::{Span, Spanned};

/// Keys of an item, in words.
pub(crate) const LINK_KEYS: [&str; 2] = ["container", "alias"];

/// Reads `links`.
pub(super) fn read_links(node: &Node, reader: &mut Reader<'_>) -> Vec<Spanned<RawLink>> {
    match &node.value {
        NodeValue::Mapping(entries) if is_one_item(entries, "container", &LINK_KEYS, "links", reader) => {
            Vec::new()
        }
        NodeValue::Mapping(entries) => {
            entries.iter().filter_map(|(container, alias)| pair(container, alias, reader)).collect()
        }
        _ => reader.items(node, "links").iter().filter_map(|item| read_link(item, reader)).collect(),
    }
}

fn read_link(item: &Node, reader: &mut Reader<'_>) -> Option<Spanned<RawLink>> {
    match &item.value {
        NodeValue::Scalar { .. } => link(item, None, item.span, reader),
        NodeValue::Sequence(parts) => match parts.as_slice() {
            [container] => link(container, None, item.span, reader),
            [container, alias] => link(container, Some(alias), item.span, reader),
            _ => reader.wrong(item, "links", "items with a container and an alias"),
        },
        NodeValue::Mapping(entries) => read_mapping(item, entries, reader),
    }
}

fn read_mapping(item: &Node, entries: &[Entry], reader: &mut Reader<'_>) -> Option<Spanned<RawLink>> {
    match (entries, item.get("container")) {
        ([(key, value)], None) => pair(key, value, reader),
        (_, Some(container)) => {
            reader.refuse_unknown_keys("links", entries, &LINK_KEYS);
            link(container, item.get("alias"), item.span, reader)
        }
        _ => reader.wrong_with(
            item,
            "links",
            "items with a container and an alias",
            Some("write one list item for each link"),
        ),
    }
}

fn pair(container: &Node, alias: &Node, reader: &mut Reader<'_>) -> Option<Spanned<RawLink>> {
    link(container, Some(alias), span_over(container.span, alias.span), reader)
}

/// A missing alias is for the resolver to make from the container's name.
fn link(
    container: &Node,
    alias: Option<&Node>,
    span: Span,
    reader: &mut Reader<'_>,
) -> Option<Spanned<RawLink>> {
    let container = reader.name(container, "links")?;
    let alias = match alias {
        Some(alias) if !alias.is_null() => Some(reader.name(alias, "links")?),
        _ => None,
    };
    Some(Spanned::new(RawLink { container, alias }, span))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_forms, joined};

    #[test]
    fn links_have_a_container_and_maybe_an_alias() {
        let forms = [
            ("", ""),
            ("db", "db"),
            ("[db, cache.one]", "db; cache.one"),
            ("[[db]]", "db"),
            ("[[db, d]]", "db as d"),
            ("[[db, null]]", "db"),
            ("[{container: db, alias: d}]", "db as d"),
            ("[{container: db}]", "db"),
            ("[{db: d}]", "db as d"),
            ("[{db: }]", "db"),
            ("{db: d, cache: null}", "db as d; cache"),
            ("[[]]", "error: `links` needs items with a container and an alias, found a list of 0 items"),
            (
                "[[a, b, c]]",
                "error: `links` needs items with a container and an alias, found a list of 3 items",
            ),
            (
                "[{a: b, c: d}]",
                "error: `links` needs items with a container and an alias, found a mapping of 2 keys",
            ),
            ("[{container: db, name: d}]", "error: unknown key `name` in `links`"),
            ("[{db: [d]}]", "error: `links` needs a name, found a list of 1 item"),
        ];
        assert_forms("links", &forms, |container| {
            joined(&container.links, |link| match &link.alias {
                Some(alias) => format!("{} as {}", *link.container, **alias),
                None => link.container.value.clone(),
            })
        });
    }
}
