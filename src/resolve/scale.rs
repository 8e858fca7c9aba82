//! Large and hostile input. Each case takes hours, gigabytes or the stack if what it is named for
//! doubles with each step or recurses, and minutes if it costs the square of its size.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::model::spec::FleetSpec;
use crate::model::variables::Variables;
use crate::source::diagnostic::Diagnostic;
use crate::source::load::load;

use super::{Commands, Limits, resolve_within};

/// Linear, a case takes a second or two unoptimised; the limit is for much worse on slow machines.
const LONGEST: Duration = Duration::from_secs(60);

/// Resolves on a stack as small as those of worker threads.
fn resolved_within(inventory: String, limits: Limits) -> (FleetSpec, Vec<Diagnostic>) {
    let work = move || {
        let mut read = |_: &Path| Ok(inventory.clone().into_bytes());
        let variables = Variables::new([("LONG".to_owned(), "x".repeat(100_000))], None);
        let mut loaded = load(Path::new("i.yaml"), &[], &variables, &mut read);
        let raw = loaded.inventory.expect("an inventory");
        let (fleet, found) = resolve_within(
            &raw,
            &loaded.maps,
            &loaded.sources,
            &variables,
            Path::new(""),
            Commands::Withhold,
            limits,
        );
        loaded.diagnostics.extend(found);
        loaded.diagnostics.sort();
        (fleet, loaded.diagnostics.into_vec())
    };
    let started = Instant::now();
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(work);
    let answer = thread.expect("a thread").join().expect("no panic");
    assert!(started.elapsed() < LONGEST, "took {:?}", started.elapsed());
    answer
}

fn resolved(inventory: String) -> (FleetSpec, Vec<Diagnostic>) {
    resolved_within(inventory, limits(100_000_000))
}

fn limits(values: usize) -> Limits {
    Limits { values, compared_names: 100_000 }
}

/// A host `h` with a map `m` of these containers, one each line.
fn on_host(containers: impl IntoIterator<Item = String>) -> String {
    format!("hosts: {{h: }}\nmaps:\n  m:\n{}", indented(containers))
}

fn indented(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().flat_map(|line| ["    ".to_owned(), line, "\n".to_owned()]).collect()
}

fn numbered(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(", ")
}

fn messages(found: &[Diagnostic]) -> Vec<&str> {
    found.iter().map(|diagnostic| diagnostic.message.as_str()).collect()
}

/// Containers on the host `h`, where nothing is wrong.
fn good(inventory: String) -> usize {
    let (fleet, found) = resolved(inventory);
    assert_eq!(messages(&found[..found.len().min(3)]), [""; 0]);
    fleet.hosts["h"].containers.len()
}

#[test]
fn bases_with_many_heirs_are_folded_once() {
    // 2^60 ways from the last one to the first.
    let twice = (0..60).map(|n| format!("c{}: {{extends: [c{n}, c{n}]}}", n + 1));
    assert_eq!(good(on_host(std::iter::once("c0: {image: x}".to_owned()).chain(twice))), 61);
    let layers =
        (0..60).flat_map(|n| ["a", "b"].map(|name| format!("{name}{}: {{extends: [a{n}, b{n}]}}", n + 1)));
    let first = ["a0: {shares: /a}", "b0: {shares: /b}"].map(str::to_owned);
    assert_eq!(good(on_host(first.into_iter().chain(layers))), 122);
}

#[test]
fn long_chains_of_bases_need_no_stack() {
    let chain = |base: fn(usize) -> usize| {
        let heirs = (1..=30_000).map(move |n| format!("c{n}: {{abstract: true, extends: c{}}}", base(n)));
        heirs.chain(["c0:", "c30001:", "web: {extends: [c1, c30000]}"].map(str::to_owned))
    };
    assert_eq!(good(on_host(chain(|n| n - 1))), 3);
    assert_eq!(good(on_host(chain(|n| n + 1))), 3);
}

#[test]
fn long_circles_of_bases_are_told_in_short() {
    let circle = (0..30_000).map(|n| format!("c{n}: {{extends: c{}}}", (n + 1) % 30_000));
    let (_, found) = resolved(on_host(circle));
    let [only] = found.as_slice() else { panic!("one mistake") };
    assert!(only.message.starts_with("circular `extends`: `c0` -> `c1` -> "), "{}", only.message);
    assert!(only.message.ends_with("-> 29988 more -> `c29999` -> `c0`"), "{}", only.message);
}

#[test]
fn each_circle_of_bases_is_told_once() {
    let lines = [
        "z: {extends: a}",
        "a: {extends: [b, c]}",
        "b: {extends: a}",
        "c: {extends: a}",
        "d: {extends: [d, b]}",
    ];
    let (fleet, found) = resolved(on_host(lines.map(str::to_owned)));
    assert_eq!(
        messages(&found),
        [
            "circular `extends`: `a` -> `b` -> `a`",
            "circular `extends`: `a` -> `c` -> `a`",
            "container `d` extends itself"
        ]
    );
    assert!(fleet.hosts["h"].containers.is_empty());
}

