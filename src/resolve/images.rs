//! What is wrong with the name of an image, which is put together from several places.

use crate::model::image::ImageReference;
use crate::source::diagnostic::Diagnostic;
use crate::source::raw::RawText;
use crate::source::span::Span;

use super::container::{Builder, expand_image};
use super::context::value_of;
use super::integrity::is_item_name;
use super::values::shown_value;

impl Builder<'_> {
    /// Points at the part that is wrong: the typed name, the map's `repository` or its `default_tag`.
    pub(super) fn report_image(&self, typed: &str, name: &str, span: Span) {
        let is_valid = |name: &str, tag: &str| ImageReference::parse(name, tag).is_valid();
        if is_valid(&expand_image(typed, None), "latest") {
            let (key, part, expected) = if is_valid(name, "latest") {
                ("default_tag", &self.map.raw.default_tag, "expected a tag such as `1.27`")
            } else {
                (
                    "repository",
                    &self.map.raw.repository,
                    "expected `registry[:port][/path]` in lower case, without `http://`",
                )
            };
            if let Some(part) = part {
                return self.report_part(key, part, expected);
            }
        }
        let is_typed = value_of(&self.raw().image).is_some();
        if !is_typed && !is_item_name(self.config_name()) {
            // That it cannot be the name of a container has been told.
            return;
        }
        let lower = typed.to_lowercase();
        let help = if !is_typed {
            "set `image`; without it the configuration's own name is taken".to_owned()
        } else if is_valid(&expand_image(&lower, None), "latest") {
            format!("write `{lower}`")
        } else {
            "write for instance `nginx:1.27` or `registry.example.com/app:2`".to_owned()
        };
        let shown = value_of(&self.raw().image)
            .map_or_else(|| format!("`{name}`"), |image| shown_value(&image.value, name));
        self.context.report(
            Diagnostic::error(format!("{shown} is not an image name"))
                .at(span, "expected `[registry/]name[:tag]` in lower case")
                .help(help),
        );
    }

    fn report_part(&self, key: &str, part: &RawText, expected: &str) {
        let Some(value) = self.context.text(part) else { return };
        let message = format!("`{key}` is {}", shown_value(part, &value));
        self.context
            .report(Diagnostic::error(message).at(part.span, expected).help("change it, or take it out"));
    }
}
