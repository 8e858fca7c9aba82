//! Every form that a property takes is taken by the schema, too.

use std::path::Path;

use dmfab::source::diagnostic::{Diagnostics, Severity};
use dmfab::source::document::read_document;
use dmfab::source::file::SourceMap;
use dmfab::source::read_inventory::read_inventory;
use dmfab::source::read_map::read_map;

use super::{INVENTORY, MAP, read, repository};

/// Forms of each property of containers: those of the readers' own tests, and more.
const CONTAINER_FORMS: &str = include_str!("container_forms.txt");

/// Other parts of maps.
const MAPS: &[&str] = &[
    "web:",
    "name: x\nweb: {}\n",
    "containers: {web: , name: }\n",
    "volumes:\n  a: /p\n  b: !path $P\n  c:\n  d: {default_path: /d, driver: local, driver_options: {type: tmpfs, o: size=1}, \
     create_options: {labels: {x: y}}, user: app, permissions: 0750}\n",
    "host: {a: data, b: {i1: x, i2: !env Y}, root: /r}\n",
    "networks:\n  a:\n  b: {driver: overlay, driver_options: {x: 1}, internal: yes, create_options: {labels: {l: v}}}\n",
    "networks: {a: {create_options: {ipam: {Config: [{Subnet: 172.30.0.0/24}]}, attachable: 'true', check_duplicate: true}}}\n",
    "groups: {a: web, b: [web, app.one]}\nclients: all\nset_hostname: no\nuse_attached_parent_name: true\n",
    "repository: registry.example.com\ndefault_tag: 1.0\ndefault_domain: !env DOMAIN\nhost_root: !path $HOME/x\n",
    "x: &base {image: a}\nweb: {<<: *base, user: app}\n",
    "volumes:\nhost:\nnetworks:\ngroups:\ncontainers:\nrepository:\n",
];

/// Inventories.
const INVENTORIES: &[&str] = &[
    "apps1:\n  base_url: apps1_host\n  interfaces:\n    private: 10.0.0.11\nlocal:\n",
    "maps: a.yaml\ndefaults: {user: deploy}\nhosts: {apps1-3: , web1: {port: 22}}\n\
     groups: {all: [apps1-3, web1], one: web1}\ndefault_host: web1\n",
    "clients: {a: }\n",
    "maps:\n",
    "maps: [a.yaml, !path ~/b.yaml, !env MAP, {'!env': map}]\n",
    "maps: {main: a.yaml, other: {web: {image: x}}}\n",
    "maps: [{name: main, web: {image: x}}]\n",
    "maps: {main: {name: dropped, web: }}\n",
    "hosts: {web1: {base_url: 'unix:///x', fabric_host: 'me@h{number}', version: 1.41, timeout: 60, wait_timeout: '5', stop_timeout: 7, \
     tunnel_remote_port: 2375, domainname: d, interfaces: {private: 10.0.0.1}, interfaces_ipv6: {private: '::1'}, \
     auth_configs: {r: {username: u, password: !env P, email: e}}}}\n",
    "hosts: {web1: {user: u, port: 22, identity_file: a, identity_files: [b, !path c], known_hosts: k, docker_socket: /s}}\n",
    "hosts: {a: {proxy_jump: x}, b: {proxy_jump: [x, y]}, c: {proxy_jump: []}, d: {proxy_jump: none}, e: {proxy_jump: no}}\n",
    "hosts: {a: {ssh_config: false}, b: {ssh_config: yes}, c: {ssh_config: file}, d: {ssh_config: }}\n",
    "hosts: {n1-3: {interfaces: {private: '10.0.0.{number}', other: !env ADDRESS, third: !env [address, 10.0.0.1]}}}\n",
    "hosts: {a: {interfaces_ipv6: {x: '2001:db8::21', y: '::ffff:10.0.0.1'}}}\n",
    "hosts: {a: {version: auto}, b: {version: '1.43'}, c: {version: !env API}, d: {base_url: 'http+unix://x'}}\n",
    "hosts: {a: {base_url: 'me@host:22'}, b: {base_url: 'ssh://a'}, c: {base_url: '/run/docker.sock'}, d: {base_url: 'tcp://a:1'}}\n",
    "hosts: {a: {tls: false, features: {x: 1}, container_update: true, tunnel_local_port: 22024}}\n",
    "hosts: {a: {auth_configs: {r: {username: u, password: {'!secret': {command: pass show r}}, reauth: true}}}}\n",
    "hosts: {a: {auth_configs: {r: {username: u, password: !secret {command: [pass, show, r]}}}}}\n",
];

