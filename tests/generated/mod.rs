//! Maps that nobody thought of, and what holds for each of them: deployed twice, changed in one key, shut
//! down and started, and broken anywhere.
//!
//! All comes from a seed, which a failure names. `DMFAB_TEST_SEED=7` runs that one alone,
//! `DMFAB_TEST_CASES=5000` that many of
//! them.

mod change;
mod keys;
mod on_the_fake;
mod on_the_lab;
mod text;

use std::collections::BTreeSet;
use std::ops::Range;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

pub(crate) use keys::Effect;
use keys::{Key, Needs};

/// A map: configurations that refer to earlier ones only, volumes and networks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GeneratedMap {
    pub(crate) configurations: Vec<Configuration>,
    /// By configuration that may attach it: which of the forms of its options.
    volumes: Vec<usize>,
    /// Which of the forms of its options.
    networks: Vec<usize>,
}

/// One container, or two of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Configuration {
    has_instances: bool,
    /// Half of the keys stand in a base.
    inherits: bool,
    /// Name of the key, and which of its values.
    keys: Vec<(&'static str, usize)>,
    network: NetworkKind,
    attaches: bool,
    references: BTreeSet<Reference>,
}

/// What network a configuration is in.
#[derive(Debug, Clone, PartialEq)]
enum NetworkKind {
    Bridge,
    /// Networks of the map, in this order.
    Joined(Vec<Place>),
    None,
    Host,
    /// That of another configuration.
    Of(usize),
}

impl NetworkKind {
    fn is_own(&self) -> bool {
        matches!(self, Self::Bridge | Self::Joined(_))
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Place {
    network: usize,
    has_alias: bool,
    link: Option<usize>,
}

/// A configuration that refers to another one, by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reference {
    Link {
        target: usize,
        has_alias: bool,
    },
    /// A volume that the other one attaches; the one reference that does not tie.
    Volume {
        owner: usize,
        is_read_only: bool,
    },
    /// All volumes, by `uses`.
    Volumes {
        target: usize,
    },
    /// All volumes, by an option.
    VolumesFrom {
        target: usize,
        is_read_only: bool,
    },
    Processes {
        target: usize,
    },
}

impl Reference {
    fn tie(self) -> Option<usize> {
        match self {
            Self::Volume { .. } => None,
            Self::Link { target, .. }
            | Self::Volumes { target }
            | Self::VolumesFrom { target, .. }
            | Self::Processes { target } => Some(target),
        }
    }

    /// Whether both cannot stand together: the same kind, or all volumes in two ways.
    fn excludes(self, other: Self) -> bool {
        let kind = |reference: Self| match reference {
            Self::Link { .. } => 0,
            Self::Volume { .. } | Self::Volumes { .. } | Self::VolumesFrom { .. } => 1,
            Self::Processes { .. } => 2,
        };
        kind(self) == kind(other)
    }
}

impl Configuration {
    fn value_index(&self, name: &str) -> Option<usize> {
        self.keys.iter().find(|(known, _)| *known == name).map(|(_, index)| *index)
    }

    /// Containers that it ends with.
    fn ties(&self) -> BTreeSet<usize> {
        let references = self.references.iter().filter_map(|reference| reference.tie());
        let network: Vec<usize> = match &self.network {
            NetworkKind::Of(target) => vec![*target],
            NetworkKind::Joined(places) => places.iter().filter_map(|place| place.link).collect(),
            NetworkKind::Bridge | NetworkKind::None | NetworkKind::Host => Vec::new(),
        };
        references.chain(network).collect()
    }

    fn takes(&self, key: &Key) -> bool {
        let is_free = self.keys.iter().all(|(name, _)| *name != key.name && !key.excludes.contains(name));
        let fits = match key.needs {
            Needs::Anything => true,
            Needs::Network => self.network.is_own(),
            Needs::OneOnNetwork => self.network.is_own() && !self.has_instances,
        };
        is_free && fits
    }

    fn has_network_keys(&self) -> bool {
        let keys = keys::all();
        let needs = |name: &str| keys.iter().any(|key| key.name == name && key.needs != Needs::Anything);
        self.keys.iter().any(|(name, _)| needs(name))
    }
}

impl GeneratedMap {
    /// The map of a seed.
    pub(crate) fn of(seed: u64, sizes: Range<usize>) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let count = random.random_range(sizes);
        let volumes = (0..count).map(|_| random.random_range(0..3)).collect();
        let networks = (0..2).map(|_| random.random_range(0..5)).collect();
        let mut map = Self { configurations: Vec::new(), volumes, networks };
        for _ in 0..count {
            let configuration = map.configuration(&mut random);
            map.configurations.push(configuration);
        }
        map
    }

