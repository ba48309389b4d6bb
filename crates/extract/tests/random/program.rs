//! Random C programs over the operations.

use std::fmt::Write;

use crate::text::HELPERS;

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn of_pair<'t>(&mut self, all: &[(&'t str, &'t str)]) -> (&'t str, &'t str) {
        let n = self.below(all.len() as u64);
        all[usize::try_from(n).expect("it is small")]
    }

    fn of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        let n = self.below(all.len() as u64);
        all[usize::try_from(n).expect("it is small")]
    }
}

struct Maker {
    random: Random,
    out: String,
    indent: usize,
    /// Loops that are open, by their index variable if they have one.
    loops: Vec<Option<String>>,
    /// Whether there is a loop of many rounds: two within one another have too many states.
    has_many: bool,
    /// Variables so far.
    made: usize,
    budget: u32,
}

/// A program of this seed.
pub fn random(seed: u64) -> String {
    let mut maker = Maker {
        random: Random(seed),
        out: String::new(),
        indent: 0,
        loops: Vec::new(),
        has_many: false,
        made: 0,
        budget: 10,
    };
    maker.out.push_str(HELPERS);
    maker
        .out
        .push_str("int entry(struct req *r, struct page *a, struct page *b, int x)\n{\n");
    maker
        .out
        .push_str("    struct semaphore *m = &gate;\n    struct page *p = a, *q = b;\n    int i = 0, n = x, err = 0;\n    struct two t = { a, { 1 } }, t2 = t; union either u; struct boxed box; struct page **pp = &p;\n    u.one = b; box.tag = 0; box.in = u; box.both = t;\n");
    maker.indent = 1;
    for _ in 0..3 + maker.random.below(4) {
        maker.statement(0);
    }
    maker.line("return err;");
    maker.out.push_str("out2:\n");
    maker.line("kunmap(q);");
    maker.out.push_str("out:\n");
    maker.line("kunmap(p);");
    maker.line("return -1;");
    maker.out.push_str("}\n");
    maker.out
}

