//! Files that are read again, that are refused, and what they say of changes.

use super::super::samples::{plan, replacement, restart, step, stop};
use super::*;

fn request() -> SavedRequest {
    let inventory = SavedPath { typed: "prod.yaml".into(), absolute: "/srv/prod.yaml".into() };
    SavedRequest {
        inventory,
        maps: Vec::new(),
        variables: vec!["TAG".to_owned()],
        items: vec!["shop.app".to_owned()],
        hosts: Some("web1".to_owned()),
        goal: Goal::Deploy,
        options: Options::default(),
    }
}

fn seen(fields: &[(&str, &str)], wanted: &[(&str, &str)]) -> Vec<SeenItem> {
    let of = |fields: &[(&str, &str)]| {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    vec![SeenItem { item: ItemId::container("shop.app"), found: of(fields), wanted: of(wanted) }]
}

fn host(plan: &Plan, seen: &[SeenItem]) -> SavedHost {
    SavedHost::new("ssh://web1".to_owned(), plan, seen)
}

fn file() -> PlanFile {
    let seen = seen(&[("status", "running"), ("id", "c1")], &[("image", "app:42")]);
    PlanFile::new(request(), vec![host(&plan("web1", replacement(), &[]), &seen)])
}

#[test]
fn what_is_written_is_read_again() {
    let text = file().text().expect("text");
    assert_eq!(PlanFile::parse(&text), Ok(file()));
    assert!(text.starts_with("{\n  \"document\": \"plan_file\",\n  \"version\": 1,\n"), "{text}");
}

#[test]
fn what_is_no_plan_is_refused() {
    for foreign in ["", "web: {}", "[1]", "{\"document\": \"plan\", \"version\": 1}", "null"] {
        assert_eq!(PlanFile::parse(foreign), Err(PlanFileError::Foreign), "{foreign}");
    }
    let newer = "{\"document\": \"plan_file\", \"version\": 2, \"dmfab\": \"9.0.0\"}";
    assert_eq!(PlanFile::parse(newer), Err(PlanFileError::Newer { dmfab: "9.0.0".to_owned() }));
    let text = file().text().expect("text");
    for damaged in [&text[..text.len() / 2], &text.replace("\"goal\": \"deploy\"", "\"goal\": \"destroy\"")] {
        let error = PlanFile::parse(damaged).expect_err("damage");
        assert!(matches!(error, PlanFileError::Damaged { .. }), "{error:?}");
    }
    let unknown = text.replace("\"variables\"", "\"vars\"");
    let error = PlanFile::parse(&unknown).expect_err("damage").to_string();
    assert!(error.starts_with("it is damaged: unknown field `vars`"), "{error}");
}

#[test]
fn each_change_is_named_with_host_item_and_field() {
    let now = |fields: &[(&str, &str)], wanted: &[(&str, &str)]| {
        let plan = plan("web1", replacement(), &[]);
        render(&file().outdated(&[host(&plan, &seen(fields, wanted))]))
    };
    let image = ("image", "app:42");
    assert_eq!(now(&[("status", "running"), ("id", "c1")], &[image]), "");
    insta::assert_snapshot!(now(&[("status", "running"), ("id", "c2")], &[image, ("create_options.user", "1")]), @"
      web1: container shop.app: id was c1, is c2
      web1: container shop.app: create_options.user was to be (not set), is to be 1
    ");
    insta::assert_snapshot!(now(&[("status", "absent")], &[image]), @"  web1: container shop.app: status was running, is absent");
}

#[test]
fn another_engine_or_another_plan_is_named() {
    let then = file();
    let mut now = then.hosts[0].clone();
    now.engine = "ssh://web1:2222".to_owned();
    insta::assert_snapshot!(render(&then.outdated(&[now])), @"  web1: engine was ssh://web1, is ssh://web1:2222");

    let mut longer = replacement();
    longer.extend(restart());
    let now = host(&plan("web1", longer, &[]), &then.hosts[0].seen);
    insta::assert_snapshot!(render(&then.outdated(&[now])), @"  web1: container shop.cron: planned was `no further step`, planned now is `start container shop.cron`");

    let mut edited = then.clone();
    let other = plan("web1", vec![step(ItemId::container("shop.db"), stop("shop.db"), Vec::new())], &[]);
    edited.hosts[0].plan = plan_of_host(&other);
    insta::assert_snapshot!(render(&edited.outdated(&then.hosts)), @"  web1: container shop.app: planned was `stop container shop.db`, planned now is `create container shop.app.dmfab-new`");
}

#[test]
fn a_line_that_moved_in_its_file_changes_nothing() {
    let then = file();
    let mut now = then.hosts[0].clone();
    let moved = now.plan.to_string().replace("\"line\":37", "\"line\":38");
    now.plan = serde_json::from_str(&moved).expect("a plan");
    assert_ne!(now.plan, then.hosts[0].plan);
    assert_eq!(then.outdated(&[now]), []);
}

#[test]
fn hosts_that_are_chosen_on_one_side_only_are_named() {
    let chosen = |names: &[&str]| {
        let names: Vec<String> = names.iter().copied().map(str::to_owned).collect();
        render(&file().other_hosts(&names))
    };
    assert_eq!(chosen(&["web1"]), "");
    insta::assert_snapshot!(chosen(&["web2"]), @"
      web1: was chosen, is not chosen
      web2: was not chosen, is chosen
    ");
}