/// The errors that a reader finds in a map by itself.
pub(super) fn mistakes_of_map(text: &str) -> Vec<String> {
    mistakes(text, |node, diagnostics| drop(read_map(node, None, diagnostics)))
}

fn mistakes_of_inventory(text: &str) -> Vec<String> {
    mistakes(text, |node, diagnostics| drop(read_inventory(node, diagnostics)))
}

fn mistakes(text: &str, read: impl FnOnce(&dmfab::source::node::Node, &mut Diagnostics)) -> Vec<String> {
    let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
    let path = Path::new("file.yaml");
    if let Some(node) = read_document(path, text.as_bytes().to_vec(), &mut sources, &mut diagnostics) {
        read(&node, &mut diagnostics);
    }
    let errors = diagnostics.iter().filter(|found| found.severity == Severity::Error);
    errors.map(|found| found.message.clone()).collect()
}

/// Each form with its property.
fn container_forms() -> Vec<(&'static str, &'static str)> {
    let mut property = "";
    let mut forms = Vec::new();
    for line in CONTAINER_FORMS.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix("  ") {
            Some(form) => forms.push((property, form)),
            None => property = line,
        }
    }
    forms
}

#[test]
fn every_form_of_every_property_is_accepted() {
    let mut wrong = Vec::new();
    let forms = container_forms();
    for (property, form) in &forms {
        let map = format!("web:\n  {property}: {form}\n");
        let mistakes = mistakes_of_map(&map);
        assert!(mistakes.is_empty(), "{property}: {form}: {mistakes:?}");
        wrong.extend(MAP.findings(&map).iter().map(|found| format!("{property}: {form}: {found}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(forms.len() > 250, "only {} forms", forms.len());
}

#[test]
fn every_property_has_forms_here() {
    let properties = MAP.value.pointer("/$defs/container/properties").and_then(|value| value.as_object());
    for property in properties.expect("properties").keys() {
        assert!(container_forms().iter().any(|(known, _)| known == property), "{property}");
    }
}

#[test]
fn other_parts_of_maps_and_inventories_are_accepted() {
    let mut wrong = Vec::new();
    for map in MAPS {
        assert_eq!(mistakes_of_map(map), [""; 0], "{map}");
        wrong.extend(MAP.findings(map).iter().map(|found| format!("{map}: {found}")));
    }
    for inventory in INVENTORIES {
        assert_eq!(mistakes_of_inventory(inventory), [""; 0], "{inventory}");
        wrong.extend(INVENTORY.findings(inventory).iter().map(|found| format!("{inventory}: {found}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What each option may be, under each of its names: section, name, value.
fn option_samples(text: &str) -> Vec<(&str, &str, &str)> {
    let mut section = "";
    let mut samples = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.starts_with("=>")) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        } else if let Some((names, value)) = line.split_once(": ") {
            samples.extend(names.split('|').map(|name| (section, name, value)));
        }
    }
    samples
}

#[test]
fn every_option_is_accepted_under_each_of_its_names() {
    let text = read(&repository().join("src/resolve/options/samples.txt"));
    let mut wrong = Vec::new();
    let samples = option_samples(&text);
    for (section, name, value) in &samples {
        let option = format!("{{{name}: {value}}}");
        let maps = match *section {
            "networks" => vec![format!("networks: {{net: {{create_options: {option}}}}}\n")],
            "volumes" => vec![format!("volumes: {{data: {{create_options: {option}}}}}\n")],
            // Options of `host_config` may stand in `create_options`, too.
            "host_config" => ["host_config", "create_options", "create_options: {host_config"]
                .map(|parent| {
                    format!("web: {{{parent}: {option}}}{}\n", if parent.contains('{') { "}" } else { "" })
                })
                .to_vec(),
            _ => vec![format!("web: {{{section}: {option}}}\n")],
        };
        for map in maps {
            wrong.extend(MAP.findings(&map).iter().map(|found| format!("{map}{found}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(samples.len() > 200, "only {} samples", samples.len());
}
