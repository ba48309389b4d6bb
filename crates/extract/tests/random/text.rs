//! The text around random programs: the stub that they are compiled against, what runs them, and
//! helpers that each has.

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
struct req { int nr, flag; struct page *pages[3]; struct semaphore sem; union { struct page *one; struct page *two; } u; };
static unsigned long world; static int made;
static jmp_buf cut;
static unsigned bits(void) { world = world * 6364136223846793005UL + 1442695040888963407UL; return world >> 40; }
static int trues;
static int any(void) { return bits() % 3 == 0 && ++trues <= 4; }
static void tick(void) { printf("tick\n"); }
static int sometimes(void) { return bits() % 4 == 0; }
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

/// What runs a program, with many answers of the world.
pub const RUNNER: &str = r##"
static void run_all(int (*entry)(struct req *, struct page *, struct page *, int))
{
    static volatile int seed; int i;
    printf("program\n");
    hook = take;
    for (seed = 0; seed < 120; seed++) {
        struct page all[8]; struct req r;
        for (i = 0; i < 8; i++) all[i].id = i + 1;
        world = seed * 2654435761UL + 12345; trues = 0; made = 0;
        for (i = 0; i < 5; i++) bits();
        for (i = 0; i < 3; i++) r.pages[i] = &all[i];
        r.nr = bits() % 4; r.flag = bits() & 1; r.sem.id = 52; r.u.one = &all[5];
        outside = bits() % 3; kept = 0;
        printf("run\n");
        if (setjmp(cut)) printf("cut\n");
        else entry(&r, &all[3], &all[4], (int)(bits() % 5) - 1);
    }
}
"##;

/// Helpers that every program has; some are used.
pub const HELPERS: &str = r##"
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
union either { struct page *one; struct page *two; };
struct boxed { int tag; union either in; struct two both; };
static struct two make(struct page *x, int n) { struct two t; t.x = x; t.y.n = n; return t; }
static int use_two(struct two t) { t.y.n++; if (t.y.n > 1) kmap(t.x); return t.y.n; }
static void set_two(struct two *to, struct two from) { *to = from; }
static struct two swapped(struct two t, struct page **p) { struct page *x = t.x; t.x = *p; *p = x; return t; }
static void walk(struct page *x, int n) { if (n <= 0) return; kmap(x); walk(x, n - 1); kunmap(x); }
static int deep(struct semaphore *s, int n) { int got; if (n == 0) return 7; down(s); got = deep(s, n - 1); up(s); return got; }
struct ops { int n; void (*act)(struct page *); };
static const struct ops all_ops[3] = { { 1, take }, { .act = put }, { 2, take } };
#define PUT(p) PUT_IT(p)
#define PUT_IT(p) \
    lock_page(p); /* over
    lines */ unlock_page(p)
"##;
