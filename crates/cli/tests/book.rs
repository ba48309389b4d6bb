//! The book holds together: every page is in its table of contents, and every link leads somewhere.

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::root;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

const CONTENTS: &str = "docs/SUMMARY.md";

/// What is in a page: where its links lead, and the names of its headings.
struct Page {
    links: Vec<String>,
    anchors: Vec<String>,
}

impl Page {
    fn read(path: &Path) -> Page {
        let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        let (mut links, mut anchors) = (Vec::new(), Vec::new());
        let mut heading: Option<String> = None;
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    links.push(dest_url.into_string());
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => anchors.extend(heading.take().map(|h| slug(&h))),
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        Page { links, anchors }
    }
}

/// The anchor of a heading, as GitHub and mdBook make it.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c if c.is_alphanumeric() => Some(c),
        _ => None,
    });
    kept.flat_map(char::to_lowercase).collect()
}

/// All pages for people in the repository, by path from its root.
fn pages() -> BTreeMap<PathBuf, Page> {
    let folders = [
        "",
        "docs",
        "docs/mechanised",
        "crates/bench",
        "crates/fuzz",
        "crates/cli/tests/schema",
    ];
    let mut pages = BTreeMap::new();
    for folder in folders {
        let entries = std::fs::read_dir(root().join(folder)).expect("there is such a folder");
        for entry in entries {
            let path = entry.expect("it can be read").path();
            if path.extension().is_some_and(|extension| extension == "md") {
                let name = path.strip_prefix(root()).expect("it is below the root");
                pages.insert(name.to_owned(), Page::read(&path));
            }
        }
    }
    pages
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                assert!(plain.pop(), "{path:?} leaves the repository")
            }
            std::path::Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

#[test]
fn every_page_is_in_the_table_of_contents_once() {
    let pages = pages();
    let mut listed = pages[Path::new(CONTENTS)].links.clone();
    listed.sort_unstable();
    let docs = pages.keys().filter(|page| page.starts_with("docs"));
    let mut there: Vec<String> = docs
        .filter(|page| *page != Path::new(CONTENTS))
        .map(|page| {
            page.strip_prefix("docs")
                .expect("it is in docs")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    there.sort_unstable();
    assert_eq!(listed, there);
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let mut nowhere = Vec::new();
    let mut followed = 0;
    for (name, page) in &pages {
        for link in page.links.iter().filter(|link| !link.contains("://")) {
            let (path, anchor) = match link.split_once('#') {
                Some((path, anchor)) => (path, Some(anchor)),
                None => (link.as_str(), None),
            };
            let target = match path {
                "" => name.clone(),
                path => plain(&name.parent().unwrap_or(Path::new("")).join(path)),
            };
            let is_there = match (anchor, pages.get(&target)) {
                (None, _) => root().join(&target).exists(),
                (Some(anchor), Some(page)) => page.anchors.iter().any(|known| known == anchor),
                (Some(_), None) => false,
            };
            followed += 1;
            if !is_there {
                nowhere.push(format!("{}: {link}", name.display()));
            }
        }
    }
    assert!(nowhere.is_empty(), "{}", nowhere.join("\n"));
    assert!(followed > 100, "{followed} links only");
}
