//! What `size` and `suggest` print, and their exit status.

mod common;

use common::{prints, scratch};

const MREMAP: &str = "scenarios/pte-highmem/mremap-two-pagetables.json";
const PROPOSED: &str = "scenarios/pte-highmem/mremap-proposed.json";

#[test]
fn sizes_of_mremap() {
    let small = ["--slots-up-to", "4", "--tasks-up-to", "5"];
    insta::assert_snapshot!("size", prints(&[&["size", MREMAP], &small[..]].concat(), 0));
}

#[test]
fn sizes_with_two_series() {
    let small = ["--slots-up-to", "2", "--tasks-up-to", "2"];
    let file = "scenarios/pte-highmem/read-against-fault.json";
    insta::assert_snapshot!(
        "size_two_series",
        prints(&[&["size", file], &small[..]].concat(), 0)
    );
}

#[test]
fn suggestions_for_mremap() {
    insta::assert_snapshot!("suggest_no_order", prints(&["suggest", MREMAP], 1));
    let leftover = "scenarios/pte-highmem/mremap-pagetable2-leftover.json";
    insta::assert_snapshot!(
        "suggest_policy_and_order",
        prints(&["suggest", leftover], 0)
    );
    insta::assert_snapshot!("suggest_nothing", prints(&["suggest", PROPOSED], 0));
}

#[test]
fn json_and_pictures() {
    let file = scratch("sizes.svg", "");
    let out = prints(&["size", PROPOSED, "--format", "json", "--svg", &file], 0);
    let report: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(report["scenario"], "mremap-proposed");
    assert_eq!(report["given"]["verdict"], "safe");
    assert_eq!(
        report["smallest_slots"]["minimal"][0]["and_all_larger"],
        true
    );
    let svg = std::fs::read_to_string(&file).expect("it was written");
    assert!(
        svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"),
        "{svg}"
    );
    // Two tables of eight by eight, and the background.
    assert_eq!(svg.matches("<rect").count(), 2 * 64 + 1);
    let out = prints(&["suggest", PROPOSED, "--format", "json"], 0);
    let report: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(
        report["smallest"]["order"],
        serde_json::json!(["PAGETABLE2", "PAGETABLE"])
    );
    assert_eq!(report["smallest"]["diff"], "");
}

#[test]
fn the_time_of_suggest_is_for_all_files() {
    let help = prints(&["suggest", "--help"], 0);
    let words: Vec<&str> = help.split_whitespace().collect();
    let help = words.join(" ");
    assert!(
        help.contains("Stop after this time, for all files together")
            && !help.contains("each file"),
        "{help}"
    );
}

#[test]
fn bad_input_is_2() {
    prints(&["size", "no-such-file.json"], 2);
    prints(&["size", MREMAP, "--slots-up-to", "0"], 2);
    prints(&["size", MREMAP, "--svg", "no/such/directory/x.svg"], 2);
    prints(&["suggest"], 2);
    prints(&["suggest", MREMAP, PROPOSED], 2);
}
