//! Plans without hosts.

use std::path::Path;

use crate::support::dmfab::{Dmfab, dmfab};

/// Nobody listens at the address of this host.
fn plan(arguments: &[&str]) -> Dmfab {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let line =
        [&["plan", "inventories/lab.yaml", "shop.web_server", "--offline", "--hosts", "web1"], arguments];
    dmfab(line.concat()).in_folder(repository)
}

/// features: ACT-28
#[test]
fn a_plan_without_hosts_is_for_empty_ones() {
    let steps = plan(&["--format", "steps"]).run().exits_with(0);
    let expected = std::fs::read_to_string("examples/shop/plan.txt").expect("the example's plan");
    let of_web = |text: &str| {
        let lines = text.lines().filter(|line| !line.contains("image"));
        let texts = lines.filter_map(|line| line.split_once(' ')?.1.split("  ").next()?.split_once(' '));
        texts.map(|(_, text)| text.to_owned()).collect::<Vec<_>>()
    };
    assert!(of_web(&steps.stdout).contains(&"create container shop.web_server".to_owned()), "{steps}");
    assert!(of_web(&expected).contains(&"create container shop.web_server".to_owned()));
    assert!(steps.stdout.contains("pull image "), "{steps}");
    steps.says("no host is contacted: planned as if all were empty");
    plan(&["--exit-code"]).run().exits_with(3);
    assert_eq!(
        plan(&["--for", "shutdown", "--format", "steps"]).run().exits_with(0).stdout,
        "web1 nothing to do\n"
    );
    plan(&["-o", "shop.plan"]).run().exits_with(2).says("cannot be used with");
}

/// features: ACT-20, ACT-27
#[test]
fn states_are_listed_and_are_in_the_document() {
    let table = plan(&["--states"]).run().exits_with(0);
    table.says("HOST  ITEM ");
    table.says("container shop.web_server ");
    let document = plan(&["--json"]).run().exits_with(0).json();
    let items = document["hosts"][0]["items"].as_array().expect("items");
    let is_absent = |item: &serde_json::Value| item["state"] == "absent" && item["process_id"].is_null();
    assert!(!items.is_empty() && items.iter().all(is_absent), "{items:?}");
    let web = items.iter().find(|item| item["item"]["name"] == "shop.web_server").expect("the container");
    assert_eq!(web["flags"], serde_json::json!(["wanted"]));
    let steps = document["hosts"][0]["steps"].as_array().expect("steps");
    let create = steps.iter().find(|step| step["action"] == "create_container").expect("a creation");
    assert_eq!(create["parameters"]["configuration"], create["parameters"]["container_name"]);
    assert_eq!(create["undo"], serde_json::Value::Null);
}
