//! `config`: what files, defaults, ranges and inheritance come to, and where each value was written.
//!
//! Scope: whole screens of a fleet that has all of these, what holds for any fleet, wrong uses.
//! Needs no host.

use std::collections::BTreeMap;
use std::path::Path;

use dmfab::model::connection::Connection;
use dmfab::model::container::ContainerSettings;
use dmfab::model::image::ImageReference;
use dmfab::model::item::ContainerId;
use dmfab::model::origin::Origins;
use dmfab::model::place::Places;
use dmfab::model::secret::{Secrets, SensitiveText};
use dmfab::model::spec::{ContainerSpec, EngineSettings, FleetSpec, HostSpec, Interfaces};
use dmfab::report::config::ConfigDocument;
use dmfab::source::diagnostic::Diagnostics;
use dmfab::source::document::read_document;
use dmfab::source::file::SourceMap;
use dmfab::source::node::{Node, NodeValue};
use proptest::prelude::ProptestConfig;
use serde_json::Value;

use crate::support::dmfab::{Ended, dmfab};

const INVENTORY: &str = "\
defaults:
  fabric_host: deploy@{name}.example.com
  identity_file: keys/deploy
  stop_timeout: 20
  auth_configs:
    registry.example.com: {username: puller, password: !env REGISTRY_PASSWORD}
hosts:
  web1:
    user: root
    proxy_jump: none
    domainname: web.example.com
    interfaces: {private: 10.0.0.1}
  apps1-2:
    port: 2222
groups:
  apps: [apps1-2]
map_defaults:
  default_domain: shop.example.com
  worker: {stop_signal: INT}
maps: [maps/shop.yaml]
";

const MAP: &str = "\
repository: registry.example.com
default_tag: '1.27'
host_root: /srv

base:
  abstract: true
  stop_timeout: 7
  create_options:
    environment: &settings
      DB_PASSWORD: !env DB_PASSWORD
      LANG: C
service:
  abstract: true
  extends: base
  image: nginx
  binds: {/etc/nginx: [config, ro]}
  exec_commands:
    - [[/bin/warm, !env TARGET], root]
web:
  extends: service
  clients: web1
  exposes: {80: [8080, private]}
  healthcheck:
    test: curl localhost
    interval: 10s
worker:
  clients: apps1-2
  instances: [one, two]
  attaches: data
  uses: cache
  user: app
  networks: {backend: [jobs]}
  create_options:
    command: [run, '--token', !env 'TOKEN:-guest']
    environment:
      <<: *settings
      LANG: de
    labels: {team.name: shop}
  host_config: {mem_limit: 1g}
store:
  clients: apps1-2
  attaches: cache
  create_options: {user: root}

volumes:
  data: {default_path: /data, user: 1000, driver: !env DRIVER}
  cache: /cache
networks:
  backend: {internal: true}
groups:
  back: [worker, store]
";

const VARIABLES: [(&str, &str); 4] = [
    ("REGISTRY_PASSWORD", "correct-horse"),
    ("DB_PASSWORD", "battery-staple"),
    ("TARGET", "hunter2000"),
    ("DRIVER", "local"),
];

/// `dmfab config` of the fleet.
fn config(arguments: &[&str]) -> Ended {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("maps")).expect("a folder");
    std::fs::write(folder.path().join("inventory.yaml"), INVENTORY).expect("a file");
    std::fs::write(folder.path().join("maps/shop.yaml"), MAP).expect("a file");
    let line = [&["config", "inventory.yaml"], arguments].concat();
    let run = dmfab(line).in_folder(folder.path());
    VARIABLES.into_iter().fold(run, |run, (name, value)| run.env(name, value)).run()
}

fn screen(arguments: &[&str]) -> String {
    let ended = config(arguments).exits_with(0);
    assert_eq!(ended.stderr, "", "{ended}");
    ended.stdout
}

fn json(arguments: &[&str]) -> Value {
    config(&[arguments, &["--json"]].concat()).exits_with(0).json()
}

