//! Options of docker-py and of the API, from the map to the Engine and back.

use crate::support::deployment::Deployment;

/// `MAP.` is put in place of what the names of the map begin with.
const MAP: &str = "
db:
  image: dmfab-lab/app:1
  stop_timeout: 1
  attaches: data
volumes:
  data: {default_path: /data, create_options: {Labels: {team: x}}}
networks:
  front:
    create_options: {Attachable: true, scope: local, ipam: {pool_configs: [{subnet: 10.232.7.0/24, gateway: 10.232.7.1}]}}
  back:
web:
  image: dmfab-lab/app:1
  networks: {front: {aliases: [www]}}
  create_options:
    Cmd: serve 80
    ExposedPorts: {9000/udp: {}}
    Volumes: {/anonymous/: {}}
    Healthcheck: {Test: [CMD, /bin/app, health], Interval: 1s}
    MacAddress: 02-42-0A-E8-07-63
    Platform: linux/amd64
    StopSignal: term
    StopTimeout: 1
    networking_config:
      EndpointsConfig:
        MAP.back: {Aliases: [api], DriverOpts: {com.example.option: x}}
        front: {IPAMConfig: {IPv4Address: 10.232.7.9}, links: {MAP.db: database}}
  host_config:
    Mounts:
      - {Target: /memory, Type: tmpfs, TmpfsOptions: {SizeBytes: 1m, Mode: 0o1777}}
      - {target: /data, source: MAP.data, read_only: true, no_copy: true}
      - {target: /host, source: /tmp, type: bind, read_only: true, propagation: rprivate}
    PortBindings: {80/tcp: [{HostPort: 18980}, {HostIp: 127.0.0.1, HostPort: 18981}], 81: [18982, 18983]}
    binds: {/var/tmp: {bind: /var/tmp, mode: 'ro,z'}}
    ulimits: {nofile: '1024:2048'}
    mem_limit: 64.5m
    tmpfs: [/run]
    volume_driver: local
alone:
  image: dmfab-lab/app:1
  stop_timeout: 1
  create_options: {NetworkDisabled: true, command: sleep 1000, Tty: true, stdin_open: true}
beside:
  image: dmfab-lab/app:1
  stop_timeout: 1
  create_options: {command: sleep 1000, uts_mode: host}
  host_config: {network_mode: db, volumes_from: 'MAP.db:ro'}
bridged:
  image: dmfab-lab/app:1
  stop_timeout: 1
  create_options: {command: sleep 1000, mac_address: '02:42:ac:11:00:63'}
  host_config: {network_mode: bridge, links: {MAP.db: }}
member:
  image: dmfab-lab/app:1
  stop_timeout: 1
  create_options: {command: sleep 1000}
  host_config: {NetworkMode: back}
";

#[test]
fn a_second_deploy_of_all_kinds_of_options_changes_nothing() {
    let deployment = Deployment::new(["apps3"], "");
    let prefix = deployment.prefix();
    let map = MAP.replace("MAP.", &prefix);
    deployment.set_map(&map);
    deployment.deploy();
    deployment.runs_exactly(["alone", "beside", "bridged", "db", "member", "web"]);
    deployment.deploy().says("nothing to do");
    for (container, address) in [("web", "02:42:0a:e8:07:63"), ("bridged", "02:42:ac:11:00:63")] {
        let container = format!("{prefix}{container}");
        let line = "cat /sys/class/net/*/address";
        let found = deployment.hosts()[0].exec(["docker", "exec", &container, "sh", "-c", line]);
        assert!(found.lines().any(|line| line == address), "{container}: {found}");
    }
    for (before, after, field) in [
        ("02-42-0A-E8-07-63", "02-42-0A-E8-07-64", "create_options.mac_address"),
        ("SizeBytes: 1m", "SizeBytes: 2m", "host_config.Mounts./memory"),
        ("mode: 'ro,z'", "mode: 'rw,z'", "binds./var/tmp"),
        ("com.example.option: x", "com.example.option: y", "networks."),
        ("Interval: 1s", "Interval: 2s", "healthcheck"),
        ("/anonymous/", "/nameless", "shares./nameless"),
        ("NetworkMode: back", "NetworkMode: front", "networks."),
    ] {
        deployment.set_map(&map.replace(before, after));
        deployment.dmfab("plan", &["--exit-code"]).run().exits_with(3).says(field);
    }
}
