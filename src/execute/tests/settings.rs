//! Every setting of a container and every option of its host: added, changed and taken away.
//!
//! On the Engine in memory. Each change is told by its own field and no other, leads to a new container
//! only where the Engine cannot change the old one, and leaves nothing to do.

use std::collections::BTreeSet;

use crate::model::spec::HostSpec;
use crate::plan::{Action, Cause, Goal, Plan};
use crate::testing::host;

use super::Bench;

/// What a change leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// A new container.
    New,
    /// The old one is changed.
    InPlace,
    /// Nothing but a notice: the host may not be able to keep such a limit.
    Told,
}

use Way::{InPlace, New, Told};

/// One setting: the field that is told, two values of it, and the way when it is added, changed and
/// taken away.
struct Case {
    field: &'static str,
    one: &'static str,
    other: &'static str,
    ways: [Way; 3],
}

/// A setting that only a new container can have.
const fn new(field: &'static str, one: &'static str, other: &'static str) -> Case {
    Case { field, one, other, ways: [New, New, New] }
}

/// A limit that can be changed, but not be taken away.
const fn limit(field: &'static str, one: &'static str, other: &'static str) -> Case {
    Case { field, one, other, ways: [InPlace, InPlace, New] }
}

/// Something that can be changed in every way.
const fn in_place(field: &'static str, one: &'static str, other: &'static str) -> Case {
    Case { field, one, other, ways: [InPlace, InPlace, InPlace] }
}

/// Something that hosts may silently not have.
const fn unsure(field: &'static str, one: &'static str, other: &'static str, changed: Way) -> Case {
    Case { field, one, other, ways: [Told, changed, New] }
}

