//! Functions whose address is taken, and their parameters.

use super::Pointers;

impl Pointers {
    /// Every function whose address is taken, as `name#number` or a name, with the set that it is in:
    /// a field begins with a dot.
    pub fn taken(&self) -> impl Iterator<Item = (&str, &str)> {
        (self.closed.names())
            .flat_map(|set| (self.closed.of(set)).map(move |function| (function, set)))
    }

    /// The parameters of a function, in order.
    #[must_use]
    pub fn params_of(&self, function: usize) -> &[String] {
        &self.params[function]
    }
}
