//! What is wrong wherever it stands is refused by the program and by the schema; what only a look
//! at other places shows, by the program alone.

use std::fs;

use dmfab::Fleet;
use dmfab::model::variables::Variables;

use super::{INVENTORY, MAP};

/// A property of a container, a wrong form, and what the program says of it.
const WRONG_FORMS: &[(&str, &str, &str)] = &[
    ("abstract", "maybe", "needs `true` or `false`"),
    ("abstract", "'true'", "needs `true` or `false`"),
    ("persistent", "1", "needs `true` or `false`"),
    ("image", "''", "needs text, found an empty text"),
    ("image", "[nginx]", "needs text, found a list"),
    ("image", "{name: nginx, tag: 1}", "needs text, found a mapping"),
    ("extends", "{a: b}", "needs a list or a single value"),
    ("instances", "[a, null]", "needs a name, found nothing"),
    ("instances", "[a.b]", "cannot name an instance"),
    ("clients", "[[a]]", "needs a name, found a list"),
    ("shares", "{a: b}", "needs a list or a single value"),
    ("shares", "var/lib", "is not absolute"),
    ("binds", "[[]]", "items with one to three parts"),
    ("binds", "[[a, b, c, d]]", "items with one to three parts"),
    ("binds", "[{a: []}]", "a path, or a list of a path and a mode"),
    ("binds", "[{alias: 1}]", "needs a path, `ro` or `rw`, found `1`"),
    ("binds", "[{/c: [h, read]}]", "needs `ro` or `rw`, found `read`"),
    ("binds", "[{alias: other/path}]", "is not absolute"),
    ("binds", "{alias: other}", "is not absolute"),
    ("binds", "[[./c, /h]]", "is not absolute"),
    ("binds", "[null]", "needs a name, found nothing"),
    ("binds", "[{}]", "items with `name`, or with `path` and `host_path`"),
    ("binds", "[{path: /c, readonly: true}]", "items with `name`, or with `path` and `host_path`"),
    ("binds", "[{name: a, host_path: /h}]", "items with `name`, or with `path` and `host_path`"),
    ("binds", "[{a: ro, b: rw}]", "unknown key `a` in an item of `binds`"),
    ("binds", "[{/c: {}}]", "a path, or a path for each instance"),
    ("attaches", "[{name: a, readonly: true}]", "cannot be read-only"),
    ("attaches", "[{a: ro}]", "cannot be read-only"),
    ("attaches", "[{a: data}]", "needs an absolute path"),
    ("attaches", "[{path: /p, readonly: false}]", "items with `name`"),
    ("uses", "[{a: data}]", "needs an absolute path, `ro` or `rw`"),
    ("uses", "[{name: a, host_path: /h}]", "unknown key `host_path`"),
    ("uses", "{a: [/p, r0]}", "needs `ro` or `rw`"),
    ("links", "[[a, b, c]]", "items with a container and an alias"),
    ("links", "[{a: b, c: d}]", "items with a container and an alias"),
    ("links", "[{container: db, name: d}]", "unknown key `name` in `links`"),
    ("links", "[{db: [d]}]", "needs a name, found a list"),
    ("exposes", "0", "needs ports such as"),
    ("exposes", "65536", "needs ports such as"),
    ("exposes", "80.5", "needs ports such as"),
    ("exposes", "true", "needs ports such as"),
    ("exposes", "80/http", "needs ports such as"),
    ("exposes", "['8080:80']", "needs ports such as"),
    ("exposes", "0-80", "needs ports such as"),
    ("exposes", "8000-8010-8020", "needs ports such as"),
    ("exposes", "{80-81: 8000-80000}", "needs a number from 1 to 65535"),
    ("exposes", "{80: true}", "needs a number from 1 to 65535"),
    ("exposes", "{80: 70000}", "needs a number from 1 to 65535"),
    ("exposes", "[[1, 2, 3, 4, 5]]", "items with one to four parts"),
    ("exposes", "{80: []}", "a host port, an interface and `true` for IPv6"),
    ("exposes", "{80: {port: 1}}", "unknown key `port` in `exposes`"),
    ("exposes", "[{80: 80, 81: 81}]", "needs one port in each item"),
    ("exposes", "{80: [80, public, maybe]}", "needs `true` or `false`"),
    ("user", "{name: [app]}", "needs a user"),
    ("user", "[a, b, c]", "needs a user"),
    ("permissions", "[0750]", "needs text, found a list"),
    ("stop_timeout", "10s", "a whole number of seconds"),
    ("stop_timeout", "-1", "a whole number of seconds"),
    ("stop_timeout", "1.5", "a whole number of seconds"),
    ("stop_timeout", "[]", "a whole number of seconds"),
    ("stop_timeout", "1e1", "a whole number of seconds"),
    ("stop_signal", "{signal: INT}", "needs text, found a mapping"),
    ("stop_signal", "0", "`stop_signal`"),
    ("start_delay", "1s", "a number of seconds"),
    ("start_delay", "-1", "a number of seconds"),
    ("network_mode", "true", "needs a preset"),
    ("network_mode", "''", "needs a preset"),
    ("network_mode", "db.", "needs a preset"),
    ("network_mode", "'container:'", "needs a preset"),
    ("network_mode", "{}", "needs a preset"),
    ("network_mode", "[db]", "a list of a container configuration and its instance"),
    ("networks", "[{back: {ip: 10.0.0.5}}]", "unknown key `ip` in `networks`"),
    ("networks", "[{network_name: back, alias: x}]", "unknown key `alias` in `networks`"),
    ("networks", "{bridge: {ipv4_address: 10.0.0.300}}", "has the address `10.0.0.300`"),
    ("networks", "{bridge: {ipv4_address: '::1'}}", "has the address `::1`"),
    ("networks", "[[bridge, a, null, null, 10.0.0.5]]", "has the address `10.0.0.5`"),
    ("networks", "[{a: , b: }]", "needs one network in each item"),
    ("networks", "[[]]", "items with a network and its settings"),
    ("networks", "[[n, a, l, 4, 6, x, y]]", "needs at most aliases"),
    ("exec_commands", "[[a, root, always]]", "needs `restart` or `initial`"),
    ("exec_commands", "[[/bin/bash, -c, x]]", "needs a user, found `-c`"),
    ("exec_commands", "[[/bin/bash, /run.sh]]", "needs a user, found `/run.sh`"),
    ("exec_commands", "[[a, b, c, d]]", "items with a command, a user and a policy"),
    ("exec_commands", "[[[]]]", "a command line or a list of words"),
    ("exec_commands", "[{cmd: a, usr: root}]", "unknown key `usr`"),
    ("exec_commands", "[{user: a, policy: initial}]", "items with `cmd`, `user` and `policy`"),
    ("healthcheck", "[]", "a list of a test and up to four settings"),
    ("healthcheck", "[a, 1s, 1s, 1, 1s, x]", "a list of a test and up to four settings"),
    ("healthcheck", "{interval: 10s}", "a mapping with `test`"),
    ("healthcheck", "[curl, x]", "needs a duration"),
    ("healthcheck", "{test: x, interval: 10}", "at least a millisecond"),
    ("healthcheck", "{test: x, interval: 10 seconds}", "needs a duration"),
    ("healthcheck", "{test: x, retries: many}", "needs a whole number"),
    ("healthcheck", "{test: x, retry: 3}", "unknown key `retry`"),
    ("create_options", "[a]", "needs a mapping"),
    ("create_options", "{enviroment: {A: b}}", "unknown key `enviroment`"),
    ("create_options", "{environment: text}", "expected a mapping, or a list"),
    ("create_options", "{environment: {A: {B: c}}}", "expected text"),
    ("create_options", "{labels: {dmfab.map: x}}", "is dmfab's own"),
    ("create_options", "{labels: [dmfab.map=x]}", "is dmfab's own"),
    ("create_options", "{command: {a: b}}", "expected a list of texts"),
    ("create_options", "{tty: perhaps}", "expected `true` or `false`"),
    ("create_options", "{stop_timeout: -1}", "a whole number of seconds"),
    ("create_options", "{ports: [0]}", "a port such as"),
    ("create_options", "{hostname: [a]}", "expected text"),
    ("create_options", "{mac_address: 02:42}", "`create_options.mac_address` is"),
    ("create_options", "{networking_config: {back: {alias: x}}}", "unknown key `alias`"),
    ("create_options", "{healthcheck: {test: x, interval: soon}}", "needs a duration"),
    ("create_options", "{Healthcheck: {Tests: x}}", "unknown key `Tests`"),
    ("create_options", "{volumes: {/a: /b}}", "sources of mounts"),
    ("create_options", "{volumes: [cache]}", "a path that begins with `/`"),
    ("create_options", "{stop_signal: 65}", "`create_options.stop_signal` is"),
    ("create_options", "{detach: later}", "expected `true` or `false`"),
    ("host_config", "{memlimit: 1g}", "unknown key `memlimit`"),
    ("host_config", "{mem_limit: lots}", "a size such as"),
    ("host_config", "{mem_limit: 1.5}", "a size such as"),
    ("host_config", "{cpu_shares: many}", "a whole number"),
    ("host_config", "{blkio_weight: 5}", "a number from 10 to 1000"),
    ("host_config", "{mem_limit: -1}", "a size"),
    ("host_config", "{memswap_limit: -2}", "a size, or -1"),
    ("host_config", "{Memory: lots}", "a size such as"),
    ("host_config", "{Memroy: 1g}", "unknown key `Memroy`"),
    ("host_config", "{mounts: {target: /a}}", "a list of `{target: /path"),
    ("host_config", "{mounts: [{target: data}]}", "without an absolute `target`"),
    ("host_config", "{mounts: [{target: /a, kind: bind}]}", "unknown key `kind`"),
    ("host_config", "{mounts: [{Target: /a, TmpfsOptions: {Size: 1m}}]}", "unknown key `Size`"),
    ("host_config", "{uts_mode: own}", "expected `host`"),
    ("host_config", "{port_bindings: {80: {Port: 8080}}}", "a host port, `[address, port]`"),
    ("host_config", "{port_bindings: {http: 8080}}", "a port such as"),
    ("host_config", "{privileged: maybe}", "expected `true` or `false`"),
    ("host_config", "{auto_remove: true}", "is not supported"),
    ("host_config", "{cgroupns: public}", "expected `private` or `host`"),
    ("host_config", "{isolation: strict}", "`default`, `process` or `hyperv`"),
    ("host_config", "{restart_policy: sometimes}", "`no`, `always`, `unless-stopped` or `on-failure`"),
    ("host_config", "{restart_policy: 'always:3'}", "counts retries of `always`"),
    ("host_config", "{restart_policy: {Name: always, MaximumRetryCount: 3}}", "counts retries of `always`"),
    ("host_config", "{ulimits: [{soft: 1024}]}", "expected `{name: nofile"),
    ("host_config", "{ulimits: [nofile]}", "expected `{name: nofile"),
    ("host_config", "{ulimits: {nofile: [1024]}}", "expected `{soft: 1024"),
    ("host_config", "{log_config: {driver: json-file}}", "expected `{type: json-file"),
    ("host_config", "{devices: [{Path: /dev/fuse}]}", "unknown key `Path`"),
    ("host_config", "{device_read_bps: [{Path: /dev/vda, Speed: 1}]}", "unknown key `Speed`"),
    ("host_config", "{device_requests: [{capabilities: [gpu]}]}", "are no list of lists"),
    ("host_config", "{binds: ['/srv']}", "expected `source:/path`"),
    ("host_config", "{binds: {/srv: {bind: /x, mode: r}}}", "has a value that is no mount"),
    ("host_config", "{port_bindings: [80]}", "a mapping of container port to host port"),
    ("host_config", "{dns: {a: b}}", "expected a list of texts"),
    ("host_config", "{kernel_memory: 1g}", "is not supported"),
];

