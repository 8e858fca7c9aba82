//! The forms of `user`.

use super::node::{Node, NodeValue};
use super::raw::{RawUser, Setting};
use super::reader::Reader;
use super::span::Spanned;

impl Reader<'_> {
    /// `2000`, `app`, `app:web` or `[app, web]`.
    pub(super) fn user(&mut self, node: &Node, property: &str) -> Option<Spanned<RawUser>> {
        let expected = "a user, `user:group`, or a list of both";
        let user = match &node.value {
            NodeValue::Scalar { text, .. } if !text.is_empty() && !node.is_null() => {
                RawUser::Text(self.text(node, property)?)
            }
            NodeValue::Sequence(items) => match items.as_slice() {
                [user] => RawUser::Text(self.text(user, property)?),
                [user, group] if group.is_null() => RawUser::Text(self.text(user, property)?),
                [user, group] => RawUser::Pair(self.text(user, property)?, self.text(group, property)?),
                _ => return self.wrong(node, property, expected),
            },
            _ => return self.wrong(node, property, expected),
        };
        Some(Spanned::new(user, node.span))
    }

    /// As [`Self::user`], where null and, as with Docker-Map, an empty text override what is inherited.
    pub(super) fn user_setting(&mut self, node: &Node, property: &str) -> Setting<RawUser> {
        if node.tag.is_none() && node.as_text() == Some("") {
            return Setting::Null(node.span);
        }
        self.setting(node, |reader, node| reader.user(node, property))
    }
}

#[cfg(test)]
mod tests {
    use super::super::raw::{RawUser, Setting};
    use super::super::testing::{assert_forms, text};

    #[test]
    fn users_are_text_or_pairs() {
        let expected = "error: `user` needs a user, `user:group`, or a list of both, found";
        let error = format!("{expected} a list of 3 items");
        let forms = [
            ("", "null"),
            ("2000", "2000"),
            ("0", "0"),
            ("app", "app"),
            ("app:web", "app:web"),
            ("2000:3000", "2000:3000"),
            ("[2000, 3000]", "2000 + 3000"),
            ("[app, null]", "app"),
            ("[app]", "app"),
            ("!env APP_USER", "!env APP_USER"),
            ("''", "null"),
            ("[a, b, c]", error.as_str()),
        ];
        assert_forms("user", &forms, |container| match &container.user {
            Setting::Unset => "unset".into(),
            Setting::Null(_) => "null".into(),
            Setting::Value(user) => match &user.value {
                RawUser::Text(user) => text(user),
                RawUser::Pair(user, group) => format!("{} + {}", text(user), text(group)),
            },
        });
    }
}
