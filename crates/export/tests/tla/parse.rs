//! A parser of the part of TLA+ that exports use, junction lists by their columns included.

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    Num(i64),
    Bool(bool),
    Str(String),
    Id(String),
    Prime(String),
    Call(String, Vec<Expr>),
    Not(Box<Expr>),
    Bin(&'static str, Box<Expr>, Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Some(String, Box<Expr>, Box<Expr>),
    All(String, Box<Expr>, Box<Expr>),
    Each(String, Box<Expr>, Box<Expr>),
    Except(Box<Expr>, Vec<(Expr, Expr)>),
    Index(Box<Expr>, Box<Expr>),
    Tuple(Vec<Expr>),
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    Unchanged(Vec<String>),
    Let(Vec<(String, Expr)>, Box<Expr>),
}

/// A module: its variables and its definitions.
#[derive(Debug, Default)]
pub struct Module {
    pub name: String,
    pub variables: Vec<String>,
    pub definitions: Vec<(String, Vec<String>, Expr)>,
}

#[derive(Debug, Clone)]
struct Token {
    text: String,
    column: usize,
}

const SYMBOLS: [&str; 34] = [
    "|->", "/\\", "\\/", "\\A", "\\E", "\\in", "<<", ">>", "==", "..", "<=", ">=", "#", "=", "<",
    ">", "+", "-", "*", "(", ")", "[", "]", "!", ",", ":", "'", "~", "{", "}", ";", "@", "^", "/",
];

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for line in text.lines() {
        if line.starts_with("----") || line.starts_with("====") {
            continue;
        }
        let mut at = 0;
        while at < line.len() {
            let rest = &line[at..];
            if rest.starts_with("\\*") {
                break;
            }
            let first = rest.chars().next().unwrap_or(' ');
            let length = if first == ' ' {
                at += 1;
                continue;
            } else if first.is_ascii_alphanumeric() || first == '_' {
                rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(rest.len())
            } else if first == '"' {
                rest[1..].find('"').expect("a string ends") + 2
            } else {
                (SYMBOLS.iter().find(|s| rest.starts_with(**s)))
                    .unwrap_or_else(|| panic!("an unknown symbol: {rest}"))
                    .len()
            };
            tokens.push(Token {
                text: rest[..length].to_owned(),
                column: at + 1,
            });
            at += length;
        }
    }
    tokens
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    /// What is not to the right of this column ends the expression.
    limit: usize,
}

/// Reads a module.
pub fn module(text: &str) -> Module {
    let mut module = Module::default();
    let head = text.lines().next().unwrap_or("");
    module.name = head.trim_matches(['-', ' ']).replace("MODULE ", "");
    assert!(text.trim_end().ends_with("===="), "a module ends");
    let mut parser = Parser {
        tokens: tokens(text),
        at: 0,
        limit: 0,
    };
    while parser.peek().is_some() {
        let name = parser.next();
        assert_eq!(
            parser.tokens[parser.at - 1].column,
            1,
            "{name} starts a unit"
        );
        parser.limit = 1;
        match name.as_str() {
            "EXTENDS" | "CONSTANT" => {
                while parser.peek().is_some() {
                    parser.next();
                }
            }
            "VARIABLES" => module.variables = parser.list(Parser::next),
            _ => {
                let arguments = if parser.eat("(") {
                    let list = parser.list(Parser::next);
                    parser.expect(")");
                    list
                } else {
                    Vec::new()
                };
                parser.expect("==");
                let body = parser.expr();
                module.definitions.push((name, arguments, body));
            }
        }
        assert_eq!(parser.peek(), None, "left over");
        parser.limit = 0;
    }
    module
}

impl Parser {
    fn peek(&self) -> Option<&str> {
        (self.tokens.get(self.at))
            .filter(|token| token.column > self.limit)
            .map(|token| token.text.as_str())
    }

    fn next(&mut self) -> String {
        let text = self.peek().expect("more").to_owned();
        self.at += 1;
        text
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.peek() == Some(text);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, text: &str) {
        let found = self.next();
        assert_eq!(found, text);
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let mut list = vec![item(self)];
        while self.eat(",") {
            list.push(item(self));
        }
        list
    }

    fn expr(&mut self) -> Expr {
        match self.peek() {
            Some(symbol @ ("/\\" | "\\/")) => {
                let symbol = symbol.to_owned();
                let column = self.tokens[self.at].column;
                let mut items = Vec::new();
                while self.peek() == Some(&symbol) && self.tokens[self.at].column == column {
                    self.at += 1;
                    let outer = std::mem::replace(&mut self.limit, column);
                    items.push(self.expr());
                    self.limit = outer;
                }
                if symbol == "/\\" {
                    Expr::And(items)
                } else {
                    Expr::Or(items)
                }
            }
            _ => self.infix(),
        }
    }

