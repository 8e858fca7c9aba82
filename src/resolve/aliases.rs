//! Names that containers have for others, and paths in the place of aliases.

use std::collections::HashMap;

use crate::source::diagnostic::Diagnostic;
use crate::source::raw::{RawLink, RawName};
use crate::source::span::Spanned;

use super::container::dashed;
use super::context::Context;
use super::map::Configuration;

/// Aliases of links and in networks.
pub(super) fn check(context: &Context<'_>, configuration: &Configuration<'_>) {
    link_aliases(context, configuration);
    let raw = &configuration.raw;
    let endpoint_links = raw.networks.iter().flat_map(|endpoint| &endpoint.value.links);
    let of_links = raw.links.iter().chain(endpoint_links).filter_map(|link| link.value.alias.as_ref());
    for alias in of_links {
        check_name(context, alias);
    }
    for text in raw.networks.iter().flat_map(|endpoint| &endpoint.value.aliases) {
        if text.tag.is_none() {
            check_name(context, &RawName::new(text.text.clone(), text.span));
        }
    }
}

/// It becomes a name that programs look up.
fn check_name(context: &Context<'_>, alias: &RawName) {
    if alias.value.contains([' ', '\t', '\n', ':', '/', ',']) {
        let diagnostic = Diagnostic::error(format!("`{}` cannot be an alias", alias.value));
        let diagnostic = diagnostic.at(alias.span, "expected a host name");
        context.report(diagnostic.help("write one name of letters, digits, `_`, `-` and `.`"));
    }
}

/// What to write for a bind that is a path in the place of an alias: `/host:/path:ro` of the command line.
pub(super) fn bind_of_path(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        _ if text.starts_with('-') => Some("put a space after each dash".to_owned()),
        [path] if path.starts_with('/') => {
            Some(format!("write `{path}: /host/path`: the path of the host is missing"))
        }
        [host, path] if path.starts_with('/') => {
            Some(format!("write `{path}: {host}`: the path in the container, then the host's"))
        }
        [host, path, mode] if path.starts_with('/') => {
            Some(format!("write `{path}: [{host}, {mode}]`: the path in the container, then the host's"))
        }
        _ => None,
    }
}

/// An alias stands for one container, whatever network it is looked up in. Within one list it stands
/// once.
fn link_aliases(context: &Context<'_>, configuration: &Configuration<'_>) {
    let raw = &configuration.raw;
    let endpoints = raw.networks.iter().map(|endpoint| &endpoint.value.links);
    let mut seen: HashMap<String, (usize, &Spanned<RawLink>)> = HashMap::new();
    for (list, links) in std::iter::once(&raw.links).chain(endpoints).enumerate() {
        for link in links {
            let container = &link.value.container.value;
            let alias =
                link.value.alias.as_ref().map_or_else(|| dashed(container), |name| name.value.clone());
            match seen.get(&alias) {
                Some((first_list, first))
                    if list == *first_list || first.value.container.value != *container =>
                {
                    report_alias(context, configuration, &alias, first, link);
                }
                Some(_) => {}
                None => drop(seen.insert(alias, (list, link))),
            }
        }
    }
}

fn report_alias(
    context: &Context<'_>,
    configuration: &Configuration<'_>,
    alias: &str,
    first: &Spanned<RawLink>,
    second: &Spanned<RawLink>,
) {
    let (first_name, second_name) = (&first.value.container.value, &second.value.container.value);
    let message = format!("container `{}` links to two containers as `{alias}`", configuration.name.value);
    let (message, help) = if first_name == second_name {
        let message =
            format!("container `{}` links to `{first_name}` as `{alias}` twice", configuration.name.value);
        (message, "take one of the two out".to_owned())
    } else {
        (message, format!("give one of them another alias: `[{second_name}, ALIAS]`"))
    };
    context.report(
        Diagnostic::error(message)
            .at(second.span, format!("`{second_name}`"))
            .also(first.span, format!("`{first_name}`"))
            .help(help),
    );
}
