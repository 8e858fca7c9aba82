//! A container map.

use std::collections::HashMap;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::node::Node;
use super::raw::{RawContainer, RawMap, RawName, RawText};
use super::read_container::{CONTAINER_KEYS, read_container};
use super::read_networks::read_network;
use super::read_volumes::{misread_volumes, read_host_paths, read_volume};
use super::reader::{Entry, Reader};
use super::span::{Span, Spanned};
use crate::wording;

/// Keys of a map that cannot be the name of a container configuration beside them.
pub(crate) const MAP_KEYS: [&str; 13] = [
    "name",
    "containers",
    "volumes",
    "host",
    "host_root",
    "networks",
    "repository",
    "default_tag",
    "clients",
    "groups",
    "default_domain",
    "set_hostname",
    "use_attached_parent_name",
];

/// Reads a container map. `name` is the one the inventory gives; without one the document's `name`
/// counts, which is dropped otherwise.
///
/// `None` if the document is no mapping at all; other mistakes leave out what is wrong.
pub fn read_map(node: &Node, name: Option<RawName>, diagnostics: &mut Diagnostics) -> Option<RawMap> {
    let mut reader = Reader::new("the map", diagnostics);
    let Some(entries) = node.as_mapping() else {
        let message = format!("a container map must be a mapping, found {}", node.kind());
        reader.report(Diagnostic::error(message).at(node.span, "expected keys with values"));
        return None;
    };
    let span = entries.first().map_or(node.span, |(key, _)| key.span);
    let map = RawMap { start: Spanned::new((), span), ..RawMap::default() };
    let mut reading = Reading { map, indexes: HashMap::new(), host_root: None };
    for (key, value) in entries {
        reading.read_key(key, value, &mut reader);
    }
    let mut map = reading.map;
    map.host_root = reading.host_root.map(|(_, root)| root);
    map.name = name.or(map.name);
    Some(map)
}

struct Reading {
    map: RawMap,
    /// Where in the map's list each configuration is.
    indexes: HashMap<String, usize>,
    /// The last of `host_root` and `host.root`, with the span of its key.
    host_root: Option<(Span, RawText)>,
}

impl Reading {
    fn read_key(&mut self, key: &Node, value: &Node, reader: &mut Reader<'_>) {
        self.read_named(key.as_text().unwrap_or_default(), key, value, reader);
    }

    fn read_named(&mut self, name: &str, key: &Node, value: &Node, reader: &mut Reader<'_>) {
        let map = &mut self.map;
        match name {
            "name" => map.name = reader.name(value, name),
            "containers" => self.read_containers(value, reader),
            "volumes" => {
                map.volumes = read_each(value, name, reader, |node, alias, reader| {
                    Some(read_volume(node, alias, reader))
                });
                if value.as_mapping().is_none() && !value.is_null() {
                    map.volumes = misread_volumes(value);
                }
            }
            "host" => self.read_host(value, reader),
            "host_root" => {
                let root = reader.optional_text(value, name).map(|root| (key.span, root));
                self.set_host_root(root, reader);
            }
            "networks" => {
                map.networks = read_each(value, name, reader, |node, name, reader| {
                    Some(read_network(node, name, reader))
                });
            }
            "repository" => map.repository = reader.optional_text(value, name),
            "default_tag" => map.default_tag = reader.optional_text(value, name),
            "clients" => map.clients = reader.names(value, name),
            "groups" => {
                map.groups = read_each(value, name, reader, |items, group, reader| {
                    Some(reader.with_subject(format!("group `{group}`")).names(items, "groups"))
                });
            }
            "default_domain" => map.default_domain = reader.optional_text(value, name),
            "set_hostname" => map.set_hostname = reader.switch(value, name),
            "use_attached_parent_name" => map.use_attached_parent_name = reader.switch(value, name),
            _ => self.read_other(key, value, reader),
        }
    }

    fn read_containers(&mut self, node: &Node, reader: &mut Reader<'_>) {
        for (name, container) in read_each(node, "containers", reader, read_container) {
            self.add_container(name, container, reader);
        }
    }

    fn read_host(&mut self, node: &Node, reader: &mut Reader<'_>) {
        let paths = read_host_paths(node, reader);
        self.map.host = paths.aliases;
        self.set_host_root(paths.root.map(|(key, root)| (key.span, root)), reader);
    }

