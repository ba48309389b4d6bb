//! Reductions: what the search may leave out, one by one.
//!
//! Each has a name on the command line, an argument in docs/reductions.md, and a premise that
//! [`check`] looks at on the states that a run meets.
//!
//! - `symmetry`, `pages` are quotients: which instance of a task, and which page of the freelist,
//!   is which makes no difference. Without the first, every instance is a template of its own
//!   ([`told_apart`]); without the second, pages that are allocated keep a number
//!   ([`crate::counted::local`]).
//! - `releases`, `stubborn`, `merge` leave out orders of steps that commute: [`footprint`] says
//!   what steps touch, [`choose`] which tasks' steps are enough in a state.

pub(crate) mod check;
pub(crate) mod choose;
pub(crate) mod footprint;
pub(crate) mod told_apart;

/// Which reductions are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reductions {
    /// Instances of a task are counted, not told apart.
    pub symmetry: bool,
    /// Pages that come from the freelist are told apart by who has them and how they are mapped,
    /// not by a number.
    pub pages: bool,
    /// Where a task gives something back, and no other can tell when, only that is done.
    pub releases: bool,
    /// In each state, only a stubborn set of tasks goes on.
    pub stubborn: bool,
    /// States that one step leads out of, which nobody can see, are not stored.
    pub merge: bool,
}

impl Reductions {
    /// None at all.
    pub const NONE: Reductions = Reductions {
        symmetry: false,
        pages: false,
        releases: false,
        stubborn: false,
        merge: false,
    };
    /// Those that keep the lengths of runs, and so shortest traces: the default.
    pub const COUNTED: Reductions = Reductions {
        symmetry: true,
        pages: true,
        ..Reductions::NONE
    };
    /// All of them.
    pub const ALL: Reductions = Reductions {
        symmetry: true,
        pages: true,
        releases: true,
        stubborn: true,
        merge: true,
    };

    /// Their names, each with whether it is on.
    #[must_use]
    pub fn named(self) -> [(&'static str, bool); 5] {
        [
            ("symmetry", self.symmetry),
            ("pages", self.pages),
            ("releases", self.releases),
            ("stubborn", self.stubborn),
            ("merge", self.merge),
        ]
    }

    /// The names of those that are on.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        let on = self.named().into_iter().filter(|&(_, on)| on);
        on.map(|(name, _)| name).collect()
    }

    /// Turns the one of that name on; false if there is none.
    pub fn turn_on(&mut self, name: &str) -> bool {
        let which = match name {
            "symmetry" => &mut self.symmetry,
            "pages" => &mut self.pages,
            "releases" => &mut self.releases,
            "stubborn" => &mut self.stubborn,
            "merge" => &mut self.merge,
            _ => return false,
        };
        *which = true;
        true
    }

    /// `all`, or a list of names, of which `counted` is one for several.
    ///
    /// # Errors
    ///
    /// In words, if it is neither.
    pub fn from_list(text: &str) -> Result<Reductions, String> {
        if text == "all" {
            return Ok(Reductions::ALL);
        }
        let mut reductions = Reductions::NONE;
        for name in text.split(',').map(str::trim) {
            let names = match name {
                "counted" => Reductions::COUNTED.names(),
                "all" | "none" => return Err(format!("`{name}` stands alone")),
                _ => vec![name],
            };
            if !names.into_iter().all(|name| reductions.turn_on(name)) {
                let known = Reductions::ALL.names().join(", ");
                return Err(format!(
                    "`{name}` is none of {known}; or say all, counted or none"
                ));
            }
        }
        Ok(reductions)
    }

    /// Whether orders of steps are left out: then a trace need not be a shortest one.
    #[must_use]
    pub fn leaves_out_orders(self) -> bool {
        self.releases || self.stubborn || self.merge
    }
}
