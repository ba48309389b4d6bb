//! `kmapcheck extract --scan`: a small tree of C with one of everything.
#![cfg(feature = "extract")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{exits, sarif_schema};
use kmapcheck_testing::schema::assert_fits;
use serde_json::Value;

/// Two entries that take two locks in two orders, the one through a helper.
const OPEN: &str = "\
struct semaphore dev_lock;
struct semaphore table_lock;

void setup(void)
{
	init_MUTEX(&dev_lock);
	init_MUTEX(&table_lock);
}

static void note_use(int n)
{
	down(&table_lock);
	count(n);
	up(&table_lock);
}

int dev_open(int n)
{
	down(&dev_lock);
	if (n)
		note_use(n);
	up(&dev_lock);
	return 0;
}
";

const WALK: &str = "\
extern struct semaphore dev_lock;
extern struct semaphore table_lock;

int table_walk(int n)
{
	down(&table_lock);
	while (n--) {
		down(&dev_lock);
		show(n);
		up(&dev_lock);
	}
	up(&table_lock);
	return 0;
}
";

/// Two slots at once: one task alone is clean.
const COPY: &str = "\
int copy_page(struct page *from, struct page *to)
{
	char *a = kmap(from);
	char *b = kmap(to);

	memcpy(b, a, 4096);
	kunmap(to);
	kunmap(from);
	return 0;
}
";

const CLEAN: &str = "\
static spinlock_t lock;

int clean(struct page *page)
{
	char *p = kmap(page);
	int first = p[0];

	kunmap(page);
	spin_lock(&lock);
	first++;
	spin_unlock(&lock);
	return first;
}
";

const WAITS: &str = "\
int waits(void)
{
	leave_nothing_but(1);
	asm volatile(\"1: \" : : : \"memory\");
	kmap_in(KMAP_OF);
	goto *next;
	return kmap(0);
}
";

/// Callbacks: one keeps its map if the page is empty; one is called with the page locked, and unlocks
/// it. And a function that nobody can call.
const OPS: &str = "\
static int drv_read(struct file *file, struct page *page)
{
	char *p = kmap(page);
	if (!p[0])
		return -5;
	kunmap(page);
	return 0;
}

static int drv_put(struct page *page)
{
	unlock_page(page);
	return 0;
}

static void never(struct page *page)
{
	kmap(page);
}

static struct file_operations drv_ops = {
	read: drv_read,
	put: drv_put,
};
";

/// A folder of its own with these files.
fn tree(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&root);
    for (file, text) in files {
        let path = root.join(file);
        fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    }
    root
}

fn whole(name: &str) -> PathBuf {
    let files = [
        ("open.c", OPEN),
        ("walk.c", WALK),
        ("copy.c", COPY),
        ("clean.c", CLEAN),
        ("sub/waits.c", WAITS),
        ("sub/ops.c", OPS),
        ("sub/notes.txt", "no C"),
    ];
    tree(name, &files)
}

fn scan(root: &Path, more: &[&str], code: i32) -> String {
    let root = root.display().to_string();
    let args = [&["extract", "--scan", &root][..], more].concat();
    exits(&args, code).0
}

fn json(root: &Path, more: &[&str], code: i32) -> Value {
    let out = scan(root, &[more, &["--format", "json"]].concat(), code);
    let value = serde_json::from_str(&out).expect("it is JSON");
    assert_fits("scan", &value);
    value
}

/// Kind, severity and functions of each alarm.
fn alarms(of: &Value) -> Vec<(String, String, Vec<String>)> {
    let alarms = of["check"]["alarms"].as_array().expect("it was checked");
    let text = |value: &Value| value.as_str().expect("it is text").to_owned();
    let functions = |alarm: &Value| {
        let entries = alarm["entries"].as_array().expect("there are some");
        entries.iter().map(|of| text(&of["function"])).collect()
    };
    (alarms.iter())
        .map(|alarm| {
            (
                text(&alarm["kind"]),
                text(&alarm["severity"]),
                functions(alarm),
            )
        })
        .collect()
}

fn alarm(kind: &str, severity: &str, functions: &[&str]) -> (String, String, Vec<String>) {
    let functions = functions.iter().map(|name| (*name).to_owned()).collect();
    (kind.to_owned(), severity.to_owned(), functions)
}

