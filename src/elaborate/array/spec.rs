//! What an instance of an `.xbar` asks for: geometry, wires, the cell and its per-cell parameters, faults. Numbers and
//! names only; nothing is built here.

use std::rc::Rc;
use std::sync::Arc;

use super::super::assembly::Assembly;
use super::super::flatten::Instance;
use super::super::percell::Matrix;
use super::super::scope::{Given, Scope};
use super::super::sweep;
use super::memory;
use super::settings::{Bound, KEYS, Settings};
#[allow(unused_imports, reason = "for the documentation")]
use crate::circuit::array::Wires;
use crate::circuit::array::{Direction, FaultKind, Line};
use crate::diag::{Diagnostic, nearest};
use crate::netlist::ast::{Expr, ExprKind, FileRef, Name, Subckt, XbarCard};

/// More cells than this are a typing error.
const MOST_CELLS: usize = 1 << 26;

/// What a port of the cell is tied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A line of the array.
    Line(Line),
    /// A node of the circuit around the array, or ground: its unknown.
    Net(u32),
}

/// All lines of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct LineSpec {
    /// Which.
    pub line: Line,
    /// Which way they run.
    pub direction: Direction,
    /// Ohm per segment; the first that is read where they differ.
    pub resistance: f64,
    /// Ohm of every segment where they differ ([`Wires::segments`]).
    pub segments: Option<Rc<[f64]>>,
    /// Extra ohm in the segments to the pins.
    pub terminal: f64,
    /// F per node.
    pub capacitance: f64,
    /// Is the left or top end brought out?
    pub head: bool,
    /// Is the right or bottom end brought out?
    pub tail: bool,
    /// Broken segments `(line, segment)`, sorted.
    pub breaks: Vec<(usize, usize)>,
}

/// A cell parameter that differs from cell to cell.
#[derive(Clone)]
pub enum CellValues<'d> {
    /// Read from a file.
    Listed(Arc<Matrix>),
    /// An expression with random functions, evaluated in each cell's own path.
    Drawn(Expr, Scope<'d>),
}

/// An evaluated array.
pub struct Spec<'d> {
    /// Hierarchical name.
    pub name: String,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// Index base of names.
    pub base: usize,
    /// The cell.
    pub subckt: &'d Subckt,
    /// Where the cell's definition was found.
    pub home: Scope<'d>,
    /// One per port of the cell.
    pub roles: Vec<Role>,
    /// Lines in pin order.
    pub lines: Vec<LineSpec>,
    /// Cell parameters that all cells share.
    pub shared: Given,
    /// Cell parameters of each cell.
    pub varying: Vec<(String, CellValues<'d>)>,
    /// Faulty cells, sorted.
    pub faults: Vec<(usize, FaultKind)>,
    /// `m=` of the instance.
    pub multiplicity: f64,
}

impl<'d> Spec<'d> {
    /// `(number of lines, cells per line)`.
    #[must_use]
    pub fn shape(&self, direction: Direction) -> (usize, usize) {
        match direction {
            Direction::Row => (self.rows, self.cols),
            Direction::Column => (self.cols, self.rows),
        }
    }

    /// Path of a cell, `xa.c_3_5`.
    #[must_use]
    pub fn cell_path(&self, cell: usize) -> String {
        format!("{}.c_{}_{}", self.name, cell / self.cols + self.base, cell % self.cols + self.base)
    }

    /// Parameter values of one cell.
    ///
    /// # Errors
    /// An expression without a value.
    pub fn given(&self, cell: usize, path: &str) -> Result<Given, Diagnostic> {
        let mut given = self.shared.clone();
        for (name, values) in &self.varying {
            let value = match values {
                CellValues::Listed(matrix) => matrix.values[cell],
                CellValues::Drawn(expression, scope) => scope.with(Given::new(), path).number(expression)?,
            };
            given.push((name.clone(), value));
        }
        Ok(given)
    }

