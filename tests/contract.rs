//! One suite for every Engine: the fake one and real ones must give the same answers.
//!
//! Scope: the verbs of `host::engine`, the statuses of refusals, and that settings which are
//! sent are read back as `effective_settings` says. Everything is made under a prefix and taken
//! away again, so that the suite can run beside other tests on a host.

mod life;
mod networks;
mod pulls;
mod settings;
mod streams;
mod subject;
mod updates;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dmfab::host::docker::DockerEngine;
use dmfab::host::engine::{Engine, EngineReader};
use dmfab::model::spec::EngineSettings;

use subject::{Subject, fake_engine};

/// Every case, one after the other; fails with the first that is wrong.
///
/// `prefix` begins the names of everything that is made: letters and digits, ending with a dot.
/// The Engine must hold the lab's images.
pub(crate) async fn contract<E: Engine>(engine: &E, prefix: &str) {
    let subject = Subject { engine, prefix };
    subject.clean_up().await;
    life::a_container_is_created_started_stopped_renamed_and_removed(&subject).await;
    life::what_ends_by_itself_has_an_exit_code_and_a_log(&subject).await;
    life::commands_run_in_running_containers(&subject).await;
    life::commands_that_go_on_are_left_running_and_found(&subject).await;
    life::what_does_not_listen_is_killed(&subject).await;
    life::signals_arrive(&subject).await;
    life::names_are_taken_once(&subject).await;
    life::what_is_missing_is_not_found(&subject).await;
    life::an_image_is_taken_for_the_wanted_machines_only(&subject).await;
    life::what_is_in_use_is_kept(&subject).await;
    life::a_port_is_given_once(&subject).await;
    life::lists_show_what_is_there(&subject).await;
    streams::what_a_container_writes_comes_by_stream_and_its_end_is_waited_for(&subject).await;
    streams::lines_may_be_the_last_ones_and_have_times(&subject).await;
    streams::files_go_into_a_container_and_come_back(&subject).await;
    streams::what_is_missing_has_no_log_no_end_and_no_files(&subject).await;
    networks::a_network_is_created_once(&subject).await;
    networks::a_container_joins_further_networks(&subject).await;
    networks::a_link_follows_a_renamed_container(&subject).await;
    networks::ties_to_a_stopped_container_forbid_a_start(&subject).await;
    networks::a_later_start_is_told_by_its_time(&subject).await;
    networks::what_is_missing_for_a_container_is_named(&subject).await;
    settings::settings_are_read_back_as_they_are_effective(&subject).await;
    settings::unknown_options_are_refused(&subject).await;
    updates::limits_and_restart_policy_change_in_place(&subject).await;
    updates::places_in_networks_change_in_place(&subject).await;
    updates::a_network_that_was_made_anew_wants_its_stopped_members_again(&subject).await;
    subject.clean_up().await;
}

#[tokio::test]
async fn the_fake_engine_keeps_the_contract() {
    contract(&fake_engine("1.41"), "contract.").await;
}

#[tokio::test]
async fn a_newer_fake_engine_keeps_the_contract() {
    contract(&fake_engine("1.51"), "contract.").await;
}

#[tokio::test]
async fn real_engines_keep_the_contract() {
    for (host, engine) in lab_engines(&lab()) {
        engine.version().await.unwrap_or_else(|error| panic!("{host}: {error}"));
        Box::pin(contract(&engine, "contract.")).await;
    }
}

#[tokio::test]
async fn real_engines_pull_from_registries() {
    let lab = lab();
    let text = |name: &str, field: &str| lab["registries"][name][field].as_str().expect("a text").to_owned();
    let (open, closed) = (text("open", "address"), text("auth", "address"));
    for (_, engine) in lab_engines(&lab) {
        let password = text("auth", "password");
        pulls::a_pull_brings_an_image_or_says_why_not(&engine, &open, &closed, &password).await;
    }
}

/// The running lab's description of itself.
fn lab() -> serde_json::Value {
    crate::support::lab::Lab::shared();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/lab/lab.json");
    let file = std::env::var_os("DMFAB_LAB").map_or(file, PathBuf::from);
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; start the lab: tests/lab/lab up", file.display()));
    serde_json::from_str(&text).expect("the lab's description")
}

/// One host of the lab for each version of the Engine, by name.
fn lab_engines(lab: &serde_json::Value) -> Vec<(String, DockerEngine)> {
    let mut by_version = BTreeMap::new();
    for host in lab["hosts"].as_array().expect("hosts") {
        let text = |name: &str| host[name].as_str().expect("a text").to_owned();
        let engine = DockerEngine::unix(Path::new(&text("docker_sock")), &EngineSettings::default());
        // The hosts that all tests share come first; others may be broken on purpose.
        by_version.entry(text("engine")).or_insert((text("name"), engine.expect("an Engine")));
    }
    assert!(!by_version.is_empty(), "the lab has no hosts");
    by_version.into_values().collect()
}
