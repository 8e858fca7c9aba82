//! Maps in code: written and read again they are equal; changed as in YAML.

mod any_map;

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use any_map::any_map;

fn map(yaml: &str) -> ContainerMap {
    ContainerMap::from_yaml(yaml).unwrap_or_else(|error| panic!("{error}"))
}

/// Reads what is written, in both formats.
fn assert_round_trip(map: &ContainerMap) {
    let yaml = map.to_yaml().expect("no functions");
    let read = ContainerMap::from_yaml(&yaml).unwrap_or_else(|error| panic!("{yaml}\n{error}"));
    assert_eq!(read, *map, "{yaml}");
    let json = map.to_json().expect("no functions");
    let read = ContainerMap::from_yaml(&json).unwrap_or_else(|error| panic!("{json}\n{error}"));
    assert_eq!(read, *map, "{json}");
    assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    assert_eq!(read.to_yaml().expect("no functions"), yaml);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    // features: MAP-15
    #[test]
    fn a_map_that_is_written_and_read_is_the_same(map in any_map()) {
        assert_round_trip(&map);
    }

    #[test]
    fn merging_a_map_with_itself_or_nothing_changes_nothing_twice(map in any_map()) {
        let mut once = map.clone();
        once.merge(map.clone());
        let mut twice = once.clone();
        twice.merge(map.clone());
        prop_assert_eq!(&twice, &once);
        let mut with_nothing = map.clone();
        with_nothing.merge(ContainerMap::default());
        with_nothing.update(ContainerMap::default());
        with_nothing.fill_from(&ContainerMap::default());
        prop_assert_eq!(with_nothing, map);
    }
}

// features: MAP-12, MAP-13
#[test]
fn merging_and_updating_follow_docker_map() {
    let first =
        map("{repository: r1, clients: [c1], a: {image: x, binds: [p], create_options: {tty: true}}}");
    let second =
        map("{repository: r2, clients: [c2], a: {user: u, binds: [q], create_options: {user: y}}, b: }");
    let mut merged = first.clone();
    merged.merge(second.clone());
    let expected = "{repository: r2, clients: [c1, c2], b: , \
                    a: {image: x, user: u, binds: [p, q], create_options: {tty: true, user: y}}}";
    let sorted = |mut map: ContainerMap| {
        map.containers.sort_by(|(one, _), (other, _)| one.value.cmp(&other.value));
        map
    };
    assert_eq!(sorted(merged), sorted(map(expected)));

    let mut lists = first.clone();
    lists.merge_lists(second.clone());
    let expected =
        "{repository: r1, clients: [c1, c2], b: , a: {image: x, binds: [p, q], create_options: {tty: true}}}";
    assert_eq!(sorted(lists), sorted(map(expected)));

    let mut updated = first;
    updated.update(second);
    let expected =
        "{repository: r2, clients: [c2], b: , a: {image: x, user: u, binds: [q], create_options: {user: y}}}";
    assert_eq!(sorted(updated), sorted(map(expected)));
}

#[test]
fn volumes_networks_and_host_paths_are_merged_by_name() {
    let mut merged =
        map("{host_root: /r, host: {a: x, b: y}, networks: {n: {driver: d, driver_options: {o: 1, p: 1}}}, \
         volumes: {v: {default_path: /v, user: u, driver_options: {o: 1}}}, groups: {g: [a]}}");
    merged.merge(map(
        "{host_root: /s, host: {b: z}, networks: {n: {internal: true, driver_options: {o: 2}}, m: }, \
         volumes: {v: /w, w: /x}, groups: {g: [b], h: [c]}}",
    ));
    assert_eq!(
        merged,
        map(
            "{host_root: /s, host: {a: x, b: z}, networks: {n: {driver: d, internal: true, driver_options: {o: 2, p: 1}}, m: }, \
             volumes: {v: {default_path: /w, user: u, driver_options: {o: 1}}, w: /x}, groups: {g: [b], h: [c]}}"
        )
    );
}

