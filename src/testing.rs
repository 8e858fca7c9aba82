//! For tests of several modules: from the text of a map to the one host it runs on.

use std::path::Path;

use crate::model::spec::HostSpec;
use crate::model::variables::Variables;
use crate::resolve::{Commands, resolve};
use crate::source::load::load;

/// The host `h` with the map `m`, whose text is given. The map's first line is line 4 of
/// `inventory.yaml`.
pub(crate) fn host(map: &str) -> HostSpec {
    let lines: Vec<String> = map.lines().map(|line| format!("    {line}")).collect();
    let inventory = format!("hosts: {{h: }}\nmaps:\n  m:\n{}\n", lines.join("\n"));
    let mut read = |_: &Path| Ok(inventory.clone().into_bytes());
    let variables = Variables::default();
    let loaded = load(Path::new("inventory.yaml"), &[], &variables, &mut read);
    let raw = loaded.inventory.expect("an inventory");
    let (mut fleet, diagnostics) =
        resolve(&raw, &loaded.maps, &loaded.sources, &variables, Path::new(""), Commands::Run);
    assert!(!loaded.diagnostics.has_errors(), "{:?}", loaded.diagnostics);
    assert!(!diagnostics.has_errors(), "{diagnostics:?}");
    fleet.hosts.shift_remove("h").expect("the host")
}
