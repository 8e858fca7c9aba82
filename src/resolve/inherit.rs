//! `extends`: folds bases into configurations, property by property.

use std::collections::BTreeMap;

use crate::source::diagnostic::Diagnostic;
use crate::source::node::Node;
use crate::source::raw::{RawBind, RawContainer, RawMap, RawName, RawText, Setting};
use crate::source::span::Spanned;
use crate::wording;

use super::context::Context;
use super::options::names::canonical;

/// The configurations of a map that are not abstract, with all they inherit, in the map's order.
pub(super) fn extended_containers<'a>(
    context: &Context<'_>,
    map: &'a RawMap,
) -> Vec<(&'a RawName, RawContainer)> {
    let resolver = Resolver {
        context,
        by_name: map
            .containers
            .iter()
            .map(|(name, container)| (name.value.as_str(), (name, container)))
            .collect(),
    };
    report_second_definitions(context, map);
    let mut extended = Vec::new();
    for (name, container) in &map.containers {
        let merged = resolver.extended(name, container, &mut Vec::new());
        if !container.is_abstract.as_ref().is_some_and(|flag| flag.value) {
            extended.extend(merged.map(|merged| (name, merged)));
        }
    }
    extended
}

/// A configuration may stand at top level or under `containers`; in both would leave one unread.
fn report_second_definitions(context: &Context<'_>, map: &RawMap) {
    for (index, (name, _)) in map.containers.iter().enumerate() {
        let first = map.containers[..index].iter().find(|(earlier, _)| earlier.value == name.value);
        if let Some((first, _)) = first {
            context.report(
                Diagnostic::error(format!("container `{}` is defined twice", name.value))
                    .at(name.span, "defined again here")
                    .also(first.span, "first defined here")
                    .help("write it either at top level or under `containers`"),
            );
        }
    }
}

struct Resolver<'a, 'c> {
    context: &'c Context<'c>,
    by_name: BTreeMap<&'a str, (&'a RawName, &'a RawContainer)>,
}

impl<'a> Resolver<'a, '_> {
    /// Depth first; `path` is the way here and becomes the message when it closes a circle.
    fn extended(
        &self,
        name: &'a RawName,
        container: &'a RawContainer,
        path: &mut Vec<&'a RawName>,
    ) -> Option<RawContainer> {
        if container.extends.is_empty() {
            return Some(own_part(container));
        }
        path.push(name);
        let mut merged = RawContainer::default();
        let mut complete = true;
        for base_name in &container.extends {
            match self.base(name, base_name, path) {
                Some(base) => merge(&mut merged, base),
                None => complete = false,
            }
        }
        path.pop();
        merge(&mut merged, own_part(container));
        complete.then_some(merged)
    }

    fn base(&self, name: &RawName, base_name: &RawName, path: &mut Vec<&'a RawName>) -> Option<RawContainer> {
        let Some((found_name, base)) = self.by_name.get(base_name.value.as_str()) else {
            self.report_missing(name, base_name);
            return None;
        };
        if let Some(start) = path.iter().position(|visited| visited.value == base_name.value) {
            self.report_circle(&path[start..], base_name);
            return None;
        }
        self.extended(found_name, base, path)
    }

    fn report_missing(&self, name: &RawName, base_name: &RawName) {
        let known = self.by_name.keys().copied().filter(|known| *known != name.value);
        let mut diagnostic = Diagnostic::error(format!(
            "container `{}` extends `{}`, which is not defined",
            name.value, base_name.value
        ))
        .at(base_name.span, "no configuration of this name");
        if let Some(nearest) = wording::nearest(&base_name.value, known) {
            diagnostic = diagnostic.help(format!("write `{nearest}`"));
        }
        self.context.report(diagnostic);
    }

    /// Told once, by the member that comes first in the file.
    fn report_circle(&self, circle: &[&RawName], closing: &RawName) {
        let first = circle.iter().map(|name| name.span.start).min();
        if circle.first().map(|name| name.span.start) != first {
            return;
        }
        let names: Vec<String> = circle.iter().map(|name| format!("`{}`", name.value)).collect();
        let message = match circle {
            [only] => format!("container `{}` extends itself", only.value),
            _ => format!("circular `extends`: {} -> `{}`", names.join(" -> "), closing.value),
        };
        self.context.report(
            Diagnostic::error(message)
                .at(closing.span, "closes the circle")
                .help("move what they share into an abstract configuration that both extend"),
        );
    }
}

/// A configuration without what is never inherited.
fn own_part(container: &RawContainer) -> RawContainer {
    RawContainer { is_abstract: None, extends: Vec::new(), ..container.clone() }
}

