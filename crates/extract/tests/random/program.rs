//! Random C programs over the operations, the stub that they are compiled against, and what runs
//! them.

use std::fmt::Write;

/// What the program is compiled against: every operation is logged.
pub const STUB: &str = r##"
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#undef NULL
#define NULL ((void *)0)
struct page { int id; };
struct semaphore { int id; };
typedef struct { int id; } spinlock_t;
struct req { int nr, flag; struct page *pages[3]; struct semaphore sem; };
static unsigned long world; static int made;
static jmp_buf cut;
static unsigned bits(void) { world = world * 6364136223846793005UL + 1442695040888963407UL; return world >> 40; }
static int trues;
static int any(void) { return bits() % 3 == 0 && ++trues <= 4; }
static int number(void) { return bits() % 4; }
static char *kmap(struct page *p) { printf("kmap %d\n", p->id); return (char *)p; }
static void kunmap(struct page *p) { printf("kunmap %d\n", p->id); }
static char *kmap_atomic(struct page *p, int t) { printf("kmap_atomic %d\n", p->id); return (char *)p; }
static void kunmap_atomic(char *a, int t) { printf("kunmap_atomic %d\n", ((struct page *)a)->id); }
static void lock_page(struct page *p) { printf("lock_page %d\n", p->id); }
static void unlock_page(struct page *p) { printf("unlock_page %d\n", p->id); }
static int TryLockPage(struct page *p) { int t = bits() & 1; printf("trylock_page %d %d\n", p->id, t); return !t; }
static void down(struct semaphore *s) { printf("down %d\n", s->id); }
static void up(struct semaphore *s) { printf("up %d\n", s->id); }
static void spin_lock(spinlock_t *s) { printf("spin_lock %d\n", s->id); }
static void spin_unlock(spinlock_t *s) { printf("spin_unlock %d\n", s->id); }
#define GFP_KERNEL 1
#define KM_USER0 0
#define KM_USER1 1
#define BUG_ON(c) do { if (c) longjmp(cut, 1); } while (0)
static struct page *alloc_page(int f) {
    struct page *p;
    if (bits() % 4 == 0) return NULL;
    p = malloc(sizeof *p); p->id = 100 + made++; printf("alloc_page %d\n", p->id); return p;
}
static void __free_page(struct page *p) { printf("free_page %d\n", p->id); }
static struct semaphore gate = { 50 }; static spinlock_t glock = { 51 };
"##;

/// What runs the program, with many answers of the world.
pub const MAIN: &str = r##"
int main(void)
{
    static volatile int seed; int i;
    for (seed = 0; seed < 120; seed++) {
        struct page all[8]; struct req r;
        for (i = 0; i < 8; i++) all[i].id = i + 1;
        world = seed * 2654435761UL + 12345; trues = 0; made = 0;
        for (i = 0; i < 5; i++) bits();
        for (i = 0; i < 3; i++) r.pages[i] = &all[i];
        r.nr = bits() % 4; r.flag = bits() & 1; r.sem.id = 52;
        outside = bits() % 3; kept = 0;
        printf("run\n");
        if (setjmp(cut)) printf("cut\n");
        else entry(&r, &all[3], &all[4], (int)(bits() % 5) - 1);
    }
    return 0;
}
"##;

/// Helpers that every program has; some are used.
const HELPERS: &str = r##"
#define PICK(c, x, y) ((c) ? (x) : (y))
#define each_page(i, r) for (i = 0; i < (r)->nr; i++)
#define HOLD(s) do { down(s); } while (0)
enum { NONE, ONE, TWO = 2 };
static int outside;
static struct semaphore locks[3] = { { 60 }, { 61 }, { 62 } };
static struct semaphore *fixed = &locks[1];
static struct semaphore *kept;
static struct page *pick(struct page *x, struct page *y, int c) { if (c) return x; return y; }
static struct semaphore *which(int c) { if (c) return &gate; return &locks[2]; }
static void store(struct semaphore **p, struct semaphore *s) { *p = s; }
static void enter(struct semaphore *s) { down(s); }
static void leave(struct semaphore *s) { up(s); }
static int is_small(int n) { return n <= ONE; }
static void mark(struct req *r, int n) { r->flag = n; }
static void swap(struct page **p, struct page **q) { struct page *t = *p; *p = *q; *q = t; }
static int with_page(struct page *page, int n)
{
    char *addr = kmap(page);
    if (!addr)
        return -5;
    if (n > 1) {
        kunmap(page);
        return 0;
    }
    return 1;
}
static int trylock(struct page *page) { return !TryLockPage(page); }
#define BAIL goto out
#define LEAVE return 3
#define LESS -1
#define CUR (r->pages[0])
#define PUT(p) kunmap(p)
static void put(struct page *page) { PUT(page); }
#undef PUT
#define PUT(p) kmap(p)
#define PASTED(x) do { x ## map(CUR); } while (0)
static void take(struct page *page) { PUT(page); }
static void each(void (*f)(struct page *), struct page *x, struct page *y) { f(x); if (y != x) (*f)(y); }
static void (*hook)(struct page *) = take;
static void (*const table[2])(struct page *) = { take, [1] = put };
struct two { struct page *x; struct { int n; } y; };
#define PUT(p) PUT_IT(p)
#define PUT_IT(p) \
    lock_page(p); /* over
    lines */ unlock_page(p)
"##;

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
        made: 0,
        budget: 10,
    };
    maker.out.push_str(HELPERS);
    maker
        .out
        .push_str("int entry(struct req *r, struct page *a, struct page *b, int x)\n{\n");
    maker
        .out
        .push_str("    struct semaphore *m = &gate;\n    struct page *p = a, *q = b;\n    int i = 0, n = x, err = 0;\n");
    maker.indent = 1;
    for _ in 0..3 + maker.random.below(4) {
        maker.statement(0);
    }
    maker.line("return err;");
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

    fn simple(&mut self) -> String {
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
        match self.random.below(16) {
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
                    true => &["return 2;", "goto out;"],
                    false => &["return 2;", "goto out;", "break;", "continue;"],
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
