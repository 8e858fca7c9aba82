//! Makes a container map in code, one configuration for each customer, and prints it as YAML and what
//! it comes to on the hosts of an inventory. No host is contacted.
//!
//! ```text
//! cargo run --example maps_in_code
//! ```

use std::path::Path;

use dmfab::Fleet;
use dmfab::map::{Container, ContainerMap, Healthcheck, Host, Inventory, Port, Text, Volume};
use dmfab::model::variables::Variables;

const CUSTOMERS: [(&str, u16); 3] = [("acme", 8081), ("globex", 8082), ("initech", 8083)];

#[expect(clippy::print_stdout, reason = "an example shows what it makes")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut map = ContainerMap::new("portal")
        .repository("registry.example.com")
        .clients(["@apps"])
        .use_attached_parent_name(true)
        .volume("data", Volume::at("/var/lib/portal").permissions("0750"))
        .container(
            "base",
            Container::new()
                .into_abstract()
                .image("portal")
                .user(2000)
                .attach("data")
                .healthcheck(Healthcheck::shell("wget -qO- http://localhost/health").retries(3))
                .label("team", Text::env_or("TEAM", "portal")),
        );
    for (customer, port) in CUSTOMERS {
        let own = Container::new()
            .extends("base")
            .environment("CUSTOMER", customer)
            .expose(Port::tcp(80).publish(port).on("private"));
        map = map.container(customer, own);
    }
    // What one customer has of its own is merged as YAML is.
    map.merge(ContainerMap::from_yaml("acme: {stop_timeout: 60, host_config: {mem_limit: 1g}}")?);
    print!("{}", map.to_yaml()?);

    let inventory = Inventory::new()
        .defaults(Host::at("deploy@{name}.example.com").interface("private", "10.0.0.{number}"))
        .host("apps1-2", Host::default())
        .group("apps", ["apps1-2"]);
    let fleet = Fleet::build(inventory, vec![map], Path::new("."), &Variables::default())
        .map_err(|error| error.findings.to_string())?;
    for host in fleet.spec().hosts.values() {
        for container in &host.containers {
            let ports: Vec<String> =
                container.settings.published_ports.iter().map(ToString::to_string).collect();
            println!("{}: {} {}", host.name, container.name, ports.join(" "));
        }
    }
    Ok(())
}
