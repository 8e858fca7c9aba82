//! Builds the tree of a document from a parser's events.
//!
//! Aliases are expanded by copying, within a budget: nine lines of nested aliases are enough to
//! describe a billion values. The depth is limited so that whoever walks the tree may recurse.

use std::collections::HashMap;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::merge_keys::finish_mapping;
use super::node::{Node, NodeValue};
use super::span::Span;
use super::tag::TagName;

/// Values a document may have.
pub(super) const MAX_VALUES: usize = 1_000_000;

/// Of these, values that aliases and the anchors they name repeat.
const MAX_REPEATED: usize = 500_000;

/// Lists and mappings within each other. Real files have less than fifteen.
pub(super) const MAX_DEPTH: usize = 64;

/// Long texts count as several values, so that aliases cannot repeat them without limit.
const TEXT_BYTES_PER_VALUE: usize = 64;

/// The lists and mappings that are not closed yet, and what has been anchored.
pub(super) struct TreeBuilder<'d> {
    diagnostics: &'d mut Diagnostics,
    open: Vec<Collection>,
    anchors: HashMap<usize, Subtree>,
    values: usize,
    repeated: usize,
    root: Option<Node>,
    /// Entries whose key stood before them: no part of the document, but of what may be shown of it.
    dropped: Vec<(Node, Node)>,
}

/// A finished value with what it costs to repeat it.
#[derive(Clone)]
struct Subtree {
    node: Node,
    values: usize,
    depth: usize,
}

/// What begins when a list or mapping begins.
pub(super) struct Opening {
    pub(super) is_mapping: bool,
    /// In brackets or braces.
    pub(super) is_flow: bool,
    /// Number of the anchor, 0 for none.
    pub(super) anchor: usize,
    pub(super) tag: Option<TagName>,
    pub(super) span: Span,
}

struct Collection {
    opening: Opening,
    /// Items of a list; of a mapping keys and values in turn.
    children: Vec<Node>,
    values: usize,
    depth: usize,
}

impl<'d> TreeBuilder<'d> {
    pub(super) fn new(diagnostics: &'d mut Diagnostics) -> Self {
        Self {
            diagnostics,
            open: Vec::new(),
            anchors: HashMap::new(),
            values: 0,
            repeated: 0,
            root: None,
            dropped: Vec::new(),
        }
    }

    /// For mistakes that do not stop the building.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// The whole document, once everything is closed, and entries that are no part of it.
    pub(super) fn into_root(self) -> (Option<Node>, Vec<(Node, Node)>) {
        (self.root, self.dropped)
    }

    pub(super) fn scalar(&mut self, node: Node, anchor: usize) -> Result<(), Diagnostic> {
        let values = 1 + node.as_text().map_or(0, str::len) / TEXT_BYTES_PER_VALUE;
        self.spend(values, node.span)?;
        self.finish(Subtree { node, values, depth: 0 }, anchor)
    }

    pub(super) fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Diagnostic> {
        let Some(subtree) = self.anchors.get(&anchor) else {
            return Err(Diagnostic::error("alias refers to the value it stands in")
                .at(span, "endless")
                .help("put the anchor at a value that ends before the alias"));
        };
        if self.open.len() + subtree.depth > MAX_DEPTH {
            return Err(too_deep(span));
        }
        let values = subtree.values;
        self.repeat(values, span)?;
        // Looked up again because counting needs the builder as a whole.
        let subtree = self.anchors.get(&anchor).cloned();
        subtree.map_or(Ok(()), |found| self.finish(found, 0))
    }

    pub(super) fn open(&mut self, opening: Opening) -> Result<(), Diagnostic> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(opening.span));
        }
        self.spend(1, opening.span)?;
        self.open.push(Collection { opening, children: Vec::new(), values: 1, depth: 0 });
        Ok(())
    }

    pub(super) fn close(&mut self, end: Span) -> Result<(), Diagnostic> {
        let Some(collection) = self.open.pop() else {
            return Ok(());
        };
        let anchor = collection.opening.anchor;
        let span = collection.span(end);
        let Collection { opening, children, values, depth } = collection;
        let value = if opening.is_mapping {
            NodeValue::Mapping(finish_mapping(pairs(children), &mut self.dropped, self.diagnostics))
        } else {
            NodeValue::Sequence(children)
        };
        let mut node = Node { value, tag: None, span };
        if let Some(tag) = opening.tag {
            node = self.tagged(tag, node, opening.span);
        } else if let Some(tag) = tag_of_key(&node) {
            node = self.tagged_by_key(tag, node);
        }
        self.finish(Subtree { node, values, depth: depth + 1 }, anchor)
    }

    /// Applies a tag; a value that it cannot stand before stays without it.
    fn tagged(&mut self, tag: TagName, node: Node, tag_span: Span) -> Node {
        let Node { value, span, .. } = node;
        match tag.apply(value, tag_span) {
            Ok((value, tag)) => Node { value, tag, span },
            Err(refused) => {
                self.report(refused);
                Node::null(span)
            }
        }
    }

    /// `{"!env": NAME}` is `!env NAME`, for JSON, which has no tags.
    fn tagged_by_key(&mut self, tag: TagName, node: Node) -> Node {
        match node.value {
            NodeValue::Mapping(mut entries) if entries.len() == 1 => {
                let (key, value) = entries.remove(0);
                self.tagged(tag, Node { span: node.span, ..value }, key.span)
            }
            _ => node,
        }
    }

    /// Puts a finished value where it belongs.
    fn finish(&mut self, subtree: Subtree, anchor: usize) -> Result<(), Diagnostic> {
        if anchor != 0 {
            // The copy kept for aliases takes memory as well: anchors may be nested.
            self.repeat(subtree.values, subtree.node.span)?;
            self.anchors.insert(anchor, subtree.clone());
        }
        match self.open.last_mut() {
            Some(parent) => parent.add(subtree),
            None => self.root = Some(subtree.node),
        }
        Ok(())
    }

    /// As [`Self::spend`], for copies.
    fn repeat(&mut self, values: usize, span: Span) -> Result<(), Diagnostic> {
        self.repeated = self.repeated.saturating_add(values);
        if self.repeated <= MAX_REPEATED {
            return self.spend(values, span);
        }
        let message = format!("anchors and aliases repeat more than {MAX_REPEATED} values");
        Err(Diagnostic::error(message).at(span, "the limit is reached here"))
    }

    fn spend(&mut self, values: usize, span: Span) -> Result<(), Diagnostic> {
        self.values = self.values.saturating_add(values);
        if self.values <= MAX_VALUES {
            return Ok(());
        }
        let message = format!("document has more than {MAX_VALUES} values");
        Err(Diagnostic::error(message).at(span, "the limit is reached here"))
    }
}

