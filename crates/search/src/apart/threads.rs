//! Work shared out among threads.
//!
//! The thread that asks works as well, so that it waits for one hand-over only, at the end. Which
//! thread does which item is left to chance; results must not depend on it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use kmapcheck_limits::{Watch, entered};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// How often to look whether the others are done before going to sleep: a fraction of a millisecond.
const SPINS: usize = 10_000;

/// The threads of a search.
pub(crate) struct Threads {
    /// All but the one that asks; `None` if there are no others.
    others: Option<ThreadPool>,
}

impl Threads {
    /// So many threads; one, with the same result, if there cannot be more.
    pub(crate) fn new(threads: usize) -> Self {
        let pool = |others| ThreadPoolBuilder::new().num_threads(others).build().ok();
        Threads {
            others: (threads > 1).then(|| pool(threads - 1)).flatten(),
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        // This thread may be the only one.
        1 + (self.others.as_ref()).map_or(0, ThreadPool::current_num_threads)
    }

    /// Does the work for each item; with one thread, in their order.
    pub(crate) fn each<T>(&self, items: impl Iterator<Item = T> + Send, work: impl Fn(T) + Sync) {
        let Some(others) = &self.others else {
            return items.for_each(work);
        };
        let items = Mutex::new(items);
        let next = || {
            // Nobody panics while the lock is held, but for the iterator itself.
            let mut items = items.lock().unwrap_or_else(PoisonError::into_inner);
            items.next()
        };
        let share = || {
            while let Some(item) = next() {
                work(item);
            }
        };
        let watch = Watch::current();
        let at_work = AtomicUsize::new(others.current_num_threads());
        others.in_place_scope(|scope| {
            for _ in 0..others.current_num_threads() {
                scope.spawn(|_| {
                    let _watched = entered(watch.as_ref());
                    share();
                    at_work.fetch_sub(1, Ordering::Release);
                });
            }
            share();
            // They end soon; to sleep until then would take longer.
            for _ in 0..SPINS {
                if at_work.load(Ordering::Acquire) == 0 {
                    break;
                }
                std::hint::spin_loop();
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_worked_on_once() {
        for count in [0, 1, 2, 3] {
            let threads = Threads::new(count);
            assert_eq!(threads.count(), count.max(1));
            let mut done = [const { AtomicUsize::new(0) }; 100];
            threads.each(0..100, |i: usize| {
                done[i].fetch_add(1, Ordering::Relaxed);
            });
            assert!(done.iter_mut().all(|done| *done.get_mut() == 1));
        }
    }
}
