//! `plan`: what would be done, and nothing done.

use serde_json::Value;

use crate::support::deployment::Deployment;
use crate::support::dmfab::dmfab;
use crate::support::lab::Lab;
use crate::support::recorder::Recorder;

const MAP: &str = "
app:
  image: dmfab-lab/app:1
  attaches: data
  user: 2000
  stop_timeout: 1
  networks: net
volumes:
  data: /data
networks:
  net:
";

/// All that a plan could have changed.
fn state(deployment: &Deployment) -> Vec<String> {
    let prefix = deployment.prefix();
    let hosts = deployment.hosts().iter();
    hosts
        .map(|host| {
            let (containers, volumes) = (host.containers(&prefix), host.volumes(&prefix));
            format!("{} {containers:?} {volumes:?} {:?}", host.name, host.networks(&prefix))
        })
        .collect()
}

#[test]
fn a_plan_ends_with_3_while_something_is_to_do_and_with_0_afterwards() {
    let deployment = Deployment::new(["web1", "apps2"], MAP);
    let before = state(&deployment);
    let plan = || deployment.dmfab("plan", &["--exit-code"]).run();
    plan().exits_with(3);
    deployment.dmfab("plan", &[]).run().exits_with(0);
    assert_eq!(state(&deployment), before);

    deployment.deploy();
    let ended = plan().exits_with(0);
    assert_eq!(
        ended.stdout,
        "Plan inventory.yaml  2 hosts: web1,apps2\n\nnothing to do: 6 items on 2 hosts are as wanted\n"
    );
}

#[test]
fn a_plan_shows_what_is_done_where_and_why() {
    let deployment = Deployment::new(["web1", "apps2"], MAP);
    let name = &deployment.map_name;
    let place = |item: &str, line: usize| format!("      not there  map.yaml:{line}\n").replace("ITEM", item);
    let plan = deployment.dmfab("plan", &[]).run().exits_with(0);
    let items = ["network", "volume", "container"].map(|kind| {
        plan.stdout.lines().filter(|line| line.starts_with(&format!("  + {kind} {name}."))).count()
    });
    assert_eq!(items, [1, 1, 1], "{plan}");
    assert!(plan.stdout.starts_with("Plan inventory.yaml  2 hosts: web1,apps2\n\nweb1,apps2\n"), "{plan}");
    assert!(plan.stdout.contains(&place("app", 5)), "{plan}");
    assert!(plan.stdout.ends_with("\n\n6 to create · 0 unchanged · on 2 hosts\n"), "{plan}");
}

#[test]
fn a_change_is_shown_with_both_values_and_its_line() {
    let deployment = Deployment::new(["apps1"], MAP);
    deployment.deploy();
    deployment.set_map(&MAP.replace("app:1", "app:2"));
    let plan = deployment.dmfab("plan", &["--exit-code"]).run().exits_with(3);
    assert_eq!(
        plan.stdout,
        format!(
            "Plan inventory.yaml  1 host: apps1

apps1
  ~ container {}.app  replace, stops for the switch
      image dmfab-lab/app:1 -> dmfab-lab/app:2  map.yaml:6
  2 unchanged

1 to replace (interrupts service) · 2 unchanged · on 1 host
",
            deployment.map_name
        )
    );
}

#[test]
fn plans_in_steps_are_the_same_every_time() {
    let deployment = Deployment::new(["web1", "apps2"], &MAP.replace("  user: 2000\n", ""));
    let plan = || deployment.dmfab("plan", &["--format", "steps"]).run().exits_with(0).stdout;
    let name = &deployment.map_name;
    let steps = |host: &str| {
        format!(
            "{host} #1 create network {name}.net  <- not there (map.yaml:13)
{host} #2 create volume {name}.data  <- not there (map.yaml:7)
{host} #3 create container {name}.app  <- not there (map.yaml:5)  after #1 #2
{host} #4 start container {name}.app  after #1 #2 #3
{host} #5 verify container {name}.app  after #4
"
        )
    };
    assert_eq!(plan(), format!("{}{}", steps("web1"), steps("apps2")));
    assert_eq!(plan(), plan());
}

#[test]
fn documents_have_a_version_and_name_what_they_are() {
    let deployment = Deployment::new(["web1", "apps2"], MAP);
    let json = |command: &str, arguments: &[&str]| {
        let arguments = [arguments, &["--json"]].concat();
        deployment.dmfab(command, &arguments).run().exits_with(0).json()
    };
    let plan = json("plan", &[]);
    assert_eq!((&plan["version"], &plan["document"]), (&Value::from(1), &Value::from("plan")));
    assert_eq!(plan["hosts"][1]["host_name"], "apps2");
    assert_eq!(plan["hosts"][0]["steps"][0]["action"], "create_network");
    let run = json("deploy", &["--yes"]);
    assert_eq!((&run["version"], &run["document"]), (&Value::from(1), &Value::from("run")));
    assert_eq!((&run["exit_code"], &run["hosts"][0]["outcome"]), (&Value::from(0), &Value::from("done")));
    for (command, arguments) in [
        ("check", &[][..]),
        ("hosts", &[]),
        ("config", &[]),
        ("ps", &[]),
        ("version", &[]),
        ("run", &["--json", "--", "true"]),
    ] {
        let ended = match command {
            "run" => deployment.dmfab(command, arguments).run().exits_with(0).json(),
            _ => json(command, arguments),
        };
        assert_eq!(ended["version"], 1, "{command}: {ended}");
    }
}

/// Everything that can be planned, as the help lists it.
fn goals() -> Vec<String> {
    let help = dmfab(["plan", "--help"]).run().exits_with(0).stdout;
    let values = help.split_once("--for <ACTION>").expect("the option").1.lines();
    let values = values.take_while(|line| !line.contains("[default:"));
    values.filter_map(|line| Some(line.trim().strip_prefix("- ")?.split_once(':')?.0.to_owned())).collect()
}

#[test]
fn a_plan_only_reads_from_the_engine() {
    let deployment = Deployment::new(["apps3"], &MAP.replace("  user: 2000\n", ""));
    deployment.deploy();
    deployment.set_map(&MAP.replace("  user: 2000\n", "").replace("app:1", "app:2"));
    let recorder = Recorder::before(&Lab::shared().host("apps3").docker_sock);
    let base_url = format!("hosts:\n  apps3: {{base_url: 'unix://{}'}}\n", recorder.socket.display());
    deployment.write("inventory.yaml", &format!("{base_url}maps: map.yaml\n"));
    let before = state(&deployment);
    let goals = goals();
    assert!(goals.len() >= 3, "{goals:?}");
    for goal in goals {
        deployment.dmfab("plan", &["--for", &goal]).run().exits_with(0);
    }
    assert_eq!(state(&deployment), before);
    let calls = recorder.take();
    assert!(calls.len() > 5, "{calls:?}");
    for call in calls {
        assert!(["GET", "HEAD"].contains(&call.method()), "{call:?}");
    }
}
