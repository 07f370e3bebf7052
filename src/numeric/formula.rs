//! Compiled expressions: no names, only numbered slots.
//!
//! A [`Formula`] is a tape in topological order: node k reads only nodes below k. Values come from one forward
//! sweep, the gradient from one reverse sweep over the same tape (adjoint differentiation), so that a source that
//! depends on fifty voltages costs two sweeps, not fifty.
//!
//! Semantics are total: nothing here panics or returns NaN for finite input. `exp`, `sinh`, `cosh`
//! continue linearly beyond 700, `sqrt` and `ln` act on |x|, x/0 saturates at +-1e32 (0/0 = 0), a negative base with a
//! non-integer exponent gives the real part |x|^p cos(pi p). Overflow saturates at the largest finite number.

use std::collections::{HashMap, HashSet};

use super::function::saturate;
pub use super::function::{Function1, Function2};

/// Index of a node on the tape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeIndex(pub u32);

impl NodeIndex {
    fn at(self) -> usize {
        self.0 as usize
    }
}

/// One node of the tape.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A constant.
    Constant(f64),
    /// The value of slot k.
    Slot(u32),
    /// f(a).
    Apply1(Function1, NodeIndex),
    /// f(a, b).
    Apply2(Function2, NodeIndex, NodeIndex),
    /// condition != 0 ? a : b.
    Select(NodeIndex, NodeIndex, NodeIndex),
    /// Piecewise linear table of x, ends held; the table index.
    Table(u32, NodeIndex),
}

/// A compiled expression. The default formula is the constant 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Formula {
    nodes: Vec<Node>,
    tables: Vec<Vec<(f64, f64)>>,
}

/// Scratch of the sweeps, reusable between formulas.
#[derive(Debug, Clone, Default)]
pub struct Tape {
    values: Vec<f64>,
    slopes: Vec<[f64; 2]>,
    adjoints: Vec<f64>,
}

impl Formula {
    /// The formula that is always `value`.
    #[must_use]
    pub fn constant(value: f64) -> Self {
        Self { nodes: vec![Node::Constant(value)], tables: Vec::new() }
    }

    /// The value when no slot matters.
    #[must_use]
    pub fn is_constant(&self) -> Option<f64> {
        match self.nodes.as_slice() {
            [] => Some(0.0),
            // the builder folds, so a constant formula is one node
            [Node::Constant(value)] => Some(*value),
            _ => None,
        }
    }

    /// The slot whose value it is, and nothing else.
    #[must_use]
    pub fn is_slot(&self) -> Option<u32> {
        match self.nodes.as_slice() {
            [Node::Slot(k)] => Some(*k),
            _ => None,
        }
    }