const CASES: &[Case] = &[
    new("image", "image: i", "image: 'i:2'"),
    new("create_options.command", "create_options: {command: a}", "create_options: {command: b c}"),
    new(
        "create_options.entrypoint",
        "create_options: {entrypoint: /a}",
        "create_options: {entrypoint: '/a -x'}",
    ),
    new(
        "create_options.environment.A",
        "create_options: {environment: {A: 1}}",
        "create_options: {environment: {A: 2}}",
    ),
    new("create_options.labels.a", "create_options: {labels: {a: 1}}", "create_options: {labels: {a: 2}}"),
    new("user", "user: 1000", "user: 'www:www'"),
    new("hostname", "create_options: {hostname: a}", "create_options: {hostname: b}"),
    new("domainname", "create_options: {domainname: a.test}", "create_options: {domainname: b.test}"),
    new("working_dir", "create_options: {working_dir: /a}", "create_options: {working_dir: /b}"),
    new("exposes", "exposes: 80", "exposes: 81"),
    new("exposes", "exposes: {80: 8080}", "exposes: {80: 8081}"),
    new("binds./b", "binds: {/b: /a}", "binds: {/b: [/a, ro]}"),
    new("binds./data", "uses: data", "uses: {data: ro}"),
    new(
        "host_config.Mounts./m",
        "host_config: {mounts: [{target: /m, type: tmpfs}]}",
        "host_config: {mounts: [{target: /m, type: tmpfs, tmpfs_size: 1m}]}",
    ),
    new("shares", "shares: /a", "shares: /b"),
    new("uses.m.db", "uses: db", "uses: {db: ro}"),
    new("links", "links: db", "links: {db: other}"),
    new("network_mode", "network_mode: none", "network_mode: host"),
    new("stop_signal", "stop_signal: SIGINT", "stop_signal: SIGHUP"),
    new("stop_timeout", "create_options: {stop_timeout: 3}", "create_options: {stop_timeout: 4}"),
    new("healthcheck", "healthcheck: {test: a}", "healthcheck: {test: a, interval: 9s}"),
    new("create_options.tty", "create_options: {tty: true}", "create_options: {tty: true}"),
    new(
        "create_options.stdin_open",
        "create_options: {stdin_open: true}",
        "create_options: {stdin_open: true}",
    ),
    in_place("networks.", "networks: one", "networks: {one: {aliases: a}}"),
    in_place("networks.", "networks: [one, two]", "networks: {one: , two: {aliases: [a, b]}}"),
    unsure(
        "host_config.BlkioWeight",
        "host_config: {blkio_weight: 300}",
        "host_config: {blkio_weight: 400}",
        InPlace,
    ),
    unsure(
        "host_config.CpuRealtimePeriod",
        "host_config: {cpu_rt_period: 1000000}",
        "host_config: {cpu_rt_period: 2000000}",
        InPlace,
    ),
    unsure(
        "host_config.CpuRealtimeRuntime",
        "host_config: {cpu_rt_runtime: 1000}",
        "host_config: {cpu_rt_runtime: 2000}",
        InPlace,
    ),
    unsure(
        "host_config.MemorySwappiness",
        "host_config: {mem_swappiness: 1}",
        "host_config: {mem_swappiness: 2}",
        New,
    ),
    unsure(
        "host_config.OomKillDisable",
        "host_config: {oom_kill_disable: true}",
        "host_config: {oom_kill_disable: true}",
        New,
    ),
    unsure(
        "host_config.BlkioWeightDevice",
        "host_config: {blkio_weight_device: [{Path: /dev/a, Weight: 10}]}",
        "host_config: {blkio_weight_device: [{Path: /dev/a, Weight: 20}]}",
        New,
    ),
    unsure(
        "host_config.BlkioDeviceReadBps",
        "host_config: {device_read_bps: [{Path: /dev/a, Rate: 1}]}",
        "host_config: {device_read_bps: [{Path: /dev/a, Rate: 2}]}",
        New,
    ),
    unsure(
        "host_config.BlkioDeviceReadIOps",
        "host_config: {device_read_iops: [{Path: /dev/a, Rate: 1}]}",
        "host_config: {device_read_iops: [{Path: /dev/a, Rate: 2}]}",
        New,
    ),
    unsure(
        "host_config.BlkioDeviceWriteBps",
        "host_config: {device_write_bps: [{Path: /dev/a, Rate: 1}]}",
        "host_config: {device_write_bps: [{Path: /dev/a, Rate: 2}]}",
        New,
    ),
    unsure(
        "host_config.BlkioDeviceWriteIOps",
        "host_config: {device_write_iops: [{Path: /dev/a, Rate: 1}]}",
        "host_config: {device_write_iops: [{Path: /dev/a, Rate: 2}]}",
        New,
    ),
    limit("host_config.CpuPeriod", "host_config: {cpu_period: 50000}", "host_config: {cpu_period: 60000}"),
    in_place("host_config.CpuQuota", "host_config: {cpu_quota: 50000}", "host_config: {cpu_quota: 60000}"),
    limit("host_config.CpuShares", "host_config: {cpu_shares: 2}", "host_config: {cpu_shares: 3}"),
    limit(
        "host_config.NanoCpus",
        "host_config: {nano_cpus: 500000000}",
        "host_config: {nano_cpus: 1000000000}",
    ),
    limit("host_config.CpusetCpus", "host_config: {cpuset_cpus: '0'}", "host_config: {cpuset_cpus: 0-1}"),
    limit("host_config.CpusetMems", "host_config: {cpuset_mems: '0'}", "host_config: {cpuset_mems: 0-1}"),
    limit("host_config.Memory", "host_config: {mem_limit: 1g}", "host_config: {mem_limit: 2g}"),
    limit(
        "host_config.Memory",
        "host_config: {mem_limit: 1g, memswap_limit: 3g}",
        "host_config: {mem_limit: 1g, memswap_limit: 1g}",
    ),
    limit(
        "host_config.MemoryReservation",
        "host_config: {mem_reservation: 1g}",
        "host_config: {mem_reservation: 2g}",
    ),
    in_place("host_config.PidsLimit", "host_config: {pids_limit: 10}", "host_config: {pids_limit: 20}"),
    in_place(
        "host_config.RestartPolicy",
        "host_config: {restart_policy: always}",
        "host_config: {restart_policy: on-failure:2}",
    ),
    new("host_config.OomScoreAdj", "host_config: {oom_score_adj: 5}", "host_config: {oom_score_adj: 6}"),
    new("host_config.CapAdd", "host_config: {cap_add: [NET_ADMIN]}", "host_config: {cap_add: [MKNOD]}"),
    new("host_config.CapDrop", "host_config: {cap_drop: [NET_ADMIN]}", "host_config: {cap_drop: [MKNOD]}"),
    new("host_config.CgroupParent", "host_config: {cgroup_parent: /a}", "host_config: {cgroup_parent: /b}"),
    new("host_config.CpuCount", "host_config: {cpu_count: 1}", "host_config: {cpu_count: 2}"),
    new("host_config.CpuPercent", "host_config: {cpu_percent: 1}", "host_config: {cpu_percent: 2}"),
    new(
        "host_config.DeviceCgroupRules",
        "host_config: {device_cgroup_rules: ['c 1:3 rwm']}",
        "host_config: {device_cgroup_rules: ['c 1:3 r']}",
    ),
    new(
        "host_config.DeviceRequests",
        "host_config: {device_requests: [{count: 1}]}",
        "host_config: {device_requests: [{count: 2}]}",
    ),
    new(
        "host_config.Devices",
        "host_config: {devices: [/dev/null]}",
        "host_config: {devices: ['/dev/null:/dev/a']}",
    ),
    new("host_config.Dns", "host_config: {dns: [192.0.2.1]}", "host_config: {dns: [192.0.2.2]}"),
    new("host_config.DnsOptions", "host_config: {dns_opt: [use-vc]}", "host_config: {dns_opt: [rotate]}"),
    new(
        "host_config.DnsSearch",
        "host_config: {dns_search: [a.test]}",
        "host_config: {dns_search: [b.test]}",
    ),
    new(
        "host_config.ExtraHosts",
        "host_config: {extra_hosts: {a: 10.0.0.1}}",
        "host_config: {extra_hosts: {a: 10.0.0.2}}",
    ),
    new("host_config.GroupAdd", "host_config: {group_add: [adm]}", "host_config: {group_add: [www]}"),
    new("host_config.Init", "host_config: {init: true}", "host_config: {init: false}"),
    new("host_config.Isolation", "host_config: {isolation: process}", "host_config: {isolation: hyperv}"),
    new("host_config.PidMode", "host_config: {pid_mode: host}", "host_config: {pid_mode: 'container:m.db'}"),
    new("host_config.Privileged", "host_config: {privileged: true}", "host_config: {privileged: true}"),
    new(
        "host_config.PublishAllPorts",
        "host_config: {publish_all_ports: true}",
        "host_config: {publish_all_ports: true}",
    ),
    new("host_config.ReadonlyRootfs", "host_config: {read_only: true}", "host_config: {read_only: true}"),
    new(
        "host_config.SecurityOpt",
        "host_config: {security_opt: [no-new-privileges]}",
        "host_config: {security_opt: ['apparmor=a']}",
    ),
    new(
        "host_config.StorageOpt",
        "host_config: {storage_opt: {size: 1g}}",
        "host_config: {storage_opt: {size: 2g}}",
    ),
    new("host_config.Sysctls", "host_config: {sysctls: {a.b: 1}}", "host_config: {sysctls: {a.b: 2}}"),
    new("host_config.Tmpfs", "host_config: {tmpfs: [/run]}", "host_config: {tmpfs: ['/run:size=1m']}"),
    new("host_config.UTSMode", "host_config: {uts_mode: host}", "host_config: {uts_mode: host}"),
    new(
        "host_config.Ulimits",
        "host_config: {ulimits: {nofile: '1:2'}}",
        "host_config: {ulimits: {nofile: '2:3'}}",
    ),
    new("host_config.UsernsMode", "host_config: {userns_mode: host}", "host_config: {userns_mode: host}"),
];

