//! Volumes: their owner and mode, and what becomes of them when they differ.

use crate::support::deployment::{APP_WITH_VOLUME, Deployment};

fn path(deployment: &Deployment, file: &str) -> String {
    format!("/var/lib/docker/volumes/{}data/_data/{file}", deployment.prefix())
}

fn owner_and_mode(deployment: &Deployment, file: &str) -> String {
    deployment.host("apps2").exec(["stat", "-c", "%u:%g %a", &path(deployment, file)]).trim().to_owned()
}

// features: PRM-02, PRM-06, PRM-07
#[test]
fn files_are_prepared_again_where_that_is_asked_for_and_only_what_differs_is_touched() {
    let deployment = Deployment::new(["apps2"], APP_WITH_VOLUME);
    deployment.deploy();
    let host = deployment.host("apps2");
    for (file, owner) in [("right", "2000:2000"), ("wrong", "0:0")] {
        host.exec(["touch", &path(&deployment, file)]);
        host.exec(["chown", owner, &path(&deployment, file)]);
        host.exec(["chmod", "640", &path(&deployment, file)]);
    }
    deployment.deploy().says("nothing to do");
    assert_eq!(owner_and_mode(&deployment, "wrong"), "0:0 640");
    let changed_at = |file| host.exec(["stat", "-c", "%z", &path(&deployment, file)]);
    let before = changed_at("right");

    let octal = APP_WITH_VOLUME.replace("u=rwX,g=rX,o=", "'0640'");
    deployment.set_map(&octal);
    let again = ["--yes", "--prepare-volumes"];
    deployment.dmfab("deploy", &again).run().exits_with(0).says("chown 2000:2000");
    assert_eq!(owner_and_mode(&deployment, "wrong"), "2000:2000 640");
    assert_eq!(changed_at("right"), before, "what is right is not touched");
    assert_eq!(owner_and_mode(&deployment, "."), "2000:2000 640");
}

// features: UPD-16
#[test]
fn a_volume_that_differs_is_made_anew_only_where_that_is_asked_for() {
    let deployment = Deployment::new(["apps2"], APP_WITH_VOLUME);
    deployment.deploy();
    let host = deployment.host("apps2");
    host.exec(["touch", &path(&deployment, "file")]);
    let id = deployment.id("apps2", "app");
    let folder = format!("/var/lib/{}/data", deployment.map_name);
    host.exec(["mkdir", "-p", &folder]);
    let bound = format!("{{default_path: /data, driver_options: {{type: none, o: bind, device: {folder}}}}}");
    deployment.set_map(&APP_WITH_VOLUME.replace("data: /data", &format!("data: {bound}")));

    let told = deployment.dmfab("plan", &["--exit-code"]).run().exits_with(0);
    told.says("differs and is left as it is").says("driver_options.type");
    deployment.deploy();
    assert_eq!(deployment.id("apps2", "app"), id);

    let anew = deployment.dmfab("deploy", &["--recreate-volumes"]).run().exits_with(2);
    anew.says("replace, chown 2000:2000, chmod u=rwX,g=rX,o=, its files are lost").says("add `--yes`");
    deployment.dmfab("deploy", &["--recreate-volumes", "--yes"]).run().exits_with(0);
    deployment.runs_exactly(["app"]);
    let name = format!("{}data", deployment.prefix());
    let options = host.exec(["docker", "volume", "inspect", "--format", "{{.Options.type}}", &name]);
    assert_eq!(options, "none\n");
    let found = host.exec(["stat", "-c", "%u:%g %a", &folder]);
    assert_eq!(found, "2000:2000 750\n", "prepared, although the Engine names another folder");
    deployment.dmfab("plan", &["--exit-code", "--recreate-volumes"]).run().exits_with(0);
}

// features: API-23
#[test]
fn anonymous_volumes_outlive_their_container() {
    let map = "app:\n  image: dmfab-lab/app:1\n  shares: /kept\n  stop_timeout: 1\n";
    let deployment = Deployment::new(["apps2"], map);
    deployment.deploy();
    let host = deployment.host("apps2");
    let app = format!("{}app", deployment.prefix());
    let format = "{{range .Mounts}}{{.Name}}{{end}}";
    let name = host.exec(["docker", "inspect", "--format", format, &app]).trim().to_owned();
    deployment.dmfab("shutdown", &["--yes"]).run().exits_with(0);
    deployment.runs_exactly([]);
    host.exec(["docker", "volume", "rm", &name]);
}
