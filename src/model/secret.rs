//! Values that must not be seen.

use std::fmt;

use serde::{Serialize, Serializer};

/// What a secret prints as, everywhere.
pub const REDACTED: &str = "[redacted]";

/// A text that may be a secret: it prints as `[redacted]` if so, and only
/// [`SensitiveText::expose`] gives it away.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SensitiveText {
    text: String,
    is_secret: bool,
}

impl SensitiveText {
    /// A text that anybody may see.
    pub fn open(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_secret: false }
    }

    /// A text that nobody may see.
    pub fn secret(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_secret: true }
    }

    /// The text itself, for the one who needs it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Whether it prints as `[redacted]`.
    pub fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// The text as it may be shown.
    pub fn shown(&self) -> &str {
        if self.is_secret { REDACTED } else { &self.text }
    }
}

impl fmt::Display for SensitiveText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.shown())
    }
}

impl fmt::Debug for SensitiveText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.shown())
    }
}

impl Serialize for SensitiveText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}

/// Whether a variable of this name usually holds a secret. Errs on the safe side: a value that
/// is hidden for nothing costs less than a password in a log.
pub fn is_secret_name(name: &str) -> bool {
    const PARTS: [&str; 10] = [
        "PASS",
        "SECRET",
        "TOKEN",
        "CREDENTIAL",
        "PRIVATE",
        "APIKEY",
        "API_KEY",
        "ACCESS_KEY",
        "AUTH",
        "_KEY",
    ];
    let upper = name.to_ascii_uppercase();
    PARTS.iter().any(|part| upper.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_in_no_form() {
        let secret = SensitiveText::secret("hunter2");
        let shown = format!("{secret} {secret:?} {}", serde_json::to_string(&secret).expect("plain text"));
        assert!(!shown.contains("hunter2"), "{shown}");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn variables_that_usually_hold_secrets_are_known_by_name() {
        for name in ["DB_PASSWORD", "MYSQL_ROOT_PASS", "github_token", "AWS_SECRET_ACCESS_KEY", "SIGNING_KEY"]
        {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["CACHE_TTL", "KEYBOARD", "PATH", "LANG"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
