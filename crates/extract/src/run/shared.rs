//! What states share until one of them changes it.
//!
//! A path is followed in small steps, most of which change little or nothing, and a state is kept at
//! each branch. So the parts of a state are copied where they are changed, and not before.

use std::ops::{Deref, DerefMut};
use std::rc::Rc;

/// A part of a state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Shared<T>(Rc<T>);

impl<T: Clone + Default> Shared<T> {
    /// What it is; nothing is left.
    pub fn take(&mut self) -> T {
        Rc::unwrap_or_clone(std::mem::take(self).0)
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Rc::make_mut(&mut self.0)
    }
}

impl<T> From<T> for Shared<T> {
    fn from(of: T) -> Shared<T> {
        Shared(Rc::new(of))
    }
}

impl<T: FromIterator<I>, I> FromIterator<I> for Shared<T> {
    fn from_iter<A: IntoIterator<Item = I>>(all: A) -> Shared<T> {
        Shared(Rc::new(all.into_iter().collect()))
    }
}