    /// `/\` and `\/` bind alike in TLA+ and may not be mixed without parentheses.
    fn infix(&mut self) -> Expr {
        let mut items = vec![self.comparison()];
        let Some(symbol @ ("/\\" | "\\/")) = self.peek() else {
            return items.remove(0);
        };
        let symbol = symbol.to_owned();
        while self.eat(&symbol) {
            items.push(self.comparison());
        }
        assert!(
            !matches!(self.peek(), Some("/\\" | "\\/")),
            "mixed without parentheses"
        );
        if symbol == "/\\" {
            Expr::And(items)
        } else {
            Expr::Or(items)
        }
    }

    fn comparison(&mut self) -> Expr {
        let left = self.sum();
        for symbol in ["=", "#", "<=", ">=", "<", ">"] {
            if self.eat(symbol) {
                return Expr::Bin(symbol, Box::new(left), Box::new(self.sum()));
            }
        }
        left
    }

    fn sum(&mut self) -> Expr {
        let mut left = self.product();
        loop {
            let symbol = match self.peek() {
                Some("+") => "+",
                Some("-") => "-",
                Some("..") => "..",
                _ => return left,
            };
            self.at += 1;
            left = Expr::Bin(symbol, Box::new(left), Box::new(self.product()));
        }
    }

    fn product(&mut self) -> Expr {
        let mut left = self.postfix();
        while self.eat("*") {
            left = Expr::Bin("*", Box::new(left), Box::new(self.postfix()));
        }
        left
    }

    fn postfix(&mut self) -> Expr {
        let mut left = self.atom();
        loop {
            if self.eat("'") {
                let Expr::Id(name) = left else {
                    panic!("only variables are primed");
                };
                left = Expr::Prime(name);
            } else if self.eat("[") {
                left = Expr::Index(Box::new(left), Box::new(self.expr()));
                self.expect("]");
            } else {
                return left;
            }
        }
    }

    fn bound(&mut self) -> (String, Box<Expr>) {
        let name = self.next();
        self.expect("\\in");
        (name, Box::new(self.sum()))
    }

    fn atom(&mut self) -> Expr {
        let token = self.next();
        match token.as_str() {
            "TRUE" => Expr::Bool(true),
            "FALSE" => Expr::Bool(false),
            "~" => Expr::Not(Box::new(self.postfix())),
            "(" => {
                let inner = self.expr();
                self.expect(")");
                inner
            }
            "\\E" | "\\A" => {
                let (name, set) = self.bound();
                self.expect(":");
                let body = Box::new(self.expr());
                if token == "\\E" {
                    Expr::Some(name, set, body)
                } else {
                    Expr::All(name, set, body)
                }
            }
            "IF" => {
                let condition = Box::new(self.expr());
                self.expect("THEN");
                let then = Box::new(self.expr());
                self.expect("ELSE");
                Expr::If(condition, then, Box::new(self.expr()))
            }
            "LET" => {
                let mut definitions = Vec::new();
                while !self.eat("IN") {
                    let name = self.next();
                    self.expect("==");
                    definitions.push((name, self.expr()));
                }
                Expr::Let(definitions, Box::new(self.expr()))
            }
            "<<" => {
                let list = self.list(Parser::expr);
                self.expect(">>");
                Expr::Tuple(list)
            }
            "UNCHANGED" => {
                if !self.eat("<<") {
                    return Expr::Unchanged(vec![self.next()]);
                }
                let list = self.list(Parser::next);
                self.expect(">>");
                Expr::Unchanged(list)
            }
            "[" => self.function(),
            _ if token.starts_with('"') => Expr::Str(token.trim_matches('"').to_owned()),
            _ if token.starts_with(|c: char| c.is_ascii_digit()) => {
                Expr::Num(token.parse().expect("a number"))
            }
            _ if token.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                if self.eat("(") {
                    let arguments = self.list(Parser::expr);
                    self.expect(")");
                    Expr::Call(token, arguments)
                } else {
                    Expr::Id(token)
                }
            }
            _ => panic!("an expression cannot start with {token}"),
        }
    }

    /// `[x \in S |-> e]` or `[f EXCEPT ![i] = e, ...]`.
    fn function(&mut self) -> Expr {
        let is_each = (self.tokens.get(self.at + 1)).is_some_and(|t| t.text == "\\in");
        let function = if is_each {
            let (name, set) = self.bound();
            self.expect("|->");
            Expr::Each(name, set, Box::new(self.expr()))
        } else {
            let base = Box::new(self.expr());
            self.expect("EXCEPT");
            let changes = self.list(|parser| {
                parser.expect("!");
                parser.expect("[");
                let index = parser.expr();
                parser.expect("]");
                parser.expect("=");
                (index, parser.expr())
            });
            Expr::Except(base, changes)
        };
        self.expect("]");
        function
    }
}
