//! `script` and `cmd` on real Engines: files there and back, output, exit codes, and what is left.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::deployment::Deployment;
use crate::support::dmfab::Running;

const MAP: &str = "
job:
  image: dmfab-lab/app:1
  uses: data
  user: 2000
  networks: [front, back]
  create_options:
    environment: {GREETING: hello}
db:
  image: dmfab-lab/app:1
  attaches: data
  stop_timeout: 1
networks: {front: , back: }
volumes: {data: /data}
";

fn job(deployment: &Deployment) -> String {
    format!("{}job", deployment.prefix())
}

/// A script in the deployment's folder.
fn write_script(deployment: &Deployment, name: &str, text: &str) {
    let path = deployment.folder().join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, format!("#!/bin/sh\n{text}")).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// No container of the job is on any host.
fn is_gone(deployment: &Deployment) {
    for (host_name, found) in deployment.containers() {
        assert!(!found.contains_key("job"), "{host_name}: {found:?}");
    }
}

/// Waits until a container of the job runs.
fn await_job(deployment: &Deployment, host_name: &str, running: &mut Running) {
    let deadline = Instant::now() + Duration::from_secs(30);
    let runs = || {
        deployment
            .host(host_name)
            .containers(&deployment.prefix())
            .get("job")
            .is_some_and(|found| found.state == "running")
    };
    while !runs() {
        assert!(Instant::now() < deadline && !running.has_ended(), "the job does not run");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// features: SCR-01, SCR-02, SCR-03, SCR-07
#[test]
fn a_script_runs_on_several_hosts_with_what_it_needs_and_its_results_come_back() {
    let deployment = Deployment::new(["web1", "apps1", "apps2"], MAP);
    let name = "it's a \"script\" $HOME.sh";
    write_script(
        &deployment,
        name,
        "echo \"$GREETING from $(id -u) with $1\"\necho problem >&2\n\
         printf 'no end'\nls /data >/dev/null && echo here > \"$(dirname \"$0\")/result of $2\"\n",
    );
    let arguments = [&job(&deployment), name, "--download", "results", "--", "a  b", "$2;'"];
    let ended = deployment.dmfab("script", &arguments).run().exits_with(0);
    let mut lines: Vec<&str> = ended.stdout.lines().collect();
    lines.sort_unstable();
    let expected: Vec<String> = ["apps1", "apps2", "web1 "]
        .iter()
        .flat_map(|host| [format!("{host} | hello from 2000 with a  b"), format!("{host} | no end")])
        .collect();
    assert_eq!(lines, expected, "{ended}");
    for host_name in ["web1", "apps1", "apps2"] {
        let shown = format!("{host_name:5} | problem\n");
        assert!(ended.stderr.contains(&shown), "{ended}");
        let folder = deployment.folder().join("results").join(host_name);
        assert_eq!(read(&folder.join("result of $2;'")), "here\n");
        assert!(folder.join(name).is_file());
        let found = &deployment.containers()[host_name];
        assert_eq!(found.keys().collect::<Vec<_>>(), ["db"], "what it needs stays");
        assert_eq!(found["db"].state, "running");
    }
}

#[test]
fn one_container_gives_its_own_exit_code_and_several_say_that_one_failed() {
    let deployment = Deployment::new(["web1", "apps1"], MAP);
    let job = job(&deployment);
    let line = "test $(hostname) = x && exit 1; exit 42";
    let one = deployment.dmfab("cmd", &[&job, "--hosts", "web1", "--", line]).run().exits_with(42);
    one.says(&format!("web1: {job} ended with exit code 42"));
    deployment.dmfab("cmd", &[&job, "--", line]).run().exits_with(4);
    deployment.dmfab("cmd", &[&job, "--", "true"]).run().exits_with(0);
    is_gone(&deployment);
}

#[test]
fn one_argument_is_a_shell_line_and_several_are_the_command() {
    let deployment = Deployment::new(["web1"], MAP);
    let job = job(&deployment);
    let line = "printf 'a\\nb' | wc -l; head -c 3 /dev/zero | tr '\\0' '\\377'";
    let command = deployment.dmfab("cmd", &[&job, "--no-prefix", "--json", "--", line]).run().exits_with(0);
    let document = command.json();
    assert_eq!(document["document"], "script");
    assert_eq!(document["scripts"][0]["log"], "1\n\u{fffd}\u{fffd}\u{fffd}");
    assert_eq!(document["scripts"][0]["exit_code"], 0);
    assert_eq!(document["scripts"][0]["id"].as_str().expect("an id").len(), 64);
    let words = deployment.dmfab("cmd", &[&job, "--no-prefix", "--", "echo", "-n", "a  b", "{x}"]).run();
    assert_eq!(words.exits_with(0).stdout, "a  b {x}");
    let entry = ["--entrypoint", "/bin/echo -n", "--no-prefix", "--", "one"];
    let arguments: Vec<&str> = std::iter::once(job.as_str()).chain(entry).collect();
    assert_eq!(deployment.dmfab("cmd", &arguments).run().exits_with(0).stdout, "one");
    let last = ["--tail", "3", "--no-prefix", "--", "seq 1 20"];
    let arguments: Vec<&str> = std::iter::once(job.as_str()).chain(last).collect();
    assert_eq!(deployment.dmfab("cmd", &arguments).run().exits_with(0).stdout, "18\n19\n20\n");
}

/// features: SCR-01
#[test]
fn a_folder_goes_with_all_that_is_in_it() {
    let deployment = Deployment::new(["web1"], MAP);
    let job = job(&deployment);
    write_script(&deployment, "all/run.sh", "cat \"$(dirname \"$0\")/below/data.txt\"\n");
    fs::create_dir_all(deployment.folder().join("all/below")).expect("a folder");
    fs::write(deployment.folder().join("all/below/data.txt"), "of the folder\n").expect("a file");
    let whole = ["all", "--command", r#"["sh", "-c", "ls -R {script_path}; {script_path}/run.sh"]"#];
    let arguments: Vec<&str> = std::iter::once(job.as_str()).chain(whole).collect();
    let ended = deployment.dmfab("script", &arguments).run().exits_with(0);
    ended.says("web1 | /tmp/script_run/below:").says("web1 | of the folder");
    let beside = [job.as_str(), "all/run.sh", "--upload-dir", "--container-dir", "/opt/deep/run"];
    let ended = deployment.dmfab("script", &beside).run().exits_with(0);
    assert_eq!(ended.stdout, "web1 | of the folder\n");
    let alone = deployment.dmfab("script", &[&job, "all/run.sh"]).run();
    assert_ne!(alone.exit, 0, "{alone}");
    is_gone(&deployment);
}

/// features: SCR-01
#[test]
fn a_path_on_the_host_is_what_the_host_has_there() {
    let deployment = Deployment::new(["web1", "apps1"], MAP);
    let job = job(&deployment);
    let folder = format!("/srv/{} it's", deployment.map_name);
    for host in deployment.hosts() {
        let line = format!(
            "mkdir -p \"{folder}\" && chmod 777 \"{folder}\" && printf '#!/bin/sh\\necho by $(id -u); echo w > $(dirname \"$0\")/out\\n' > \"{folder}/it.sh\" && chmod 755 \"{folder}/it.sh\""
        );
        host.exec(["sh", "-c", &line]);
    }
    let path = format!("{folder}/it.sh");
    let file = deployment.dmfab("script", &[&job, "--host-path", &path, "--entrypoint", "/bin/sh"]).run();
    assert_eq!(file.exits_with(0).stdout.matches("by 2000").count(), 2);
    let arguments =
        [job.as_str(), "--host-path", &folder, "--command", "ls {script_path}", "--hosts", "web1"];
    let listed = deployment.dmfab("script", &arguments).run().exits_with(0);
    assert_eq!(listed.stdout, "web1 | it.sh\nweb1 | out\n");
    for host in deployment.hosts() {
        assert_eq!(host.exec(["cat", &format!("{folder}/out")]), "w\n");
        host.exec(["rm", "-r", &folder]);
    }
    let missing = deployment.dmfab("script", &[&job, "--host-path", &path]).run().exits_with(4);
    missing.says("is not on the host").says("help: check the path");
    is_gone(&deployment);
}

/// features: SCR-05, SCR-06, OPT-12
#[test]
fn an_existing_container_is_in_the_way_until_it_may_be_removed() {
    let deployment = Deployment::new(["web1"], MAP);
    let job = job(&deployment);
    deployment.deploy();
    let id = deployment.id("web1", "job");
    let refused = deployment.dmfab("cmd", &[&job, "--", "true"]).run().exits_with(4);
    refused.says(&format!("container `{job}` existed before the script")).says("--remove-existing");
    assert_eq!(deployment.id("web1", "job"), id);
    deployment.dmfab("cmd", &[&job, "--remove-existing", "--", "true"]).run().exits_with(2);
    assert_eq!(deployment.id("web1", "job"), id, "nobody has confirmed it");
    let kept = ["--remove-existing", "--yes", "--keep", "--", "echo kept"];
    let arguments: Vec<&str> = std::iter::once(job.as_str()).chain(kept).collect();
    deployment.dmfab("cmd", &arguments).run().exits_with(0);
    assert_ne!(deployment.id("web1", "job"), id);
    let log = deployment.host("web1").exec(["docker", "logs", &job]);
    assert_eq!(log, "kept\n");
    // The next deployment does not take it for the service.
    deployment.deploy();
    deployment.runs_exactly(["db", "job"]);
    deployment.dmfab("plan", &["--exit-code"]).run().exits_with(0);
}

/// features: SCR-04
#[test]
fn a_script_that_takes_too_long_is_kept_unless_it_shall_not() {
    let deployment = Deployment::new(["web1"], MAP);
    let job = job(&deployment);
    let slow = ["--wait-timeout", "1", "--", "echo begun; exec sleep 60"];
    let arguments: Vec<&str> = std::iter::once(job.as_str()).chain(slow).collect();
    let ended = deployment.dmfab("cmd", &arguments).run().exits_with(4);
    assert!(ended.took < Duration::from_secs(30), "{ended}");
    assert_eq!(ended.stdout, "web1 | begun\n");
    ended.says("the container did not end within 1 s").says("docker logs");
    assert_eq!(deployment.containers()["web1"]["job"].state, "running");
    deployment.dmfab("deploy", &[]).run().exits_with(4).says("a script runs in container");
    let again: Vec<&str> =
        [job.as_str(), "--remove-existing", "--yes", "--remove-on-timeout"].into_iter().chain(slow).collect();
    deployment.dmfab("cmd", &again).run().exits_with(4).says("did not end within 1 s");
    is_gone(&deployment);
}

#[test]
fn an_interrupted_script_is_taken_away() {
    let deployment = Deployment::new(["web1", "apps1"], MAP);
    let mut running = deployment.dmfab("cmd", &[&job(&deployment), "--", "exec sleep 600"]).start();
    for host_name in ["web1", "apps1"] {
        await_job(&deployment, host_name, &mut running);
    }
    running.interrupt();
    let ended = running.wait().exits_with(130);
    assert!(ended.took < Duration::from_secs(60), "{ended}");
    is_gone(&deployment);
}

#[test]
fn what_a_killed_run_leaves_is_known_for_what_it_is() {
    let deployment = Deployment::new(["web1"], MAP);
    let job = job(&deployment);
    let mut running = deployment.dmfab("cmd", &[&job, "--", "exec sleep 600"]).start();
    await_job(&deployment, "web1", &mut running);
    running.kill();
    let refused = deployment.dmfab("cmd", &[&job, "--", "true"]).run().exits_with(4);
    refused.says("an earlier script has left it, or runs in it now");
    deployment.dmfab("startup", &[]).run().exits_with(4).says("a script runs in container");
    let again = deployment.dmfab("cmd", &[&job, "--remove-existing", "--", "echo again"]).run().exits_with(0);
    assert_eq!(again.stdout, "web1 | again\n");
    is_gone(&deployment);
}

#[test]
fn a_plan_shows_all_and_does_nothing() {
    let deployment = Deployment::new(["web1"], MAP);
    write_script(&deployment, "it.sh", "true\n");
    let ended = deployment.dmfab("script", &[&job(&deployment), "it.sh", "--plan"]).run().exits_with(0);
    ended.says("run script").says("create, start");
    assert_eq!(deployment.containers()["web1"].len(), 0);
}

#[test]
fn much_output_comes_whole_and_both_streams_stay_apart() {
    let deployment = Deployment::new(["web1"], MAP);
    let line = "i=0; while [ $i -lt 20000 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done";
    let ended = deployment
        .dmfab("cmd", &[&job(&deployment), "--no-prefix", "--progress", "quiet", "--", line])
        .run()
        .exits_with(0);
    let expected: Vec<String> = (0..20_000).map(|number| format!("out {number}\n")).collect();
    assert!(ended.stdout == expected.concat(), "{} bytes", ended.stdout.len());
    assert_eq!(ended.stderr.lines().filter(|line| line.starts_with("err ")).count(), 20_000);
}
