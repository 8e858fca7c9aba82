//! A generated map as the text that a user would write.

use super::keys::{self, Section};
use super::{Configuration, GeneratedMap, NetworkKind, Place, Reference};

const VOLUMES: [&str; 3] = [
    "/vN",
    "{default_path: /vN, create_options: {labels: {team: a}}}",
    "{default_path: /vN, user: 2000, permissions: '0750'}",
];

const NETWORKS: [&str; 5] = [
    "{}",
    "{driver_options: {com.docker.network.driver.mtu: 1400}}",
    "{internal: true}",
    "{create_options: {labels: {team: a}, attachable: true}}",
    "{create_options: {ipam: {Config: [{Subnet: 10.234.N.0/24}]}}}",
];

impl GeneratedMap {
    /// The text of the map; `prefix` is its name with a dot.
    pub(crate) fn text(&self, prefix: &str) -> String {
        let mut lines = vec!["host: {tmp: /tmp}".to_owned()];
        let volume = |(index, form): (usize, &usize)| {
            format!("  v{index}: {}\n", VOLUMES[*form].replace('N', &index.to_string()))
        };
        let volumes: String = self.volumes.iter().enumerate().map(volume).collect();
        lines.push(format!("volumes:\n  tmp: /mnt/tmp\n{volumes}").trim_end().to_owned());
        let network = |(index, form): (usize, &usize)| {
            format!("  n{index}: {}\n", NETWORKS[*form].replace('N', &(index + 1).to_string()))
        };
        let networks: String = self.networks.iter().enumerate().map(network).collect();
        lines.push(format!("networks:\n{networks}").trim_end().to_owned());
        let names: Vec<String> = (0..self.configurations.len()).map(|index| format!("c{index}")).collect();
        lines.push(format!("groups: {{all: [{}]}}", names.join(", ")));
        for (index, configuration) in self.configurations.iter().enumerate() {
            lines.push(self.configuration_text(index, configuration));
        }
        lines.join("\n").replace("MAP.", prefix) + "\n"
    }

    fn configuration_text(&self, index: usize, configuration: &Configuration) -> String {
        let mut sections: [Vec<String>; 3] = Default::default();
        Self::key_parts(index, configuration, &mut sections);
        self.reference_parts(configuration, &mut sections);
        let [container, create, host] = sections;
        let mut options = Vec::new();
        if !create.is_empty() {
            options.push(format!("create_options: {{{}}}", create.join(", ")));
        }
        if !host.is_empty() {
            options.push(format!("host_config: {{{}}}", host.join(", ")));
        }
        let mut parts = container;
        if configuration.has_instances {
            parts.insert(0, "instances: [a, b]".to_owned());
        }
        if !configuration.inherits {
            parts.extend(options);
            return format!("c{index}: {{{}}}", parts.join(", "));
        }
        parts.insert(0, format!("extends: base{index}"));
        options.insert(0, "abstract: true".to_owned());
        format!("base{index}: {{{}}}\nc{index}: {{{}}}", options.join(", "), parts.join(", "))
    }

    fn key_parts(index: usize, configuration: &Configuration, sections: &mut [Vec<String>; 3]) {
        sections[0].push("stop_timeout: 1".to_owned());
        if configuration.value_index("image").is_none() {
            sections[0].push("image: dmfab-lab/app:1".to_owned());
        }
        if !configuration.network.is_own() && configuration.value_index("entrypoint").is_none() {
            // Two of them cannot serve the same port of one network.
            sections[1].push("command: sleep 9999".to_owned());
        }
        for (name, value) in &configuration.keys {
            let key = keys::all().into_iter().find(|key| key.name == *name).expect("a known key");
            let port = format!("2{index:03}");
            let value = key.values[*value].replace("PORT", &port).replace("NUMBER", &format!("{index:02}"));
            sections[section_index(key.section)].push(format!("{name}: {value}"));
        }
        if configuration.attaches {
            sections[0].push(format!("attaches: v{index}"));
        }
    }

    fn reference_parts(&self, configuration: &Configuration, sections: &mut [Vec<String>; 3]) {
        let name = |target: usize| {
            let suffix = if self.configurations[target].has_instances { ".a" } else { "" };
            format!("c{target}{suffix}")
        };
        match &configuration.network {
            NetworkKind::Bridge => {}
            NetworkKind::None => sections[0].push("network_mode: none".to_owned()),
            NetworkKind::Host => sections[0].push("network_mode: host".to_owned()),
            NetworkKind::Of(target) => sections[0].push(format!("network_mode: {}", name(*target))),
            NetworkKind::Joined(places) => {
                let places: Vec<String> = places.iter().map(|place| place_text(place, name)).collect();
                sections[0].push(format!("networks: {{{}}}", places.join(", ")));
            }
        }
        for reference in &configuration.references {
            let (section, text) = match *reference {
                Reference::Link { target, has_alias: false } => (0, format!("links: {}", name(target))),
                Reference::Link { target, .. } => (0, format!("links: [[{}, other]]", name(target))),
                Reference::Volume { owner, is_read_only } => {
                    let mode = if is_read_only { "ro" } else { "rw" };
                    (0, format!("uses: {{v{owner}: {mode}}}"))
                }
                Reference::Volumes { target } => (0, format!("uses: {}", name(target))),
                Reference::VolumesFrom { target, is_read_only } => {
                    let mode = if is_read_only { ":ro" } else { "" };
                    (2, format!("volumes_from: ['MAP.{}{mode}']", name(target)))
                }
                Reference::Processes { target } => (2, format!("pid_mode: 'container:MAP.{}'", name(target))),
            };
            sections[section].push(text);
        }
    }
}

fn place_text(place: &Place, name: impl Fn(usize) -> String) -> String {
    let alias = place.has_alias.then(|| "aliases: [other]".to_owned());
    let link = place.link.map(|target| format!("links: [[{}, linked{}]]", name(target), place.network));
    let parts: Vec<String> = alias.into_iter().chain(link).collect();
    format!("n{}: {{{}}}", place.network, parts.join(", "))
}

fn section_index(section: Section) -> usize {
    match section {
        Section::Container => 0,
        Section::CreateOptions => 1,
        Section::HostConfig => 2,
    }
}