    /// The slots it reads, each once, in order of first use.
    pub fn slots(&self) -> impl Iterator<Item = u32> + '_ {
        // renumbering may have sent two slots to one
        let mut seen = HashSet::new();
        let slots = self.nodes.iter().filter_map(|node| if let Node::Slot(k) = node { Some(*k) } else { None });
        slots.filter(move |k| seen.insert(*k))
    }

    /// One more than the largest slot it reads: the least length of `slots` and `grad`.
    #[must_use]
    pub fn slot_count(&self) -> usize {
        self.slots().map(|k| k as usize + 1).max().unwrap_or(0)
    }

    /// Renumbers the slots. `map` may send two slots to one.
    pub fn remap_slots(&mut self, mut map: impl FnMut(u32) -> u32) {
        for node in &mut self.nodes {
            if let Node::Slot(k) = node {
                *k = map(*k);
            }
        }
    }

    /// The value at `slots`; a slot beyond their end reads 0.
    #[must_use]
    pub fn eval(&self, slots: &[f64]) -> f64 {
        self.is_constant().unwrap_or_else(|| self.eval_with(slots, &mut Tape::default()))
    }

    /// [`Formula::eval`] without allocation once `tape` has grown.
    pub fn eval_with(&self, slots: &[f64], tape: &mut Tape) -> f64 {
        let values = &mut tape.values;
        values.clear();
        for node in &self.nodes {
            let value = match node {
                Node::Constant(value) => *value,
                Node::Slot(k) => slot(slots, *k),
                Node::Apply1(f, a) => f.value(values[a.at()]),
                Node::Apply2(f, a, b) => f.value(values[a.at()], values[b.at()]),
                Node::Select(condition, a, b) => values[taken(values[condition.at()], *a, *b).at()],
                Node::Table(table, a) => interpolate(&self.tables[*table as usize], values[a.at()]).0,
            };
            values.push(value);
        }
        values.last().copied().unwrap_or(0.0)
    }

    /// The value at `slots` and its derivatives: `grad[k]` = df/d(slot k), overwritten, 0 for slots it does not read.
    /// Only the taken branch of a selection counts. Slots beyond the end of `grad` are left out.
    pub fn gradient(&self, slots: &[f64], grad: &mut [f64], tape: &mut Tape) -> f64 {
        grad.fill(0.0);
        if let Some(value) = self.is_constant() {
            return value;
        }
        self.sweep_forward(slots, tape);
        self.sweep_back(grad, tape);
        tape.values.last().copied().unwrap_or(0.0)
    }

    /// Values and local derivatives of every node.
    fn sweep_forward(&self, slots: &[f64], tape: &mut Tape) {
        let Tape { values, slopes, .. } = tape;
        values.clear();
        slopes.clear();
        for node in &self.nodes {
            let (value, slope) = match node {
                Node::Constant(value) => (*value, [0.0; 2]),
                Node::Slot(k) => (slot(slots, *k), [0.0; 2]),
                Node::Apply1(f, a) => {
                    let (value, slope) = f.value_and_slope(values[a.at()]);
                    (value, [slope, 0.0])
                }
                Node::Apply2(f, a, b) => f.value_and_slopes(values[a.at()], values[b.at()]),
                Node::Select(condition, a, b) => (values[taken(values[condition.at()], *a, *b).at()], [0.0; 2]),
                Node::Table(table, a) => {
                    let (value, slope) = interpolate(&self.tables[*table as usize], values[a.at()]);
                    (value, [slope, 0.0])
                }
            };
            values.push(value);
            slopes.push(slope);
        }
    }

    /// Adjoints from the value back to the slots: adj(a) += adj(node) dnode/da. Nodes with adjoint 0, among them those
    /// that only an untaken branch reads, pass nothing on.
    fn sweep_back(&self, grad: &mut [f64], tape: &mut Tape) {
        let Tape { values, slopes, adjoints } = tape;
        adjoints.clear();
        adjoints.resize(self.nodes.len(), 0.0);
        if let Some(last) = adjoints.last_mut() {
            *last = 1.0;
        }
        for (k, node) in self.nodes.iter().enumerate().rev() {
            let adjoint = saturate(adjoints[k]);
            if adjoint == 0.0 {
                continue;
            }
            let [first, second] = slopes[k];
            match node {
                Node::Constant(_) => {}
                Node::Slot(slot) => {
                    if let Some(entry) = grad.get_mut(*slot as usize) {
                        *entry += adjoint;
                    }
                }
                Node::Apply1(_, a) | Node::Table(_, a) => adjoints[a.at()] += saturate(adjoint * first),
                Node::Apply2(_, a, b) => {
                    adjoints[a.at()] += saturate(adjoint * first);
                    adjoints[b.at()] += saturate(adjoint * second);
                }
                Node::Select(condition, a, b) => adjoints[taken(values[condition.at()], *a, *b).at()] += adjoint,
            }
        }
    }
}

#[inline]
fn slot(slots: &[f64], k: u32) -> f64 {
    slots.get(k as usize).copied().unwrap_or(0.0)
}

#[inline]
fn taken(condition: f64, a: NodeIndex, b: NodeIndex) -> NodeIndex {
    if condition != 0.0 { a } else { b }
}

