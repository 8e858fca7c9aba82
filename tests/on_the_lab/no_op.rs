//! What an update costs that finds nothing to do: calls to the Engine, and how many of them wait for others.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::deployment::Deployment;
use crate::support::lab::Lab;
use crate::support::recorder::{Call, Recorder, most_at_once, rounds};

/// A way so long that what waits for something else is seen to wait.
const HOLD: Duration = Duration::from_millis(200);

/// Thirty containers with volumes, a network, links, ports and limits.
const MAP: &str = "
networks: {net: {}}
volumes: {sock: /run/sock}
db: {image: dmfab-lab/app:1, attaches: sock, stop_timeout: 1}
cache: {image: dmfab-lab/app:1, links: db, stop_timeout: 1}
w0: {image: dmfab-lab/app:1, instances: [i0, i1, i2, i3, i4, i5, i6], uses: sock, networks: net, stop_timeout: 1}
w1: {image: dmfab-lab/app:1, instances: [i0, i1, i2, i3, i4, i5, i6], uses: {sock: ro}, links: db, stop_timeout: 1}
w2: {image: dmfab-lab/app:1, instances: [i0, i1, i2, i3, i4, i5, i6], links: [db, cache], stop_timeout: 1}
w3: {image: dmfab-lab/app:1, instances: [i0, i1, i2, i3, i4, i5], host_config: {mem_limit: 64m}, stop_timeout: 1}
a_web: {image: dmfab-lab/app:1, links: [w1.i0, w2.i0], stop_timeout: 1}
";

/// Calls by method and path, without the version, ids and queries.
fn kinds(calls: &[Call]) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for call in calls {
        let (method, path) = call.line.split_once(' ').expect("a method and a path");
        let path = path.split('?').next().unwrap_or_default();
        let parts: Vec<&str> =
            path.split('/').filter(|part| !part.is_empty() && !part.starts_with("v1.")).collect();
        let kind = match parts[..] {
            [kind, "json"] => format!("{method} /{kind}/json"),
            [kind, _, "json"] => format!("{method} /{kind}/NAME/json"),
            [kind, _] => format!("{method} /{kind}/NAME"),
            _ => format!("{method} /{}", parts.join("/")),
        };
        *kinds.entry(kind).or_default() += 1;
    }
    kinds
}

/// For `benches/no_op_update.sh`.
#[expect(clippy::print_stdout, reason = "the harness keeps what is printed, until somebody asks for it")]
fn say(line: &str) {
    println!("{line}");
}

#[test]
fn an_update_with_nothing_to_do_asks_once_and_all_at_the_same_time() {
    let deployment = Deployment::new(["apps2"], MAP);
    deployment.deploy();
    let recorder = Recorder::holding(&Lab::shared().host("apps2").docker_sock, HOLD);
    let base_url = format!("hosts:\n  apps2: {{base_url: 'unix://{}'}}\n", recorder.socket.display());
    deployment.write("inventory.yaml", &format!("{base_url}maps: map.yaml\n"));
    deployment.dmfab("update", &["--yes"]).run().exits_with(0).says("nothing to do");
    let calls = recorder.take();
    let kinds = kinds(&calls);
    say(&format!(
        "calls {} one_after_another {} at_once {}",
        calls.len(),
        rounds(&calls),
        most_at_once(&calls)
    ));
    for (kind, count) in &kinds {
        say(&format!("kind {count:>4} {kind}"));
        assert!(kind.starts_with("GET ") || kind.starts_with("HEAD "), "{kind}");
        let most = if kind == "GET /containers/NAME/json" { 30 } else { 1 };
        assert!(*count <= most, "{count} times {kind}: {kinds:?}");
    }
    assert!(most_at_once(&calls) >= 30, "{} at once of {kinds:?}", most_at_once(&calls));
    assert!(rounds(&calls) <= 3, "{} one after another: {calls:#?}", rounds(&calls));
}
