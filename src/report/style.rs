//! Colours, as an addition to words that say the same.

/// How screens look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Whether to use the terminal's colours.
    pub colour: bool,
}

/// What a stretch of text means to the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Something is added, or went well.
    Good,
    /// Service is interrupted, or the operator should look.
    Caution,
    /// Something is taken away, or failed.
    Bad,
    /// Names that lead the eye.
    Heading,
    /// What can be skipped while reading.
    Aside,
}

impl Tone {
    /// Parameter of the terminal's SGR sequence (ECMA-48, 8.3.117).
    fn code(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Caution => "33",
            Self::Bad => "31",
            Self::Heading => "1",
            Self::Aside => "2",
        }
    }
}

impl Style {
    /// Without colours.
    pub const PLAIN: Self = Self { colour: false };

    /// Text in its tone. Pad before painting: the sequences have no width.
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("\u{1b}[{}m{text}\u{1b}[0m", tone.code())
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_added_only_when_wanted() {
        assert_eq!(Style { colour: true }.paint(Tone::Bad, "FAILED"), "\u{1b}[31mFAILED\u{1b}[0m");
        assert_eq!(Style { colour: true }.paint(Tone::Bad, ""), "");
        assert_eq!(Style::PLAIN.paint(Tone::Bad, "FAILED"), "FAILED");
    }
}
