//! Seeded faults: how the allocator could be wrong. Only tests name anything but [`Kernel24`].
//!
//! Each is a mistake that one atomic step per kmap cannot show, because it lies between the
//! critical sections. The allocator is generic over them, so that what is checked by default has
//! no trace of them in it.

/// What an allocator does differently from the kernel.
pub(crate) trait Faults: 'static {
    /// kunmap looks whether anybody waits before it takes `kmap_lock`, not under it.
    const WAITERS_CHECKED_BEFORE_LOCK: bool = false;
    /// kmap does not look at `page->virtual` again after it has slept.
    const NO_RECHECK: bool = false;
    /// kunmap wakes nobody.
    const NO_WAKE_UP: bool = false;
    /// kunmap reads the count under `kmap_lock` and stores it, one less, under another taking of
    /// it.
    const COUNT_OUTSIDE_LOCK: bool = false;
    /// A flush looks for unused slots under `kmap_lock` and empties them under another taking of
    /// it.
    const FLUSH_OUTSIDE_LOCK: bool = false;
}

/// The kernel's allocator, without any of them.
pub(crate) struct Kernel24;

impl Faults for Kernel24 {}
