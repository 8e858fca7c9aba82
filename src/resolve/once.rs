//! What may stand only once in a configuration.

use std::collections::HashMap;

use crate::source::diagnostic::Diagnostic;
use crate::source::raw::RawName;

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
