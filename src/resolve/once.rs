//! What may stand only once in a configuration.

use std::collections::HashMap;

use crate::source::diagnostic::Diagnostic;
use crate::source::raw::{RawLink, RawName};
use crate::source::span::Spanned;

use super::container::dashed;
use super::context::Context;
use super::map::Configuration;

/// Two containers of one name, and a second place in one network, are nothing that an Engine makes.
pub(super) fn check(context: &Context<'_>, configuration: &Configuration<'_>) {
    let config_name = &configuration.name.value;
    let instances = configuration.raw.instances.iter();
    told_twice(context, instances, |name| {
        format!("container `{config_name}` has the instance `{name}` twice")
    });
    let networks = configuration.raw.networks.iter().map(|endpoint| &endpoint.value.network);
    told_twice(context, networks, |name| format!("container `{config_name}` joins `{name}` twice"));
    link_aliases(context, configuration);
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

fn told_twice<'n>(
    context: &Context<'_>,
    names: impl Iterator<Item = &'n RawName>,
    message: impl Fn(&str) -> String,
) {
    let mut seen: HashMap<&str, &RawName> = HashMap::new();
    for name in names {
        match seen.get(name.value.as_str()) {
            Some(first) => context.report(
                Diagnostic::error(message(&name.value))
                    .at(name.span, "again here")
                    .also(first.span, "first here")
                    .help("take one of the two out"),
            ),
            None => drop(seen.insert(&name.value, name)),
        }
    }
}
