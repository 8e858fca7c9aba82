//! Where the settings of a container stand, under the names that differences bear. What has no
//! difference of its own has the name of its property.

use crate::model::container::PublishedPort;
use crate::model::image::ImageReference;
use crate::model::place::Places;
use crate::source::raw::{RawCommand, RawExecCommand, RawHealthcheck, RawPort, RawUser, Setting};
use crate::source::span::{Span, Spanned};

use super::container::{Builder, expand_image};
use super::context::{span_of, value_of};
use super::inherit::first_span;

impl Builder<'_> {
    pub(super) fn note(&self, places: &mut Places, field: impl Into<String>, span: Span) {
        places.insert(field, self.context.place(span));
    }

    /// Notes what is mounted, with what gives the host path: an alias, and the root it is below.
    pub(super) fn note_bind(
        &self,
        places: &mut Places,
        path: &str,
        span: Span,
        host_path: Span,
        root: Option<Span>,
    ) {
        let field = format!("binds.{path}");
        self.note(places, field.as_str(), span);
        let is_within = host_path.file == span.file && (span.start..=span.end).contains(&host_path.start);
        if !is_within {
            places.insert_part(&field, "host", self.context.place(host_path));
        }
        if let Some(root) = root {
            places.insert_part(&field, "host_root", self.context.place(root));
        }
    }

    /// Where the properties stand.
    pub(super) fn places(&self) -> Places {
        let raw = self.raw();
        let mut places = Places::default();
        let mut note = |field: &str, span: Option<Span>| {
            if let Some(span) = span {
                self.note(&mut places, field, span);
            }
        };
        note("", Some(self.configuration.name.span));
        note("map", self.map.raw.name.as_ref().map(|name| name.span));
        note("instance", self.instance_span());
        note("user", span_of(&raw.user));
        note("stop_signal", span_of(&raw.stop_signal));
        note("stop_timeout", span_of(&raw.stop_timeout));
        note("network_mode", span_of(&raw.network_mode));
        note("healthcheck", span_of(&raw.healthcheck));
        note("persistent", span_of(&raw.persistent));
        note("start_delay", span_of(&raw.start_delay));
        note("exposes", first_span(&raw.exposes));
        note("binds", first_span(&raw.binds));
        note("uses", first_span(&raw.uses));
        note("links", first_span(&raw.links));
        note("networks", first_span(&raw.networks));
        note("shares", raw.shares.first().map(|path| path.span));
        self.note_given(&mut places);
        if let Some(check) = value_of(&raw.healthcheck) {
            self.note_healthcheck(&check.value, &mut places);
        }
        for (index, command) in raw.exec_commands.iter().enumerate() {
            self.note_exec_command(index, command, &mut places);
        }
        places
    }

    fn instance_span(&self) -> Option<Span> {
        self.configuration.instance_span(self.instance_name?)
    }

    /// What the map or the host gives to containers that do not set it.
    fn note_given(&self, places: &mut Places) {
        let of_host = |key: &str| self.host.spec.places.get(key).cloned();
        if let Some(place) = of_host("domainname") {
            places.insert_given("domainname", "the host's domainname", place);
        } else if let Some(domain) = &self.map.raw.default_domain {
            places.insert_given("domainname", "default_domain", self.context.place(domain.span));
        }
        if let (Setting::Unset, Some(place)) = (&self.raw().stop_timeout, of_host("stop_timeout")) {
            places.insert_given("stop", "the host's stop_timeout", place);
        }
    }

    /// `typed` as the image was written, `name` with the repository before it.
    pub(super) fn note_image(&self, typed: &str, name: &str, places: &mut Places) {
        match value_of(&self.raw().image) {
            Some(image) => self.note(places, "image", image.span),
            None => {
                let place = self.context.place(self.configuration.name.span);
                places.insert_given("image", "the configuration's name", place);
            }
        }
        let has_no_tag = ImageReference::parse(name, "").tag.as_deref() == Some("");
        let is_prefixed = expand_image(typed, None) != name;
        if let (true, Some(repository)) = (is_prefixed, &self.map.raw.repository) {
            places.insert_part("image", "repository", self.context.place(repository.span));
        }
        if let (true, Some(tag)) = (has_no_tag, &self.map.raw.default_tag) {
            places.insert_part("image", "default_tag", self.context.place(tag.span));
        }
    }

    /// A published port, with the address that the host gives to its interface.
    pub(super) fn note_published(&self, port: &PublishedPort, raw: &Spanned<RawPort>, places: &mut Places) {
        let field = format!("exposes.{port}");
        self.note(places, field.as_str(), raw.span);
        let Some(interface) = &raw.value.interface else { return };
        let key = if raw.value.ipv6 { "interfaces_ipv6" } else { "interfaces" };
        let of_host = &self.host.spec.places;
        if let Some(place) = of_host.get(&format!("{key}.{}", interface.text)) {
            places.insert_part(&field, key, place.clone());
        }
    }

    fn note_healthcheck(&self, check: &RawHealthcheck, places: &mut Places) {
        let RawHealthcheck { test, interval, timeout, retries, start_period } = check;
        let span_of = |duration: &Option<Spanned<u64>>| duration.as_ref().map(|found| found.span);
        let members = [
            ("test", Some(test.span)),
            ("interval", span_of(interval)),
            ("timeout", span_of(timeout)),
            ("retries", retries.as_ref().map(|found| found.span)),
            ("start_period", span_of(start_period)),
        ];
        for (name, span) in members {
            if let Some(span) = span {
                self.note(places, format!("healthcheck.{name}"), span);
            }
        }
    }

    fn note_exec_command(&self, index: usize, raw: &Spanned<RawExecCommand>, places: &mut Places) {
        let field = format!("exec_commands.{index}");
        self.note(places, field.clone(), raw.span);
        match &raw.value.command {
            RawCommand::Line(line) => self.note(places, format!("{field}.arguments"), line.span),
            RawCommand::Words(words) => {
                for (index, word) in words.iter().enumerate() {
                    self.note(places, format!("{field}.arguments.{index}"), word.span);
                }
            }
        }
        match (&raw.value.user, span_of(&self.raw().user)) {
            (Some(RawUser::Text(user) | RawUser::Pair(user, _)), _) => {
                self.note(places, format!("{field}.user"), user.span);
            }
            (None, Some(span)) => {
                places.insert_given(&format!("{field}.user"), "user", self.context.place(span));
            }
            (None, None) => {}
        }
    }
}
