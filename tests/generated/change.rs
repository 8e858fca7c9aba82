//! One key of one configuration becomes another: put in, taken out, or with another value.

use std::collections::BTreeSet;

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::{Configuration, Effect, GeneratedMap, NetworkKind, Reference, keys};

/// A map with one key changed.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) map: GeneratedMap,
    /// The configuration.
    pub(crate) index: usize,
    /// What was done, for the message of a failure.
    pub(crate) what: String,
    pub(crate) effect: Effect,
}

impl Change {
    /// Containers that are made anew: its own, and those that are tied to them before or afterwards.
    pub(crate) fn renewed(&self) -> BTreeSet<String> {
        match self.effect {
            Effect::New => self.map.container_names(self.map.tied_to(self.index)),
            _ => BTreeSet::new(),
        }
    }

    /// Containers that something is done to.
    pub(crate) fn touched(&self) -> BTreeSet<String> {
        match self.effect {
            Effect::InPlace => self.map.container_names([self.index]),
            _ => self.renewed(),
        }
    }
}

impl GeneratedMap {
    /// This map with one key of one configuration changed.
    pub(crate) fn changed(&self, random: &mut StdRng) -> Change {
        loop {
            let index = random.random_range(0..self.configurations.len());
            let mut map = self.clone();
            let changed = match random.random_range(0..10) {
                0 => map.change_attaching(index),
                1 | 2 => map.change_reference(index, random),
                3 | 4 => map.change_network(index, random),
                _ => map.change_key(index, random),
            };
            if let Some((what, effect)) = changed {
                return Change { map, index, what: format!("c{index}: {what}"), effect };
            }
        }
    }

    fn change_key(&mut self, index: usize, random: &mut StdRng) -> Option<(String, Effect)> {
        let keys = keys::all();
        let is_used =
            |other: &Configuration| other.references.contains(&Reference::Volumes { target: index });
        let are_shares_used = self.configurations.iter().any(is_used);
        let configuration = &mut self.configurations[index];
        let has_key = !configuration.keys.is_empty() && random.random_ratio(1, 2);
        if !has_key {
            let possible: Vec<_> = keys.into_iter().filter(|key| configuration.takes(key)).collect();
            let key = possible.choose(random)?;
            configuration.keys.push((key.name, random.random_range(0..key.values.len())));
            let effect = match key.effect {
                Effect::NewUnlessPutIn | Effect::NewByValue => return None,
                Effect::NewUnlessGone => Effect::New,
                Effect::InPlaceUntilGone => Effect::InPlace,
                effect => effect,
            };
            return Some((format!("{} put in", key.name), effect));
        }
        let position = random.random_range(0..configuration.keys.len());
        let (name, value) = configuration.keys[position];
        let key = keys.into_iter().find(|key| key.name == name)?;
        let next = random.random_range(0..=key.values.len());
        let is_gone = next == key.values.len();
        if next == value || (is_gone && name == "shares" && are_shares_used) {
            return None;
        }
        let effect = match key.effect {
            Effect::InPlaceUntilGone if is_gone => Effect::New,
            Effect::InPlaceUntilGone => Effect::InPlace,
            Effect::NewUnlessGone | Effect::NewByValue if is_gone => return None,
            Effect::NewUnlessGone | Effect::NewUnlessPutIn | Effect::NewByValue => Effect::New,
            effect => effect,
        };
        if is_gone {
            configuration.keys.remove(position);
            return Some((format!("{name} taken out"), effect));
        }
        configuration.keys[position].1 = next;
        Some((format!("{name} from value {value} to {next}"), effect))
    }

    fn change_attaching(&mut self, index: usize) -> Option<(String, Effect)> {
        let is_used = |other: &Configuration| {
            let uses = |used: &Reference| matches!(used, Reference::Volume { owner, .. } if *owner == index);
            other.references.iter().any(uses)
        };
        if self.configurations.iter().any(is_used) {
            return None;
        }
        let configuration = &mut self.configurations[index];
        configuration.attaches = !configuration.attaches;
        Some((format!("attaches: {}", configuration.attaches), Effect::New))
    }

    fn change_reference(&mut self, index: usize, random: &mut StdRng) -> Option<(String, Effect)> {
        let mut configuration = self.configurations[index].clone();
        let old: Vec<Reference> = configuration.references.iter().copied().collect();
        if let Some(old) = old.choose(random).filter(|_| random.random_ratio(1, 2)) {
            configuration.references.remove(old);
            self.configurations[index] = configuration;
            return Some((format!("without {old:?}"), Effect::New));
        }
        let new = *self.possible_references(&configuration, index).choose(random)?;
        configuration.references.insert(new);
        self.configurations[index] = configuration;
        Some((format!("with {new:?}"), Effect::New))
    }

    /// Aliases and networks come and go; modes that are nobody else's change into one another.
    fn change_network(&mut self, index: usize, random: &mut StdRng) -> Option<(String, Effect)> {
        let is_needed = self.tied_to(index).len() > 1;
        let configuration = &mut self.configurations[index];
        let has_network_keys = configuration.has_network_keys();
        match &mut configuration.network {
            NetworkKind::Joined(places) => {
                if configuration.keys.iter().any(|(name, _)| *name == "mac_address") {
                    return None;
                }
                let position = random.random_range(0..places.len());
                if random.random_ratio(1, 2) {
                    places[position].has_alias ^= true;
                } else if places.len() > 1 && !is_needed {
                    places.remove(position);
                } else {
                    return None;
                }
                Some((format!("networks: {places:?}"), Effect::InPlace))
            }
            NetworkKind::None | NetworkKind::Host if !is_needed && !has_network_keys => {
                let next = match configuration.network {
                    NetworkKind::None => NetworkKind::Host,
                    _ => NetworkKind::None,
                };
                configuration.network = next;
                Some((format!("network_mode: {:?}", configuration.network), Effect::New))
            }
            _ => None,
        }
    }
}