/// Merges `source` over `target`: single values replace, lists unite, options merge by key.
pub(crate) fn merge(target: &mut RawContainer, source: RawContainer) {
    let RawContainer {
        is_abstract: _,
        extends: _,
        image,
        instances,
        clients,
        shares,
        binds,
        attaches,
        uses,
        links,
        exposes,
        user,
        permissions,
        stop_timeout,
        stop_signal,
        start_delay,
        network_mode,
        networks,
        exec_commands,
        healthcheck,
        persistent,
        create_options,
        host_config,
    } = source;
    replace(&mut target.image, image);
    unite_by(&mut target.instances, instances, |name| name.value.clone());
    unite_by(&mut target.clients, clients, |name| name.value.clone());
    unite_by(&mut target.shares, shares, |path: &RawText| (path.text.clone(), path.tag.is_some()));
    replace_by(&mut target.binds, binds, |bind| bind_key(&bind.value));
    replace_by(&mut target.attaches, attaches, |attach| attach.value.name.value.clone());
    replace_by(&mut target.uses, uses, |used| used.value.name.value.clone());
    unite_by(&mut target.links, links, |link| {
        let alias = link.value.alias.as_ref().map(|alias| alias.value.clone());
        (link.value.container.value.clone(), alias)
    });
    replace_groups(&mut target.exposes, exposes, |port| port.value.exposed_port.value.clone());
    replace(&mut target.user, user);
    replace(&mut target.permissions, permissions);
    replace(&mut target.stop_timeout, stop_timeout);
    replace(&mut target.stop_signal, stop_signal);
    replace(&mut target.start_delay, start_delay);
    replace(&mut target.network_mode, network_mode);
    replace_by(&mut target.networks, networks, |endpoint| endpoint.value.network.value.clone());
    unite_by(&mut target.exec_commands, exec_commands, |command| exec_key(&command.value));
    replace(&mut target.healthcheck, healthcheck);
    replace(&mut target.persistent, persistent);
    merge_options(&mut target.create_options, create_options);
    merge_options(&mut target.host_config, host_config);
}

/// Only an unset value leaves what is there; an explicit null overrides.
fn replace<T>(target: &mut Setting<T>, source: Setting<T>) {
    if !matches!(source, Setting::Unset) {
        *target = source;
    }
}

/// Appends what is not there yet.
fn unite_by<T, K: PartialEq>(target: &mut Vec<T>, source: Vec<T>, key: impl Fn(&T) -> K) {
    for item in source {
        let item_key = key(&item);
        if !target.iter().any(|present| key(present) == item_key) {
            target.push(item);
        }
    }
}

/// Puts an item in the place of the one with the same key, or at the end.
fn replace_by<T, K: PartialEq>(target: &mut Vec<T>, source: Vec<T>, key: impl Fn(&T) -> K) {
    for item in source {
        let item_key = key(&item);
        match target.iter_mut().find(|present| key(present) == item_key) {
            Some(present) => *present = item,
            None => target.push(item),
        }
    }
}

/// As [`replace_by`], but several items of one key belong together: a port published twice
/// replaces all inherited bindings of that port.
fn replace_groups<T, K: PartialEq>(target: &mut Vec<T>, source: Vec<T>, key: impl Fn(&T) -> K) {
    target.retain(|present| !source.iter().any(|item| key(item) == key(present)));
    target.extend(source);
}

fn merge_options(target: &mut Vec<(RawName, Node)>, source: Vec<(RawName, Node)>) {
    // What is inherited in the other spelling is the same option; two of one mapping stay, to be
    // reported.
    let mut inherited: Vec<Option<String>> =
        target.iter().map(|(name, _)| Some(canonical(&name.value).to_owned())).collect();
    for option in source {
        let keyword = canonical(&option.0.value);
        match inherited.iter_mut().enumerate().find(|(_, known)| known.as_deref() == Some(keyword)) {
            Some((index, known)) => {
                *known = None;
                target[index] = option;
            }
            None => target.push(option),
        }
    }
}

/// A bind by paths and one by alias never replace one another.
fn bind_key(bind: &RawBind) -> (bool, String) {
    match bind {
        RawBind::Alias { name, .. } => (false, name.value.clone()),
        RawBind::Path { container_path, .. } => (true, container_path.text.clone()),
    }
}

/// Places aside, what makes two commands the same.
fn exec_key(command: &crate::source::raw::RawExecCommand) -> String {
    use crate::source::raw::{RawCommand, RawUser};
    let words = match &command.command {
        RawCommand::Line(line) => vec![line.text.as_str()],
        RawCommand::Words(words) => words.iter().map(|word| word.text.as_str()).collect(),
    };
    let user = match &command.user {
        None => Vec::new(),
        Some(RawUser::Text(text)) => vec![text.text.as_str()],
        Some(RawUser::Pair(user, group)) => vec![user.text.as_str(), group.text.as_str()],
    };
    format!("{words:?} {user:?} {:?}", command.policy)
}

/// For messages: the first place of a list property.
pub(super) fn first_span<T>(items: &[Spanned<T>]) -> Option<crate::source::span::Span> {
    items.first().map(|item| item.span)
}
