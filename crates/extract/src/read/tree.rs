//! tree-sitter: parsing within limits, and asking a syntax tree.

use std::ops::ControlFlow;

use kmapcheck_limits::{ask, reached};
use tree_sitter::{Node, ParseOptions, Parser, Tree};

/// The syntax tree of C text. It always comes to one: what does not parse is a node of its own.
#[must_use]
pub fn parse(text: &str) -> Tree {
    ask();
    let mut parser = Parser::new();
    (parser.set_language(&tree_sitter_c::LANGUAGE.into())).expect("the grammar fits the parser");
    let mut progress = |_: &_| match reached() {
        Some(_) => ControlFlow::Break(()),
        None => ControlFlow::Continue(()),
    };
    let bytes = text.as_bytes();
    let options = ParseOptions::new().progress_callback(&mut progress);
    let tree = parser.parse_with_options(
        &mut |at, _| bytes.get(at..).unwrap_or_default(),
        None,
        Some(options),
    );
    ask();
    tree.expect("a parse ends unless a limit is reached")
}

/// The named children, without comments.
pub fn children<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    (node.named_children(&mut cursor))
        .filter(|child| child.kind() != "comment")
        .collect()
}

/// The child in a field.
pub fn field<'t>(node: Node<'t>, name: &str) -> Option<Node<'t>> {
    node.child_by_field_name(name)
}

/// The text of a node.
#[must_use]
pub fn text<'s>(node: Node<'_>, source: &'s str) -> &'s str {
    source.get(node.byte_range()).unwrap_or_default()
}

/// The line of a node, from 1.
#[must_use]
pub fn line(node: Node<'_>) -> usize {
    node.start_position().row + 1
}

/// The name that a declarator declares.
pub fn declared<'t>(declarator: Node<'t>) -> Option<Node<'t>> {
    let mut at = declarator;
    loop {
        match at.kind() {
            "identifier" | "field_identifier" | "type_identifier" => return Some(at),
            _ => {
                at = match field(at, "declarator") {
                    Some(inner) => inner,
                    None => children(at).into_iter().find(|child| {
                        child.kind() == "identifier" || child.kind().ends_with("declarator")
                    })?,
                }
            }
        }
    }
}

/// Whether a declarator declares a function, and no pointer to one: the name is called at once.
#[must_use]
pub fn is_prototype(declarator: Node<'_>) -> bool {
    let (mut at, mut is_called) = (Some(declarator), false);
    while let Some(node) = at {
        match node.kind() {
            "function_declarator" => is_called = true,
            "pointer_declarator" | "array_declarator" => is_called = false,
            _ => {}
        }
        at = field(node, "declarator").or_else(|| {
            let inner = children(node)
                .into_iter()
                .find(|child| child.kind().ends_with("declarator"));
            inner.filter(|_| node.kind() == "parenthesized_declarator")
        });
    }
    is_called
}

/// Whether a node of this kind, somewhere in a declaration, has the word.
#[must_use]
pub fn mentions(root: Node<'_>, source: &str, kind: &str, word: &str) -> bool {
    // Almost none does.
    if !text(root, source).contains(word) {
        return false;
    }
    let mut does = false;
    walk(root, |node| {
        does |= node.kind() == kind && text(node, source).contains(word);
        !does
    });
    does
}

/// Whether a declarator has a part of this kind around its name.
#[must_use]
pub fn has_part(declarator: Node<'_>, kind: &str) -> bool {
    let mut at = Some(declarator);
    while let Some(node) = at {
        if node.kind() == kind {
            return true;
        }
        at = field(node, "declarator");
    }
    false
}

/// All nodes below `root` and itself, in order, without recursion; `into` says whether to look below
/// a node.
pub fn walk<'t>(root: Node<'t>, mut into: impl FnMut(Node<'t>) -> bool) {
    let mut cursor = root.walk();
    loop {
        if into(cursor.node()) && cursor.goto_first_child() {
            continue;
        }
        loop {
            if cursor.node() == root {
                return;
            }
            if cursor.goto_next_sibling() {
                break;
            }
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}