/// Value and slope of a piecewise linear table with ascending abscissae; at a corner the segment to its right counts,
/// a repeated abscissa is a step that already has its later value there.
fn interpolate(points: &[(f64, f64)], x: f64) -> (f64, f64) {
    let above = points.partition_point(|p| p.0 <= x);
    match (above.checked_sub(1).and_then(|below| points.get(below)), points.get(above)) {
        (Some(&(x0, y0)), Some(&(x1, y1))) => {
            let slope = saturate((y1 - y0) / (x1 - x0));
            (saturate(y0 + slope * (x - x0)), slope)
        }
        (Some(&(_, y)), None) | (None, Some(&(_, y))) => (y, 0.0),
        (None, None) => (0.0, 0.0),
    }
}

/// Builds a [`Formula`]. Folds constants and shares equal nodes as it goes, so that inlining a function with the
/// indices of its arguments costs no copies.
#[derive(Debug, Clone, Default)]
pub struct FormulaBuilder {
    formula: Formula,
    known: HashMap<[u64; 4], NodeIndex>,
}

impl FormulaBuilder {
    /// An empty builder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A constant.
    pub fn constant(&mut self, value: f64) -> NodeIndex {
        self.push(Node::Constant(value))
    }

    /// The value of slot `k`.
    pub fn slot(&mut self, k: u32) -> NodeIndex {
        self.push(Node::Slot(k))
    }

    /// f(a).
    pub fn apply1(&mut self, f: Function1, a: NodeIndex) -> NodeIndex {
        match self.value_of(a) {
            Some(x) => self.constant(f.value(x)),
            None => self.push(Node::Apply1(f, a)),
        }
    }

    /// f(a, b). Neutral elements vanish: x+0, x-0, x*1, x/1, x^1; x*0 and 0/x are 0.
    pub fn apply2(&mut self, f: Function2, a: NodeIndex, b: NodeIndex) -> NodeIndex {
        use Function2::{Add, Div, Mul, Pow, Sub};
        match (f, self.value_of(a), self.value_of(b)) {
            (_, Some(x), Some(y)) => self.constant(f.value(x, y)),
            (Add, Some(0.0), _) | (Mul, Some(1.0), _) => b,
            (Add | Sub, _, Some(0.0)) | (Mul | Div | Pow, _, Some(1.0)) => a,
            (Mul | Div, Some(0.0), _) | (Mul, _, Some(0.0)) => self.constant(0.0),
            (Pow, _, Some(2.0)) => self.push(Node::Apply1(Function1::Square, a)),
            _ => self.push(Node::Apply2(f, a, b)),
        }
    }

    /// condition != 0 ? a : b.
    pub fn select(&mut self, condition: NodeIndex, a: NodeIndex, b: NodeIndex) -> NodeIndex {
        match self.value_of(condition) {
            Some(x) => taken(x, a, b),
            None if a == b => a,
            None => self.push(Node::Select(condition, a, b)),
        }
    }

    /// Piecewise linear table of `x` through `points`, ends held; sorted here by abscissa, repeated abscissae keep
    /// their order. No points give 0.
    pub fn table(&mut self, x: NodeIndex, mut points: Vec<(f64, f64)>) -> NodeIndex {
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        if let Some(x) = self.value_of(x) {
            return self.constant(interpolate(&points, x).0);
        }
        if let ([] | [_], y) = (points.as_slice(), points.first().map_or(0.0, |p| p.1)) {
            return self.constant(y);
        }
        let tables = &mut self.formula.tables;
        let index = tables.iter().position(|t| *t == points).unwrap_or_else(|| {
            tables.push(points);
            tables.len() - 1
        });
        self.push(Node::Table(index as u32, x))
    }

