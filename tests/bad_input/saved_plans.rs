//! Saved plans that cannot be carried out, and places where none can be saved.

use std::path::Path;

use dmfab::plan::{Goal, Options, Plan};
use dmfab::report::plan_file::{PlanFile, SavedHost, SavedPath, SavedRequest};

use super::Files;
use crate::support::dmfab::dmfab;

/// A plan without steps for the two hosts of [`Files`].
fn saved(files: &Files, change: impl FnOnce(&mut SavedRequest)) -> String {
    let typed = Path::new("inventory.yaml");
    let inventory = SavedPath { typed: typed.to_owned(), absolute: files.folder.path().join(typed) };
    let mut request = SavedRequest {
        inventory,
        maps: Vec::new(),
        variables: Vec::new(),
        items: Vec::new(),
        hosts: None,
        goal: Goal::Deploy,
        options: Options::default(),
    };
    change(&mut request);
    let hosts = ["web1", "web2"]
        .map(|name| SavedHost::new("ssh://web".to_owned(), &Plan::empty(name, Goal::Deploy), &[]));
    PlanFile::new(request, hosts.to_vec()).text().expect("text")
}

#[track_caller]
fn apply_is_refused(files: &Files, text: &str, expected: &str) {
    files.write("shop.plan", text);
    assert_eq!(files.refuses(&["apply", "shop.plan", "--yes"]).stderr, expected);
}

#[test]
fn a_file_that_is_no_plan_is_told() {
    let files = Files::new();
    let foreign = "error: `shop.plan` cannot be carried out: it is no plan that dmfab has saved\n\
                   help: save a plan with `dmfab plan INVENTORY -o FILE`\n";
    for text in ["", "hosts: {}\n", "{\"document\": \"plan\", \"version\": 1}"] {
        apply_is_refused(&files, text, foreign);
    }
    let ended = files.refuses(&["apply", "none.plan"]);
    ended.says("error: `none.plan` cannot be read: No such file or directory");
}

#[test]
fn a_plan_of_a_later_program_or_a_damaged_one_is_told() {
    let files = Files::new();
    let text = saved(&files, |_| {});
    let newer =
        text.replace("\"version\": 1,\n  \"dmfab\": \"0.1.0\"", "\"version\": 2,\n  \"dmfab\": \"7.1.0\"");
    apply_is_refused(
        &files,
        &newer,
        "error: `shop.plan` cannot be carried out: dmfab 7.1.0 has saved it, in a form that this dmfab does not know\n\
         help: use that version of dmfab, or plan again\n",
    );
    apply_is_refused(
        &files,
        &text.replace("\"goal\": \"deploy\"", "\"goal\": \"destroy\""),
        &format!(
            "error: `shop.plan` cannot be carried out: it is damaged: {}\n\
             help: plan again, with `dmfab plan INVENTORY -o FILE`\n",
            unknown_goal()
        ),
    );
    files.write("shop.plan", &text[..text.len() / 2]);
    files.refuses(&["apply", "shop.plan"]).says("it is damaged: EOF while parsing");
}

/// What serde says of a goal that there is none of.
fn unknown_goal() -> String {
    serde_json::from_value::<Goal>("destroy".into()).expect_err("no goal").to_string()
}

#[test]
fn hosts_that_have_come_or_gone_are_told_before_any_is_contacted() {
    let files = Files::new();
    let text = saved(&files, |_| {});
    files.write("map.yaml", "name: m\nclients: [web1]\nweb:\n  image: dmfab-lab/app:1\n");
    apply_is_refused(
        &files,
        &text,
        "error: the plan in `shop.plan` does not hold any more; nothing was changed\n  \
         web2: was chosen, is not chosen\n\
         help: look at what is to be done now, with `dmfab plan inventory.yaml -o shop.plan`\n",
    );
    let document = dmfab(["apply", "shop.plan", "--json"]).in_folder(files.folder.path()).run();
    let document = document.exits_with(2).json();
    assert_eq!(document["document"], "outdated");
    assert_eq!(document["changes"][0]["host_name"], "web2");
    let of_one = saved(&files, |request| request.hosts = Some("web1,db1".to_owned()));
    files.write("shop.plan", of_one);
    files.refuses(&["apply", "shop.plan"]).says("error: no host is called `db1`\n");
}

#[test]
fn variables_of_a_plan_are_asked_for_again() {
    let files = Files::new();
    let text = saved(&files, |request| request.variables = vec!["TAG".to_owned()]);
    apply_is_refused(
        &files,
        &text,
        "error: the plan was made with the variable `TAG`\n\
         help: give it again with `--var TAG=VALUE`; values are not saved\n",
    );
}

#[test]
fn a_plan_is_not_saved_over_other_files() {
    let files = Files::new();
    let refused = |file: &str, expected: &str| {
        assert_eq!(files.refuses(&["plan", "inventory.yaml", "-o", file]).stderr, expected);
    };
    refused(
        "map.yaml",
        "error: `map.yaml` is there and is no saved plan\nhelp: name another file; only saved plans are overwritten\n",
    );
    refused(
        "-",
        "error: a plan is not saved to standard output\nhelp: name a file, or write the plan to standard output with `--json`\n",
    );
    refused(
        "none/shop.plan",
        "error: there is no folder `none`\nhelp: name a file in a folder that exists\n",
    );
    refused(
        ".",
        "error: `.` is there and is no saved plan\nhelp: name another file; only saved plans are overwritten\n",
    );
}