#[test]
fn inherited_values_name_the_line_and_every_base_between() {
    insta::assert_snapshot!(screen(&["--hosts", "web1", "--origin"]), @r#"
    document: config
    version: 1
    hosts:
      web1:
        engine: ssh://root@web1.example.com  # inventory.yaml:2, by defaults <- web1; user inventory.yaml:9
        connection:
          destination: web1.example.com        # inventory.yaml:2, by defaults <- web1
          user: root                           # inventory.yaml:9
          identity_files:
          - keys/deploy  # inventory.yaml:3, by defaults <- web1
          proxy_jump: none                     # inventory.yaml:10
          ssh_config: true                     # default
          docker_socket: /var/run/docker.sock  # default
        interfaces:
          ipv4:
            private: "10.0.0.1"  # inventory.yaml:12
        registry_logins:
          registry.example.com:
            username: puller        # inventory.yaml:6, by defaults <- web1
            password: "[redacted]"  # inventory.yaml:6, by defaults <- web1, variable REGISTRY_PASSWORD
        maps:
        - shop  # maps/shop.yaml:1
        networks:
        - name: shop.backend  # maps/shop.yaml:49
          map_name: shop      # maps/shop.yaml:49
          driver: bridge      # default
          internal: true      # maps/shop.yaml:49
          attachable: false   # default
          enable_ipv6: false  # default
          labels:
            dmfab.map: shop  # dmfab
        containers:
        - name: shop.web                          # maps/shop.yaml:19
          id:
            map_name: shop    # maps/shop.yaml:1
            config_name: web  # maps/shop.yaml:19
          image: registry.example.com/nginx:1.27  # maps/shop.yaml:15, by service <- web; default_tag maps/shop.yaml:2; repository maps/shop.yaml:1
          settings:
            environment:
              DB_PASSWORD: "[redacted]"  # maps/shop.yaml:10, by base <- service <- web, variable DB_PASSWORD
              LANG: C                    # maps/shop.yaml:11, by base <- service <- web
            labels:                      # dmfab
              dmfab.config: web
              dmfab.map: shop
            hostname: shop-web-web1      # maps/shop.yaml:19, the names of container and host
            domainname: web.example.com  # inventory.yaml:11, the host's domainname
            exposed_ports:
            - 80/tcp  # maps/shop.yaml:22
            published_ports:             # maps/shop.yaml:22; interfaces inventory.yaml:12
            - container_port: 80/tcp
              host_address: "10.0.0.1"
              host_port: 8080
            mounts:                      # maps/shop.yaml:16, by service <- web; host_root maps/shop.yaml:3
              /etc/nginx:
                read_only: true
                source:
                  host_path: /srv/config
            network_mode: default        # default
            stop_timeout_seconds: 7      # maps/shop.yaml:7, by base <- service <- web
            healthcheck:
              test:                              # maps/shop.yaml:24
              - CMD-SHELL
              - curl localhost
              interval_nanoseconds: 10000000000  # maps/shop.yaml:25
              timeout_nanoseconds: 0             # default
              retries: 0                         # default
              start_period_nanoseconds: 0        # default
            tty: false                   # default
            open_stdin: false            # default
          exec_commands:
          - arguments:
            - /bin/warm     # maps/shop.yaml:18, by service <- web
            - "[redacted]"  # maps/shop.yaml:18, by service <- web, variable TARGET
            user: root             # maps/shop.yaml:18, by service <- web
            only_initially: false  # maps/shop.yaml:18, by service <- web
          stop_timeout_seconds: 7                 # maps/shop.yaml:7, by base <- service <- web
          persistent: false                       # default
    "#);
}

#[test]
fn merged_anchors_ranges_and_variables_are_told_where_they_are_written() {
    insta::assert_snapshot!(screen(&["worker.one", "--hosts", "apps1", "--origin"]), @r#"
    document: config
    version: 1
    hosts:
      apps1:
        engine: ssh://deploy@apps1.example.com:2222  # inventory.yaml:2, by defaults <- apps1; port inventory.yaml:14, by apps1-2 <- apps1
        connection:
          destination: apps1.example.com       # inventory.yaml:2, by defaults <- apps1
          user: deploy                         # inventory.yaml:2, by defaults <- apps1
          port: 2222                           # inventory.yaml:14, by apps1-2 <- apps1
          identity_files:
          - keys/deploy  # inventory.yaml:3, by defaults <- apps1
          ssh_config: true                     # default
          docker_socket: /var/run/docker.sock  # default
        registry_logins:
          registry.example.com:
            username: puller        # inventory.yaml:6, by defaults <- apps1
            password: "[redacted]"  # inventory.yaml:6, by defaults <- apps1, variable REGISTRY_PASSWORD
        groups:
        - apps  # inventory.yaml:16
        maps:
        - shop  # maps/shop.yaml:1
        networks:
        - name: shop.backend  # maps/shop.yaml:49
          map_name: shop      # maps/shop.yaml:49
          driver: bridge      # default
          internal: true      # maps/shop.yaml:49
          attachable: false   # default
          enable_ipv6: false  # default
          labels:
            dmfab.map: shop  # dmfab
        volumes:
        - name: shop.data      # maps/shop.yaml:29
          map_name: shop       # maps/shop.yaml:29
          config_name: worker  # maps/shop.yaml:29
          driver: local        # maps/shop.yaml:46, variable DRIVER
          labels:
            dmfab.map: shop  # dmfab
          preparation:
            owner: 1000:1000  # maps/shop.yaml:46
        - name: shop.cache    # maps/shop.yaml:42
          map_name: shop      # maps/shop.yaml:42
          config_name: store  # maps/shop.yaml:42
          driver: local       # default
          labels:
            dmfab.map: shop  # dmfab
        containers:
        - name: shop.worker.one                    # inventory.yaml:19, by map_defaults <- shop
          id:
            map_name: shop       # maps/shop.yaml:1
            config_name: worker  # inventory.yaml:19, by map_defaults <- shop
            instance_name: one   # maps/shop.yaml:28
          image: registry.example.com/worker:1.27  # inventory.yaml:19, the configuration's name, by map_defaults <- shop; default_tag maps/shop.yaml:2; repository maps/shop.yaml:1
          settings:
            command:
            - run           # maps/shop.yaml:34
            - --token       # maps/shop.yaml:34
            - "[redacted]"  # maps/shop.yaml:34, default of variable TOKEN
            environment:
              DB_PASSWORD: "[redacted]"  # maps/shop.yaml:10, variable DB_PASSWORD
              LANG: de                   # maps/shop.yaml:37
            labels:
              dmfab.config: worker  # dmfab
              dmfab.instance: one   # dmfab
              dmfab.map: shop       # dmfab
              team.name: shop       # maps/shop.yaml:38
            user: app                        # maps/shop.yaml:31
            hostname: shop-worker-one-apps1  # inventory.yaml:19, the names of container and host, by map_defaults <- shop
            domainname: shop.example.com     # inventory.yaml:18, default_domain, by map_defaults <- shop
            mounts:
              /cache:  # maps/shop.yaml:30
                read_only: false
                source:
                  volume: shop.cache
              /data:   # maps/shop.yaml:29
                read_only: false
                source:
                  volume: shop.data
            network_mode: default            # default
            endpoints:
            - network_name: shop.backend  # maps/shop.yaml:32
              aliases:
              - jobs  # maps/shop.yaml:32
            stop_signal: INT                 # inventory.yaml:19, by map_defaults <- worker
            tty: false                       # default
            open_stdin: false                # default
            host_options:
              Memory: 1073741824  # maps/shop.yaml:39
          stop_timeout_seconds: 20                 # inventory.yaml:4, the host's stop_timeout, by defaults <- apps1
          persistent: false                        # default
          dependencies:
          - kind: network       # maps/shop.yaml:32
            name: shop.backend  # maps/shop.yaml:32
          - kind: volume      # maps/shop.yaml:30
            name: shop.cache  # maps/shop.yaml:30
          - kind: container   # maps/shop.yaml:30
            name: shop.store  # maps/shop.yaml:30
          - kind: volume     # maps/shop.yaml:29
            name: shop.data  # maps/shop.yaml:29
    "#);
}

#[test]
fn without_origins_there_are_no_comments() {
    insta::assert_snapshot!(screen(&["shop.store", "--hosts", "apps2"]), @r#"
    document: config
    version: 1
    hosts:
      apps2:
        engine: ssh://deploy@apps2.example.com:2222
        connection:
          destination: apps2.example.com
          user: deploy
          port: 2222
          identity_files:
          - keys/deploy
          ssh_config: true
          docker_socket: /var/run/docker.sock
        registry_logins:
          registry.example.com:
            username: puller
            password: "[redacted]"
        groups:
        - apps
        maps:
        - shop
        volumes:
        - name: shop.cache
          map_name: shop
          config_name: store
          driver: local
          labels:
            dmfab.map: shop
        containers:
        - name: shop.store
          id:
            map_name: shop
            config_name: store
          image: registry.example.com/store:1.27
          settings:
            labels:
              dmfab.config: store
              dmfab.map: shop
            user: root
            hostname: shop-store-apps2
            domainname: shop.example.com
            mounts:
              /cache:
                read_only: false
                source:
                  volume: shop.cache
            network_mode: default
            tty: false
            open_stdin: false
          stop_timeout_seconds: 20
          persistent: false
          dependencies:
          - kind: volume
            name: shop.cache
    "#);
}

#[test]
fn origins_for_programs_stand_beside_the_document() {
    let document = json(&["web", "--origin"]);
    assert_eq!(document["version"], 1);
    let origins = &document["origins"]["web1"];
    insta::assert_snapshot!(origins["containers"]["shop.web"]["/settings/environment/DB_PASSWORD"], @r#"{"column":20,"file":"maps/shop.yaml","line":10,"through":["base","service","web"],"variable":"DB_PASSWORD"}"#);
    insta::assert_snapshot!(origins["containers"]["shop.web"]["/image"], @r#"{"column":10,"file":"maps/shop.yaml","line":15,"parts":{"default_tag":{"column":14,"file":"maps/shop.yaml","line":2,"through":[]},"repository":{"column":13,"file":"maps/shop.yaml","line":1,"through":[]}},"through":["service","web"]}"#);
    insta::assert_snapshot!(origins["containers"]["shop.web"]["/settings/mounts/~1etc~1nginx/read_only"], @r#"{"column":11,"file":"maps/shop.yaml","line":16,"parts":{"host_root":{"column":12,"file":"maps/shop.yaml","line":3,"through":[]}},"through":["service","web"]}"#);
    insta::assert_snapshot!(origins["host"]["/registry_logins/registry.example.com/password"], @r#"{"column":56,"file":"inventory.yaml","line":6,"through":["defaults","web1"],"variable":"REGISTRY_PASSWORD"}"#);
    assert!(json(&["web"]).get("origins").is_none());
}

/// The values of a document with their JSON pointers.
fn leaves(value: &Value, pointer: &str, found: &mut Vec<String>) {
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(fields) => {
            fields
                .iter()
                .for_each(|(name, value)| leaves(value, &format!("{pointer}/{}", escaped(name)), found));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, value)| leaves(value, &format!("{pointer}/{index}"), found));
        }
        _ => found.push(pointer.to_owned()),
    }
}

/// Fails unless exactly the values of `item` have an origin, each with a place or a word.
fn assert_origins(item: &Value, origins: &Value) -> usize {
    let mut found = Vec::new();
    leaves(item, "", &mut found);
    found.sort();
    let origins = origins.as_object().unwrap_or_else(|| panic!("no origins of {item}"));
    let mut known: Vec<&String> = origins.keys().collect();
    known.sort();
    assert_eq!(found.iter().collect::<Vec<_>>(), known);
    for (pointer, origin) in origins {
        assert!(origin["line"].is_number() || origin["giver"].is_string(), "{pointer}: {origin}");
    }
    found.len()
}

/// How many values have an origin; all must.
fn assert_all_origins(document: &Value) -> usize {
    let mut count = 0;
    for (host_name, host) in document["hosts"].as_object().expect("hosts") {
        let origins = &document["origins"][host_name];
        let mut own = host.clone();
        for kind in ["networks", "volumes", "containers"] {
            let items = own.as_object_mut().expect("a host").remove(kind).unwrap_or_default();
            for item in items.as_array().into_iter().flatten() {
                count += assert_origins(item, &origins[kind][item["name"].as_str().expect("a name")]);
            }
        }
        count += assert_origins(&own, &origins["host"]);
    }
    count
}

#[test]
fn every_value_has_an_origin() {
    assert!(assert_all_origins(&json(&["--origin"])) > 250);
    for inventory in ["inventories/lab.yaml", "inventories/local.yaml", "inventories/reference.yaml"] {
        let line = ["config", inventory, "--origin", "--json"];
        let run = dmfab(line).in_folder(Path::new(env!("CARGO_MANIFEST_DIR")));
        let run = run.env("DB_PASSWORD", "x").env("REGISTRY_PASSWORD", "x");
        assert!(assert_all_origins(&run.run().exits_with(0).json()) > 1, "{inventory}");
    }
}

fn parsed(yaml: &str) -> Node {
    let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::default());
    let read = read_document(Path::new("config.yaml"), yaml.into(), &mut sources, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics:?}\n{yaml}");
    read.expect("a document")
}

/// Whether a reader of YAML gets this value. A text must be quoted if it looks like something else.
fn is_same(node: &Node, value: &Value) -> bool {
    match (&node.value, value) {
        (NodeValue::Mapping(entries), Value::Object(fields)) => {
            let is_field = |(key, found): &(Node, Node)| {
                key.as_text().and_then(|key| fields.get(key)).is_some_and(|value| is_same(found, value))
            };
            entries.len() == fields.len() && entries.iter().all(is_field)
        }
        (NodeValue::Sequence(items), Value::Array(values)) => {
            items.len() == values.len() && items.iter().zip(values).all(|(item, value)| is_same(item, value))
        }
        (NodeValue::Scalar { text, plain }, Value::String(wanted)) => {
            let looks_like_else = node.is_null()
                || ["true", "false", "yes", "no", "on", "off"].contains(&text.to_lowercase().as_str())
                || text.parse::<f64>().is_ok();
            text == wanted && !(*plain && looks_like_else)
        }
        (NodeValue::Scalar { .. }, Value::Null) => node.is_null(),
        (NodeValue::Scalar { text, plain }, other) => {
            *plain && serde_json::from_str(text).is_ok_and(|found: Value| found == *other)
        }
        _ => false,
    }
}

#[test]
fn comments_change_nothing_of_the_document() {
    for arguments in [&[][..], &["worker.two"], &["--hosts", "web1"]] {
        let mut document = json(arguments);
        let with_origins = screen(&[arguments, &["--origin"]].concat());
        assert!(is_same(&parsed(&with_origins), &document), "{with_origins}");
        assert!(is_same(&parsed(&screen(arguments)), &document));
        document["version"] = 2.into();
        assert!(!is_same(&parsed(&with_origins), &document));
    }
}

#[test]
fn equal_files_give_equal_text() {
    for arguments in [&["--origin"][..], &["--origin", "--json"], &[]] {
        assert_eq!(config(arguments).stdout, config(arguments).stdout);
    }
}

#[test]
fn no_secret_is_shown() {
    for arguments in [&[][..], &["--json"], &["--origin"], &["--origin", "--json"]] {
        let text = screen(arguments);
        for (name, value) in VARIABLES.iter().filter(|(name, _)| *name != "DRIVER") {
            assert!(!text.contains(value), "{name}: {text}");
            assert!(
                arguments.is_empty() || !arguments.contains(&"--origin") || text.contains(name),
                "{name}"
            );
        }
        assert!(text.contains("[redacted]") && text.contains("puller"));
    }
}

#[test]
fn items_are_chosen_as_elsewhere() {
    let names = |arguments: &[&str]| -> BTreeMap<String, Vec<String>> {
        let document = json(arguments);
        let hosts = document["hosts"].as_object().expect("hosts").iter();
        let name = |item: &Value| item["name"].as_str().expect("a name").to_owned();
        let items = |host: &Value| {
            let kinds = ["networks", "volumes", "containers"].map(|kind| host[kind].as_array().cloned());
            kinds.into_iter().flatten().flatten().map(|item| name(&item)).collect()
        };
        hosts.map(|(host_name, host)| (host_name.clone(), items(host))).collect()
    };
    let apps2 = |items: &[&str]| {
        BTreeMap::from([("apps2".to_owned(), items.iter().map(|name| (*name).to_owned()).collect())])
    };
    assert_eq!(
        names(&["worker.two", "--hosts", "apps2"]),
        apps2(&["shop.backend", "shop.data", "shop.cache", "shop.worker.two"])
    );
    assert_eq!(names(&["store", "--hosts", "apps2"]), apps2(&["shop.cache", "shop.store"]));
    assert_eq!(names(&["all"]), names(&[]));
    assert_eq!(names(&["shop.back"]).keys().collect::<Vec<_>>(), ["apps1", "apps2"]);
}

#[test]
fn wrong_uses_are_refused() {
    let told = |arguments: &[&str]| {
        let ended = config(arguments).exits_with(2);
        assert_eq!(ended.stdout, "", "{ended}");
        ended.stderr
    };
    insta::assert_snapshot!(told(&["--map", "maps/none.yaml", "--origin"]), @"
    error: map `maps/none.yaml` does not exist

    1 error
    ");
    insta::assert_snapshot!(told(&["--hosts", "app1", "--origin"]), @"
    error: no host is called `app1`
    help: write `apps1` if that is meant
    ");
    insta::assert_snapshot!(told(&["wrker", "--origin"]), @"
    error: no map, configuration, instance or group is called `wrker`
    help: write `worker`, or a full name such as `map.config.instance`
    ");
    insta::assert_snapshot!(told(&["web", "--hosts", "apps1", "--origin"]), @"
    error: nothing that is selected runs on apps1
    help: take it out of `--hosts`, or add it to the `clients` of a map
    ");
}

/// A fleet of one container that has these texts.
fn fleet(words: &[String], variables: &[(String, String)]) -> FleetSpec {
    let id = ContainerId { map_name: "m".into(), config_name: "c".into(), instance_name: None };
    let variables = variables.iter().map(|(name, text)| (name.clone(), Some(SensitiveText::open(text))));
    let container = ContainerSpec {
        name: id.to_string(),
        id,
        image: ImageReference::parse("app", "latest"),
        settings: ContainerSettings {
            command: Some(words.to_vec()),
            environment: variables.collect(),
            host_options: [("Dns".to_owned(), serde_json::json!([words, [], {"a": words}]))].into(),
            ..ContainerSettings::default()
        },
        exec_commands: Vec::new(),
        start_delay: std::time::Duration::ZERO,
        stop_timeout_seconds: None,
        persistent: false,
        dependencies: Vec::new(),
        places: Places::default(),
    };
    let host = HostSpec {
        name: "h".to_owned(),
        connection: Connection::Unix { socket_path: "/s".into() },
        engine: EngineSettings::default(),
        interfaces: Interfaces::default(),
        registry_logins: BTreeMap::new(),
        secrets: Secrets::default(),
        withholds_secrets: false,
        networks: Vec::new(),
        volumes: Vec::new(),
        containers: vec![container],
        map_names: std::sync::Arc::default(),
        places: Places::default(),
    };
    FleetSpec { hosts: [("h".to_owned(), host)].into(), ..FleetSpec::default() }
}

proptest::proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_back_as_it_was(
        words in proptest::collection::vec("[ -~\n\t#:'\"é|>\u{2028}-]{0,30}|\\PC{0,120}|[a-z ]{70,200}", 1..4),
        variables in proptest::collection::vec(("[A-Z #:-]{1,8}", "\\PC{0,20}"), 0..4),
    ) {
        let fleet = fleet(&words, &variables);
        let origins = Origins::default();
        for origins in [None, Some(&origins)] {
            let document = ConfigDocument {
                fleet: &fleet,
                host_names: &["h".to_owned()],
                is_wanted: &|_| true,
                is_selection: false,
                origins,
            };
            let yaml = document.yaml().expect("text");
            let mut value = serde_json::to_value(&document).expect("a document");
            value.as_object_mut().expect("an object").remove("origins");
            proptest::prop_assert!(is_same(&parsed(&yaml), &value), "{yaml}");
        }
    }
}
