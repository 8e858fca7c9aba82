//! Names that lead nowhere, and what was most likely meant by them.

use crate::source::diagnostic::Diagnostic;
use crate::source::raw::RawName;
use crate::wording;

use super::integrity::{Checker, SHOWN_CHOICES};
use super::map::Configuration;

impl Checker<'_> {
    pub(super) fn group_item(&self, group_name: &RawName, item: &RawName) {
        let wanted = item.value.strip_prefix('@').unwrap_or(&item.value);
        let mut groups = self.map.raw.groups.iter();
        if let Some((named, members)) = groups.find(|(name, _)| name.value == wanted) {
            let members: Vec<&str> =
                members.iter().take(SHOWN_CHOICES).map(|member| member.value.as_str()).collect();
            let help = match members.as_slice() {
                _ if named.value == group_name.value => "take it out".to_owned(),
                [] => "take it out: it is empty".to_owned(),
                members => format!("write what is in it: {}", wording::all_of(members)),
            };
            let message = format!("group `{}` names the group `{wanted}`", group_name.value);
            self.context.report(
                Diagnostic::error(message)
                    .at(item.span, "groups hold containers and instances only")
                    .also(named.span, "the group")
                    .help(help),
            );
            return;
        }
        let message = format!("group `{}` names `{}`, which is not defined", group_name.value, item.value);
        self.unknown(message, item, "no container or instance of this name", self.map.all_references());
    }

    /// A path in the place of an alias.
    pub(super) fn no_alias(&self, configuration: &Configuration<'_>, name: &RawName, help: String) {
        let message =
            format!("container `{}` binds `{}`, which is no alias", configuration.name.value, name.value);
        let diagnostic =
            Diagnostic::error(message).at(name.span, "expected an alias of `volumes` and `host`");
        self.context.report(diagnostic.help(help));
    }

    pub(super) fn no_container(&self, target: &RawName, subject: &str, modes: &[&str]) {
        let message = format!("{subject}, which is not defined");
        let name = target.value.as_str();
        let own_name = name.strip_prefix(self.map.name.as_str()).and_then(|rest| rest.strip_prefix('.'));
        let own_name = own_name.filter(|own_name| self.map.referred(own_name).is_some());
        let pair = name.split_once(':').filter(|(first, _)| self.map.referred(first).is_some());
        let bases = self
            .map
            .raw
            .containers
            .iter()
            .filter(|(_, raw)| raw.is_abstract.as_ref().is_some_and(|flag| flag.value));
        let is_base = self.context.nearest(name, bases.map(|(base, _)| base.value.as_str())) == Some(name);
        let (label, help) = match (own_name, pair) {
            (Some(own_name), _) => ("expected the name within the map", format!("write `{own_name}`")),
            (_, Some((first, alias))) => ("expected a name", format!("write `[{first}, {alias}]`")),
            _ if is_base => {
                ("it is abstract: no container", "name a configuration that extends it".to_owned())
            }
            _ if self.map.network(name).is_some() => {
                ("it is a network of the map", format!("write `networks: {name}`"))
            }
            _ => {
                let known =
                    self.map.instance_references().iter().map(String::as_str).chain(modes.iter().copied());
                return self.unknown(message, target, "no container of this name", known);
            }
        };
        self.context.report(Diagnostic::error(message).at(target.span, label).help(help));
    }
}