fn web(setting: &str) -> HostSpec {
    let image = if setting.starts_with("image") { "" } else { "image: i, " };
    host(&format!(
        "set_hostname: false\nweb: {{{image}{setting}}}\ndb: {{image: i, shares: /shared}}\nstore: {{image: i, attaches: data}}\n\
         volumes: {{data: /data}}\nnetworks: {{one: , two: }}"
    ))
}

/// Fields that differ, of steps and of notices.
fn fields(plan: &Plan) -> BTreeSet<String> {
    let causes = plan.steps.iter().flat_map(|step| &step.causes);
    let changed = causes.filter_map(|cause| match cause {
        Cause::Changed(difference) => Some(difference.field.clone()),
        _ => None,
    });
    let noticed = plan.notices.iter().filter_map(|notice| match notice {
        crate::plan::Notice::Deviates { difference, .. } => Some(difference.field.clone()),
        _ => None,
    });
    changed.chain(noticed).collect()
}

fn way(plan: &Plan) -> Way {
    let makes_container = |action: &Action| matches!(action, Action::CreateContainer { .. });
    match plan.steps.iter().find(|step| makes_container(&step.action)) {
        Some(_) => New,
        None if plan.is_empty() => Told,
        None => InPlace,
    }
}

/// What is wrong with one change, if anything.
fn change(field: &str, before: &str, after: &str, expected: Way) -> Result<(), String> {
    let (before, after) = (web(before), web(after));
    let bench = Bench::new();
    bench.deploy(&before);
    let id = bench.id("m.web");
    let plan = bench.plan(&after, Goal::Deploy);
    let told = fields(&plan);
    if told.is_empty() || !told.iter().all(|told| told.starts_with(field)) {
        return Err(format!("told {told:?}"));
    }
    if way(&plan) != expected {
        return Err(format!("{:?} instead of {expected:?}", way(&plan)));
    }
    bench.execute(&after, &plan);
    if (bench.id("m.web") == id) != (expected != New) {
        return Err("another container than planned".to_owned());
    }
    let left = bench.plan(&after, Goal::Deploy);
    if !left.is_empty() {
        return Err(format!("left to do: {:?}", crate::plan::text::lines(&left)));
    }
    Ok(())
}