    /// `host_root` and `host.root` are one setting; the later of the two counts.
    fn set_host_root(&mut self, root: Option<(Span, RawText)>, reader: &mut Reader<'_>) {
        let Some((span, root)) = root else { return };
        if let Some((first, _)) = &self.host_root {
            reader.report(
                Diagnostic::warning("`host_root` and `root` of `host` are the same setting")
                    .at(span, "this one counts")
                    .also(*first, "this one has no effect")
                    .help("remove one of them"),
            );
        }
        self.host_root = Some((span, root));
    }

    /// Any other key is a container configuration, unless it is clearly a misspelt key of the map.
    fn read_other(&mut self, key: &Node, value: &Node, reader: &mut Reader<'_>) {
        let Some(name) = reader.key(key, "containers") else { return };
        if let Some(meant) = wording::nearest(&name, MAP_KEYS).filter(|_| !looks_like_container(value)) {
            let message = format!("unknown key `{}` in {}", *name, reader.subject());
            let diagnostic = Diagnostic::error(message).at(key.span, "read as a container configuration");
            reader.report(diagnostic.help(format!("did you mean `{meant}`?")));
            // What it defines is there: nothing more is to be said about those who need it.
            let is_free = match meant {
                "volumes" => self.map.volumes.is_empty(),
                "networks" => self.map.networks.is_empty(),
                "host" => self.map.host.is_empty(),
                "containers" => true,
                _ => false,
            };
            if is_free && value.as_mapping().is_some() {
                self.read_named(meant, key, value, reader);
            }
        } else if let Some(container) = read_container(value, &name, reader) {
            self.add_container(name, container, reader);
        }
    }

    /// A configuration may stand beside the map's keys, under `containers`, or in both places: then
    /// what stands later is laid over the other.
    fn add_container(&mut self, name: RawName, container: RawContainer, reader: &mut Reader<'_>) {
        let Some(index) = self.indexes.get(&name.value) else {
            self.indexes.insert(name.value.clone(), self.map.containers.len());
            self.map.containers.push((name, container));
            return;
        };
        let (first_name, first) = &mut self.map.containers[*index];
        reader.report(
            Diagnostic::warning(format!("container `{}` stands in two places", *name))
                .at(name.span, "what is set here counts")
                .also(first_name.span, "unless it is set only here")
                .help("write it either beside the other keys of the map or under `containers`"),
        );
        first.update(container);
    }
}

/// Whether a value has a property of containers, or says nothing either way.
fn looks_like_container(node: &Node) -> bool {
    let has_known_key = |entries: &[Entry]| {
        entries.iter().any(|(key, _)| key.as_text().is_some_and(|text| CONTAINER_KEYS.contains(&text)))
    };
    node.is_null() || node.as_mapping().is_some_and(|entries| entries.is_empty() || has_known_key(entries))
}

