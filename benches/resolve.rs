//! Loads, checks and resolves a map over a fleet, at four sizes: what a container costs must not
//! depend on how many there are. `make bench`; figures are in docs/measurements.md.
//!
//! Every host has twenty containers. Half of them are instances of configurations that run on five
//! hosts; the other half have a configuration each. All extend abstract ones, and they have binds,
//! volumes of one another, links, networks, published ports and environment.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dmfab::model::spec::FleetSpec;
use dmfab::model::variables::Variables;
use dmfab::resolve::{Commands, resolve};
use dmfab::source::load::load;
use dmfab::source::render::{RenderOptions, render};

const HOSTS_PER_CELL: usize = 5;
const CONTAINERS_PER_HOST: usize = 20;
/// Of the twenty.
const OWN_CONFIGURATIONS_PER_HOST: usize = 10;

/// What all containers extend.
const BASES: &str = "
repository: registry.example.com
default_tag: '2024.11'
host_root: /srv/shop
networks: {front: {driver: bridge}, back: {internal: true}}
base:
  abstract: true
  user: 2000
  stop_timeout: 30
  create_options:
    environment: {TZ: Europe/Vienna, LANG: C.UTF-8, LOG_LEVEL: info, LOG_FORMAT: json}
    labels: {team: shop, tier: standard}
  host_config:
    restart_policy: {Name: unless-stopped}
    log_config: {Type: json-file, Config: {max-size: 10m, max-file: '3'}}
    mem_limit: 512m
java:
  abstract: true
  extends: base
  create_options:
    environment: {JAVA_OPTS: '-Xmx256m', DB_HOST: db.internal, DB_PASSWORD: !env DB_PASSWORD}
  healthcheck: [[CMD, curl, -f, 'http://localhost:8080/health'], 10s, 2s, 3]
";

fn map(cells: usize) -> String {
    let mut map = format!("name: shop\n{BASES}");
    let (mut volumes, mut paths) = (String::new(), String::new());
    for cell in 0..cells {
        let first_host = cell * HOSTS_PER_CELL + 1;
        let clients = format!("n{first_host}-{}", first_host + HOSTS_PER_CELL - 1);
        write_cell(&mut map, cell, &clients);
        let _ = writeln!(volumes, "  socket{cell}: /run/app\n  config{cell}: /etc/app");
        let _ = writeln!(paths, "  config{cell}: cells/{cell}/config");
        for host in first_host..first_host + HOSTS_PER_CELL {
            for job in 0..OWN_CONFIGURATIONS_PER_HOST {
                write_job(&mut map, cell, host, job);
            }
        }
    }
    let _ = write!(map, "volumes:\n{volumes}host:\n{paths}groups: {{front: [web0], back: [app0.one]}}\n");
    map
}

/// Ten containers on each of a few hosts.
fn write_cell(map: &mut String, cell: usize, clients: &str) {
    let _ = write!(
        map,
        "app{cell}:
  extends: java
  image: app
  clients: {clients}
  instances: [one, two, three, four]
  attaches: socket{cell}
  binds: config{cell}
  networks: [back]
  create_options: {{environment: {{CELL: {cell}}}}}
web{cell}:
  extends: base
  image: nginx
  clients: {clients}
  uses: {{socket{cell}: ro}}
  networks: [front, back]
  exposes: {{80: [80, private], 443: [443, public]}}
worker{cell}:
  extends: java
  image: worker
  clients: {clients}
  instances: [one, two, three]
  links: [[app{cell}.one, app]]
metrics{cell}:
  extends: base
  clients: {clients}
  network_mode: host
  binds: [/proc: [/proc, ro], /sys: [/sys, ro]]
cache{cell}:
  extends: base
  image: cache:7
  clients: {clients}
  exposes: {{6379: [6379, private]}}
  shares: /data
"
    );
}

/// One container on one host.
fn write_job(map: &mut String, cell: usize, host: usize, job: usize) {
    let port = 9000 + job;
    let _ = write!(
        map,
        "job{host}_{job}:
  extends: java
  image: job{job}
  clients: n{host}
  links: [[cache{cell}, cache]]
  binds:
    /var/lib/job: jobs/{host}/{job}
    /etc/ssl/certs: [/etc/ssl/certs, ro]
  exposes: {{{port}: [{port}, private]}}
  create_options:
    environment: {{JOB: {job}, HOST: n{host}, SCHEDULE: '*/5 * * * *'}}
"
    );
}

fn inventory(hosts: usize) -> String {
    format!(
        "maps: shop.yaml
defaults: {{user: deploy, interfaces: {{private: 10.0.0.1, public: 198.51.100.1}}}}
hosts: {{n1-{hosts}: {{fabric_host: '{{name}}.example.com'}}}}
groups: {{first: n1-5, all_but_first: ['all,!@first']}}
"
    )
}

fn resolved(inventory: &str, map: &str, variables: &Variables) -> FleetSpec {
    let mut read = |path: &Path| {
        let text = if path.ends_with("shop.yaml") { map } else { inventory };
        Ok(text.as_bytes().to_vec())
    };
    let loaded = load(Path::new("inventory.yaml"), &[], variables, &mut read);
    let shown = render(&loaded.diagnostics, &loaded.sources, RenderOptions::default());
    let raw = loaded.inventory.unwrap_or_else(|| panic!("no inventory: {shown}"));
    let (fleet, found) =
        resolve(&raw, &loaded.maps, &loaded.sources, variables, Path::new(""), Commands::Withhold);
    assert!(found.is_empty(), "{}", render(&found, &loaded.sources, RenderOptions::default()));
    fleet
}

fn load_and_resolve(criterion: &mut Criterion) {
    let variables = Variables::new([("DB_PASSWORD".to_owned(), "secret".to_owned())], None);
    let mut group = criterion.benchmark_group("load_and_resolve");
    group.sample_size(10);
    for containers in [1_000, 2_000, 5_000, 10_000] {
        let hosts = containers / CONTAINERS_PER_HOST;
        let (inventory, map) = (inventory(hosts), map(hosts / HOSTS_PER_CELL));
        let fleet = resolved(&inventory, &map, &variables);
        let count: usize = fleet.hosts.values().map(|host| host.containers.len()).sum();
        assert_eq!((count, fleet.hosts.len()), (containers, hosts));
        drop(fleet);
        group.throughput(Throughput::Elements(containers as u64));
        group.bench_function(BenchmarkId::from_parameter(containers), |bencher| {
            // One fleet at a time in memory; letting go of it is not measured.
            let one = || resolved(black_box(&inventory), black_box(&map), &variables);
            bencher.iter_batched(|| (), |()| one(), BatchSize::PerIteration);
        });
    }
    group.finish();
}

criterion_group!(benches, load_and_resolve);
criterion_main!(benches);