    /// Copies another formula in, slot k read as `arguments[k]` (0 when there are fewer).
    pub fn inline(&mut self, formula: &Formula, arguments: &[NodeIndex]) -> NodeIndex {
        let mut map: Vec<NodeIndex> = Vec::with_capacity(formula.nodes.len());
        for node in &formula.nodes {
            let copy = match node {
                Node::Constant(value) => self.constant(*value),
                Node::Slot(k) => match arguments.get(*k as usize) {
                    Some(&argument) => argument,
                    None => self.constant(0.0),
                },
                Node::Apply1(f, a) => self.apply1(*f, map[a.at()]),
                Node::Apply2(f, a, b) => self.apply2(*f, map[a.at()], map[b.at()]),
                Node::Select(c, a, b) => self.select(map[c.at()], map[a.at()], map[b.at()]),
                Node::Table(table, a) => self.table(map[a.at()], formula.tables[*table as usize].clone()),
            };
            map.push(copy);
        }
        map.last().copied().unwrap_or_else(|| self.constant(0.0))
    }

    /// The value of a node that is constant.
    #[must_use]
    pub fn value_of(&self, node: NodeIndex) -> Option<f64> {
        match self.formula.nodes.get(node.at()) {
            Some(Node::Constant(value)) => Some(*value),
            _ => None,
        }
    }

    /// The formula whose value is `value`, reduced to the nodes it needs.
    #[must_use]
    pub fn finish(mut self, value: NodeIndex) -> Formula {
        self.formula.nodes.truncate(value.at() + 1);
        let needed = needed(&self.formula.nodes);
        let mut place = vec![NodeIndex(0); needed.len()];
        let mut tables = Vec::new();
        let mut nodes = Vec::new();
        for (k, mut node) in self.formula.nodes.into_iter().enumerate().filter(|(k, _)| needed[*k]) {
            for operand in operands_mut(&mut node) {
                *operand = place[operand.at()];
            }
            if let Node::Table(table, _) = &mut node {
                let points = &self.formula.tables[*table as usize];
                let index = tables.iter().position(|t| t == points).unwrap_or_else(|| {
                    tables.push(points.clone());
                    tables.len() - 1
                });
                *table = index as u32;
            }
            place[k] = NodeIndex(nodes.len() as u32);
            nodes.push(node);
        }
        Formula { nodes, tables }
    }

    /// Appends a node unless an equal one is there.
    fn push(&mut self, node: Node) -> NodeIndex {
        let next = NodeIndex(self.formula.nodes.len() as u32);
        let index = *self.known.entry(key(&node)).or_insert(next);
        if index == next {
            self.formula.nodes.push(node);
        }
        index
    }
}

/// Equal for equal nodes only.
fn key(node: &Node) -> [u64; 4] {
    match node {
        Node::Constant(value) => [0, value.to_bits(), 0, 0],
        Node::Slot(k) => [1, u64::from(*k), 0, 0],
        Node::Apply1(f, a) => [2, *f as u64, u64::from(a.0), 0],
        Node::Apply2(f, a, b) => [3, *f as u64, u64::from(a.0), u64::from(b.0)],
        Node::Select(c, a, b) => [4, u64::from(c.0), u64::from(a.0), u64::from(b.0)],
        Node::Table(table, a) => [5, u64::from(*table), u64::from(a.0), 0],
    }
}

fn operands_mut(node: &mut Node) -> impl Iterator<Item = &mut NodeIndex> {
    let operands = match node {
        Node::Constant(_) | Node::Slot(_) => [None, None, None],
        Node::Apply1(_, a) | Node::Table(_, a) => [Some(a), None, None],
        Node::Apply2(_, a, b) => [Some(a), Some(b), None],
        Node::Select(c, a, b) => [Some(c), Some(a), Some(b)],
    };
    operands.into_iter().flatten()
}

/// Which nodes the last one depends on.
fn needed(nodes: &[Node]) -> Vec<bool> {
    let mut needed = vec![false; nodes.len()];
    if let Some(last) = needed.last_mut() {
        *last = true;
    }
    for (k, node) in nodes.iter().enumerate().rev() {
        if needed[k] {
            for operand in operands_mut(&mut node.clone()) {
                needed[operand.at()] = true;
            }
        }
    }
    needed
}

#[cfg(test)]
mod tests;
