//! Pages that make no difference any more are forgotten, so that states stay finite.

use kmapcheck_scenario::Program;

use super::{Name, Page, PageId, State};

impl State {
    /// Forgets pages that nobody can refer to any more: lost ones (their mappings stay counted in
    /// [`Usage`](super::Usage)) and, where the freelist has no bound, those that equal a fresh one. Keeps the
    /// state finite where a loop allocates.
    pub fn forget_unreachable_pages(&mut self, program: &Program) {
        let pages = (0..self.shared.pages.len()).filter(|&page| self.may_forget(program, page));
        self.forget_unreachable_among(pages.collect());
    }

    /// The same after a step of `task`, when only these pages can have become unreachable or like
    /// fresh ones: `unnamed` ones, for which nobody has a name any more, and others that the task
    /// has `let_go`.
    ///
    /// A dangling name remembers a page only while its task, or for a shared name somebody, holds
    /// it. So a page without holders is out of reach unless somebody has it by name.
    pub(crate) fn forget_after(
        &mut self,
        unnamed: Vec<PageId>,
        mut let_go: Vec<PageId>,
        program: &Program,
    ) {
        for page in unnamed {
            if self.may_forget(program, page) && self.shared.page(page).holders == 0 {
                self.shared.pages.remove(page);
            }
        }
        let_go.retain(|&page| {
            let is_shared = self.shared.names.contains(&Name::Page(page));
            !is_shared && self.may_forget(program, page) && self.shared.page(page).holders == 0
        });
        let_go.sort_unstable();
        let_go.dedup();
        self.forget_unreachable_among(let_go);
    }

    fn may_forget(&self, program: &Program, page: PageId) -> bool {
        let content = self.shared.pages.get(page).and_then(Option::as_ref);
        content.is_some_and(|content| is_forgettable(program, content))
    }

    /// The pages in this sorted list that nobody refers to are forgotten.
    fn forget_unreachable_among(&mut self, pages: Vec<PageId>) {
        if pages.is_empty() {
            return;
        }
        let mut reachable = vec![false; pages.len()];
        let mut reach = |page: PageId| {
            if let Ok(i) = pages.binary_search(&page) {
                reachable[i] = true;
            }
        };
        for name in &self.shared.names {
            if let Name::Page(page) | Name::Dangling(Some(page)) = name {
                reach(*page);
            }
        }
        for task in &self.tasks {
            task.for_each_page(&mut reach);
        }
        for (page, reachable) in pages.into_iter().zip(reachable) {
            if !reachable {
                self.shared.pages.remove(page);
            }
        }
    }
}

/// Whether a page that nobody refers to makes no difference any more.
#[must_use]
pub fn is_forgettable(program: &Program, page: &Page) -> bool {
    if page.free {
        program.free_pages.is_none() && page.is_pristine()
    } else {
        true
    }
}
