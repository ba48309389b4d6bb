//! Several scenarios at once, their results in order.
//!
//! Threads take the next scenario from a counter; results are handed on in the order of the
//! scenarios, as soon as all before them are there. So what is printed does not depend on the
//! number of threads, nor on which of them is faster.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

/// Calls `work` with each number below `count`, on so many threads, and `take` with each number and
/// result in order, until `take` returns false or `stop` is set. What is under way then is let run
/// to its end and dropped, unless `stop` is set: then what is next in order is still taken.
pub(crate) fn in_order<T: Send>(
    count: usize,
    threads: usize,
    stop: &AtomicBool,
    work: impl Fn(usize) -> T + Sync,
    mut take: impl FnMut(usize, T) -> bool,
) {
    if threads <= 1 {
        for i in 0..count {
            if stop.load(Ordering::Relaxed) || !take(i, work(i)) {
                return;
            }
        }
        return;
    }
    let (next, enough) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        for _ in 0..threads.min(count) {
            let (send, next, enough, work) = (send.clone(), &next, &enough, &work);
            scope.spawn(move || {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let over = enough.load(Ordering::Relaxed) || stop.load(Ordering::Relaxed);
                    if i >= count || over || send.send((i, work(i))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let (mut waiting, mut due) = (BTreeMap::new(), 0);
        for (i, result) in receive {
            waiting.insert(i, result);
            while let Some(result) = waiting.remove(&due) {
                if !take(due, result) {
                    enough.store(true, Ordering::Relaxed);
                    return;
                }
                due += 1;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(threads: usize, until: usize) -> Vec<(usize, usize)> {
        let mut taken = Vec::new();
        in_order(
            50,
            threads,
            &AtomicBool::new(false),
            |i| i * i,
            |i, square| {
                taken.push((i, square));
                i < until
            },
        );
        taken
    }

    #[test]
    fn results_come_in_order() {
        let all: Vec<(usize, usize)> = (0..50).map(|i| (i, i * i)).collect();
        for threads in [1, 2, 7, 100] {
            assert_eq!(taken(threads, 100), all);
            assert_eq!(taken(threads, 9), all[..10]);
        }
    }

    #[test]
    fn nothing_is_begun_after_the_stop() {
        let stop = AtomicBool::new(true);
        for threads in [1, 4] {
            in_order(
                5,
                threads,
                &stop,
                |i| i,
                |_, _| panic!("nothing is to be taken"),
            );
        }
    }
}
