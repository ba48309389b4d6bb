//! What the documentation shows is what the program prints.
//!
//! A comment `<!-- output: kmapcheck ... -->` is followed by a block with the output of that
//! command, run from the root of the repository, without the line that tells the time
//! and the one about loom, both of which depend on the machine. Lines of
//! the form `kmapcheck check scenarios/... # findings` claim what the scenario expects.
//! A comment `<!-- picture: kmapcheck check ... -->` is followed by what that command writes with
//! `--mermaid`. The recipes are scenarios, and give what they expect.
//! `KMAPCHECK_UPDATE=1` rewrites the blocks.

mod common;

use std::path::{Path, PathBuf};

use common::{command, root, stdout};
use kmapcheck_scenario::{FindingKind, Overrides, load};

/// The pages of the book and the README.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = std::fs::read_dir(root().join("docs"))
        .expect("docs can be read")
        .map(|entry| entry.expect("docs can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    pages.push(root().join("README.md"));
    pages
}

fn read(page: &Path) -> String {
    std::fs::read_to_string(page).unwrap_or_else(|error| panic!("{}: {error}", page.display()))
}

/// What the command prints, without the time it took.
fn output_of(line: &str) -> String {
    let args: Vec<&str> = line.split_whitespace().skip(1).collect();
    let output = command(&args)
        .env("COLUMNS", "120")
        .output()
        .expect("the program starts");
    let text = stdout(&output);
    assert!(
        !text.is_empty(),
        "`{line}` prints nothing: {}",
        common::stderr(&output)
    );
    let kept: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("Took "))
        .collect();
    kept.join("\n").trim().to_owned()
}

/// The Mermaid diagram that the command draws.
fn picture_of(line: &str) -> String {
    let file = common::fresh("docs.mmd");
    let mut args: Vec<&str> = line.split_whitespace().skip(1).collect();
    args.extend(["--quiet", "--mermaid", &file]);
    let output = command(&args).output().expect("the program starts");
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("`{line}`: {error}\n{}", common::stderr(&output)));
    text.trim_end().to_owned()
}

/// The page with every block as the program prints it now.
fn refreshed(text: &str) -> String {
    let text = with_blocks(text, OUTPUT, "text", output_of);
    with_blocks(&text, PICTURE, "mermaid", picture_of)
}

const OUTPUT: &str = "<!-- output: ";
const PICTURE: &str = "<!-- picture: ";

/// The page with a block of that language after every such mark, filled by the command in the mark.
fn with_blocks(text: &str, start: &str, language: &str, fill: fn(&str) -> String) -> String {
    let fence = format!("\n```{language}\n");
    let mut fresh = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(start) {
        let (before, from) = rest.split_at(at);
        let end = from.find("-->").expect("the comment is closed") + "-->".len();
        let (mark, after) = from.split_at(end);
        let line = &mark[start.len()..mark.len() - "-->".len()];
        let stale = after
            .strip_prefix(&fence)
            .and_then(|block| block.split_once("\n```\n"));
        fresh += &format!("{before}{mark}{fence}{}\n```\n", fill(line.trim()));
        rest = stale.map_or_else(|| after.trim_start_matches('\n'), |(_, rest)| rest);
        if stale.is_none() {
            fresh.push('\n');
        }
    }
    fresh + rest
}

#[test]
fn outputs_are_what_the_program_prints() {
    let (mut blocks, mut pictures) = (0, 0);
    for page in pages() {
        let text = read(&page);
        blocks += text.matches(OUTPUT).count();
        pictures += text.matches(PICTURE).count();
        let fresh = refreshed(&text);
        if std::env::var_os("KMAPCHECK_UPDATE").is_some() {
            std::fs::write(&page, &fresh).expect("the page can be written");
        } else {
            assert!(
                fresh == text,
                "{} shows output that the program no longer prints; `just update` rewrites it:\n{fresh}",
                page.display()
            );
        }
    }
    assert!(blocks > 10, "only {blocks} blocks found");
    assert!(pictures > 10, "only {pictures} pictures found");
}

#[test]
fn recipes_give_what_they_expect() {
    let text = read(&root().join("docs/recipes.md"));
    let blocks: Vec<&str> = text.split("\n```json\n").skip(1).collect();
    for (number, rest) in blocks.iter().enumerate() {
        let (recipe, _) = rest.split_once("\n```\n").expect("the block is closed");
        let file = common::scratch(&format!("recipe-{number}.json"), recipe);
        common::exits(&["test", "--require-expect", &file], 0);
    }
    assert!(blocks.len() > 10, "only {} recipes found", blocks.len());
}

#[test]
fn claims_about_scenarios_are_what_they_expect() {
    let mut claims = 0;
    for page in pages() {
        for line in read(&page).lines() {
            let Some((command, claim)) = line.split_once('#') else {
                continue;
            };
            let words: Vec<&str> = command.split_whitespace().collect();
            let ["kmapcheck", "check", file] = words[..] else {
                continue;
            };
            let program = load(&root().join(file), &Overrides::default())
                .unwrap_or_else(|errors| panic!("{}: {errors}", page.display()));
            let claimed: Vec<&str> = claim.split(&[',', ';'][..]).map(str::trim).collect();
            let kind = |name: &&str| {
                FindingKind::ALL
                    .into_iter()
                    .find(|kind| kind.name() == *name)
            };
            let mut kinds: Vec<FindingKind> = claimed.iter().filter_map(kind).collect();
            kinds.sort();
            let whole = kinds.len() == claimed.len() || claimed == ["clean"];
            let Some(expect) = &program.expect else {
                continue;
            };
            if whole {
                claims += 1;
                assert_eq!(&kinds, expect, "{}: {line}", page.display());
            }
        }
    }
    assert!(claims > 30, "only {claims} claims found");
}

#[test]
fn commands_name_files_that_exist() {
    for page in pages() {
        for word in read(&page).split(|c: char| c.is_whitespace() || "`()".contains(c)) {
            let path = word.trim_start_matches("../");
            let named = path.starts_with("scenarios/") || path.starts_with("models/");
            if named && path.ends_with(".json") && !path.contains('*') {
                assert!(
                    root().join(path).exists(),
                    "{}: {word} does not exist",
                    page.display()
                );
            }
        }
    }
}