/// Wrong maps.
const WRONG_MAPS: &[(&str, &str)] = &[
    ("[web]", "a container map must be a mapping"),
    ("web: nginx\n", "must be a mapping, found text"),
    ("web: [nginx]\n", "must be a mapping, found a list"),
    ("web: {imgae: nginx}\n", "unknown key `imgae` in container `web`"),
    ("volums: {data: /data}\nweb:\n", "unknown key `volums`"),
    ("web.app: {image: nginx}\n", "cannot name a container"),
    ("name: [a]\nweb:\n", "needs a name, found a list"),
    ("containers: [web]\n", "needs a mapping, found a list"),
    ("set_hostname: maybe\nweb:\n", "needs `true` or `false`"),
    ("volumes: {v: [a]}\nweb:\n", "a path or a mapping of settings"),
    ("volumes: {v: {path: /d}}\nweb:\n", "unknown key `path` in volume `v`"),
    ("volumes: {v: {driver_options: {a: [b]}}}\nweb:\n", "needs text, found a list"),
    (
        "volumes: {v: {default_path: /v, create_options: {lables: {a: b}}}}\nweb: {attaches: v}\n",
        "unknown key `lables`",
    ),
    ("host: {a: [x]}\nweb:\n", "a path, or a path for each instance"),
    ("host: {a: }\nweb:\n", "a path, or a path for each instance"),
    ("networks: {back: bridge}\nweb:\n", "needs a mapping of settings"),
    ("networks: {back: {internal: 2}}\nweb:\n", "needs `true` or `false`"),
    (
        "networks: {back: {create_options: {scope: near}}}\nweb: {networks: back}\n",
        "expected `local`, `swarm` or `global`",
    ),
    (
        "networks: {back: {create_options: {ipam: {subnet: 10.9.0.0/16}}}}\nweb: {networks: back}\n",
        "unknown key `subnet`",
    ),
    (
        "networks: {back: {create_options: {attachable: maybe}}}\nweb: {networks: back}\n",
        "expected `true` or `false`",
    ),
    ("groups: [web]\nweb:\n", "needs a mapping, found a list"),
    ("groups: {all: {web: one}}\nweb:\n", "needs a list or a single value"),
    ("repository: [a]\nweb:\n", "needs text, found a list"),
];

