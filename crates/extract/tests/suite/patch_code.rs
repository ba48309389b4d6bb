//! The case files of docs/the-patch-code: they need the code of a patch that is not in this
//! repository. What is in it fits together, and finds in code of the same shape what it finds there.

use std::path::{Path, PathBuf};

use kmapcheck_check::Limits;
use kmapcheck_extract::cases::Cases;
use kmapcheck_extract::map::shipped;
use kmapcheck_extract::{File, Mapping, Source, extract};

use crate::common::{findings, operations, options};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/the-patch-code")
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// linux-2.4, and what the code of the patch does beyond it.
fn mapping() -> Mapping {
    let base = shipped::text("linux-2.4").expect("it is shipped");
    let more = text(&folder().join("code.json"));
    Mapping::of(&[
        File::read("linux-2.4", base).expect("it is right"),
        File::read("code.json", &more).expect("it is right"),
    ])
}

#[test]
fn the_cases_name_files_that_are_there() {
    for (below, least) in [("", 16), ("others", 13)] {
        let file = folder().join(below).join("extract.json");
        let cases = Cases::read("extract.json", &text(&file)).expect("it is right");
        assert!(cases.cases.len() >= least, "{}", cases.cases.len());
        for name in cases.cases.keys() {
            let case = cases.case(name).expect("it is one of them");
            let all = (case.files.iter().chain(&case.stubs)).chain(&case.include);
            let mut ours = 0;
            for path in all.filter(|path| !path.trim_start_matches("../").starts_with("linux/")) {
                ours += 1;
                let path = folder().join(below).join(path);
                assert!(path.exists(), "{name}: {}", path.display());
            }
            assert!(ours > 0 && case.expect.is_some(), "{name}");
        }
    }
}

/// A table that is new was cleared through DEFAULT, so its pin lies there; and the entry of the
/// directory leads to the page that was put into it. The stub of the quicklist is the real one.
#[test]
fn a_table_is_the_page_that_was_put_into_the_directory() {
    let c = "
        typedef struct page *pmd_t;
        #define table_of(entry) (entry)
        #define table(dir) ((int *) ({ struct page *it = table_of(*(dir)); kmap_pagetable(it); }) + 1)
        static struct page *pte_alloc_one(void)
        {
            struct page *page = alloc_page(GFP_KERNEL);
            if (page) {
                kmap(page);
                kunmap(page);
            }
            return page;
        }
        void make(pmd_t *dir)
        {
            struct page *page;
            int *at;
            if (pmd_none(*dir)) {
                page = pte_alloc_one_fast(0, 0);
                if (!page)
                    page = pte_alloc_one();
                if (!page)
                    return;
                *dir = page;
            }
            at = table(dir);
            pte_kunmap(at);
        }";
    let stub = |name: &str| Source {
        name: name.to_owned(),
        bytes: text(&folder().join("stubs").join(name)).into_bytes(),
        is_stub: true,
    };
    let uses = "
        void uses(pmd_t *dir, struct page *page)
        {
            if (PageHighMem(page) && !pmd_bad(*dir))
                pte_free_fast(page);
            pte_free_via_pmd(*dir);
        }";
    let code = Source {
        name: "a.c".to_owned(),
        bytes: format!("{c}{uses}").into_bytes(),
        is_stub: false,
    };
    let sources = [code, stub("entries.c"), stub("pages.c")];
    let of = extract(
        &sources,
        &mapping(),
        &options(&[("make", 1)]),
        &Limits::default(),
        &|_| None,
    )
    .expect("it is read");
    assert_eq!(findings(&of), ["series-mixture"]);
    let ops = operations(&of);
    for wanted in [
        "kmap new_page",
        "kmap it",
        "kunmap_any new_page",
        "try_alloc_page new_page",
        "alloc_page new_page",
    ] {
        assert!(ops.iter().any(|op| op == wanted), "{wanted}: {ops:?}");
    }
    assert_eq!(of.scenario.matches("\"series\": \"PAGETABLE\"").count(), 2);
    assert_eq!(of.scenario.matches("\"series\": \"DEFAULT\"").count(), 1);
}
