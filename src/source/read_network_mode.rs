//! The forms of `network_mode`.

use super::node::{Node, NodeValue};
use super::raw::RawNetworkMode;
use super::reader::Reader;
use super::scalar::boolean;
use super::span::Spanned;

const EXPECTED: &str = "a preset, `disabled`, `container:NAME`, or a container configuration";

impl Reader<'_> {
    /// How a container is networked.
    pub(super) fn network_mode(&mut self, node: &Node, property: &str) -> Option<Spanned<RawNetworkMode>> {
        let mode = match &node.value {
            NodeValue::Scalar { text, .. } if node.tag.is_none() => {
                match node.as_plain_text().and_then(boolean) {
                    Some(false) => Some(RawNetworkMode::Disabled),
                    Some(true) => None,
                    None => mode_of_text(text),
                }
            }
            NodeValue::Sequence(parts) => match parts.as_slice() {
                [config, instance] => {
                    let config = self.name(config, property)?.value;
                    let instance = match instance {
                        absent if absent.is_null() => None,
                        named => Some(self.name(named, property)?.value),
                    };
                    Some(RawNetworkMode::Container { config, instance })
                }
                _ => {
                    return self.wrong(
                        node,
                        property,
                        "a list of a container configuration and its instance",
                    );
                }
            },
            _ => None,
        };
        match mode {
            Some(mode) => Some(Spanned::new(mode, node.span)),
            None => self.wrong(node, property, EXPECTED),
        }
    }
}

/// What a text means.
pub(super) fn mode_of_text(text: &str) -> Option<RawNetworkMode> {
    let foreign = text.strip_prefix("container:").or_else(|| text.strip_prefix('/'));
    match (text, foreign) {
        ("bridge" | "host" | "default", _) => Some(RawNetworkMode::Preset(text.to_owned())),
        ("none" | "disabled", _) => Some(RawNetworkMode::Disabled),
        (_, Some(name)) => (!name.is_empty()).then(|| RawNetworkMode::Foreign(name.to_owned())),
        _ => {
            let (config, instance) = match text.split_once('.') {
                Some((config, instance)) => (config, Some(instance.to_owned())),
                None => (text, None),
            };
            let is_whole = !config.is_empty() && instance.as_deref() != Some("");
            is_whole.then(|| RawNetworkMode::Container { config: config.to_owned(), instance })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::raw::{RawNetworkMode, Setting};
    use super::super::testing::{assert_forms, container};

    #[test]
    fn network_modes_are_told_apart() {
        let wrong = "error: `network_mode` needs a preset, `disabled`, `container:NAME`, or a container configuration, found";
        let list = "error: `network_mode` needs a list of a container configuration and its instance, found a list of";
        let errors = [
            format!("{wrong} `true`"),
            format!("{wrong} an empty text"),
            format!("{wrong} `db.`"),
            format!("{wrong} `container:`"),
            format!("{wrong} a mapping of 0 keys"),
            format!("{list} 1 item"),
            format!("{list} 3 items"),
        ];
        let forms = [
            ("", "null"),
            ("bridge", "preset bridge"),
            ("host", "preset host"),
            ("default", "preset default"),
            ("none", "disabled"),
            ("'none'", "disabled"),
            ("disabled", "disabled"),
            ("false", "disabled"),
            ("off", "disabled"),
            ("container:x", "foreign x"),
            ("/x", "foreign x"),
            ("db", "db"),
            ("db.one", "db one"),
            ("db.one.two", "db one.two"),
            ("[db, one]", "db one"),
            ("[db, null]", "db"),
            ("true", errors[0].as_str()),
            ("''", errors[1].as_str()),
            ("db.", errors[2].as_str()),
            ("'container:'", errors[3].as_str()),
            ("{}", errors[4].as_str()),
            ("[db]", errors[5].as_str()),
            ("[a, b, c]", errors[6].as_str()),
        ];
        // The text is quoted in YAML there, which the message says.
        let forms = forms.map(|(form, expected)| {
            (form, expected.replace("found `container:`", "found the text `container:`"))
        });
        let forms: Vec<(&str, &str)> =
            forms.iter().map(|(form, expected)| (*form, expected.as_str())).collect();
        assert_forms("network_mode", &forms, |container| match &container.network_mode {
            Setting::Unset => "unset".into(),
            Setting::Null(_) => "null".into(),
            Setting::Value(mode) => match &mode.value {
                RawNetworkMode::Preset(name) => format!("preset {name}"),
                RawNetworkMode::Disabled => "disabled".into(),
                RawNetworkMode::Foreign(name) => format!("foreign {name}"),
                RawNetworkMode::Container { config, instance: None } => config.clone(),
                RawNetworkMode::Container { config, instance: Some(instance) } => {
                    format!("{config} {instance}")
                }
            },
        });
    }

    #[test]
    fn the_old_name_works_with_a_warning() {
        let read = container("network", "host");
        assert_eq!(read.messages(), ["`network` of container `web` is called `network_mode` today"]);
        assert!(!read.diagnostics.has_errors());
        let mode = read.value.expect("a container").network_mode;
        assert!(matches!(mode, Setting::Value(mode) if mode.value == RawNetworkMode::Preset("host".into())));
        let both = container("network_mode", "host\n  network: bridge");
        assert_eq!(both.messages(), ["`network_mode` of container `web` is set twice"]);
    }
}