// features: MAP-21, Q18
#[test]
fn defaults_fill_what_is_not_set() {
    let defaults =
        map("{name: d, repository: r, default_tag: t, clients: [x, y], host_root: /d, set_hostname: false, \
         host: {a: da, b: db}, tool: {image: tool}, web: {stop_timeout: 3, user: d}}");
    let mut filled = map("{name: m, default_tag: own, clients: [z], host: {b: own}, web: {user: own}}");
    filled.fill_from(&defaults);
    assert_eq!(
        filled,
        map("{name: m, repository: r, default_tag: own, clients: [z], host_root: /d, set_hostname: false, \
             host: {a: da, b: own}, tool: {image: tool}, web: {stop_timeout: 3, user: own}}")
    );
    let mut filled = map("{name: m, web: {abstract: true, extends: tool}}");
    filled.fill_from(&defaults);
    assert_eq!(filled.clients, names(["x", "y"]));
    let web = filled.get("web").expect("a configuration");
    assert_eq!((web.is_abstract(), web.extends.len(), web.stop_timeout.value()), (true, 1, Some(&3)));
}

/// The example of the rules for `extends`.
// features: MAP-19
#[test]
fn an_extended_map_has_all_that_is_inherited() {
    let extended = map(
        "base: {abstract: true, image: i, exposes: {80: 80, 81: 81}, links: [[l, x]], binds: {/a: /h1}, uses: v, \
         instances: i1, create_options: {environment: {A: 1}, x: 1}}\n\
         mid: {extends: base, image: j, exposes: {80: 8080, 82: 82}}\n\
         c: {extends: [base, mid], links: [[l, y]], binds: {/a: [/h2, ro]}, instances: i2, uses: [[v, ro]], \
         create_options: {environment: {B: 2}}}\n",
    )
    .extended()
    .expect("bases that are there");
    let names: Vec<&str> = extended.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["mid", "c"]);
    let expected = map(
        "c: {image: j, exposes: {81: 81, 80: 8080, 82: 82}, links: [[l, x], [l, y]], binds: {/a: [/h2, ro]}, \
         instances: [i1, i2], uses: [[v, ro]], create_options: {environment: {B: 2}, x: 1}}",
    );
    assert_eq!(extended.get("c"), expected.get("c"));
    assert_eq!(extended.extended().expect("an extended map"), extended);
    assert!(map("a: {extends: b}").extended().is_err());
}

// features: MAP-17, MAP-18
#[test]
fn configurations_are_found_counted_and_made() {
    let mut shop = map("{base: {abstract: true}, web: , volumes: {v: /v}, networks: {n: }, host: {h: /h}}");
    assert_eq!(shop.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["web"]);
    assert!(shop.get("base").is_some() && shop.get("app").is_none());
    assert!(shop.get_volume("v").is_some() && shop.get_volume("w").is_none());
    assert!(shop.get_network("n").is_some() && shop.get_network("m").is_none());
    assert!(shop.get_host_path("h").is_some() && shop.get_host_path("i").is_none());
    shop.container_or_default("app").instances = names(["one"]);
    shop.volume_or_default("w").default_path = Some("/w".into());
    shop.network_or_default("m").internal = Some(made(true));
    if let Some(web) = shop.get_mut("web") {
        web.image = Text::from("nginx").into();
    }
    assert_eq!(
        shop,
        map("{base: {abstract: true}, web: {image: nginx}, app: {instances: one}, volumes: {v: /v, w: /w}, \
             networks: {n: , m: {internal: true}}, host: {h: /h}}")
    );
}

// features: MAP-20
#[test]
fn persistent_items_are_listed_by_name() {
    let found = map(
        "{base: {abstract: true, attaches: x, persistent: true}, web: {extends: base, attaches: [y, [z, /z]]}, \
         db: {instances: [a, b], persistent: true}, one: {persistent: true}}",
    );
    let volume = |config: &str, alias: &str| PersistentItem::AttachedVolume {
        config_name: config.into(),
        alias: alias.into(),
    };
    let container = |config: &str, instance: Option<&str>| PersistentItem::Container {
        config_name: config.into(),
        instance_name: instance.map(str::to_owned),
    };
    let own = [container("db", Some("a")), container("db", Some("b")), container("one", None)];
    assert_eq!(found.persistent_items(), [&[volume("web", "y"), volume("web", "z")][..], &own].concat());
    let extended = found.extended().expect("a map").persistent_items();
    let inherited = [volume("web", "x"), volume("web", "y"), volume("web", "z"), container("web", None)];
    assert_eq!(extended, [&inherited[..], &own].concat());
}

