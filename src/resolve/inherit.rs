//! `extends`: folds bases into configurations, property by property.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use crate::source::diagnostic::Diagnostic;
use crate::source::node::Node;
use crate::source::raw::{RawBind, RawContainer, RawMap, RawName, RawText, Setting};
use crate::source::span::Spanned;
use crate::source::weight;

use super::context::Context;
use super::options::names::canonical;
use super::walk::{Circle, walk};

/// The configurations of a map that are not abstract, with all they inherit, in the map's order.
pub(super) fn extended_containers<'a>(
    context: &Context<'_>,
    map: &'a RawMap,
) -> Vec<(&'a RawName, Cow<'a, RawContainer>)> {
    let resolver = Resolver { context, containers: &map.containers, by_name: by_name(context, map) };
    let bases: Vec<Option<Vec<usize>>> =
        map.containers.iter().map(|(name, container)| resolver.bases(name, container)).collect();
    let known: Vec<Vec<usize>> = bases.iter().map(|bases| bases.clone().unwrap_or_default()).collect();
    let mut extended: Vec<Option<Cow<'a, RawContainer>>> = vec![None; map.containers.len()];
    walk(
        &known,
        |circle| resolver.report_circle(&circle),
        |index| extended[index] = resolver.extended(index, bases[index].as_deref(), &extended),
    );
    let named = map.containers.iter().zip(extended);
    let is_abstract =
        |container: &RawContainer| container.is_abstract.as_ref().is_some_and(|flag| flag.value);
    named
        .filter(|((_, container), _)| !is_abstract(container))
        .filter_map(|((name, _), extended)| Some((name, extended?)))
        .collect()
}

/// A configuration may stand at top level or under `containers`; in both would leave one unread.
fn by_name<'a>(context: &Context<'_>, map: &'a RawMap) -> HashMap<&'a str, usize> {
    let mut by_name = HashMap::with_capacity(map.containers.len());
    for (index, (name, _)) in map.containers.iter().enumerate() {
        if let Some(first) = by_name.insert(name.value.as_str(), index) {
            context.report(
                Diagnostic::error(format!("container `{}` is defined twice", name.value))
                    .at(name.span, "defined again here")
                    .also(map.containers[first].0.span, "first defined here")
                    .help("write it either at top level or under `containers`"),
            );
        }
    }
    by_name
}

struct Resolver<'a, 'c> {
    context: &'c Context<'c>,
    containers: &'a [(RawName, RawContainer)],
    by_name: HashMap<&'a str, usize>,
}

impl<'a> Resolver<'a, '_> {
    /// The configurations that one extends; `None` if one of them is not there.
    fn bases(&self, name: &RawName, container: &RawContainer) -> Option<Vec<usize>> {
        let mut bases = Some(Vec::with_capacity(container.extends.len()));
        for base_name in &container.extends {
            match (self.by_name.get(base_name.value.as_str()), &mut bases) {
                (Some(base), Some(bases)) => bases.push(*base),
                (Some(_), None) => {}
                (None, _) => {
                    self.report_missing(name, base_name);
                    bases = None;
                }
            }
        }
        bases
    }

    /// One configuration over its bases, all of which have been `extended` unless a circle or a
    /// missing one is in the way.
    fn extended(
        &self,
        index: usize,
        bases: Option<&[usize]>,
        extended: &[Option<Cow<'a, RawContainer>>],
    ) -> Option<Cow<'a, RawContainer>> {
        let (name, container) = &self.containers[index];
        let bases = bases?;
        if bases.is_empty() {
            return Some(Cow::Borrowed(container));
        }
        let mut merged = RawContainer::default();
        for base in bases {
            let base = extended[*base].as_deref()?;
            if !self.context.spend(weight::of_configuration(base), name.span) {
                return None;
            }
            merge(&mut merged, own_part(base));
        }
        merge(&mut merged, own_part(container));
        Some(Cow::Owned(merged))
    }

    fn report_missing(&self, name: &RawName, base_name: &RawName) {
        let names = self.containers.iter().map(|(known, _)| known.value.as_str());
        let nearest = self.context.nearest(&base_name.value, names.filter(|known| *known != name.value));
        let diagnostic = Diagnostic::error(format!(
            "container `{}` extends `{}`, which is not defined",
            name.value, base_name.value
        ))
        .at(base_name.span, "no configuration of this name");
        self.context.report(match nearest {
            Some(nearest) => diagnostic.help(format!("write `{nearest}`")),
            None => diagnostic,
        });
    }

    fn report_circle(&self, circle: &Circle) {
        let name_of = |member: usize| self.containers[member].0.value.as_str();
        let (last, first) = (&self.containers[circle.last()], circle.first());
        let message = match circle.members() {
            [only] => format!("container `{}` extends itself", name_of(*only)),
            _ => format!("circular `extends`: {}", circle.shown(name_of)),
        };
        let closing = last.1.extends.iter().find(|base_name| base_name.value == name_of(first));
        self.context.report(
            Diagnostic::error(message)
                .at(closing.unwrap_or(&last.0).span, "closes the circle")
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
fn unite_by<T, K: Hash + Eq>(target: &mut Vec<T>, source: Vec<T>, key: impl Fn(&T) -> K) {
    let mut places = places_by(target, &key, source.len());
    for item in source {
        places.entry(key(&item)).or_insert_with(|| {
            target.push(item);
            target.len() - 1
        });
    }
}

/// Puts an item in the place of the one with the same key, or at the end.
fn replace_by<T, K: Hash + Eq>(target: &mut Vec<T>, source: Vec<T>, key: impl Fn(&T) -> K) {
    let mut places = places_by(target, &key, source.len());
    for item in source {
        match places.entry(key(&item)) {
            Entry::Occupied(place) => target[*place.get()] = item,
            Entry::Vacant(place) => {
                place.insert(target.len());
                target.push(item);
            }
        }
    }
}

/// The first place of each key; none if there is nothing to look up.
fn places_by<T, K: Hash + Eq>(items: &[T], key: &impl Fn(&T) -> K, looked_up: usize) -> HashMap<K, usize> {
    let mut places = HashMap::new();
    if looked_up > 0 {
        for (place, item) in items.iter().enumerate() {
            places.entry(key(item)).or_insert(place);
        }
    }
    places
}

/// As [`replace_by`], but several items of one key belong together: a port published twice
/// replaces all inherited bindings of that port.
fn replace_groups<T, K: Hash + Eq>(target: &mut Vec<T>, source: Vec<T>, key: impl Fn(&T) -> K) {
    let replaced: HashSet<K> = source.iter().map(&key).collect();
    target.retain(|present| replaced.is_empty() || !replaced.contains(&key(present)));
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