#[test]
fn what_grows_with_each_heir_ends_at_the_limit() {
    // The last of them would have 10,000 paths, all together fifty million.
    let chain = (0..10_000).map(|n| format!("c{}: {{extends: c{n}, shares: /s{n}}}", n + 1));
    let inventory = on_host(std::iter::once("c0: {image: x}".to_owned()).chain(chain));
    let (_, found) = resolved_within(inventory, limits(300_000));
    assert_eq!(messages(&found), ["hosts, containers and what they inherit come to more than 300000 values"]);
}

#[test]
fn many_items_of_one_configuration_merge_by_key() {
    let instances = numbered(10_000, |n| format!("i{n}"));
    let ports = numbered(10_000, |n| format!("[{}, {}]", n + 1, n + 1));
    let paths = numbered(10_000, |n| format!("/p{n}"));
    let binds = numbered(10_000, |n| format!("/b{n}: /h{n}"));
    let base = format!("base: {{abstract: true, exposes: [{ports}], shares: [{paths}], binds: {{{binds}}}}}");
    let heir = format!("heir: {{extends: base, exposes: [{ports}], shares: [{paths}], binds: {{{binds}}}}}");
    let (fleet, found) = resolved(on_host([base, heir]));
    assert_eq!(messages(&found), [""; 0]);
    let settings = &fleet.hosts["h"].containers[0].settings;
    let counts = (settings.published_ports.len(), settings.anonymous_volumes.len(), settings.mounts.len());
    assert_eq!(counts, (10_000, 10_000, 10_000));
    let of_instances =
        ["base: {abstract: true, instances: [{}]}", "heir: {extends: base, instances: [z, {}]}"];
    assert_eq!(good(on_host(of_instances.map(|line| line.replace("{}", &instances)))), 10_001);
}

#[test]
fn names_are_looked_up_without_searching() {
    let count = 5_000;
    let names = |form: &str| numbered(count, |n| form.replace('#', &n.to_string()));
    let maps = [
        format!("volumes: {{w: /w, {}}}", names("v#: /v")),
        format!("host: {{{}}}", names("v#: /h/#")),
        format!("networks: {{{}}}", names("n#: ")),
        format!("app: {{instances: [{}], attaches: w}}", names("i#")),
    ];
    let containers = (0..count).map(|n| format!("c{n}: {{binds: v{n}, links: [app.i{n}], networks: n{n}}}"));
    assert_eq!(good(on_host(maps.clone().into_iter().chain(containers))), 2 * count);
    // Each of them would need all instances of `app`, to whom the volume belongs.
    let containers = (0..count).map(|n| format!("c{n}: {{uses: w}}"));
    let (_, found) = resolved_within(on_host(maps.into_iter().chain(containers)), limits(1_000_000));
    assert_eq!(
        messages(&found),
        ["hosts, containers and what they inherit come to more than 1000000 values"]
    );
}

#[test]
fn paths_of_instances_are_looked_up_without_searching() {
    let names = |form: &str| numbered(10_000, |n| form.replace('#', &n.to_string()));
    let lines = [
        format!("web: {{instances: [{}], binds: [a, {{/b: {{{}}}}}]}}", names("i#"), names("i#: /y/#")),
        "volumes: {a: /a}".to_owned(),
        format!("host: {{a: {{{}}}}}", names("i#: /x/#")),
    ];
    assert_eq!(good(on_host(lines)), 10_000);
}

#[test]
fn long_chains_of_needs_need_no_stack() {
    let count = 10_000;
    let lines = (0..count)
        .map(|n| if n + 1 < count { format!("c{n}: {{links: c{}}}", n + 1) } else { format!("c{n}:") });
    assert_eq!(good(on_host(lines)), count);
    for circle in ["{links: c#}", "{host_config: {pid_mode: 'container:m.c#'}}"] {
        let lines =
            (0..count).map(|n| format!("c{n}: {}", circle.replace('#', &((n + 1) % count).to_string())));
        let (_, found) = resolved(on_host(lines));
        let [only] = found.as_slice() else { panic!("one mistake, not {}", found.len()) };
        assert!(only.message.contains("-> 9988 more -> "), "{}", only.message);
        assert_eq!(only.labels.len(), 12);
    }
}

#[test]
fn unknown_names_are_all_told_and_the_first_have_suggestions() {
    let count = 10_000;
    let (_, found) = resolved(on_host((0..count).map(|n| format!("container{n}: {{links: contaniner{n}}}"))));
    assert_eq!(found.len(), count);
    assert_eq!(found[0].help.as_deref(), Some("write `container0`"));
    assert_eq!(
        found[count - 1].message,
        "container `container9999` links to `contaniner9999`, which is not defined"
    );
    let (_, found) =
        resolved(on_host((0..count).map(|n| format!("container{n}: {{extends: contaniner{n}}}"))));
    assert_eq!(found.len(), count);
}

