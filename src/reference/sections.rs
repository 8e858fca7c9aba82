//! Which section of the guide explains a key, and what of it.

use super::guide::{Block, Section, Table};
use super::places::Place;

const INVENTORY_PAGE: &str = "inventory.md";
const MAPS_PAGE: &str = "container-maps.md";
const TAGS_PAGE: &str = "index.md";

/// Where tags are, in a table whose first column names them.
pub(super) const TAGS_TITLE: &str = "Files and variables";
/// Where the table of merging rules is.
const MERGING_TITLE: &str = "abstract and extends";

/// Keys that have a section of their own beside those that are called like their key.
const OWN_SECTIONS: [(&str, &str, &str); 19] = [
    ("inventory.hosts", INVENTORY_PAGE, "Host names and ranges"),
    ("inventory.clients", INVENTORY_PAGE, "Host names and ranges"),
    ("inventory.defaults", INVENTORY_PAGE, "Defaults"),
    ("inventory.groups", INVENTORY_PAGE, "Groups"),
    ("inventory.default_host", INVENTORY_PAGE, "Where maps run"),
    ("inventory.maps", INVENTORY_PAGE, "Maps"),
    ("inventory.map_defaults", INVENTORY_PAGE, "Defaults of maps"),
    ("host.interfaces", INVENTORY_PAGE, "Interfaces"),
    ("host.interfaces_ipv6", INVENTORY_PAGE, "Interfaces"),
    ("host.auth_configs", INVENTORY_PAGE, "Registries"),
    ("map.containers", MAPS_PAGE, "Container configurations"),
    ("map.volumes", MAPS_PAGE, "Volumes"),
    ("map.host", MAPS_PAGE, "Host paths"),
    ("map.host_root", MAPS_PAGE, "Host paths"),
    ("map.networks", MAPS_PAGE, "Networks"),
    ("map.groups", MAPS_PAGE, "Groups"),
    ("container.start_options", MAPS_PAGE, "host_config"),
    ("container.network", MAPS_PAGE, "network_mode"),
    ("container.host_config.mounts", MAPS_PAGE, "Mounts"),
];

/// What the guide says about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forms {
    /// File name of the page, in `docs/guide`.
    pub page: &'static str,
    /// Heading of the section.
    pub section: String,
    /// The paragraphs and tables that are about the key; rows about others are left out.
    pub blocks: Vec<Block>,
}

/// What the guide says about a key, if it says anything.
pub(super) fn forms(sections: &[Section], place: Place, key: &str) -> Option<Forms> {
    if let Some(section) = own_section(sections, place, key) {
        return Some(forms_of(section, section.blocks.clone()));
    }
    let mut found = sections.iter().filter(|section| is_about(section, place)).map(|section| {
        let is_kept = |block: &Block| place.is_form_in_words() && matches!(block, Block::Text(_));
        let blocks = section.blocks.iter();
        let blocks =
            blocks.filter_map(|block| if is_kept(block) { Some(block.clone()) } else { about(block, key) });
        forms_of(section, blocks.collect())
    });
    found.find(|forms| !forms.blocks.is_empty())
}

fn forms_of(section: &Section, blocks: Vec<Block>) -> Forms {
    Forms { page: section.page, section: section.title.clone(), blocks }
}

fn own_section<'s>(sections: &'s [Section], place: Place, key: &str) -> Option<&'s Section> {
    let path = place.path_of(key);
    let listed = OWN_SECTIONS.iter().find(|(listed, ..)| *listed == path);
    sections.iter().find(|section| match listed {
        Some((_, page, title)) => section.page == *page && section.title == *title,
        None => place == Place::Container && section.page == MAPS_PAGE && names(&section.title, key),
    })
}

/// Whether a heading is the names of keys, and this is one: `user and permissions`.
fn names(title: &str, key: &str) -> bool {
    title.split([' ', ',']).any(|word| word == key)
}

/// Whether the keys of a place are in a section.
fn is_about(section: &Section, place: Place) -> bool {
    let (page, titles): (&str, &[&str]) = match place {
        Place::Inventory => (INVENTORY_PAGE, &["Inventories"]),
        Place::Host => (
            INVENTORY_PAGE,
            &["SSH settings", "Settings of the Engine", "How a host is reached", "Plain client files"],
        ),
        Place::Login => (INVENTORY_PAGE, &["Registries"]),
        Place::Map => (MAPS_PAGE, &["Keys of a map"]),
        Place::HostPaths => (MAPS_PAGE, &["Keys of a map"]),
        Place::Volume | Place::VolumeOptions => (MAPS_PAGE, &["Volumes"]),
        Place::Network | Place::NetworkOptions => (MAPS_PAGE, &["Networks"]),
        Place::Container => (MAPS_PAGE, &["Container configurations"]),
        Place::Bind => (MAPS_PAGE, &["binds"]),
        Place::Link => (MAPS_PAGE, &["links"]),
        Place::Port => (MAPS_PAGE, &["exposes"]),
        Place::Endpoint => (MAPS_PAGE, &["networks"]),
        Place::Command => (MAPS_PAGE, &["exec_commands"]),
        Place::Healthcheck => (MAPS_PAGE, &["healthcheck"]),
        Place::CreateOptions => (MAPS_PAGE, &["create_options", "host_config"]),
        Place::HostConfig => (MAPS_PAGE, &["host_config"]),
        Place::Tag => (TAGS_PAGE, &[TAGS_TITLE]),
    };
    section.page == page && titles.contains(&section.title.as_str())
}

