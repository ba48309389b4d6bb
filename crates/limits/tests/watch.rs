//! Watches: what they notice, and who is left by whom.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use kmapcheck_limits::{Limits, Reached, Watch, ask, entered, reached, unasked};

fn soon() -> Limits {
    Limits {
        timeout: Some(Duration::from_millis(5)),
        ..Limits::default()
    }
}

fn until(flag: &Arc<AtomicBool>) -> Limits {
    Limits {
        interrupt: Some(Arc::clone(flag)),
        ..Limits::default()
    }
}

/// Asks until that leads out of here.
fn for_ever() {
    loop {
        ask();
        std::thread::yield_now();
    }
}

#[test]
fn what_asks_is_left_when_the_time_is_up() {
    assert_eq!(Watch::start(&soon()).run(for_ever), Err(Reached::Time(5)));
    // And nothing is left of it for whoever comes next.
    assert_eq!(reached(), None);
    ask();
}

#[test]
fn without_a_limit_nothing_is_reached() {
    let watch = Watch::start(&Limits::default());
    assert_eq!((watch.reached(), watch.time_left()), (None, None));
    assert_eq!(watch.memory_left(7), u64::MAX - 7);
    assert_eq!(
        watch.run(|| {
            ask();
            3
        }),
        Ok(3)
    );
}

#[test]
fn an_interruption_ends_it() {
    let flag = Arc::new(AtomicBool::new(false));
    let watch = Watch::start(&until(&flag));
    assert_eq!(watch.run(ask), Ok(()));
    flag.store(true, Ordering::Relaxed);
    assert_eq!(watch.run(for_ever), Err(Reached::Interrupted));
    // What is reached stays reached.
    flag.store(false, Ordering::Relaxed);
    assert_eq!(watch.reached(), Some(Reached::Interrupted));
    assert_eq!(Watch::start(&until(&flag)).reached(), None);
}

#[test]
fn a_limit_of_memory_that_is_passed_already_is_reached_at_once() {
    let limits = Limits {
        max_memory: Some(1),
        ..Limits::default()
    };
    let watch = Watch::start(&limits);
    if watch.resident().is_some() {
        assert_eq!(watch.reached(), Some(Reached::Memory(1)));
        assert_eq!(watch.memory_left(0), 0);
    }
}

#[test]
fn the_inner_watch_is_left_first_and_the_outer_one_goes_on() {
    let flag = Arc::new(AtomicBool::new(false));
    let outer = Watch::start(&until(&flag));
    let said = outer.run(|| {
        let inner = Watch::start(&soon()).run(for_ever);
        assert_eq!(inner, Err(Reached::Time(5)));
        ask();
        7
    });
    assert_eq!(said, Ok(7));
}

#[test]
fn what_the_watch_around_reaches_the_inner_one_has_reached() {
    let flag = Arc::new(AtomicBool::new(false));
    let outer = Watch::start(&until(&flag));
    let said = outer.run(|| {
        let inner = Watch::start(&Limits::default());
        let apart = Watch::apart(&Limits::default());
        flag.store(true, Ordering::Relaxed);
        assert_eq!(inner.run(for_ever), Err(Reached::Interrupted));
        assert_eq!(apart.run(ask), Ok(()));
        // Nobody is left who does not want to be.
        unasked(ask);
        for_ever();
    });
    assert_eq!(said, Err(Reached::Interrupted));
}

#[test]
fn the_time_that_is_left_is_the_least() {
    let hour = Duration::from_secs(3_600);
    let of = |timeout| Limits {
        timeout: Some(timeout),
        ..Limits::default()
    };
    let outer = Watch::start(&of(hour));
    let left = outer.run(|| Watch::start(&of(2 * hour)).time_left());
    assert!(left.is_ok_and(|left| left.is_some_and(|left| left <= hour)));
    assert_eq!(Watch::start(&of(Duration::MAX)).time_left(), None);
}

#[test]
fn a_panic_is_no_limit() {
    let watch = Watch::start(&Limits::default());
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let _ = watch.run(|| std::panic::resume_unwind(Box::new("a fault")));
    }));
    let payload = caught.expect_err("it goes through");
    assert!(!kmapcheck_limits::is_halt(payload.as_ref()));
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"a fault"));
    assert_eq!(reached(), None);
}

#[test]
fn threads_of_a_phase_ask_like_the_phase() {
    let watch = Watch::start(&soon());
    let said = watch.run(|| {
        let of_phase = Watch::current();
        let thread = std::thread::spawn(move || {
            let _watched = entered(of_phase.as_ref());
            for_ever();
        });
        let halt = thread.join().expect_err("it is left");
        assert!(kmapcheck_limits::is_halt(halt.as_ref()));
        std::panic::resume_unwind(halt);
    });
    assert_eq!(said, Err(Reached::Time(5)));
}

#[test]
fn who_does_not_ask_is_ended_from_outside() {
    let (send, receive) = mpsc::channel();
    let watch = Watch::guarded(&soon(), Duration::from_millis(5), move |reached| {
        let _ = send.send(reached);
    });
    // Not asking at all: the last resort comes by itself.
    assert_eq!(receive.recv(), Ok(Reached::Time(5)));
    drop(watch);
    // And not where a run is over before its time.
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let long = Limits {
        timeout: Some(Duration::from_secs(3_600)),
        ..Limits::default()
    };
    drop(Watch::guarded(&long, Duration::ZERO, move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    }));
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[test]
fn progress_is_due_now_and_then() {
    let watch = Watch::start(&Limits::default());
    while !watch.is_due() {
        std::thread::yield_now();
    }
    // Once each time.
    assert!(!watch.is_due());
}

#[test]
fn a_share_of_the_time() {
    let limits = Limits {
        timeout: Some(Duration::from_secs(5)),
        ..Limits::default()
    };
    let deadline = limits.deadline();
    let share = limits.until(deadline).expect("there is time left");
    assert!(
        share
            .timeout
            .is_some_and(|left| left <= Duration::from_secs(5))
    );
    assert!(limits.until(Some(std::time::Instant::now())).is_none());
    assert_eq!(limits.out_of_time(), Reached::Time(5_000));
}