impl Collection {
    fn add(&mut self, subtree: Subtree) {
        self.values += subtree.values;
        self.depth = self.depth.max(subtree.depth);
        let mut node = subtree.node;
        let is_value = self.opening.is_mapping && self.children.len() % 2 == 1;
        if is_value && node.span.start == node.span.end {
            // A value that was left out has no place of its own; its key is what one looks for.
            node.span = self.children.last().map_or(node.span, |key| key.span);
        }
        self.children.push(node);
    }

    /// Brackets and what is between them; without brackets the first key or item, because a caret
    /// under a whole block says nothing.
    fn span(&self, end: Span) -> Span {
        match self.children.first() {
            Some(first) if !self.opening.is_flow => first.span,
            _ if self.opening.is_flow => self.opening.span.to(end),
            _ => self.opening.span,
        }
    }
}

/// The tag that is the one key of a mapping, in quotes: without them it would be a tag on the key.
fn tag_of_key(node: &Node) -> Option<TagName> {
    match node.as_mapping() {
        Some([(Node { value: NodeValue::Scalar { text, plain: false }, .. }, _)]) => TagName::parse(text),
        _ => None,
    }
}

fn pairs(children: Vec<Node>) -> Vec<(Node, Node)> {
    let mut pairs = Vec::with_capacity(children.len() / 2);
    let mut children = children.into_iter();
    while let (Some(key), Some(value)) = (children.next(), children.next()) {
        pairs.push((key, value));
    }
    pairs
}

fn too_deep(span: Span) -> Diagnostic {
    let limit = format!("the limit is {MAX_DEPTH} levels");
    Diagnostic::error("document is nested too deeply").at(span, limit).help("nest fewer levels")
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::testing::document;
    use super::MAX_DEPTH;

    fn assert_refused_quickly(yaml: &str, message: &str) {
        let start = Instant::now();
        let read = document(yaml);
        assert!(start.elapsed() < Duration::from_secs(60), "took {:?}", start.elapsed());
        assert_eq!(read.messages(), [message]);
    }

    #[test]
    fn alias_bombs_are_refused_quickly() {
        let message = "anchors and aliases repeat more than 500000 values";
        let lists = (1..12)
            .map(|level| format!("a{level}: &a{level} [{}]\n", format!("*a{}, ", level - 1).repeat(10)));
        assert_refused_quickly(&format!("a0: &a0 x\n{}", lists.collect::<String>()), message);
        let merges = (1..30).map(|level| {
            let below = format!("*a{}", level - 1);
            format!("a{level}: &a{level} {{l{level}: {below}, r{level}: {below}}}\n")
        });
        assert_refused_quickly(&format!("a0: &a0 {{k: v}}\n{}", merges.collect::<String>()), message);
    }

    #[test]
    fn long_texts_cannot_be_repeated_without_limit() {
        let yaml = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), "*a, ".repeat(10_000));
        assert_refused_quickly(&yaml, "anchors and aliases repeat more than 500000 values");
    }

    #[test]
    fn a_list_of_many_small_merges_is_no_bomb() {
        let many = (0..20_000).map(|number| format!("a{number}: 1, "));
        let small = (0..20_000).map(|number| format!("{{b{number}: 1}}, "));
        let yaml = format!(
            "big: &big {{{}}}\nall: {{<<: [{}*big]}}\n",
            many.collect::<String>(),
            small.collect::<String>()
        );
        let start = Instant::now();
        document(yaml).good();
        // A quarter of a second if every entry is looked at once, minutes if they are compared.
        assert!(start.elapsed() < Duration::from_secs(60), "took {:?}", start.elapsed());
    }

    #[test]
    fn depth_is_limited() {
        let message = "document is nested too deeply";
        assert_refused_quickly(&"[".repeat(200_000), message);
        assert_refused_quickly(&"- ".repeat(200_000), message);
        let stairs = (0..200).map(|level| " ".repeat(level) + "a:\n").collect::<String>();
        assert_refused_quickly(&stairs, message);
        let half = format!("{}x{}", "[".repeat(40), "]".repeat(40));
        assert_refused_quickly(
            &format!("a: &a {half}\nb: {}*a{}\n", "[".repeat(40), "]".repeat(40)),
            message,
        );
        let deepest = format!("{}x{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        document(deepest).good();
    }
}
