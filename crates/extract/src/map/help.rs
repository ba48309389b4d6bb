//! What a mapping file can say, for a terminal.

/// The example of [`help`], a mapping file itself.
pub const EXAMPLE: &str = r#"{
  "name": "my-driver",
  // The series of a map that names none.
  "series": "BUFFERS",
  "ops": {
    // Argument 0 is the page; the result is never null.
    "buf_get": { "op": "kmap", "page": 0, "returns": "nonnull" },
    "buf_put": { "op": "kunmap", "page": 0 },
    // Returns 1 if it has the lock.
    "dev_trylock": { "op": "down_trylock", "lock": 0, "taken": 1 },
    // May be interrupted: then it returns -4 and has nothing.
    "dev_lock_intr": { "op": "down", "lock": 0, "returns": "zero", "else": -4 },
    // Two things in order.
    "dev_swap": [{ "op": "up", "lock": 0 }, { "op": "down", "lock": 1 }],
    "dev_wait": { "op": "wait_for_completion", "completion": 0 }
  },
  "sleeps": ["dev_flush"],
  "pointers": { "complete_io": "my_complete" },
  "refused": { "dev_barrier": "say with a stub whom it waits for" }
}
"#;

/// Each field, and what it says.
pub const FIELDS: [(&str, &str); 29] = [
    (
        "name",
        "what the file is called; the only field that must be there",
    ),
    ("about", "for people"),
    (
        "$schema",
        "for editors: `kmapcheck schema c-mapping` prints the schema",
    ),
    ("model", "the model that scenarios run on"),
    ("series", "the series of a map that names none"),
    ("defines", "names that `#if` and `#ifdef` take as defined"),
    ("constants", "numbers that names stand for"),
    (
        "qualifiers",
        "words that are left out before parsing, such as `__init`",
    ),
    (
        "fair_rwsems",
        "true: a writer who waits for a reader-writer semaphore holds new readers back",
    ),
    (
        "ops",
        "what functions do: one operation, or a list of them in order",
    ),
    (
        "returns",
        "what functions return that do nothing else: zero, nonnull, address, null, error, unknown",
    ),
    (
        "pure",
        "functions whose result depends on their arguments only",
    ),
    ("sleeps", "functions that may sleep"),
    (
        "atomic",
        "functions after which sleep is forbidden; not followed, and said not to be",
    ),
    (
        "sleeps_by_flags",
        "functions that may sleep unless the argument of this number is one of `nowait`",
    ),
    ("nowait", "allocation flags that forbid sleep"),
    (
        "stop",
        "functions not to look into: they give back what they take",
    ),
    (
        "follow",
        "functions of which earlier files say something: read all the same",
    ),
    ("ends", "functions after which nothing is followed: `BUG`"),
    (
        "ends_if",
        "functions that end the path if their argument is true: `BUG_ON`",
    ),
    (
        "same",
        "functions that return their first argument: `likely`",
    ),
    (
        "is_error",
        "functions that ask whether their argument is an error pointer",
    ),
    (
        "is_error_or_null",
        "functions that ask whether it is null or an error pointer",
    ),
    (
        "counts",
        "what initialises semaphores and pools, and with which number",
    ),
    (
        "own",
        "variables outside of functions that each task has its own of: `current`",
    ),
    (
        "pointers",
        "what a field of an operations table points to: a function, `pure` or `sleeps`",
    ),
    (
        "contracts",
        "what the caller of an entry has done before (`enters`) and does afterwards (`leaves`)",
    ),
    (
        "user_copy",
        "copies from and to user memory, and what a fault in one does, as steps",
    ),
    (
        "refused",
        "functions that cannot be expressed, each with what to do about it",
    ),
];

/// What an operation in `ops` says.
pub const OPERATION: [(&str, &str); 21] = [
    ("op", "the operation, or `none`"),
    (
        "page",
        "the number of the argument that is the page; arguments count from 0",
    ),
    (
        "address",
        "the argument that is an address in a mapped page",
    ),
    (
        "table",
        "the argument that points to what belongs to the page",
    ),
    ("lock", "the argument that is the lock"),
    (
        "lock_name",
        "the lock where no argument names it: one for all tasks",
    ),
    ("pool", "the argument that is the pool"),
    ("completion", "the argument that is the completion"),
    ("result", "true: the page is what the function returns"),
    (
        "param",
        "in contracts: the name of the parameter that it is about",
    ),
    (
        "units",
        "how many units the semaphore always has: 1 of a mutex",
    ),
    ("type", "the argument that is the type of an atomic map"),
    ("type_name", "that type, where there is only one"),
    ("series", "the series of a map"),
    ("flags", "the argument with the allocation flags"),
    ("returns", "what the function returns: as above"),
    (
        "taken",
        "what a try returns if it has taken something; else 0, or 1 if this is 0",
    ),
    (
        "else",
        "what the function returns if it does nothing at all, which it may",
    ),
    ("sleeps", "true: it may sleep besides"),
    (
        "section",
        "what it is from `forbid_sleep` to `allow_sleep`, or from `enter` to `leave`, in a word: `rcu`",
    ),
    (
        "hands_over",
        "to whom the page or lock goes: it is given back here",
    ),
];

/// What a mapping file can say: each field, each operation, an example.
#[must_use]
pub fn help() -> String {
    let mut text = String::from(
        "A mapping file says what the functions of a code base mean. It is JSON with comments. Give it\n\
         with `--map FILE`, after the one that it adds to: later ones win, function by function.\n\n\
         Fields:\n",
    );
    let rows = |text: &mut String, rows: &[(&str, &str)]| {
        for (name, about) in rows {
            text.push_str(&format!("  {name:<17} {about}\n"));
        }
    };
    rows(&mut text, &FIELDS);
    text.push_str("\nAn operation in \"ops\":\n");
    rows(&mut text, &OPERATION);
    text.push_str("\nOperations:\n");
    let mut line = String::from(" ");
    for name in super::file::operations() {
        if line.len() + name.len() > 90 {
            text.push_str(&line);
            text.push('\n');
            line = String::from(" ");
        }
        line.push(' ');
        line.push_str(name);
    }
    text.push_str(&line);
    text.push_str("\n\nShipped: ");
    text.push_str(&super::shipped::names().join(", "));
    text.push_str("\n\nExample:\n");
    text.push_str(EXAMPLE);
    text
}