/// Found by field, not by a hash.
// features: UPD-01, UPD-02, UPD-03, UPD-04, UPD-06, UPD-07, UPD-08, UPD-09, UPD-10, UPD-11, UPD-12, UPD-13, UPD-14, UPD-17, UPD-18, UPD-19, UPD-21
#[test]
fn every_setting_is_compared_in_every_direction() {
    let mut wrong = Vec::new();
    for Case { field, one, other, ways: [added, changed, removed] } in CASES {
        let mut check = |what: &str, before: &str, after: &str, way: Way| {
            if before != after
                && let Err(problem) = change(field, before, after, way)
            {
                wrong.push(format!("{field} {what} ({before} -> {after}): {problem}"));
            }
        };
        if *field != "image" {
            check("added", "", one, *added);
            check("taken away", one, "", *removed);
        }
        check("changed", one, other, *changed);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a daemon gives to everybody looks like a wish that was taken back, so it is left.
#[test]
fn what_the_daemon_decides_is_compared_where_it_is_wanted() {
    let mut wrong = Vec::new();
    for (field, one, other) in [
        ("host_config.IpcMode", "host_config: {ipc_mode: host}", "host_config: {ipc_mode: shareable}"),
        (
            "host_config.LogConfig",
            "host_config: {log_config: {type: syslog}}",
            "host_config: {log_config: {type: journald}}",
        ),
        ("host_config.Runtime", "host_config: {runtime: kata}", "host_config: {runtime: runsc}"),
        ("host_config.ShmSize", "host_config: {shm_size: 1m}", "host_config: {shm_size: 2m}"),
    ] {
        wrong.extend(change(field, "", one, New).err().map(|problem| format!("{field} added: {problem}")));
        wrong.extend(
            change(field, one, other, New).err().map(|problem| format!("{field} changed: {problem}")),
        );
        let bench = Bench::new();
        bench.deploy(&web(one));
        let plan = bench.plan(&web(""), Goal::Deploy);
        wrong.extend((!plan.is_empty()).then(|| format!("{field} taken away: {:?}", fields(&plan))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