// features: MAP-16, Q30
#[test]
fn equality_counts_everything_but_places() {
    let one = map("{volumes: {v: /v}, web: {exposes: {80: 8080}, stop_timeout: 5}}");
    assert_eq!(
        one,
        map(
            "\n\nweb:\n  exposes: [[\"80\", '8080']]\n  stop_timeout: '5'\nvolumes: {v: {default_path: /v}}\n"
        )
    );
    let option = |key: &str| map(&format!("web: {{host_config: {{port_bindings: {{{key}: 8090}}}}}}"));
    assert_eq!(option("90"), option("'90'"));
    for other in [
        "{volumes: {v: /w}, web: {exposes: {80: 8080}, stop_timeout: 5}}",
        "{volumes: {v: /v}, web: {exposes: {80: 8081}, stop_timeout: 5}}",
        "{volumes: {v: /v}, web: {exposes: {80: 8080}, stop_timeout: }}",
        "{volumes: {v: /v}, web: {exposes: {80: 8080}}}",
        "{name: m, volumes: {v: /v}, web: {exposes: {80: 8080}, stop_timeout: 5}}",
    ] {
        assert_ne!(one, map(other), "{other}");
    }
}

// features: MAP-11
#[test]
fn builders_say_what_yaml_says() {
    let built = ContainerMap::new("shop")
        .repository("registry.example.com")
        .default_tag("1.0")
        .default_domain(Text::env("DOMAIN"))
        .host_root("/srv")
        .set_hostname(false)
        .use_attached_parent_name(true)
        .clients(["web1", "@apps"])
        .group("all", ["web", "app.one"])
        .volume("data", Volume::at("/data").driver("local").driver_option("type", "tmpfs").user("2000:1"))
        .host("data", HostPath::per_instance([("one", "data/one"), ("two", "data/two")]))
        .network("back", Network::bridge().internal().create_option("labels", json!({"a": "b"})))
        .container("base", Container::new().into_abstract().user(2000).stop_timeout(5).stop_signal("INT"))
        .container(
            "app",
            Container::new()
                .extends("base")
                .image("app")
                .instances(["one", "two"])
                .clients(["web1"])
                .share("/tmp/cache")
                .bind("data")
                .bind(Bind::from(("/etc/app", "config")).read_only())
                .attach("data")
                .attach(("logs", "/var/log"))
                .uses(Use::of("socket").at("/run/x").read_only())
                .link(("db", "database"))
                .expose(9000)
                .expose((80, 8080))
                .expose(Port::udp(53).publish(53).on("private"))
                .expose(Port::tcp(443).publish(443).on_ipv6("public"))
                .network(
                    Endpoint::in_network("back")
                        .alias("api")
                        .link("db")
                        .ipv4("10.0.0.2")
                        .link_local("169.254.1.1"),
                )
                .exec(ExecCommand::words(["sh", "-c", "true"]).user("root").initially())
                .exec("date")
                .healthcheck(Healthcheck::command(["curl", "x"]).interval(Duration::from_secs(90)).retries(3))
                .permissions("0750")
                .start_delay(0.5)
                .network_mode(NetworkMode::of_container("db.one"))
                .persistent()
                .environment("A", "1")
                .environment("B", Text::secret_file("b.txt"))
                .environment("A", "2")
                .label("team", "web")
                .create_option("tty", true)
                .host_option("mem_limit", "1g"),
        );
    let read = map(
        "name: shop\nrepository: registry.example.com\ndefault_tag: '1.0'\ndefault_domain: !env DOMAIN\nhost_root: /srv\n\
         set_hostname: false\nuse_attached_parent_name: true\nclients: [web1, '@apps']\ngroups: {all: [web, app.one]}\n\
         volumes: {data: {default_path: /data, driver: local, driver_options: {type: tmpfs}, user: '2000:1'}}\n\
         host: {data: {one: data/one, two: data/two}}\n\
         networks: {back: {internal: true, create_options: {labels: {a: b}}}}\n\
         base: {abstract: true, user: 2000, stop_timeout: 5, stop_signal: INT}\n\
         app:\n  extends: base\n  image: app\n  instances: [one, two]\n  clients: web1\n  shares: /tmp/cache\n\
         \x20 binds: [data, {/etc/app: [config, ro]}]\n  attaches: [data, {logs: /var/log}]\n\
         \x20 uses: {socket: [/run/x, ro]}\n  links: [[db, database]]\n\
         \x20 exposes: [9000, [80, 8080], [53/udp, 53, private], [443, 443, public, true]]\n\
         \x20 networks: {back: {aliases: api, links: db, ipv4: 10.0.0.2, link_local_ips: 169.254.1.1}}\n\
         \x20 exec_commands: [[[sh, -c, 'true'], root, initial], date]\n\
         \x20 healthcheck: [[curl, x], 1m30s, null, 3]\n  permissions: 0750\n  start_delay: 0.5\n  network_mode: db.one\n\
         \x20 persistent: yes\n\
         \x20 create_options: {environment: {B: !secret {file: b.txt}, A: '2'}, labels: {team: web}, tty: true}\n\
         \x20 host_config: {mem_limit: 1g}\n",
    );
    assert_eq!(built, read);
    assert_round_trip(&built);
}

