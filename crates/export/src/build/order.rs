//! The rule of a model: what may be asked for while what is held.

use kmapcheck_scenario::{Op, Ref, SeriesId};

use super::Call;
use crate::local::{Class, Kind};

impl Call<'_, '_> {
    /// Whether a kmap asks for a slot against the order, as far as one way to read its name goes.
    pub(super) fn kmap_breaks_order(&self, page: Class, series: SeriesId) -> bool {
        let acceptable = self.world.acceptable(series);
        let own = self.local.maps.iter().any(|map| {
            matches!(map.kind, Kind::Pin { lies, .. } if map.page == page && acceptable.contains(&lies))
        });
        !own && !self.world.is_low(self.template, page)
            && self.holds_from(self.world.program.series[series].rank)
    }

    /// Whether the operation, if it is one on a lock, asks for it against the order.
    pub(super) fn lock_breaks_order(&self) -> bool {
        match self.node.op {
            Op::SpinLock { lock }
            | Op::DownRead { lock }
            | Op::DownWrite { lock }
            | Op::Down { pool: lock, .. } => self.holds_from(self.rank(lock)),
            _ => false,
        }
    }

    fn rank(&self, lock: Ref) -> Option<usize> {
        self.world.program.resource(self.template, lock).rank
    }

    /// Whether anything is held of that place in the order or a later one.
    fn holds_from(&self, asked: Option<usize>) -> bool {
        let pins = self.local.maps.iter().filter_map(|map| match map.kind {
            Kind::Pin { asked, .. } => self.world.program.series[asked].rank,
            _ => None,
        });
        let locks = (self.local.held.iter()).filter_map(|held| self.rank(held.what));
        asked.is_some_and(|asked| pins.chain(locks).any(|held| held >= asked))
    }
}