#[test]
fn several_instances_are_offered_in_short() {
    let app = format!("app: {{instances: [{}]}}", numbered(10_000, |n| format!("i{n}")));
    let (_, found) = resolved_within(
        on_host(std::iter::once(app).chain((0..5_000).map(|n| format!("c{n}: {{links: app}}")))),
        limits(1_000_000),
    );
    let longest = found.iter().filter_map(|found| found.help.as_deref()).map(str::len).max();
    assert!(longest < Some(200), "{longest:?}");
}

#[test]
fn claims_are_compared_by_what_they_claim() {
    let count = 10_000;
    let address = |n: usize| format!("10.0.{}.{}", n / 250, n % 250 + 1);
    let interfaces = numbered(count, |n| format!("i{n}: {}", address(n)));
    let lines = indented((0..count).map(|n| format!("c{n}: {{exposes: {{80: [80, i{n}]}}}}")));
    assert_eq!(good(format!("hosts: {{h: {{interfaces: {{{interfaces}}}}}}}\nmaps:\n  m:\n{lines}")), count);
    let (_, found) = resolved(on_host((0..count).map(|n| format!("c{n}: {{exposes: {{80: 80}}}}"))));
    assert_eq!(found.len(), count - 1);
}

#[test]
fn a_fleet_costs_what_runs_on_it() {
    // Two hundred million pairs of hosts and configurations.
    let count = 20_000;
    let lines = indented((0..count).map(|n| format!("c{n}: {{clients: h{}}}", n % 10_000 + 1)));
    let groups = numbered(count, |n| format!("g{n}: h{}", n % 10_000 + 1));
    let (fleet, found) =
        resolved(format!("hosts: {{h1-10000: }}\ngroups: {{{groups}}}\nmaps:\n  m:\n{lines}"));
    assert_eq!(messages(&found), [""; 0]);
    assert_eq!(fleet.hosts["h10000"].containers.len(), 2);
    assert_eq!((fleet.host_groups.len(), fleet.maps[0].host_names.len()), (count, 10_000));
}

#[test]
fn few_lines_that_ask_for_very_much_end_at_the_limit() {
    let hosts = "hosts: {a1-9999: , b1-9999: }";
    let thousand = |form: &str| numbered(1000, |n| form.replace('#', &n.to_string()));
    for inventory in [
        format!("hosts: {{{}}}", thousand("h#x1-9999: ")),
        format!("{hosts}\nmaps: {{m: {{clients: all, {}}}}}", thousand("c#: ")),
        format!("{hosts}\nmaps: {{m: {{clients: all, w: {{instances: [{}]}}}}}}", thousand("i#")),
        format!(
            "{hosts}\nmaps: {{m: {{clients: all, w: {{exposes: {{80: [80, eth]}}}}, x: {{uses: [{}]}}}}}}",
            thousand("u#")
        ),
        format!("{hosts}\nmaps: {{m: {{clients: all, w: , networks: {{{}}}}}}}", thousand("n#: ")),
        format!(
            "{hosts}\nmaps: {{m: {{clients: all, w: {{create_options: {{labels: {{{}}}}}}}}}}}",
            thousand("l#: x")
        ),
        format!("{hosts}\ngroups: {{{}}}", thousand("g#: all")),
        format!("defaults: {{interfaces: {{{}}}}}\n{hosts}", thousand("i#: 10.0.0.1")),
        format!("hosts: {{a1-9999: {{domainname: '{}'}}}}", "{name}".repeat(1000)),
        format!(
            "hosts: {{h: }}\nmaps: {{m: {{w: {{instances: [{0}], attaches: v}}, x: {{instances: [{0}], uses: v}}, volumes: {{v: /v}}}}}}",
            thousand("i#")
        ),
        format!(
            "hosts: {{h: }}\nmaps: {{m: {{w: {{create_options: {{labels: {{{}}}}}}}}}}}",
            thousand("l#: !env LONG")
        ),
    ] {
        let (_, found) = resolved_within(inventory.clone(), limits(200_000));
        let limits = found.iter().filter(|found| found.message.ends_with(" come to more than 200000 values"));
        assert_eq!(limits.count(), 1, "{}: {:?}", &inventory[..80], messages(&found[..found.len().min(3)]));
    }
}

#[test]
fn texts_that_no_program_takes_are_refused() {
    let (_, found) = resolved(on_host(["web: {create_options: {labels: {a: !path $LONG$LONG}}}".to_owned()]));
    assert_eq!(messages(&found), ["a text has 200000 bytes"]);
}
