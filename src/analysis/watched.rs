//! A sink that is asked whether to stop while points are on their way to it.

use std::cell::RefCell;

use crate::result::{ArraySnapshot, PlotHeader, Sink};

/// Shares one sink between a driver, which hands it points, and its solver, which asks it whether to go on.
pub struct Watched<'s>(RefCell<&'s mut dyn Sink>);

impl<'s> Watched<'s> {
    /// Shares `sink`.
    #[must_use]
    pub fn new(sink: &'s mut dyn Sink) -> Self {
        Self(RefCell::new(sink))
    }

    /// Did the user ask to stop?
    #[must_use]
    pub fn interrupted(&self) -> bool {
        self.0.borrow().interrupted()
    }
}

impl Sink for &Watched<'_> {
    fn begin(&mut self, header: &PlotHeader) {
        self.0.borrow_mut().begin(header);
    }
    fn point(&mut self, values: &[f64]) {
        self.0.borrow_mut().point(values);
    }
    fn snapshot(&mut self, snapshot: ArraySnapshot) {
        self.0.borrow_mut().snapshot(snapshot);
    }
    fn end(&mut self) {
        self.0.borrow_mut().end();
    }
    fn progress(&mut self, fraction: f64) {
        self.0.borrow_mut().progress(fraction);
    }
    fn interrupted(&self) -> bool {
        Watched::interrupted(self)
    }
}