/// Wrong inventories and files of clients.
const WRONG_INVENTORIES: &[(&str, &str)] = &[
    ("[a]", "an inventory must be a mapping"),
    ("hosts: {a: }\nclients: {b: }\n", "has both `hosts` and `clients`"),
    ("maps: a.yaml\nhsots: {a: }\n", "unknown key `hsots` in the inventory"),
    ("hosts: [a]\n", "needs a mapping, found a list"),
    ("hosts: {a: text}\n", "host `a` must be a mapping, found text"),
    ("hosts: {a: {prot: 22}}\n", "unknown key `prot` in host `a`"),
    ("hosts: {a: {port: 0}}\n", "needs a port from 1 to 65535"),
    ("hosts: {a: {port: 65536}}\n", "needs a port from 1 to 65535"),
    ("hosts: {a: {port: ssh}}\n", "needs a port from 1 to 65535"),
    ("hosts: {a: {timeout: 1m}}\n", "a whole number of seconds"),
    ("hosts: {a: {user: [me]}}\n", "needs text, found a list"),
    ("hosts: {a: {version: newest}}\n", "is not an API version"),
    ("hosts: {a: {base_url: 'https://a:2376'}}\n", "is not supported yet"),
    ("hosts: {a: {base_url: 'npipe:////./pipe/x'}}\n", "is not supported yet"),
    ("hosts: {a: {interfaces: [private]}}\n", "needs a mapping, found a list"),
    ("hosts: {a: {interfaces: {private: 10.0.0.300}}}\n", "expected an IPv4 address"),
    ("hosts: {a: {interfaces: {private: web1.example.com}}}\n", "expected an IPv4 address"),
    ("hosts: {a: {interfaces: {private: '::1'}}}\n", "expected an IPv4 address"),
    ("hosts: {a: {interfaces_ipv6: {private: 10.0.0.1}}}\n", "expected an IPv6 address"),
    ("hosts: {a: {auth_configs: {r: {user: a}}}}\n", "unknown key `user` in the login at `r`"),
    ("hosts: {a: {auth_configs: {r: {username: a}}}}\n", "is not complete"),
    ("hosts: {a: {auth_configs: {r: secret}}}\n", "must be a mapping"),
    ("hosts: {a: {tls: true}}\n", "`tls` of host `a` is not supported yet"),
    ("hosts: {a: {tls: {ca: x}}}\n", "`tls` of host `a` is not supported yet"),
    ("hosts: {a: {known_hosts: {x: y}}}\n", "needs a list or a single value"),
    ("defaults: [a]\n", "must be a mapping, found a list"),
    ("groups: {all: {a: b}}\n", "needs a list or a single value"),
    ("default_host: [a]\n", "needs a name, found a list"),
    ("maps: [{web: {image: x}}]\nhosts: {a: }\n", "a map in the inventory has no name"),
    ("maps: [[a]]\n", "must be a path or a mapping, found a list"),
    ("maps: {a: }\n", "must be a path or a mapping, found nothing"),
    ("maps: {a: {web: {imgae: x}}}\nhosts: {h: }\n", "unknown key `imgae` in container `web`"),
    ("web: {image: x}\nvolumes: {a: /b}\n", "this is a container map"),
    ("apps1: {base_url: apps1_host, interface: {private: 10.0.0.11}}\n", "unknown key `interface`"),
    ("apps1: apps1_host\n", "must be a mapping, found text"),
];

