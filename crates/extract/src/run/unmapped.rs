//! Unmaps of what is no address in a mapped page.
//!
//! `kunmap_atomic` wants the address, and is given the page, or what is null or an error by then: the
//! mapping stays, whatever it was. That is misuse on every such path, so the scenario has an unmap of
//! something that nobody maps. An address of which nothing is known is another thing, and refused.

use crate::map::Operation;
use crate::read::instruction::Call;
use crate::run::label::Label;
use crate::run::state::State;
use crate::run::step::{Machine, Thing};
use crate::run::value::Linear;

impl Machine<'_> {
    /// The label of an unmap whose argument is known to be no mapped address; `None`: it is none.
    pub fn unmap_of_no_address(
        &mut self,
        state: &mut State,
        call: &Call,
        function: &str,
        operation: &Operation,
    ) -> Option<Label> {
        let number = operation.address?;
        let depth = state.frames.len() - 1;
        let value = self.value(state, depth, call.args.get(number)?);
        let what = match value.number() {
            Some(0) => "null".to_owned(),
            Some(number) => format!("the number {number}"),
            None if self.is_page(state, &value) => "a page".to_owned(),
            None => return None,
        };
        let op = match operation.op.as_str() {
            "kunmap_any" => "kunmap",
            op => crate::map::file::name_of(op)?,
        };
        let name = self.name_of_none(state, depth, call.texts.get(number)?);
        let (file, line, here) = self.here;
        Some(Label {
            op,
            of: Some(name),
            with: None,
            file,
            line,
            function: here,
            note: Some(format!("{function}() of {what}, not of an address")),
            taken: None,
        })
    }

    /// Whether this is a page, and so no address that a page is mapped at.
    fn is_page(&self, state: &State, value: &Linear) -> bool {
        let named = state
            .names
            .get(value)
            .and_then(|name| self.things.get(name));
        state.page_of(value).is_none()
            && (named.is_some_and(Thing::is_page) || state.pages.values().any(|page| page == value))
    }
}