#[test]
fn entries_and_what_they_need() {
    let root = whole("scan-needs");
    let all = json(&root, &[], 0);
    assert_eq!(all["files"], 6);
    assert!(all.get("check").is_none());
    let entries = all["entries"].as_array().expect("there are some");
    let of = |name: &str| {
        let found = entries.iter().find(|entry| entry["function"] == name);
        found.unwrap_or_else(|| panic!("{name} is no entry"))
    };
    let names: Vec<&str> = (entries.iter())
        .filter_map(|entry| entry["function"].as_str())
        .collect();
    // In the order of files and lines. Whoever is called is none, and who cannot be called is none.
    assert_eq!(
        names,
        [
            "clean",
            "copy_page",
            "dev_open",
            "drv_read",
            "drv_put",
            "waits",
            "table_walk"
        ]
    );
    assert_eq!(of("copy_page")["needs"]["pools"]["PKMAP"]["number"], 2);
    assert_eq!(of("clean")["needs"]["pools"]["PKMAP"]["number"], 1);
    assert_eq!(of("clean")["needs"]["shared"][0], "lock");
    let order = serde_json::json!([["dev_lock", "table_lock"]]);
    assert_eq!(of("dev_open")["needs"]["orders"], order);
    assert_eq!(of("drv_read")["fields"][0], ".read");
    assert_eq!(of("drv_put")["needs"]["lent"]["page"]["op"], "unlock_page");
    assert_eq!(of("waits")["outcome"], "refused");
    let text = scan(&root, &[], 0);
    assert!(text.contains("2 PKMAP; own from to"), "{text}");
    assert!(text.contains("called with page"), "{text}");
    let table = scan(&root, &["--format", "markdown"], 0);
    assert!(table.contains("| copy\\_page |"), "{table}");
}

#[test]
fn alarms_by_severity() {
    let root = whole("scan-alarms");
    let all = json(&root, &["--check", "--pairs"], 1);
    assert_eq!(
        alarms(&all),
        [
            alarm("deadlock", "error", &["dev_open", "table_walk"]),
            alarm("slot-leak", "error", &["drv_read"]),
            alarm("several-slots", "warning", &["copy_page"]),
        ]
    );
    // The smallest part: each takes its two locks, and nothing else.
    let first = &all["check"]["alarms"][0];
    for task in 0..2 {
        let program = first["tasks"][task]["program"].as_array();
        assert_eq!(program.map(Vec::len), Some(2), "{first:#}");
    }
    // It is a scenario by itself.
    let part = common::scratch("scan-part.json", &first["scenario"].to_string());
    let (out, _) = exits(&["check", &part], 1);
    assert!(out.contains("deadlock"), "{out}");
    // Without pairs nobody meets another.
    let alone = json(&root, &["--check"], 1);
    assert_eq!(alarms(&alone)[0].0, "slot-leak");
    // With as many slots as that, two slots at once are a deadlock.
    let few = json(&root, &["--check", "--slots", "PKMAP=2"], 1);
    assert!(
        alarms(&few).contains(&alarm("deadlock", "error", &["copy_page"])),
        "{few:#}"
    );
}

/// The same bytes, on one thread and on several.
#[test]
fn threads_change_nothing() {
    let root = whole("scan-threads");
    let of = |threads| scan(&root, &["--check", "--pairs", "--threads", threads], 1);
    assert_eq!(of("1"), of("3"));
}

#[test]
fn judged_alarms_are_found_again_after_lines_moved() {
    let root = whole("scan-baseline");
    let file = common::fresh("scan-baseline.json");
    let check = ["--check", "--pairs", "--baseline", &file];
    let missing = scan(&root, &check, 2);
    assert_eq!(missing, "");
    // Written, but not judged: they are told still.
    let written = [&check[..], &["--update-baseline"]].concat();
    assert!(scan(&root, &written, 1).contains("1. deadlock"));
    let mut baseline: Value =
        serde_json::from_str(&fs::read_to_string(&file).expect("it was written"))
            .expect("it is JSON");
    let judged = baseline["judged"].as_array_mut().expect("there are some");
    assert_eq!(judged.len(), 3);
    for one in judged {
        one["reason"] = "looked at".into();
    }
    fs::write(&file, baseline.to_string()).expect("it can be written");
    let moved = |text: &str| format!("/* a line */\n\n{text}");
    for (name, text) in [("open.c", OPEN), ("walk.c", WALK), ("sub/ops.c", OPS)] {
        fs::write(root.join(name), moved(text)).expect("it can be written");
    }
    let all = json(&root, &check, 0);
    let alarms = all["check"]["alarms"].as_array().expect("there are some");
    assert!(alarms.iter().all(|alarm| alarm["judged"] == "looked at"));
    assert!(scan(&root, &check, 0).contains("3 alarms were judged before"));
    // A new one is told, and one that is gone is said.
    fs::write(root.join("sub/fresh.c"), OPS.replace("drv", "fresh")).expect("it can be written");
    fs::write(root.join("copy.c"), "int copy_page(void);\n").expect("it can be written");
    let text = scan(&root, &check, 1);
    assert!(text.contains("not there any more"), "{text}");
    assert!(text.contains("1. slot-leak in fresh_read"), "{text}");
    fs::write(&file, "{}").expect("it can be written");
    assert_eq!(scan(&root, &check, 2), "");
}