    fn configuration(&self, random: &mut StdRng) -> Configuration {
        let mut made = Configuration {
            has_instances: random.random_ratio(1, 4),
            inherits: random.random_ratio(1, 4),
            keys: Vec::new(),
            network: self.network_kind(random),
            attaches: random.random_ratio(1, 2),
            references: BTreeSet::new(),
        };
        for _ in 0..random.random_range(0..3) {
            let possible = self.possible_references(&made, self.configurations.len());
            made.references.extend(possible.choose(random));
        }
        for _ in 0..random.random_range(0..7) {
            let possible: Vec<_> = keys::all().into_iter().filter(|key| made.takes(key)).collect();
            let key = possible.choose(random).expect("a key that is free");
            made.keys.push((key.name, random.random_range(0..key.values.len())));
        }
        made
    }

    fn network_kind(&self, random: &mut StdRng) -> NetworkKind {
        let owners: Vec<usize> = self.indices(|other| other.network.is_own());
        match random.random_range(0..10) {
            0 => NetworkKind::None,
            1 => NetworkKind::Host,
            2 | 3 => owners.choose(random).map_or(NetworkKind::Bridge, |owner| NetworkKind::Of(*owner)),
            4..7 => {
                let first = random.random_range(0..2);
                let count = random.random_range(1..3);
                let places = (0..count).map(|index| self.place((first + index) % 2, random));
                NetworkKind::Joined(places.collect())
            }
            _ => NetworkKind::Bridge,
        }
    }

    fn place(&self, network: usize, random: &mut StdRng) -> Place {
        let neighbours = self.indices(|other| match &other.network {
            NetworkKind::Joined(places) => places.iter().any(|place| place.network == network),
            _ => false,
        });
        let link = neighbours.choose(random).copied().filter(|_| random.random_ratio(1, 3));
        Place { network, has_alias: random.random_ratio(1, 2), link }
    }

    fn indices(&self, is_wanted: impl Fn(&Configuration) -> bool) -> Vec<usize> {
        let found = self.configurations.iter().enumerate().filter(|(_, other)| is_wanted(other));
        found.map(|(index, _)| index).collect()
    }

    /// What a configuration may refer to beside what it refers to; itself is the one of this index.
    fn possible_references(&self, configuration: &Configuration, index: usize) -> Vec<Reference> {
        let mut found = Vec::new();
        for (target, other) in self.configurations.iter().enumerate().take(index) {
            let both = [false, true];
            if configuration.network == NetworkKind::Bridge && other.network == NetworkKind::Bridge {
                found.extend(both.map(|has_alias| Reference::Link { target, has_alias }));
            }
            if other.attaches && !other.has_instances {
                found.extend(both.map(|is_read_only| Reference::Volume { owner: target, is_read_only }));
            }
            if other.value_index("shares").is_some() {
                found.push(Reference::Volumes { target });
            }
            found.extend(both.map(|is_read_only| Reference::VolumesFrom { target, is_read_only }));
            found.push(Reference::Processes { target });
        }
        let is_free = |new: &Reference| configuration.references.iter().all(|old| !new.excludes(*old));
        found.retain(is_free);
        found
    }

    /// A configuration and all that end with it, and with those.
    pub(crate) fn tied_to(&self, index: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::from([index]);
        for (other, configuration) in self.configurations.iter().enumerate().skip(index) {
            if configuration.ties().iter().any(|target| found.contains(target)) {
                found.insert(other);
            }
        }
        found
    }

    /// Names of the containers of some configurations, without the map's.
    pub(crate) fn container_names(&self, indices: impl IntoIterator<Item = usize>) -> BTreeSet<String> {
        let instances = |index: usize| {
            let suffixes: &[&str] =
                if self.configurations[index].has_instances { &[".a", ".b"] } else { &[""] };
            suffixes.iter().map(move |suffix| format!("c{index}{suffix}"))
        };
        indices.into_iter().flat_map(instances).collect()
    }

    pub(crate) fn all_names(&self) -> BTreeSet<String> {
        self.container_names(0..self.configurations.len())
    }

    /// The same map without a key anywhere.
    pub(crate) fn without(mut self, name: &str) -> Self {
        for configuration in &mut self.configurations {
            configuration.keys.retain(|(known, _)| *known != name);
        }
        self
    }
}

/// Seeds of a run: those asked for, or as many as usual.
pub(crate) fn seeds(usual: u64) -> Range<u64> {
    let asked = |name: &str| std::env::var(name).ok().map(|text| text.parse().expect("a number"));
    match asked("DMFAB_TEST_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..asked("DMFAB_TEST_CASES").unwrap_or(usual),
    }
}
