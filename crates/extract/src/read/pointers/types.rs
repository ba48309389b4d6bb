//! Parameters of functions and fields of structures, in order.

use tree_sitter::Node;

use crate::read::tree::{self, children, declared, field};

/// A field of a structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// The structure or type that it is, or that its elements are.
    pub kind: String,
    /// Whether it is an array.
    pub is_array: bool,
}

/// The names of a function's parameters, in order; those without one are left out only at the end.
#[must_use]
pub fn params(function: Node<'_>) -> Vec<Node<'_>> {
    let mut declarator = field(function, "declarator");
    while let Some(inner) = declarator.filter(|d| d.kind() != "function_declarator") {
        declarator = field(inner, "declarator");
    }
    let params = declarator.and_then(|declarator| field(declarator, "parameters"));
    let params = params.map_or(Vec::new(), children);
    params
        .into_iter()
        .filter_map(|param| match param.kind() {
            // As in K&R C.
            "identifier" => Some(param),
            "parameter_declaration" => {
                let declarator = field(param, "declarator");
                Some(declarator.and_then(declared).unwrap_or(param))
            }
            _ => None,
        })
        .collect()
}

/// The fields of a structure, in order, each with the structure or type that it is.
#[must_use]
pub fn fields(body: Node<'_>, source: &str) -> Vec<Field> {
    let mut all = Vec::new();
    for one in children(body) {
        let kind = field(one, "type").map_or(String::new(), |kind| type_name(kind, source));
        let mut cursor = one.walk();
        for declarator in one.children_by_field_name("declarator", &mut cursor) {
            let name = declared(declarator).map_or("", |name| tree::text(name, source));
            all.push(Field {
                name: name.to_owned(),
                // A list does not go on behind a pointer.
                kind: match tree::has_part(declarator, "pointer_declarator") {
                    true => String::new(),
                    false => kind.clone(),
                },
                is_array: tree::has_part(declarator, "array_declarator"),
            });
        }
    }
    all
}

/// The tag of a structure, or the name of a type.
#[must_use]
pub fn type_name(kind: Node<'_>, source: &str) -> String {
    let inner = match kind.kind() {
        "type_descriptor" => field(kind, "type").unwrap_or(kind),
        _ => kind,
    };
    let name = field(inner, "name").unwrap_or(inner);
    tree::text(name, source).to_owned()
}
