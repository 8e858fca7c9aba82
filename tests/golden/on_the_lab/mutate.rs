//! What happens to the world between steps, without dmfab.

use std::time::Duration;

use serde_json::{Value, json};

use super::engine::{Engine, Refused, escaped};
use super::images::saved;
use super::registry::Held;
use super::stage::{Stage, text};
use crate::support::eventually;

/// Does one operation. The registries' contents are given, since they are only written.
pub(super) fn mutate(stage: &Stage, operation: &Value, registries: &mut Held) -> Result<(), Refused> {
    let engine = &stage.engine;
    let kind = text(operation, "op");
    let name = text(operation, "name");
    let container = format!("/containers/{name}");
    match kind {
        "rm" => {
            let with_volumes = u8::from(operation["volumes"] == true);
            engine.delete(&format!("{container}?force=1&v={with_volumes}"))
        }
        "stop" | "kill" | "start" | "restart" | "pause" | "unpause" => {
            let signal = operation["signal"].as_str().map(|signal| format!("?signal={signal}"));
            engine.post(&format!("{container}/{kind}{}", signal.unwrap_or_default()), &Value::Null)?;
            if kind == "kill" && operation["wait"] != false {
                await_end(engine, name);
            }
            Ok(())
        }
        "run" => run(engine, operation),
        "exec" => exec(engine, operation),
        "connect" | "disconnect" => {
            let endpoint = operation.get("endpoint").cloned().unwrap_or_else(|| json!({}));
            let body =
                json!({"Container": name, "EndpointConfig": endpoint, "Force": operation["force"] == true});
            engine.post(&format!("/networks/{}/{kind}", text(operation, "network")), &body).map(drop)
        }
        "rm_volume" => engine.delete(&format!("/volumes/{name}?force=1")),
        "rm_network" => engine.delete(&format!("/networks/{name}")),
        "create_volume" => engine.post("/volumes/create", &operation["body"]).map(drop),
        "create_network" => engine.post("/networks/create", &operation["body"]).map(drop),
        "tag" => {
            let tags = [text(operation, "ref").to_owned()].into();
            engine.load(&saved(&[(text(operation, "ident").to_owned(), tags)].into()));
            Ok(())
        }
        "untag" => engine.delete(&format!("/images/{}?force=1&noprune=1", text(operation, "ref"))),
        "registry" => {
            match operation["ident"].as_str() {
                Some(identity) => registries.insert(text(operation, "ref").to_owned(), identity.to_owned()),
                None => registries.remove(text(operation, "ref")),
            };
            stage.set_registries(registries);
            Ok(())
        }
        "update" => engine.post(&format!("{container}/update"), &operation["body"]).map(drop),
        "rename" => engine
            .post(&format!("{container}/rename?name={}", escaped(text(operation, "to"))), &Value::Null)
            .map(drop),
        "wait_exited" => {
            await_end(engine, name);
            Ok(())
        }
        "sleep" => {
            std::thread::sleep(Duration::from_secs_f64(operation["seconds"].as_f64().expect("seconds")));
            Ok(())
        }
        "write" => {
            stage.write(text(operation, "path"), operation);
            Ok(())
        }
        "rm_path" => {
            let _ = std::fs::remove_dir_all(stage.outside(text(operation, "path")));
            Ok(())
        }
        other => panic!("unknown operation `{other}`"),
    }
}

fn run(engine: &Engine, operation: &Value) -> Result<(), Refused> {
    let mut body = json!({"Image": "busybox:latest", "Cmd": ["/bin/serve"]});
    for (key, value) in operation["body"].as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    let name = text(operation, "name");
    engine.post(&format!("/containers/create?name={}", escaped(name)), &body)?;
    if operation["start"] != false {
        engine.post(&format!("/containers/{name}/start"), &Value::Null)?;
    }
    Ok(())
}

fn exec(engine: &Engine, operation: &Value) -> Result<(), Refused> {
    let wanted = json!({"Cmd": operation["cmd"], "User": text(operation, "user"), "AttachStdout": true});
    let made = engine.post(&format!("/containers/{}/exec", text(operation, "name")), &wanted)?;
    let body = json!({"Detach": operation["detach"] == true}).to_string();
    let path = format!("/exec/{}/start", text(&made, "Id"));
    engine.raw("POST", &path, Some(("application/json", body.as_bytes()))).map(drop)
}

fn await_end(engine: &Engine, name: &str) {
    eventually(Duration::from_secs(15), &format!("`{name}` ends"), || {
        (engine.get(&format!("/containers/{name}/json"))["State"]["Running"] == false).then_some(())
    });
}