#[test]
fn a_variable_is_added_to_whatever_form_the_environment_has() {
    let mut read = map("web: {create_options: {environment: [A=1, B]}}");
    let web = std::mem::take(read.container_or_default("web")).environment("C", Text::env("X"));
    *read.container_or_default("web") = web;
    assert_eq!(read, map("web: {create_options: {environment: {A: '1', B: null, C: !env X}}}"));
}

#[test]
fn options_have_one_name_and_values_from_outside() {
    let mut read = map("web: {create_options: {Env: [A=1], Labels: {a: b}}}");
    let web = std::mem::take(read.container_or_default("web"));
    let web = web.environment("B", "2").label("c", "d").create_option("hostname", json!({"!env": "H"}));
    *read.container_or_default("web") = web;
    assert_eq!(
        read,
        map("web: {create_options: {Env: {A: '1', B: '2'}, Labels: {a: b, c: d}, hostname: !env H}}")
    );
    assert_round_trip(&read);
    assert_eq!(Text::env("A:-b"), Text::env_or("A", "b"));
}

#[test]
fn what_a_function_computes_cannot_be_written() {
    let computed = Text::computed("the root", Computed::once(|| Ok("/srv".into())));
    let error = ContainerMap::new("m").host_root(computed).to_yaml().expect_err("a function");
    assert!(error.to_string().contains("`the root` is computed by a function"), "{error}");
}

// features: MAP-14, INT-10
#[test]
fn mistakes_in_a_text_are_shown_and_checks_need_no_host() {
    let error = ContainerMap::from_yaml("web: {imgae: x}").expect_err("a mistake");
    assert!(
        error.to_string().starts_with("error: unknown key `imgae` in container `web`\n --> map:1:7"),
        "{error}"
    );
    let found = map("{clients: nowhere, web: {links: db, exposes: {80: [80, private]}}}").check();
    let messages: Vec<&str> = found.iter().map(|found| found.message.as_str()).collect();
    assert_eq!(messages, ["container `web` links to `db`, which is not defined"]);
}

#[test]
fn a_fleet_is_built_of_maps_in_code() {
    let inventory = Inventory::new()
        .defaults(Host::default().interface("private", "10.0.0.{number}"))
        .host("apps1-2", Host::at("deploy@{name}.example.com"))
        .group("apps", ["apps1-2"]);
    let shop = ContainerMap::new("shop")
        .clients(["@apps"])
        .container("web", Container::new().expose(Port::tcp(80).publish(80).on("private")));
    let variables = crate::model::variables::Variables::default();
    let fleet =
        crate::Fleet::build(inventory, vec![shop.clone()], Path::new(""), &variables).expect("a fleet");
    let published = &fleet.spec().hosts["apps2"].containers[0].settings.published_ports;
    assert_eq!(published.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.0.0.2:80->80/tcp"]);
    let nowhere = Inventory::new().host("web1", Host::default());
    let error =
        crate::Fleet::build(nowhere, vec![shop], Path::new(""), &variables).expect_err("no such group");
    assert_eq!(error.findings.to_string().lines().next(), Some("error: no group of hosts is called `apps`"));
}