#[test]
fn sarif() {
    let root = whole("scan-sarif");
    let out = scan(&root, &["--check", "--pairs", "--format", "sarif"], 1);
    let log: Value = serde_json::from_str(&out).expect("it is JSON");
    let validator = jsonschema::validator_for(&sarif_schema()).expect("the schema is one");
    let errors: Vec<String> = (validator.iter_errors(&log))
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    let results = log["runs"][0]["results"]
        .as_array()
        .expect("there are some");
    assert_eq!(results.len(), 3);
    let place = &results[0]["locations"][0]["physicalLocation"];
    let file = place["artifactLocation"]["uri"]
        .as_str()
        .expect("it is text");
    assert!(file.ends_with(".c"), "{file}");
    assert!(results[0]["partialFingerprints"]["kmapcheck/v1"].is_string());
    let said = log["runs"][0]["invocations"][0].to_string();
    assert!(said.contains("waits is refused"), "{said}");
}

#[test]
fn what_cannot_be_scanned_says_so() {
    let said = |args: &[&str]| exits(args, 2).1;
    let missing = said(&["extract", "--scan", "no-such-folder"]);
    assert!(
        missing.contains("cannot read `no-such-folder`"),
        "{missing}"
    );
    let empty = tree("scan-empty", &[("a.txt", "")]);
    let empty = said(&["extract", "--scan", &empty.display().to_string()]);
    assert!(empty.contains("no `.c` file"), "{empty}");
    let plain = tree("scan-plain", &[("a.c", "int f(void) { return 1; }\n")]);
    let plain = said(&["extract", "--scan", &plain.display().to_string()]);
    assert!(plain.contains("--map-help"), "{plain}");
    let both = said(&["extract", "--scan", ".", "--entry", "f"]);
    assert!(both.contains("cannot be used with"), "{both}");
    let alone = said(&["extract", "--check", "a.c", "--entry", "f"]);
    assert!(alone.contains("--scan"), "{alone}");
}

/// One file that is none does not end the scan.
#[test]
fn a_file_that_is_no_text() {
    let root = tree(
        "scan-binary",
        &[("copy.c", COPY), ("open.c", "#if 1\nint f;\n")],
    );
    fs::write(root.join("binary.c"), b"\x7fELF\0\0").expect("it can be written");
    let all = json(&root, &["--check"], 0);
    assert_eq!(all["unread"].as_array().map(Vec::len), Some(2), "{all:#}");
    assert_eq!(
        alarms(&all),
        [alarm("several-slots", "warning", &["copy_page"])]
    );
}

/// What a limit leaves is said, and is no answer.
#[test]
fn a_limit() {
    let root = whole("scan-limit");
    let dir = root.display().to_string();
    let mut command = common::command(&["extract", "--scan", &dir, "--check"]);
    let output = command.env("KMAPCHECK_INTERRUPTED", "1").output();
    let output = output.expect("the program starts");
    assert_eq!(output.status.code(), Some(3), "{}", common::stdout(&output));
}

/// Operations of the page cache: each is called with the page locked, and what `prepare_write` maps,
/// `commit_write` unmaps. Who locks the page once more waits for himself.
const PAGE_CACHE: &str = "\
static int my_readpage(struct file *file, struct page *page)
{
	char *p = kmap(page);
	memset(p, 0, 4096);
	kunmap(page);
	UnlockPage(page);
	return 0;
}

static int my_writepage(struct page *page)
{
	if (submit(page))
		return -5;
	UnlockPage(page);
	return 0;
}

static int my_prepare(struct file *file, struct page *page, unsigned from, unsigned to)
{
	char *p = kmap(page);
	memset(p, 0, from);
	return 0;
}

static int my_commit(struct file *file, struct page *page, unsigned from, unsigned to)
{
	kunmap(page);
	return 0;
}

static int my_flush(struct page *page, unsigned long from)
{
	lock_page(page);
	UnlockPage(page);
	return 0;
}

static struct address_space_operations my_aops = {
	readpage: my_readpage,
	writepage: my_writepage,
	prepare_write: my_prepare,
	commit_write: my_commit,
	flushpage: my_flush,
};
";

#[test]
fn operations_of_the_page_cache() {
    let root = tree("scan-page-cache", &[("a.c", PAGE_CACHE)]);
    let all = json(&root, &["--check"], 1);
    assert_eq!(
        alarms(&all),
        [alarm("deadlock", "error", &["my_flush"])],
        "{all:#}"
    );
}
