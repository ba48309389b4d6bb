//! Names in options that nothing has.

use kmapcheck_extract::{Options, Source, extract};

use crate::common::{extracted_with, mapping, options, refused, source};

const C: &str = "
    static struct semaphore table_lock;
    static int follow(struct page *p) { return 0; }
    int f(struct inode *inode, struct page *page, int count)
    {
        down(&table_lock);
        if (inode->i_flags)
            kmap(page);
        if (count)
            inode->ops->readpage(page);
        if (inode->i_flags)
            kunmap(page);
        up(&table_lock);
        return 0;
    }";

/// What an option says, and what the message has.
type Case = (fn(&mut Options), &'static str, &'static str);

#[test]
fn a_name_that_nothing_has_is_an_error() {
    let cases: [Case; 9] = [
        (
            |o| {
                o.slots.insert("PKMPA".into(), 2);
            },
            "`--slots PKMPA`: there is no series",
            "did you mean `--slots PKMAP`?",
        ),
        (
            |o| {
                o.share.insert("tabel_lock".into());
            },
            "`--share tabel_lock`: there is no lock, page or completion",
            "did you mean `--share table_lock`?",
        ),
        (
            |o| {
                o.share.insert("something".into());
            },
            "`--share something`",
            "there are `page`, `table_lock`",
        ),
        (
            |o| {
                o.set.insert("i_flag".into(), 1);
            },
            "`--set i_flag`: there is no field or variable outside functions",
            "did you mean `--set i_flags`?",
        ),
        (
            |o| {
                o.set.insert("count".into(), 1);
            },
            "`count` is a variable of a function",
            "give the field",
        ),
        (
            |o| {
                o.nonnull.insert("inode->i_flogs".into());
            },
            "`--nonnull i_flogs`",
            "did you mean `--nonnull i_flags`?",
        ),
        (
            |o| {
                o.resolve.insert("raedpage".into(), "follow".into());
            },
            "`--resolve raedpage`: there is no pointer that is called",
            "did you mean `--resolve readpage`?",
        ),
        (
            |o| {
                o.resolve.insert("readpage".into(), "folow".into());
            },
            "there is no function `folow`",
            "did you mean `--resolve readpage=follow`?",
        ),
        (
            |o| {
                o.inline.insert("folow".into());
            },
            "`--inline folow`: there is no function",
            "did you mean `--inline follow`?",
        ),
    ];
    for (change, said, help) in cases {
        let refusal = refused(C, &[("f", 1)], change);
        assert!(refusal.said.contains(said), "{refusal}");
        assert!(refusal.help.contains(help), "{refusal}");
    }
    extracted_with(C, &[("f", 1)], |o| {
        o.slots.insert("PKMAP".into(), 2);
        o.share.insert("table_lock".into());
        o.set.insert("i_flags".into(), 1);
        o.nonnull.insert("page".into());
        o.resolve.insert("readpage".into(), "follow".into());
        o.inline.insert("follow".into());
    });
}

#[test]
fn a_stub_that_stands_for_nothing_is_an_error() {
    let stub = |text: &str| Source {
        name: "stub.c".to_owned(),
        bytes: text.as_bytes().to_vec(),
        is_stub: true,
    };
    let with = |text: &str| {
        extract(
            &[
                stub(text),
                source("int f(struct page *p) { pin_it(p); return 0; }"),
            ],
            &mapping("linux-2.4"),
            &options(&[("f", 1)]),
            &kmapcheck_check::Limits::default(),
            &|_| None,
        )
    };
    let Err(kmapcheck_extract::Failure::Refused(refusal)) =
        with("void pin_ti(struct page *p) { kmap(p); }")
    else {
        panic!("nothing calls it")
    };
    assert!(refusal.said.contains("`--stub pin_ti`"), "{refusal}");
    assert!(refusal.help.contains("`--stub pin_it`"), "{refusal}");
    assert!(
        with("static void h(struct page *p) { kmap(p); }\nvoid pin_it(struct page *p) { h(p); }")
            .is_ok()
    );
}