/// Mistakes that no schema sees: map, what the program says, why not.
const SEEN_BY_THE_PROGRAM_ALONE: &[(&str, &str, &str)] = &[
    ("web: {extends: base}\n", "which is not defined", "a name of another configuration"),
    ("web: {extends: web}\n", "extends itself", "a circle"),
    ("a: {extends: b}\nb: {extends: a}\n", "circular `extends`", "a circle"),
    ("a: {links: b}\nb: {links: a}\n", "circular dependency", "a circle"),
    ("web: {links: db}\n", "which is not defined", "a name of another configuration"),
    ("web: {networks: back}\n", "which is not defined", "a name under `networks`"),
    ("web: {uses: data}\n", "which nobody attaches", "a name that another configuration has"),
    ("web: {binds: data}\n", "which has no host path", "a name under `host`"),
    ("web: {attaches: data}\n", "has no path inside containers", "a name under `volumes`"),
    ("a: {attaches: v}\nb: {attaches: v}\nvolumes: {v: /v}\n", "is attached twice", "values of two places"),
    ("web: {binds: [{/a: /x}, {/a/: /y}]}\n", "mounts `/a` twice", "two values that mean the same"),
    ("web:\nweb:\n", "is defined twice", "a validator is given one of the two"),
    ("groups: {all: wbe}\nweb:\n", "names `wbe`", "a name of a configuration"),
    ("groups: {web: web}\nweb:\n", "both a group and a container", "keys of two places"),
    ("web: {binds: [{/a: x}]}\n", "the map has no `host_root`", "a key of another place"),
    ("web: {exposes: {80: [80, front]}}\n", "no address for interface `front`", "a name of the host's"),
    ("a: {exposes: {80: 80}}\nb: {exposes: {81: 80}}\n", "port 80", "values of two places"),
    (
        "web: {network_mode: host, exposes: {80: 80}}\n",
        "has both `network_mode` and published ports",
        "two keys together",
    ),
    ("web: {clients: web9}\n", "web9", "a name of a host"),
    (
        "web: {image: Nginx}\n",
        "is not an image name",
        "the map's `repository` and `default_tag` become part of it",
    ),
    ("web: {create_options: {user: !env NOT_THERE}}\n", "variable `NOT_THERE` is not set", "the environment"),
    ("web: {stop_timeout: 010}\n", "a whole number of seconds", "a validator is given a number"),
    ("web: {healthcheck: {test: x, interval: 500us}}\n", "at least a millisecond", "it does not count"),
    ("web: {exec_commands: [\"echo 'x\"]}\n", "are not closed", "it does not split words"),
    (
        "web: {start_options: {init: true}, host_config: {init: true}}\n",
        "is in `host_config` and `start_options`",
        "keys of two places",
    ),
];

