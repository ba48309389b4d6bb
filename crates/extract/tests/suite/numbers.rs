//! Facts about numbers, where a wrong verdict would follow from one that is lost.

use crate::common::wrong;

const NONE: Vec<String> = Vec::new();

/// A number turns out to be made of its own rest and of whole pages: its rest is still that one.
#[test]
fn a_rest_is_found_again() {
    let c = |again: &str| {
        format!(
            "
            struct area {{ struct page *page; int skip, whole; }};
            void f(struct area *area)
            {{
                int skip = area->skip;
                int rest = skip & (PAGE_SIZE - 1);
                if (rest)
                    kmap(area->page);
                if (skip != area->whole * PAGE_SIZE + rest) {{
                    if (rest)
                        kunmap(area->page);
                    return;
                }}
                if ({again})
                    kunmap(area->page);
            }}"
        )
    };
    assert_eq!(wrong(&c("skip & (PAGE_SIZE - 1)"), &[("f", 1)], 1), NONE);
    assert_eq!(
        wrong(
            &c("(skip + 3 * PAGE_SIZE) & (PAGE_SIZE - 1)"),
            &[("f", 1)],
            1
        ),
        NONE
    );
    assert_eq!(
        wrong(&c("(skip + 1) & (PAGE_SIZE - 1)"), &[("f", 1)], 1),
        ["misuse", "slot-leak"]
    );
}

/// Pages that are mapped from an offset on, and unmapped by an account of its own, which counts the
/// bytes before the offset: they are as many.
#[test]
fn two_accounts_of_pages_agree() {
    let c = |more: &str| {
        format!(
            "
            struct area {{ struct page **pages; unsigned int len; offset_t from; }};
            static void map(struct area *area)
            {{
                struct page **page = area->pages;
                unsigned int n, left = area->len, from = 0;
                if (area->from < 0)
                    from -= area->from;
                left -= from;
                from &= ~PAGE_MASK;
                do {{
                    n = PAGE_SIZE;
                    kmap(*page++);
                    if (from) {{
                        n -= from;
                        from = 0;
                    }}
                    if (left < n)
                        n = left;
                }} while ((left -= n) != 0);
            }}
            static void unmap(struct area *area)
            {{
                struct page **page = area->pages;
                unsigned int left = area->len, from = 0;
                if (area->from < 0)
                    from -= area->from;
                left -= from;
                left += {more};
                for (;;) {{
                    kunmap(*page++);
                    if (left <= PAGE_SIZE)
                        break;
                    left -= PAGE_SIZE;
                }}
            }}
            void f(struct area *area)
            {{
                if (!area->len)
                    return;
                map(area);
                unmap(area);
            }}"
        )
    };
    assert_eq!(wrong(&c("from & ~PAGE_MASK"), &[("f", 1)], 4), NONE);
    assert_ne!(wrong(&c("0"), &[("f", 1)], 4), NONE);
}
