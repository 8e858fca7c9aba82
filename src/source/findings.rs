//! Mistakes and remarks together with the files they are about.

use std::fmt;

use super::diagnostic::Diagnostics;
use super::file::SourceMap;
use super::render::{RenderOptions, render};

/// What is to be said about files, with the files themselves.
#[derive(Debug, Default)]
pub struct Findings {
    /// Mistakes and remarks.
    pub diagnostics: Diagnostics,
    /// The files they are about.
    pub sources: SourceMap,
}

impl Findings {
    /// All findings as a screen of text, mistakes underlined in their lines.
    pub fn render(&self, options: RenderOptions) -> String {
        render(&self.diagnostics, &self.sources, options)
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.render(RenderOptions::default()))
    }
}