    /// One varying parameter in all cells, row-major.
    ///
    /// # Errors
    /// As [`Spec::given`].
    pub fn column(&self, k: usize) -> Result<Arc<Matrix>, Diagnostic> {
        match &self.varying[k].1 {
            CellValues::Listed(matrix) => Ok(Arc::clone(matrix)),
            CellValues::Drawn(expression, scope) => {
                let draw = |cell: usize| scope.with(Given::new(), &self.cell_path(cell)).number(expression);
                let values = (0..self.rows * self.cols).map(draw).collect::<Result<_, _>>()?;
                Ok(Arc::new(Matrix { rows: self.rows, cols: self.cols, values }))
            }
        }
    }

    /// The pins in words, for messages: `64 wl(left), 64 bl(bottom)`.
    #[must_use]
    pub fn pin_order(&self) -> String {
        let ends = self.lines.iter().flat_map(|l| {
            let count = self.shape(l.direction).0;
            let names = match l.direction {
                Direction::Row => ["left", "right"],
                Direction::Column => ["top", "bottom"],
            };
            let ends = [(l.head, names[0]), (l.tail, names[1])].into_iter().filter(|(out, _)| *out);
            ends.map(move |(_, side)| format!("{count} {}({side})", l.line.name())).collect::<Vec<_>>()
        });
        ends.collect::<Vec<_>>().join(", ")
    }

    /// Number of pins.
    #[must_use]
    pub fn pins(&self) -> usize {
        self.lines.iter().map(|l| self.shape(l.direction).0 * (usize::from(l.head) + usize::from(l.tail))).sum()
    }
}