impl Maker {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{}{text}", "    ".repeat(self.indent));
    }

    fn number(&mut self) -> String {
        match self.random.below(9) {
            0 => "x".to_owned(),
            1 => "n".to_owned(),
            2 => "r->nr".to_owned(),
            3 => "r->flag".to_owned(),
            4 => "outside".to_owned(),
            5 => "(n & 1)".to_owned(),
            6 => "TWO".to_owned(),
            7 => "number()".to_owned(),
            _ => self.random.below(3).to_string(),
        }
    }

    fn condition(&mut self, depth: u32) -> String {
        match self.random.below(if depth > 1 { 7 } else { 10 }) {
            0 => "any()".to_owned(),
            1 => format!("is_small({})", self.number()),
            2 => "r->flag".to_owned(),
            3 => "p == q".to_owned(),
            4..=6 => {
                let op = self.random.of(&["<", "<=", "==", "!=", ">", ">="]);
                format!("{} {op} {}", self.number(), self.number())
            }
            7 => format!("!({})", self.condition(depth + 1)),
            n => {
                let op = if n == 8 { "&&" } else { "||" };
                format!(
                    "({}) {op} ({})",
                    self.condition(depth + 1),
                    self.condition(depth + 1)
                )
            }
        }
    }

    fn page(&mut self) -> String {
        let index = self.loops.iter().rev().flatten().next().cloned();
        match (self.random.below(9), index) {
            (0 | 1, _) => "a".to_owned(),
            (2, _) => "b".to_owned(),
            (3 | 4, _) => "p".to_owned(),
            (5, _) => "q".to_owned(),
            (6, _) => {
                let condition = self.condition(2);
                format!("pick(p, b, {condition})")
            }
            (_, Some(index)) => format!("r->pages[{index}]"),
            (_, None) => format!("r->pages[{}]", self.random.below(3)),
        }
    }

    /// The address of a lock.
    fn lock(&mut self) -> String {
        let index = self.loops.iter().rev().flatten().next().cloned();
        match (self.random.below(10), index) {
            (0 | 1, _) => "m".to_owned(),
            (2, _) => "&gate".to_owned(),
            (3, _) => "&r->sem".to_owned(),
            (4, _) => "fixed".to_owned(),
            (5, _) => {
                let condition = self.condition(2);
                format!("which({condition})")
            }
            (6, _) => "&locks[n & 1]".to_owned(),
            (7, _) => "(kept ? kept : m)".to_owned(),
            (_, Some(index)) => format!("&locks[{index}]"),
            (_, None) => format!("locks + {}", self.random.below(3)),
        }
    }

    /// What has to do with structures and unions by value, pointers to pointers, tables, recursion.
    fn by_value(&mut self) -> String {
        let (page, number) = (self.page(), self.number());
        match self.random.below(16) {
            0 => format!("t.x = {page};"),
            1 => format!("t2 = make({page}, {number});"),
            2 => format!("p = make({page}, {number}).x;"),
            3 => format!("u.one = {page};"),
            4 => format!("r->u.two = {page};"),
            5 => format!("box.in.two = {page};"),
            6 => format!("*pp = {page};"),
            7 => format!("walk({page}, n & 1);"),
            8 => format!("all_ops[n & 1].act({page});"),
            9 => format!("all_ops[{}].act({page});", self.random.below(3)),
            10 => {
                let lock = self.lock();
                format!("err = deep({lock}, {});", self.random.below(3))
            }
            _ => self
                .random
                .of(&[
                    "t = t2;",
                    "t2 = t;",
                    "kmap(t2.x);",
                    "kunmap(t2.x);",
                    "kmap(t.x);",
                    "kunmap(t.x);",
                    "err = use_two(t);",
                    "set_two(&t2, t);",
                    "t = swapped(t2, &p);",
                    "t = swapped(t, pp);",
                    "n = t.y.n;",
                    "p = u.two;",
                    "kmap(u.two);",
                    "kunmap(u.one);",
                    "q = r->u.one;",
                    "kmap(r->u.two);",
                    "kunmap(r->u.one);",
                    "box.in = u;",
                    "u = box.in;",
                    "box.both = t;",
                    "t = box.both;",
                    "kunmap(box.in.one);",
                    "pp = any() ? &p : &q;",
                    "pp = &t.x;",
                    "kmap(*pp);",
                    "kunmap(*pp);",
                ])
                .to_owned(),
        }
    }

    fn simple(&mut self) -> String {
        if self.random.below(4) == 0 {
            return self.by_value();
        }
        let page = self.page();
        match self.random.below(38) {
            30..=32 => format!("down({});", self.lock()),
            33 | 34 => format!("up({});", self.lock()),
            35 => format!("m = {};", self.lock()),
            36 => format!("store(&m, {});", self.lock()),
            37 => format!("kept = {};", self.lock()),
            0..=3 => format!("kmap({page});"),
            4..=7 => format!("kunmap({page});"),
            8 => format!("lock_page({page});"),
            9 => format!("unlock_page({page});"),
            10 => "down(&r->sem);".to_owned(),
            11 => "up(&r->sem);".to_owned(),
            12 => "enter(&gate);".to_owned(),
            13 => "leave(&gate);".to_owned(),
            14 => self
                .random
                .of(&["spin_lock(&glock);", "spin_unlock(&glock);", "HOLD(&gate);"])
                .to_owned(),
            15 => format!("p = {page};"),
            16 => {
                let condition = self.condition(2);
                format!("q = PICK({condition}, {page}, q);")
            }
            17 => format!(
                "n = {} {} {};",
                self.number(),
                self.random.of(&["+", "-"]),
                self.number()
            ),
            18 => format!("mark(r, {});", self.number()),
            19 => "swap(&p, &q);".to_owned(),
            20 => format!("err = with_page({page}, {});", self.number()),
            21 => {
                let function = self.random.of(&["take", "put"]);
                format!("each({function}, {page}, b);")
            }
            22 => format!("(any() ? take : put)({page});"),
            23 => format!("hook({page});"),
            24 => format!("table[n > 1]({page});"),
            25 => format!("PUT({page});"),
            26 => format!(
                "{{ struct two t = {{ {page}, {{ with_page({page}, {}) }} }}; err = t.y.n; p = t.x; }}",
                self.number()
            ),
            27 => {
                let condition = self.condition(2);
                let jump = self.random.of(&["BAIL", "LEAVE"]);
                format!("if ({condition}) {jump};")
            }
            _ => self
                .random
                .of(&[
                    "n++;",
                    "outside = n;",
                    "r->flag = !r->flag;",
                    "n = any() ? 1 : n;",
                    "x -= n;",
                    "n = 2 LESS;",
                    "hook = any() ? take : put;",
                    "PASTED(k);",
                    "PASTED(kun);",
                    "p = CUR;",
                ])
                .to_owned(),
        }
    }

    fn block(&mut self, depth: u32) {
        self.indent += 1;
        for _ in 0..1 + self.random.below(3) {
            self.statement(depth + 1);
        }
        self.indent -= 1;
    }

    fn statement(&mut self, depth: u32) {
        if depth > 2 || self.budget == 0 {
            let simple = self.simple();
            return self.line(&simple);
        }
        self.budget -= 1;
        match self.random.below(20) {
            16 if !std::mem::replace(&mut self.has_many, true) => self.many_rounds(depth),
            17 => self.other_loop(depth),
            0..=2 => {
                let condition = self.condition(0);
                self.line(&format!("if ({condition}) {{"));
                self.block(depth);
                if self.random.below(2) == 0 {
                    self.line("} else {");
                    self.block(depth);
                }
                self.line("}");
            }
            3 => self.counted(depth),
            4 => {
                self.line("while (any()) {");
                self.looped(depth, None);
            }
            5 => {
                let page = self.page();
                let call = self.random.of(&["!TryLockPage", "trylock"]);
                self.line(&format!("if ({call}({page})) {{"));
                self.block(depth);
                self.line("}");
            }
            6 => self.atomic(depth),
            7 => self.allocated(depth),
            8 => {
                let jumps: &[&str] = match self.loops.is_empty() {
                    true => &["return 2;", "goto out;", "goto out2;"],
                    false => &[
                        "return 2;",
                        "goto out;",
                        "goto out2;",
                        "break;",
                        "continue;",
                    ],
                };
                let (condition, jump) = (self.condition(0), self.random.of(jumps));
                self.line(&format!("if ({condition})"));
                self.line(&format!("    {jump}"));
            }
            9 => self.switch(depth),
            10 => {
                let condition = self.condition(1);
                self.line(&format!("BUG_ON({condition});"));
            }
            _ => {
                let simple = self.simple();
                self.line(&simple);
            }
        }
    }

    fn looped(&mut self, depth: u32, index: Option<String>) {
        self.loops.push(index);
        self.block(depth);
        self.loops.pop();
        self.line("}");
    }

    fn counted(&mut self, depth: u32) {
        self.made += 1;
        let index = format!("i{}", self.made);
        self.line("{");
        self.line(&format!("int {index};"));
        match self.random.below(3) {
            0 => self.line(&format!(
                "for ({index} = 0; {index} < {}; {index}++) {{",
                1 + self.made % 3
            )),
            1 => self.line(&format!("each_page({index}, r) {{")),
            _ => self.line(&format!("for ({index} = r->nr; {index}-- > 0; ) {{")),
        }
        self.looped(depth, Some(index));
        self.line("}");
    }

    /// A loop of so many rounds that not each is followed by itself, with something undecided in each.
    fn many_rounds(&mut self, depth: u32) {
        self.made += 1;
        let index = format!("m{}", self.made);
        let rounds = [9, 20, 90][usize::try_from(self.random.below(3)).expect("it is small")];
        self.line("{");
        self.line(&format!("int {index} = 0;"));
        let is_do = self.random.below(3) == 0;
        match is_do {
            true => self.line("do {"),
            false => self.line(&format!("for (; {index} < {rounds}; {index}++) {{")),
        }
        self.loops.push(None);
        self.indent += 1;
        self.line("tick();");
        match self.random.below(3) {
            0 => self.line("if (sometimes()) continue;"),
            1 => {
                let jump = self
                    .random
                    .of(&["return 4;", "goto out;", "goto out2;", "break;"]);
                self.line(&format!("if (bits() % 64 == 0) {jump}"));
            }
            _ => {
                let (first, last) = self.random.of_pair(&[
                    ("down(m);", "up(m);"),
                    ("kmap(a);", "kunmap(a);"),
                    ("spin_lock(&glock);", "spin_unlock(&glock);"),
                    ("n++;", "r->flag = n;"),
                    ("p = q;", "q = b;"),
                ]);
                self.line(&format!("if (sometimes()) {{ {first} {last} }}"));
            }
        }
        self.indent -= 1;
        // What each round takes and does not give back is taken more often than is followed.
        match self.random.below(6) {
            0 => self.block(depth),
            1 => self.line("p = any() ? a : q;"),
            2 => self.line("kmap(p); kunmap(p);"),
            3 => self.line("if (n > 3) { err = use_two(t); kunmap(t.x); }"),
            4 => self.line("t = make(q, n); lock_page(t.x); unlock_page(q);"),
            _ => {}
        }
        self.loops.pop();
        match is_do {
            true => self.line(&format!("}} while (++{index} < {rounds});")),
            false => self.line("}"),
        }
        self.line("}");
    }

    /// A loop that begins with its body, ends in its middle, or is made of jumps.
    fn other_loop(&mut self, depth: u32) {
        self.made += 1;
        let label = format!("again{}", self.made);
        match self.random.below(3) {
            0 => {
                self.line("do {");
                self.loops.push(None);
                self.block(depth);
                self.loops.pop();
                self.line("} while (any());");
            }
            1 => {
                self.line("for (;;) {");
                self.line("    if (!any()) break;");
                self.looped(depth, None);
            }
            _ => {
                self.line(&format!("{label}:"));
                let loops = std::mem::take(&mut self.loops);
                self.block(depth);
                self.loops = loops;
                self.line(&format!("if (any()) goto {label};"));
            }
        }
    }

    fn atomic(&mut self, depth: u32) {
        self.made += 1;
        let (address, page) = (format!("ka{}", self.made), self.page());
        let kind = if depth == 0 { "KM_USER0" } else { "KM_USER1" };
        self.line("{");
        self.line(&format!("char *{address} = kmap_atomic({page}, {kind});"));
        let loops = std::mem::take(&mut self.loops);
        self.block(depth);
        self.loops = loops;
        self.line(&format!("kunmap_atomic({address}, {kind});"));
        self.line("}");
    }

    fn allocated(&mut self, depth: u32) {
        self.made += 1;
        let page = format!("new{}", self.made);
        self.line("{");
        self.line(&format!("struct page *{page} = alloc_page(GFP_KERNEL);"));
        self.line(&format!("if ({page}) {{"));
        let loops = std::mem::take(&mut self.loops);
        self.block(depth);
        self.loops = loops;
        self.line(&format!("    __free_page({page});"));
        self.line("}");
        self.line("}");
    }

    fn switch(&mut self, depth: u32) {
        let number = self.number();
        self.line(&format!("switch ({number}) {{"));
        let loops = std::mem::take(&mut self.loops);
        for case in ["case 0:", "case ONE:", "case 2 ... 3:", "default:"] {
            if self.random.below(3) > 0 {
                self.line(case);
                self.block(depth);
                if self.random.below(3) > 0 {
                    self.line("    break;");
                }
            }
        }
        self.loops = loops;
        self.line("}");
    }
}
