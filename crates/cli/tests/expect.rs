//! Scenarios without `expect`: what `kmapcheck test` says of them, in every format.

mod common;

use std::path::Path;
use std::process::Output;

use common::{command, kmapcheck, scenario, stdout};
use serde_json::Value;

const STUCK: &str = r#""tasks": [ { "name": "t", "count": 2, "pages": ["a", "b"], "program": [
    { "kmap": "a", "series": "S" },
    { "kmap": "b", "series": "S" }, { "kunmap": "b" }, { "kunmap": "a" } ] } ]"#;

/// A scenario without `expect` is not checked, and the output says so, quiet or not; where every one
/// is to have an `expect`, it fails, in every format.
#[test]
fn a_scenario_without_expect_is_told_and_can_fail() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-expect");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let path = |file: &str| folder.join(file).display().to_string();
    let expecting = scenario(2, &format!("{STUCK}, \"expect\": [\"deadlock\"]"));
    for (file, text) in [("ok.json", expecting), ("open.json", scenario(2, STUCK))] {
        std::fs::write(path(file), text).expect("a file can be written");
    }
    let short = |output: &Output| stdout(output).replace(&format!("{}/", folder.display()), "");
    let test =
        |args: &[&str]| kmapcheck(&[&["test", &folder.display().to_string()], args].concat());
    let shown = folder.display().to_string();
    let summary = format!(
        "1 passed, 0 failed, 1 skipped\n\
         1 file has no `expect`, so nothing was checked of it: open.json.\n\
         To fail on it: kmapcheck test --require-expect {shown}\n\
         To write what is found into it: kmapcheck test --require-expect --update-expect {shown}\n"
    );
    let told = "open.json: nothing was checked: it has no `expect`; found: deadlock; if that is \
                right, add `\"expect\": [\"deadlock\"]`\n";
    let files = [path("r.xml"), path("r.sarif")];
    let formats = ["--junit", &files[0], "--sarif", &files[1]];
    let read = |file: &str| std::fs::read_to_string(file).expect("it is written");
    let on_github = |more: &[&str]| {
        let mut command = command(&[&["test", &shown], more].concat());
        let output = command.env("GITHUB_ACTIONS", "true").output();
        short(&output.expect("it starts"))
    };
    let lenient = test(&formats);
    assert_eq!(lenient.status.code(), Some(0));
    let text = short(&lenient);
    assert!(text.contains(&format!("?    {told}")), "{text}");
    assert!(text.ends_with(&summary), "{text}");
    let quiet = short(&test(&["--quiet"]));
    assert_eq!(quiet, summary);
    assert!(read(&files[0]).contains("<skipped message=\"nothing was checked: it has no"));
    let level = |file: &str| {
        let sarif: Value = serde_json::from_str(&read(file)).expect("it is JSON");
        let results = sarif["runs"][0]["results"].as_array().cloned();
        let results = results.unwrap_or_default();
        let mut found = results.iter();
        let found = found.find(|result| result["ruleId"] == "no-expectation");
        found.expect("it is there")["level"]
            .as_str()
            .map(str::to_owned)
    };
    assert_eq!(level(&files[1]).as_deref(), Some("warning"));
    let warned = on_github(&[]);
    assert!(
        warned.contains(
            "::warning file=open.json,line=1,title=kmapcheck%3A no-expectation::nothing was"
        ),
        "{warned}"
    );

    let strict = test(&[&["--require-expect"][..], &formats].concat());
    assert_eq!(strict.status.code(), Some(1));
    let text = short(&strict);
    assert!(text.contains(&format!("FAIL {told}")), "{text}");
    assert!(text.ends_with("1 passed, 1 failed, 0 skipped\n"), "{text}");
    assert!(read(&files[0]).contains("<failure message=\"nothing was checked: it has no"));
    assert_eq!(level(&files[1]).as_deref(), Some("error"));
    let failed = on_github(&["--require-expect"]);
    assert!(
        failed.contains("::error file=open.json,line=1,title=kmapcheck%3A no-expectation"),
        "{failed}"
    );

    // Written into the file, it is checked from then on.
    let written = test(&["--require-expect", "--update-expect"]);
    assert_eq!(written.status.code(), Some(0), "{}", stdout(&written));
    let strict = test(&["--require-expect"]);
    assert_eq!(strict.status.code(), Some(0), "{}", stdout(&strict));
    assert!(short(&strict).ends_with("2 passed, 0 failed, 0 skipped\n"));
    assert!(read(&path("open.json")).contains(r#""expect": ["deadlock"]"#));
}