/// Reads the entries of a mapping by name; what cannot be read is left out.
fn read_each<T>(
    node: &Node,
    property: &str,
    reader: &mut Reader<'_>,
    mut read: impl FnMut(&Node, &str, &mut Reader<'_>) -> Option<T>,
) -> Vec<(RawName, T)> {
    let mut found = Vec::new();
    for (key, value) in reader.entries(node, property) {
        let Some(name) = reader.key(key, property) else { continue };
        if let Some(value) = read(value, &name, reader) {
            found.push((name, value));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::raw::RawMap;
    use super::super::testing::{joined, map, text};

    /// The example of Docker-Map's manual.
    const EXAMPLE: &str = "\
repository: registry.example.com
host_root: /var/lib/site
web_server:
  image: nginx
  binds:
    /etc/nginx:
      - config/nginx
      - ro
  uses: app_server_socket
  attaches: web_log
  exposes:
    80: 80
    443: 443
app_server:
  image: app
  instances:
    - instance1
    - instance2
  binds:
    - app_config: ro
    - app_data:
  attaches:
    - app_log
    - app_server_socket
  user: 2000
  permissions: u=rwX,g=rX,o=
volumes:
  web_log: /var/log/nginx
  app_server_socket: /var/lib/app/socket
  app_config: /var/lib/app/config
  app_log: /var/lib/app/log
  app_data: /var/lib/app/data
host:
  app_config:
    instance1: config/app1
    instance2: config/app2
  app_data:
    instance1: data/app1
    instance2: data/app2
";

    fn names(map: &RawMap) -> String {
        joined(&map.containers, |(name, _)| name.value.clone())
    }

    #[test]
    fn the_example_of_the_manual_reads() {
        let read = map(EXAMPLE).good();
        assert_eq!(read.name, None);
        assert_eq!(read.repository.as_ref().map(text).as_deref(), Some("registry.example.com"));
        assert_eq!(read.host_root.as_ref().map(text).as_deref(), Some("/var/lib/site"));
        assert_eq!(names(&read), "web_server; app_server");
        assert_eq!(read.volumes.len(), 5);
        assert_eq!(read.host.len(), 2);
        let [(_, web), (_, app)] = read.containers.as_slice() else { panic!("two containers") };
        assert_eq!((web.binds.len(), web.uses.len(), web.attaches.len(), web.exposes.len()), (1, 1, 1, 2));
        assert_eq!((app.binds.len(), app.instances.len(), app.attaches.len()), (2, 2, 2));
    }

    #[test]
    fn containers_stand_in_two_places() {
        let read =
            map("name: m\nweb: {image: a}\ncontainers:\n  app:\n  volumes: {image: b}\nweb2:\n").good();
        assert_eq!(names(&read), "web; app; volumes; web2");
        assert_eq!(read.name.map(|name| name.value).as_deref(), Some("m"));
    }

    #[test]
    fn a_container_in_two_places_is_one() {
        let read = map("web: {image: a, user: u, binds: [p]}\ncontainers:\n  web: {image: b, binds: [q]}\n");
        assert_eq!(read.messages(), ["container `web` stands in two places"]);
        assert!(!read.diagnostics.has_errors());
        let read = read.value.expect("a map");
        assert_eq!(read.containers, map("web: {image: b, user: u, binds: [q]}").good().containers);
    }

    #[test]
    fn settings_of_the_map_are_read() {
        let read = map(
            "default_tag: 1.30\ndefault_domain: !env D\nclients: web1\nset_hostname: no\nuse_attached_parent_name: true\n\
             groups: {all: [a.i, b], one: a, none: }\nnetworks: {n: }\n",
        )
        .good();
        assert_eq!(read.default_tag.as_ref().map(text).as_deref(), Some("1.30"));
        assert_eq!(read.default_domain.as_ref().map(text).as_deref(), Some("!env D"));
        assert_eq!(joined(&read.clients, |name| name.value.clone()), "web1");
        assert_eq!(read.set_hostname.map(|set| set.value), Some(false));
        assert_eq!(read.use_attached_parent_name.map(|set| set.value), Some(true));
        let groups = joined(&read.groups, |(name, items)| {
            format!("{}={}", **name, joined(items, |item| item.value.clone()))
        });
        assert_eq!(groups, "all=a.i; b; one=a; none=");
    }

    #[test]
    fn misspelt_keys_are_told_from_containers() {
        for (yaml, expected) in [
            ("reposiory: x", vec!["unknown key `reposiory` in the map"]),
            ("volume: {a: /b}", vec!["unknown key `volume` in the map"]),
            ("hosts: {image: x}", vec![]),
            ("network: {image: x}", vec![]),
            ("group:", vec![]),
            ("web: text", vec!["container configuration `web` must be a mapping, found text"]),
            ("web: [text]", vec!["container configuration `web` must be a mapping, found a list"]),
            ("containers: [web]", vec!["`containers` of the map needs a mapping, found a list of 1 item"]),
            ("containers: {web: {imgae: x}}", vec!["unknown key `imgae` in container `web`"]),
            ("'': {image: x}", vec!["`containers` of the map needs names as keys, found an empty text"]),
            ("[a]", vec!["a container map must be a mapping, found a list"]),
        ] {
            assert_eq!(map(yaml).messages(), expected, "{yaml}");
        }
    }

    #[test]
    fn five_thousand_containers_read_quickly() {
        let container = |number| {
            format!(
                "c{number}:\n  image: nginx:1.25\n  binds:\n    - conf: ro\n    - /a: [/b, ro]\n  links: [a, [b, c]]\n  \
                 exposes: {{80: 8080, 443: [8443, public]}}\n  create_options: {{environment: {{A: 1, B: 2}}}}\n"
            )
        };
        let yaml: String = (0..5000).map(container).collect();
        let start = std::time::Instant::now();
        assert_eq!(map(&yaml).good().containers.len(), 5000);
        // Unoptimised and alone it takes 0.7 s; the limit is for what grows with the square.
        assert!(start.elapsed() < std::time::Duration::from_secs(60), "took {:?}", start.elapsed());
    }
}
