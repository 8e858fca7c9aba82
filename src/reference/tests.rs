//! The embedded reference, and how names are looked up.

use super::*;

fn paths(name: &str) -> Vec<String> {
    Reference::embedded().find(name).into_iter().map(|entry| entry.path.clone()).collect()
}

#[test]
fn a_name_is_a_path_or_the_end_of_one() {
    for (name, expected) in [
        ("container.exposes", &["container.exposes"][..]),
        ("exposes", &["container.exposes"]),
        ("host_config.mem_limit", &["container.host_config.mem_limit"]),
        ("mem_limit", &["container.host_config.mem_limit"]),
        ("Memory", &["container.host_config.mem_limit"]),
        ("host_config.Memory", &["container.host_config.mem_limit"]),
        ("healthcheck.interval", &["container.healthcheck.interval"]),
        ("map.networks", &["map.networks"]),
        ("groups", &["inventory.groups", "map.groups"]),
        ("clients", &["inventory.clients", "map.clients", "container.clients"]),
        ("networks", &["map.networks", "container.networks", "host.networks"]),
        ("config.mem_limit", &[]),
        ("", &[]),
        (".exposes", &[]),
    ] {
        assert_eq!(paths(name), expected, "{name}");
    }
    assert!(paths("user").len() >= 4);
}

#[test]
fn slips_of_the_fingers_and_parts_of_names_are_suggested() {
    let reference = Reference::embedded();
    for (name, expected) in [
        ("exposse", "exposes"),
        ("host.prot", "port"),
        ("container.mem_limti", "mem_limit"),
        ("swap", "memswap_limit"),
    ] {
        assert!(reference.suggestions(name).contains(&expected), "{name}: {:?}", reference.suggestions(name));
    }
    assert_eq!(reference.suggestions("banana"), [""; 0]);
    assert_eq!(reference.suggestions(""), [""; 0]);
}

#[test]
fn every_key_has_a_summary_an_example_and_a_section() {
    let reference = Reference::embedded();
    assert!(reference.entries().len() > 150);
    let mut wrong = Vec::new();
    for entry in reference.entries() {
        if entry.summary.is_empty() || entry.example.is_empty() || entry.forms.is_none() {
            wrong.push(format!("{}: {:?} {:?} {:?}", entry.path, entry.summary, entry.example, entry.forms));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_property_of_containers_merges_somehow() {
    let reference = Reference::embedded();
    let of_containers = reference.entries().iter().filter(|entry| entry.place == Place::Container);
    let without: Vec<&str> =
        of_containers.filter(|entry| entry.merging.is_none()).map(|entry| entry.key.as_str()).collect();
    assert_eq!(without, ["abstract", "extends"], "these are not inherited; all others are");
}

#[test]
fn every_example_names_its_key_first() {
    for entry in Reference::embedded().entries().iter().filter(|entry| entry.place != Place::Tag) {
        assert!(
            entry.example[0].starts_with(&format!("{}:", entry.key)),
            "{}: {:?}",
            entry.path,
            entry.example
        );
    }
}

#[test]
fn no_line_is_wider_than_a_terminal() {
    let reference = Reference::embedded();
    let all: Vec<&Entry> = reference.entries().iter().collect();
    let shown = text::explanation(&all) + &text::overview(&reference);
    let wide: Vec<&str> = shown.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{}", wide.join("\n"));
}

#[test]
fn an_explanation_is_one_screen() {
    let reference = "\
hosts:
  web1:
    port: 2222        # SSH port, over a port in `fabric_host`. Rarely needed.
maps:
  shop:
    web:
      stop_signal:    # signal that stops it
        name: SIGTERM # by its name, a comment that is so long that it does not fit behind its line
        core: true    # short
";
    let guide = "\
# Maps
### abstract and extends
| properties | merging |
|---|---|
| `image`, `stop_signal` | the later one counts |
### stop_timeout, stop_signal
`stop_signal` is [a name](x.md) or number.

| value | means |
|---|---|
| `SIGTERM`, `INT`, `9`, `{name: SIGTERM, core: true}` | a signal, which the Engine sends to the first process of the container |
";
    let reference = Reference::read(reference, &guide::sections("container-maps.md", guide));
    insta::assert_snapshot!(text::explanation(&reference.find("stop_signal")), @r#"
    container.stop_signal

      Signal that stops it

        stop_signal:
          # by its name, a comment that is so long that it does not fit behind its
          # line
          name: SIGTERM
          core: true  # short

      `stop_signal` is a name or number.

      VALUE                          MEANS
      `SIGTERM`, `INT`, `9`,         a signal, which the Engine sends to
      `{name: SIGTERM, core: true}`  the first process of the container

      With `extends`: the later one counts.

      Guide: docs/guide/container-maps.md, "stop_timeout, stop_signal"
    "#);
    insta::assert_snapshot!(text::explanation(&reference.find("host.port")), @"
    host.port

      SSH port, over a port in `fabric_host`

        port: 2222
    ");
}
