//! Several things at once. Results are those of one after the other: each depends on its number only,
//! and they come in the order of the numbers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use kmapcheck_limits::{Watch, entered};

/// Bytes of the stack of a thread.
const STACK: usize = 64 << 20;

/// What `work` makes of each number below `count`, on so many threads, all under the watch of this
/// one. `work` must not panic.
pub fn in_order<T: Send>(count: usize, threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let made: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::new());
    let watch = Watch::current();
    let run = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return;
            }
            let one = work(number);
            let mut all = made.lock().unwrap_or_else(PoisonError::into_inner);
            all.push((number, one));
        }
    };
    thread::scope(|scope| {
        let mut started = 0;
        for _ in 0..threads.clamp(1, count.max(1)) {
            let thread = thread::Builder::new().stack_size(STACK);
            let of_it = || {
                let _entered = entered(watch.as_ref());
                run();
            };
            started += usize::from(thread.spawn_scoped(scope, of_it).is_ok());
        }
        if started == 0 {
            run();
        }
    });
    let mut all = made.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::in_order;

    #[test]
    fn results_do_not_depend_on_threads() {
        let squares: Vec<usize> = (0..50).map(|i| i * i).collect();
        for threads in [0, 1, 2, 100] {
            assert_eq!(in_order(50, threads, |i| i * i), squares);
        }
        assert!(in_order(0, 2, |i| i).is_empty());
    }
}