impl<'d> Assembly<'d> {
    /// Evaluates an array instance; `None` after mistakes, which are kept.
    pub(super) fn array_spec(
        &mut self,
        instance: &Instance<'_, 'd>,
        card: &'d XbarCard,
        home: &Scope<'d>,
    ) -> Option<Spec<'d>> {
        let frame_scope = instance.frame.scope.clone();
        let from_card = card.params.iter().map(|assign| Bound { assign, scope: home });
        let from_line = instance.line.params.iter().map(|assign| Bound { assign, scope: &frame_scope });
        let mut settings = Settings {
            bound: from_card.chain(from_line).collect(),
            stepped: self.context.replaced_fields(&instance.name),
            used: Vec::new(),
            span: card.span,
            scope: home.clone(),
        };
        let rows = self.dimension(home, &card.rows, "rows");
        let cols = self.dimension(home, &card.cols, "columns");
        let (rows, cols) = (rows?, cols?);
        if rows.saturating_mul(cols) > MOST_CELLS {
            let message = format!("{rows} x {cols} cells are more than the {MOST_CELLS} that are accepted");
            let error = home.error("E-SIZE", message, card.rows.span.to(card.cols.span));
            self.error(error.help("check the two numbers; the order is rows, columns"));
            return None;
        }
        let (subckt, cell_home) = self.array_cell(card, home)?;
        if let Some((message, help)) = memory::shortage([rows, cols], self.wanted.work, subckt, &cell_home) {
            self.error(home.error("E-MEMORY", message, card.rows.span.to(card.cols.span)).help(help));
            return None;
        }
        let (roles, used) = self.array_roles(instance, card, home, subckt)?;
        let mut spec = Spec {
            name: instance.name.clone(),
            rows,
            cols,
            base: 0,
            subckt,
            home: cell_home,
            roles,
            lines: Vec::new(),
            shared: Given::new(),
            varying: Vec::new(),
            faults: Vec::new(),
            multiplicity: instance.frame.multiplicity
                * settings.positive(self, "m", 1.0, "M is how many copies of the array are in parallel"),
        };
        spec.base = self.array_base(&mut settings);
        for line in used {
            let lines = self.array_line(&mut settings, line, [rows, cols]);
            spec.lines.push(lines);
        }
        self.array_faults(&mut settings, &mut spec);
        self.array_params(&mut settings, &mut spec);
        Some(spec)
    }

    fn dimension(&mut self, scope: &Scope<'d>, expression: &Expr, what: &str) -> Option<usize> {
        let value = self.accept(scope.number(expression))?;
        if value >= 1.0 && value.fract() == 0.0 && value <= MOST_CELLS as f64 {
            return Some(value as usize);
        }
        let message = format!("the number of {what} is {value}, but must be a whole number from 1 to {MOST_CELLS}");
        self.error(scope.error("E-SIZE", message, expression.span).help("write .xbar name rows columns CELL=.."));
        None
    }

    fn array_cell(&mut self, card: &'d XbarCard, home: &Scope<'d>) -> Option<(&'d Subckt, Scope<'d>)> {
        let Some(cell) = &card.cell else {
            let error = home.error("E-CELL", format!("array `{}` has no cell", card.name.text), card.span);
            self.error(
                error.help("write CELL=name(wl bl) with the name of a `.subckt` and the role of each of its pins"),
            );
            return None;
        };
        if let Some((subckt, scope)) = home.subckt(&cell.text) {
            return Some((subckt, scope.clone()));
        }
        let error =
            home.error("E-SUBCKT", format!("the cell `{}` is not defined", cell.text), cell.span).label("not defined");
        self.error(match home.nearest_subckt(&cell.text) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help("a cell is a `.subckt`; add it or `.include` the file that has it"),
        });
        None
    }

    /// The role of each port, and the kinds of lines the array therefore has.
    fn array_roles(
        &mut self,
        instance: &Instance<'_, 'd>,
        card: &XbarCard,
        home: &Scope<'d>,
        subckt: &Subckt,
    ) -> Option<(Vec<Role>, Vec<Line>)> {
        if card.roles.len() != subckt.ports.len() {
            let ports: Vec<&str> = subckt.ports.iter().map(|p| p.text.as_str()).collect();
            let message = format!(
                "CELL={}(..) names {} role{}, but the subcircuit has {} pin{}",
                subckt.name.text,
                card.roles.len(),
                if card.roles.len() == 1 { "" } else { "s" },
                ports.len(),
                if ports.len() == 1 { "" } else { "s" },
            );
            let error = home.error("E-ROLE", message, card.span);
            self.error(
                error
                    .help(format!("its pins are: {}; each is wl, bl, sl, gl, 0 or the name of a net", ports.join(" ")))
                    .related(subckt.name.span, "the cell is defined here"),
            );
            return None;
        }
        let roles: Vec<Role> = card
            .roles
            .iter()
            .map(|role| match Line::ALL.into_iter().find(|l| l.name() == role.text) {
                Some(line) => Role::Line(line),
                None => Role::Net(self.node(instance.frame, &role.text)),
            })
            .collect();
        let used: Vec<Line> = Line::ALL.into_iter().filter(|l| roles.contains(&Role::Line(*l))).collect();
        for needed in [Line::Word, Line::Bit] {
            if !used.contains(&needed) {
                let message = format!("no pin of the cell `{}` has the role {}", subckt.name.text, needed.name());
                let span = card.roles.first().map_or(card.span, |r: &Name| r.span);
                self.error(
                    home.error("E-ROLE", message, span).help("a cell sits between a word line wl and a bit line bl"),
                );
                return None;
            }
        }
        Some((roles, used))
    }

    fn array_base(&mut self, settings: &mut Settings<'_, 'd>) -> usize {
        let base = settings.number(self, "base", 0.0);
        if base == 0.0 || base == 1.0 {
            return base as usize;
        }
        let error = settings.scope.error(
            "E-RANGE",
            format!("BASE = {base}, but indices count from 0 or 1"),
            settings.span_of("base"),
        );
        self.error(error.help("write BASE=0, as in numpy, or BASE=1, as in matlab"));
        0
    }

    /// Everything that is no key of the array is a parameter of the cell.
    fn array_params(&mut self, settings: &mut Settings<'_, 'd>, spec: &mut Spec<'d>) {
        let mut names: Vec<&Name> = Vec::new();
        for bound in settings.bound.iter().filter(|b| !KEYS.contains(&b.assign.name.text.as_str())) {
            names.retain(|n| n.text != bound.assign.name.text);
            names.push(&bound.assign.name);
        }
        for name in names {
            if !spec.home.accepts(spec.subckt, &name.text) {
                self.error(unknown_key(&settings.scope, name, spec.subckt));
                continue;
            }
            if settings.stepped.iter().any(|(n, _)| *n == name.text) {
                continue;
            }
            let Some(bound) = settings.find(&name.text) else { continue };
            self.array_param(bound, spec);
        }
        for (name, value) in &settings.stepped {
            if KEYS.contains(&name.as_str()) {
                if !settings.used.contains(name) {
                    let error = settings.scope.error(
                        "E-STEP",
                        format!("`{name}` of array `{}` cannot be stepped", spec.name),
                        settings.span,
                    );
                    self.error(error);
                }
            } else if spec.home.accepts(spec.subckt, name) {
                spec.shared.push((name.clone(), *value));
            } else {
                let message = format!("array `{}` and its cell have no parameter `{name}` to step", spec.name);
                self.error(settings.scope.error("E-STEP", message, settings.span));
            }
        }
    }

    fn array_param(&mut self, bound: &Bound<'_, 'd>, spec: &mut Spec<'d>) {
        let (name, value) = (bound.assign.name.text.clone(), &bound.assign.value);
        match &value.kind {
            ExprKind::File(file) => {
                if let Some(values) = self.cell_values(bound.scope, file, spec.rows, spec.cols) {
                    spec.varying.push((name, CellValues::Listed(values)));
                }
            }
            _ if self.context.random && has_call(value) => {
                spec.varying.push((name, CellValues::Drawn(value.clone(), bound.scope.clone())));
            }
            _ => {
                if let Some(value) = self.accept(bound.scope.number(value)) {
                    spec.shared.push((name, value));
                }
            }
        }
    }

    fn cell_values(&mut self, scope: &Scope<'d>, file: &FileRef, rows: usize, cols: usize) -> Option<Arc<Matrix>> {
        let path = sweep::locate(scope, &file.path, file.span);
        let scale = self.accept(file.scale.as_ref().map_or(Ok(1.0), |e| scope.number(e)))?;
        let offset = self.accept(file.offset.as_ref().map_or(Ok(0.0), |e| scope.number(e)))?;
        let fitted = self.context.matrix(&path).and_then(|matrix| {
            if file.transpose {
                Arc::new(matrix.transposed()).fit(&path, rows, cols, scale, offset)
            } else {
                matrix.fit(&path, rows, cols, scale, offset)
            }
        });
        self.accept(fitted.map_err(|error| scope.error("E-FILE", error.to_string(), file.span).help(error.help())))
    }
}

/// Could the expression draw a random number?
pub(super) fn has_call(expression: &Expr) -> bool {
    match &expression.kind {
        ExprKind::Call(..) => true,
        ExprKind::Unary(_, a) => has_call(a),
        ExprKind::Binary(_, a, b) => has_call(a) || has_call(b),
        ExprKind::Ternary(c, a, b) => has_call(c) || has_call(a) || has_call(b),
        _ => false,
    }
}

fn unknown_key(scope: &Scope<'_>, name: &Name, subckt: &Subckt) -> Diagnostic {
    let message =
        format!("`{}` is neither a key of an array nor a parameter of its cell `{}`", name.text, subckt.name.text);
    let error = scope.error("E-PARAM", message, name.span).related(subckt.name.span, "the cell is defined here");
    let params = || subckt.params.iter().map(|p| p.name.text.as_str());
    match nearest(&name.text, params().chain(KEYS)) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None if subckt.params.is_empty() => error.help("the cell has no parameters"),
        None => error.help(format!("the parameters of the cell are: {}", params().collect::<Vec<_>>().join(" "))),
    }
}
