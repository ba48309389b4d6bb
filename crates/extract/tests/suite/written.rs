//! What is written: names from the C, places on every line, blocks, the same bytes each time.

use crate::common::{extracted, extracted_with};

const TWO: &str = "\
static struct semaphore gate;
int copy(struct page *from, struct page *to)
{
	down(&gate);
	kmap(from);
	if (to_user(from))
		goto out;
	kmap(to);
	up(&gate);
	kunmap(to);
	kunmap(from);
	return 0;
out:
	kunmap(from);
	up(&gate);
	return -14;
}
";

#[test]
fn a_scenario_that_a_person_would_accept() {
    let of = extracted_with(TWO, &[("copy", 2)], |options| {
        options.slots.insert("PKMAP".to_owned(), 3);
    });
    let expected = r#"{
  "name": "copy",
  "about": "Extracted from copy (a.c), with linux-2.4",
  "assumed": [
    {
      "kind": "unfinished",
      "at": "a.c",
      "text": "what is left out without a word here does not matter: reading C is not finished, and clean may be wrong",
      "change": "see docs/extract.md for what is known to be missed"
    },
    {
      "kind": "distinct-pointers",
      "at": "a.c:8",
      "text": "`from` and `to` are two, never one",
      "change": "--maybe-equal from=to"
    },
    {
      "kind": "unread-function",
      "at": "a.c:6",
      "text": "`to_user` is not in the files: it takes no slot, page or lock, does not sleep, and changes nothing that matters",
      "change": "give the file that it is in, or say what it does in a mapping file"
    },
    {
      "kind": "private-page",
      "at": "a.c:5",
      "text": "`from` is another page in each task, and no task meets it under another name",
      "change": "--share from"
    },
    {
      "kind": "private-page",
      "at": "a.c:8",
      "text": "`to` is another page in each task, and no task meets it under another name",
      "change": "--share to"
    },
    {
      "kind": "count",
      "at": "a.c:4",
      "text": "`gate` has 1 units at the start: no file says how many",
      "change": "--units gate=N"
    }
  ],
  "series": { "PKMAP": { "slots": 3, "reuse": "any" } },
  "locks": { "gate": "semaphore" },
  "tasks": [
    {
      "name": "copy",
      "count": 2,
      "pages": ["from", "to"],
      "program": [
        { "down": "gate", "at": "a.c:4 copy" },
        { "kmap": "from", "series": "PKMAP", "at": "a.c:5 copy" },
        {
          "choose": [
            [
              { "kunmap": "from", "at": "a.c:14 copy" },
              { "up": "gate", "at": "a.c:15 copy" },
              { "exit": true }
            ],
            [{ "kmap": "to", "series": "PKMAP", "at": "a.c:8 copy" }]
          ]
        },
        { "up": "gate", "at": "a.c:9 copy" },
        { "kunmap": "to", "at": "a.c:10 copy" },
        { "kunmap": "from", "at": "a.c:11 copy" }
      ]
    }
  ]
}
"#;
    assert_eq!(of.scenario, expected);
}

/// A way out that several branches take is written once, and run by name.
#[test]
fn shared_ways_are_blocks() {
    let c = "
int f(struct page *page)
{
	int err;
	lock_page(page);
	if (first()) {
		kmap(page);
		kunmap(page);
		goto out;
	}
	if (second()) {
		kmap(page);
		kmap(page);
		kunmap(page);
		kunmap(page);
		goto out;
	}
	unlock_page(page);
	return 0;
out:
	unlock_page(page);
	lock_page(page);
	wait(page);
	unlock_page(page);
	return -5;
}";
    let of = extracted(c, &[("f", 1)]);
    let value: serde_json::Value = serde_json::from_str(&of.scenario).expect("it is JSON");
    let blocks = value["blocks"].as_object().expect("there are some");
    assert_eq!(blocks.keys().collect::<Vec<_>>(), ["f_21"]);
    assert_eq!(blocks["f_21"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        of.scenario.matches("{ \"run\": \"f_21\" }").count(),
        2,
        "{}",
        of.scenario
    );
}

#[test]
fn the_same_bytes_each_time() {
    let first = extracted(TWO, &[("copy", 2)]);
    for _ in 0..3 {
        assert_eq!(extracted(TWO, &[("copy", 2)]), first);
    }
}

#[test]
fn locks_of_all_tasks_and_of_each() {
    let c = "
static struct semaphore global_sem;
int f(struct inode *inode)
{
	down(&global_sem);
	down(&inode->i_sem);
	up(&inode->i_sem);
	up(&global_sem);
	return 0;
}";
    let own = extracted(c, &[("f", 2)]);
    assert!(
        own.assumed
            .iter()
            .any(|one| one.kind == "private-lock" && one.text.contains("inode.i_sem"))
    );
    let value: serde_json::Value = serde_json::from_str(&own.scenario).expect("it is JSON");
    assert_eq!(
        value["locks"],
        serde_json::json!({ "global_sem": "semaphore" })
    );
    assert_eq!(
        value["tasks"][0]["locks"],
        serde_json::json!({ "inode.i_sem": "semaphore" })
    );
    let all = extracted_with(c, &[("f", 2)], |options| {
        options.share.insert("inode.i_sem".to_owned());
    });
    let value: serde_json::Value = serde_json::from_str(&all.scenario).expect("it is JSON");
    assert_eq!(
        value["locks"].as_object().map(serde_json::Map::len),
        Some(2)
    );
}
