//! What all scopes of one build share: the deck, the options in force, the overrides of the step, and the notes made.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::definitions::Definitions;
use super::percell::{self, Matrix, MatrixError};
use crate::diag::{Diagnostic, Span};
use crate::netlist::ast::{Deck, Subckt};
use crate::numeric::sampling::{Quantity, Sampling};
use crate::plan::{Options, Overrides, SweepTarget};

/// The common ground of a build.
pub struct Context<'d> {
    /// The deck.
    pub deck: &'d Deck,
    /// `-D name=value`.
    pub defines: &'d [(String, f64)],
    /// Values of the step point.
    pub overrides: &'d Overrides,
    /// Options in force; the temperature already includes `.temp` and the step.
    pub options: Options,
    /// Random functions are drawn, not nominal.
    pub random: bool,
    /// How the runs of `.mc` spread.
    pub sampling: Sampling,
    /// Random quantities so far.
    quantities: RefCell<HashMap<String, u64>>,
    pub(super) evaluating: RefCell<Vec<(String, Span)>>,
    pub(super) depth: Cell<usize>,
    templates: RefCell<HashMap<*const Subckt, Rc<Definitions<'d>>>>,
    notes: RefCell<Vec<Diagnostic>>,
    noted: RefCell<HashSet<(&'static str, Option<Span>)>>,
    consumed: RefCell<BTreeSet<SweepTarget>>,
    matrices: RefCell<HashMap<PathBuf, Arc<Matrix>>>,
}

impl<'d> Context<'d> {
    /// A context with nothing evaluated yet.
    #[must_use]
    pub fn new(
        deck: &'d Deck,
        defines: &'d [(String, f64)],
        overrides: &'d Overrides,
        options: Options,
        random: bool,
        sampling: Sampling,
    ) -> Rc<Self> {
        Rc::new(Self {
            deck,
            defines,
            overrides,
            options,
            random,
            sampling,
            quantities: RefCell::default(),
            evaluating: RefCell::default(),
            depth: Cell::new(0),
            templates: RefCell::default(),
            notes: RefCell::default(),
            noted: RefCell::default(),
            consumed: RefCell::default(),
            matrices: RefCell::default(),
        })
    }

    /// A random quantity with its number.
    #[must_use]
    pub fn quantity<'a>(&self, path: &'a str) -> Quantity<'a> {
        // only Sobol points are numbered
        if !matches!(self.sampling, Sampling::Sobol(_)) {
            return Quantity { path, dimension: 0 };
        }
        let mut quantities = self.quantities.borrow_mut();
        let next = quantities.len() as u64;
        Quantity { path, dimension: *quantities.entry(path.to_string()).or_insert(next) }
    }

    /// The definitions of a subcircuit's body, gathered once.
    #[must_use]
    pub fn definitions_of(&self, subckt: &'d Subckt) -> Rc<Definitions<'d>> {
        let mut templates = self.templates.borrow_mut();
        let template = templates
            .entry(std::ptr::from_ref(subckt))
            .or_insert_with(|| Rc::new(Definitions::gather(&subckt.params, &subckt.body)));
        Rc::clone(template)
    }

    /// Keeps a note or warning; the same one at the same place only once.
    pub fn note(&self, note: Diagnostic) {
        if self.noted.borrow_mut().insert((note.code, note.span)) {
            self.notes.borrow_mut().push(note);
        }
    }

    /// All notes so far, leaving none.
    #[must_use]
    pub fn take_notes(&self) -> Vec<Diagnostic> {
        self.notes.take()
    }

    /// The value that the step writes to a target, which thereby counts as found.
    #[must_use]
    pub fn replaced(&self, target: &SweepTarget) -> Option<f64> {
        if self.overrides.values.is_empty() {
            return None;
        }
        let value = self.overrides.values.get(target).copied()?;
        self.consumed(target);
        Some(value)
    }

    /// All values that the step writes to fields of a device, which thereby count as found.
    #[must_use]
    pub fn replaced_fields(&self, device: &str) -> Vec<(String, f64)> {
        if self.overrides.values.is_empty() {
            return Vec::new();
        }
        let mut fields = Vec::new();
        for (target, &value) in &self.overrides.values {
            if let SweepTarget::Device(name, field) = target
                && name == device
            {
                self.consumed(target);
                fields.push((field.clone(), value));
            }
        }
        fields
    }

    /// Marks a step target as found.
    pub fn consumed(&self, target: &SweepTarget) {
        self.consumed.borrow_mut().insert(target.clone());
    }

    /// Step targets that nothing in the deck answered to.
    #[must_use]
    pub fn missed(&self) -> Vec<SweepTarget> {
        let consumed = self.consumed.borrow();
        self.overrides.values.keys().filter(|t| !consumed.contains(t)).cloned().collect()
    }

    /// Matrices in memory that stand for files.
    pub fn supply(&self, matrices: &HashMap<PathBuf, Arc<Matrix>>) {
        let mut known = self.matrices.borrow_mut();
        known.extend(matrices.iter().map(|(name, matrix)| (name.clone(), Arc::clone(matrix))));
    }

    /// A numeric data file, read once per build.
    ///
    /// # Errors
    /// When it cannot be read or holds no numbers.
    pub fn matrix(&self, path: &Path) -> Result<Arc<Matrix>, MatrixError> {
        if let Some(matrix) = self.matrices.borrow().get(path) {
            return Ok(Arc::clone(matrix));
        }
        let matrix = Arc::new(percell::read(path)?);
        self.matrices.borrow_mut().insert(path.to_path_buf(), Arc::clone(&matrix));
        Ok(matrix)
    }
}