const INVENTORY_OF_MAPS: &str =
    "hosts: {web1: {interfaces: {public: 10.0.0.1}, interfaces_ipv6: {public: '::1'}}}\n";

/// What `dmfab check` says of a map or an inventory. The command is no more than this call, which is
/// made here without a process for each document.
pub(super) fn mistakes(name: &str, text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    fs::write(file("inventory.yaml"), INVENTORY_OF_MAPS).expect("a file");
    fs::write(file(name), text).expect("a file");
    let maps = if name == "map.yaml" { vec![file(name)] } else { Vec::new() };
    match Fleet::load_without_commands(&file("inventory.yaml"), &maps, &Variables::default()) {
        Ok(_) => Vec::new(),
        Err(error) => error.findings.to_string().split("\n\n").map(str::to_owned).collect(),
    }
}

/// All wrong documents: file, text, what the program says.
fn wrong_documents() -> Vec<(&'static str, String, &'static str)> {
    let of_property = WRONG_FORMS
        .iter()
        .map(|(property, form, says)| ("map.yaml", format!("web:\n  {property}: {form}\n"), *says));
    let maps = WRONG_MAPS.iter().map(|(text, says)| ("map.yaml", (*text).to_owned(), *says));
    let inventories =
        WRONG_INVENTORIES.iter().map(|(text, says)| ("inventory.yaml", (*text).to_owned(), *says));
    of_property.chain(maps).chain(inventories).collect()
}

#[test]
fn what_is_wrong_by_itself_is_refused_by_program_and_schema() {
    let documents = wrong_documents();
    assert!(documents.len() >= 60, "only {}", documents.len());
    let mut missed = Vec::new();
    for (name, text, says) in documents {
        let said = mistakes(name, &text).join("\n");
        if !said.contains(says) {
            missed.push(format!("the program says something else of {text}expected {says}, found {said}"));
        }
        let schema = if name == "map.yaml" { &*MAP } else { &*INVENTORY };
        if !schema.refuses(&text) {
            missed.push(format!("the schema takes {text}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn what_is_wrong_together_is_refused_by_the_program_alone() {
    let mut missed = Vec::new();
    for (text, says, why_not) in SEEN_BY_THE_PROGRAM_ALONE {
        let said = mistakes("map.yaml", text).join("\n");
        if !said.contains(says) {
            missed.push(format!("the program says something else of {text}expected {says}, found {said}"));
        }
        if MAP.refuses(text) {
            missed.push(format!("the schema sees it, though {why_not}: {text}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