/// What of a block is about a key.
fn about(block: &Block, key: &str) -> Option<Block> {
    match block {
        Block::Text(text) => mentions(text, key).then(|| block.clone()),
        Block::Table(table) => {
            let rows = table.rows.iter().filter(|row| row.iter().any(|cell| mentions(cell, key)));
            let rows: Vec<_> =
                rows.map(|row| row.iter().map(|cell| without_others(cell, key)).collect()).collect();
            (!rows.is_empty()).then(|| Block::Table(Table { headers: table.headers.clone(), rows }))
        }
    }
}

/// Whether code in a text names a key: `` `key` ``, `` `key: value` ``, `` `{key: value}` ``.
pub(super) fn mentions(text: &str, key: &str) -> bool {
    text.split('`').skip(1).step_by(2).any(|code| {
        code.match_indices(key).any(|(at, _)| {
            let (before, after) = (&code[..at], &code[at + key.len()..]);
            let begins = before.is_empty() || before.ends_with('{') || before.ends_with(", ");
            begins
                && (after.is_empty()
                    || after.starts_with(':')
                    || after.starts_with(' ') && key.starts_with('!'))
        })
    })
}

/// A list of several keys without the others: `` `a`, `b` (from 1), `c` `` is `` `b` (from 1) ``.
fn without_others(cell: &str, key: &str) -> String {
    let parts = parts(cell);
    let is_list = parts.len() > 1 && parts.iter().all(|part| part.starts_with('`'));
    let own = parts.iter().find(|part| is_list && mentions(part, key));
    own.map_or_else(|| cell.to_owned(), |part| (*part).to_owned())
}

/// What stands between the commas of a text, commas in code and parentheses aside.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut is_code, mut is_aside) = (false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '`' => is_code = !is_code,
            '(' | ')' if !is_code => is_aside = letter == '(',
            ',' if !is_code && !is_aside => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

/// How a property, or the property that an option belongs to, merges with inherited values.
pub(super) fn merging(sections: &[Section], place: Place, key: &str) -> Option<String> {
    let property = match place {
        Place::Container => key,
        Place::CreateOptions => "create_options",
        Place::HostConfig => "host_config",
        _ => return None,
    };
    let property = if property == "start_options" { "host_config" } else { property };
    let property = if property == "network" { "network_mode" } else { property };
    let section =
        sections.iter().find(|section| section.page == MAPS_PAGE && section.title == MERGING_TITLE)?;
    let tables = section.blocks.iter().filter_map(|block| match block {
        Block::Table(table) => Some(table),
        Block::Text(_) => None,
    });
    let mut rows = tables.flat_map(|table| &table.rows);
    let row = rows.find(|row| row.first().is_some_and(|cell| mentions(cell, property)))?;
    row.get(1).cloned()
}

/// The tags of the guide's table with what they mean, each once: `!env` and `the variable ...`.
pub(super) fn tags(sections: &[Section]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for section in sections.iter().filter(|section| is_about(section, Place::Tag)) {
        for row in section.blocks.iter().filter_map(as_table).flat_map(|table| &table.rows) {
            let Some([tag, meaning]) = row.first_chunk::<2>() else { continue };
            let tag = tag.trim_matches('`').split(' ').next().unwrap_or_default();
            if tag.starts_with('!') && found.iter().all(|(known, _)| known != tag) {
                found.push((tag.to_owned(), meaning.clone()));
            }
        }
    }
    found
}

fn as_table(block: &Block) -> Option<&Table> {
    match block {
        Block::Table(table) => Some(table),
        Block::Text(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_names_a_key_where_one_can_stand() {
        for (text, key, expected) in [
            ("`port` of SSH", "port", true),
            ("`auto_remove: true` is refused", "auto_remove", true),
            ("`{cmd: .., user: ..}`", "user", true),
            ("`[user@]host[:port]`", "port", false),
            ("`[user@]host[:port]`", "user", false),
            ("port without backticks", "port", false),
            ("`ports`", "port", false),
            ("`!env NAME`", "!env", true),
            ("`!env_lazy` and others", "!env", false),
        ] {
            assert_eq!(mentions(text, key), expected, "{text}: {key}");
        }
    }

    #[test]
    fn a_list_of_keys_is_cut_down_to_one() {
        let list = "`blkio_weight` (10, 1000), `cpu_count`, `cpu_percent`";
        assert_eq!(without_others(list, "blkio_weight"), "`blkio_weight` (10, 1000)");
        assert_eq!(without_others(list, "cpu_percent"), "`cpu_percent`");
        let form = "`80: [8080, private]`, and `ipv6: true` with it";
        assert_eq!(without_others(form, "ipv6"), form);
    }
}
