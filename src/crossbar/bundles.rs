//! Arrays with any lines along rows and columns: 1T1R cells on gate, bit and source lines, symmetric or not.
//!
//! With R the nodes of the lines along the rows, C those along the columns, and the cells coupling both,
//!
//! ```text
//! [ A_RR  A_RC ] [x_R]   [b_R]
//! [ A_CR  A_CC ] [x_C] = [b_C]      S = A_CC - A_CR A_RR^-1 A_RC
//! ```
//!
//! A_RR and A_CC are chains of small blocks ([`super::bundle`]) and are inverted exactly. S is never formed: flexible
//! GMRES on it, preconditioned by A_CC^-1, needs few iterations as long as cells conduct less than lines (whose wires
//! are in both). The direction with fewer nodes at a cell is the one that is iterated on. Rows of S are scaled by their
//! diagonal, so that a node that is held counts no more than the others.

use super::bundle::{Bundle, WIDEST, Way};
use super::misfit::{self, Field, Misfit, Of};
use super::network::Wire;
use super::trouble::Trouble;
use crate::numeric::krylov;

/// Corrections with the true residual before giving up.
const ROUNDS: usize = 3;
/// Vectors kept before a restart.
const RESTART: usize = 40;

/// An array with lines of any number, `rows x cols` cells. Vectors are `lines x rows x cols`: first the lines along the
/// rows, then those along the columns, each row-major.
#[derive(Debug, Clone)]
pub struct Bundles {
    cells: usize,
    /// Lines along the rows.
    rows: Bundle,
    columns: Bundle,
    /// Entry (r, c) of the cell's block at `(r * lines + c) * cells + cell`.
    blocks: Vec<f64>,
    /// S to known potentials at every node.
    leak: Vec<f64>,
    /// Diagonal of the part that is iterated on.
    scale: Vec<f64>,
    /// Did the last factorization succeed?
    factored: bool,
}

impl Bundles {
    /// An array with the segments of its lines along the rows and along the columns.
    ///
    /// # Errors
    /// No cells; no line or more than four; segments that are not one for every cell, are negative or no numbers.
    pub fn new(rows: usize, cols: usize, along_rows: Vec<Wire>, along_columns: Vec<Wire>) -> Result<Self, Misfit> {
        let cells = misfit::cells(rows, cols)?;
        let lines = along_rows.len() + along_columns.len();
        if lines == 0 || lines > WIDEST {
            return Err(Misfit::Lines { found: lines, most: WIDEST });
        }
        let ways = along_rows.iter().map(|wire| (wire, cols, 1)).chain(along_columns.iter().map(|w| (w, rows, cols)));
        for (line, (wire, along, stride)) in ways.enumerate() {
            wire.check_length(Of::Line(line), cells)?;
            wire.check_values(Of::Line(line), along, stride)?;
        }
        let zeros = |count: usize| misfit::filled(0.0, count.saturating_mul(cells), Misfit::Memory { rows, cols });
        Ok(Self {
            cells,
            blocks: zeros(lines * lines)?,
            leak: zeros(lines)?,
            rows: Bundle::new(rows, cols, Way::Rows, along_rows),
            columns: Bundle::new(rows, cols, Way::Columns, along_columns),
            scale: Vec::new(),
            factored: false,
        })
    }

    /// Lines at a cell.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.rows.width() + self.columns.width()
    }

    /// Entry (r, c) of the blocks of all cells, in S: current out of line r per volt on line c; `None` where one of them
    /// is no line of the array.
    #[must_use]
    pub fn entry(&mut self, r: usize, c: usize) -> Option<&mut [f64]> {
        let lines = self.lines();
        (r < lines && c < lines).then(|| &mut self.blocks[(r * lines + c) * self.cells..][..self.cells])
    }

    /// Eliminates the lines of both directions with the present blocks.
    ///
    /// # Errors
    /// A line that nothing ties to a potential; leaks of another length; leaks or entries that are no numbers.
    pub fn factor(&mut self, leak: &[f64]) -> Result<(), Trouble> {
        self.factored = false;
        misfit::length(Field::Leaks(Of::All), leak, self.leak.len())?;
        misfit::finite(Field::Leaks(Of::All), leak)?;
        let lines = self.lines();
        for (k, entry) in self.blocks.chunks_exact(self.cells).enumerate() {
            misfit::finite(Field::Entries(k / lines, k % lines), entry)?;
        }
        self.leak.copy_from_slice(leak);
        let (cells, lines, first) = (self.cells, self.lines(), self.rows.width());
        let (blocks, leak) = (&self.blocks, &self.leak);
        let excess = |base: usize| {
            move |r: usize, c: usize, cell: usize| {
                let (r, c) = (base + r, base + c);
                blocks[(r * lines + c) * cells + cell] + if r == c { leak[r * cells + cell] } else { 0.0 }
            }
        };
        let untied = |_| Trouble::NegativePivots(1);
        self.rows.factor(excess(0)).map_err(untied)?;
        self.columns.factor(excess(first)).map_err(untied)?;
        let (outer, _, base, _) = self.sides();
        let mut scale = Vec::with_capacity(outer.width() * cells);
        for f in 0..outer.width() {
            let diagonal = &self.blocks[(base + f) * (lines + 1) * cells..][..cells];
            let own = diagonal.iter().zip(&self.leak[(base + f) * cells..]).enumerate();
            scale.extend(own.map(|(cell, (d, l))| (d + l + outer.tied(f, cell)).abs().max(f64::MIN_POSITIVE)));
        }
        self.scale = scale;
        self.factored = true;
        Ok(())
    }

    /// The direction that is iterated on, the one that is eliminated, and the first line of each.
    fn sides(&self) -> (&Bundle, &Bundle, usize, usize) {
        let first = self.rows.width();
        if self.rows.width() < self.columns.width() {
            (&self.rows, &self.columns, 0, first)
        } else {
            (&self.columns, &self.rows, first, 0)
        }
    }

    /// y -= A_ab x for lines `a..` and `b..`, as many as the vectors are long.
    fn subtract_coupling(&self, (a, y): (usize, &mut [f64]), (b, x): (usize, &[f64])) {
        let lines = self.lines();
        for (r, y) in y.chunks_exact_mut(self.cells).enumerate() {
            for (c, x) in x.chunks_exact(self.cells).enumerate() {
                let entry = &self.blocks[((a + r) * lines + b + c) * self.cells..][..self.cells];
                for ((y, g), x) in y.iter_mut().zip(entry).zip(x) {
                    *y -= g * x;
                }
            }
        }
    }

    /// Are vectors as long as they must be?
    fn admit(&self, x: (Field, &[f64]), y: (Field, &[f64])) -> Result<(), Misfit> {
        [x, y].into_iter().try_for_each(|(field, values)| misfit::length(field, values, self.leak.len()))
    }

    /// y = A x.
    ///
    /// # Errors
    /// Vectors of another length.
    pub fn multiply(&self, x: &[f64], y: &mut [f64]) -> Result<(), Misfit> {
        self.admit((Field::Unknowns(Of::All), x), (Field::Residual(Of::All), y))?;
        self.product(x, y);
        Ok(())
    }

    /// y = A x.
    fn product(&self, x: &[f64], y: &mut [f64]) {
        let split = self.rows.width() * self.cells;
        y.fill(0.0);
        self.subtract_coupling((0, y), (0, x));
        y.iter_mut().zip(x).zip(&self.leak).for_each(|((y, x), leak)| *y = leak * x - *y);
        let ((xr, xc), (yr, yc)) = (x.split_at(split), y.split_at_mut(split));
        self.rows.add_wires(xr, yr);
        self.columns.add_wires(xc, yc);
    }

    /// Solves A y = b from zero to the relative tolerance, in the norm of rows scaled by their diagonal; gives the
    /// iterations.
    ///
    /// # Errors
    /// No convergence; no factorization; vectors of another length, a right-hand side or a solution that is not finite.
    pub fn solve(&self, b: &[f64], y: &mut [f64], tolerance: f64, iterations: usize) -> Result<usize, Trouble> {
        self.admit((Field::RightHandSide(Of::All), b), (Field::Unknowns(Of::All), y))?;
        misfit::finite(Field::RightHandSide(Of::All), b)?;
        if !self.factored {
            return Err(Trouble::Unfactored);
        }
        y.fill(0.0);
        let mut left = b.to_vec();
        let mut used = 0;
        let (_, _, base, _) = self.sides();
        let outer = base * self.cells..base * self.cells + self.scale.len();
        let size =
            |v: &[f64]| v[outer.clone()].iter().zip(&self.scale).map(|(v, s)| (v / s).powi(2)).sum::<f64>().sqrt();
        let mut residual = 1.0;
        let mut whole = 0.0;
        for round in 0..ROUNDS {
            let (correction, steps, asked) = self.correct(&left, tolerance, iterations - used)?;
            used += steps;
            whole = if round == 0 { asked } else { whole };
            y.iter_mut().zip(&correction).for_each(|(y, d)| *y += d);
            self.product(y, &mut left);
            left.iter_mut().zip(b).for_each(|(l, b)| *l = b - *l);
            residual = if whole > 0.0 { size(&left) / whole } else { 0.0 };
            if residual <= 10.0 * tolerance {
                return if misfit::is_finite(y) { Ok(used) } else { Err(Trouble::Overflow) };
            }
            if !residual.is_finite() || used >= iterations {
                break;
            }
        }
        Err(Trouble::Limit { iterations: used, residual })
    }

    /// A^-1 b, the iterations, and the scaled length of the reduced right-hand side.
    fn correct(&self, b: &[f64], tolerance: f64, iterations: usize) -> Result<(Vec<f64>, usize, f64), Trouble> {
        let (outer, inner, o, i) = self.sides();
        let part = |base: usize, bundle: &Bundle| base * self.cells..(base + bundle.width()) * self.cells;
        let (at_outer, at_inner) = (part(o, outer), part(i, inner));
        let mut known = b[at_inner.clone()].to_vec();
        inner.solve(&mut known);
        let mut rhs = b[at_outer.clone()].to_vec();
        self.subtract_coupling((o, &mut rhs), (i, &known));
        rhs.iter_mut().zip(&self.scale).for_each(|(r, s)| *r /= s);
        let length = rhs.iter().map(|r| r * r).sum::<f64>().sqrt();
        let mut x = vec![0.0; rhs.len()];
        let effort = krylov::Effort { tolerance, iterations, restart: RESTART };
        let outcome = krylov::solve(&mut Reduced { array: self }, &rhs, &mut x, effort)?;
        if outcome.residual.is_nan() || outcome.residual > 1e3 * tolerance {
            return Err(Trouble::Limit { iterations: outcome.iterations, residual: outcome.residual });
        }
        let mut rest = b[at_inner.clone()].to_vec();
        self.subtract_coupling((i, &mut rest), (o, &x));
        inner.solve(&mut rest);
        let mut y = vec![0.0; b.len()];
        y[at_outer].copy_from_slice(&x);
        y[at_inner].copy_from_slice(&rest);
        Ok((y, outcome.iterations, length))
    }
}

/// S, scaled, and its preconditioner.
struct Reduced<'a> {
    array: &'a Bundles,
}

impl krylov::Operator for Reduced<'_> {
    type Error = Trouble;
    fn apply(&mut self, x: &[f64], y: &mut [f64]) -> Result<(), Trouble> {
        let array = self.array;
        let (outer, inner, o, i) = array.sides();
        // A_oo x: wires, leaks and the cells' own part
        y.fill(0.0);
        array.subtract_coupling((o, y), (o, x));
        let leak = &array.leak[o * array.cells..];
        y.iter_mut().zip(x).zip(leak).for_each(|((y, x), leak)| *y = leak * x - *y);
        outer.add_wires(x, y);
        let mut across = vec![0.0; inner.width() * array.cells];
        array.subtract_coupling((i, &mut across), (o, x));
        inner.solve(&mut across);
        // `across` is -A_ii^-1 A_io x, so that S x = A_oo x + A_oi across
        across.iter_mut().for_each(|v| *v = -*v);
        array.subtract_coupling((o, y), (i, &across));
        y.iter_mut().zip(&array.scale).for_each(|(y, s)| *y /= s);
        Ok(())
    }
    fn precondition(&mut self, r: &[f64], z: &mut [f64]) -> Result<(), Trouble> {
        for ((z, r), s) in z.iter_mut().zip(r).zip(&self.array.scale) {
            *z = r * s;
        }
        self.array.sides().0.solve(z);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Random arrays of one to four lines, unsymmetric cells and a held node among them: A y = b, checked by another
    /// way of writing A.
    #[test]
    fn solutions_satisfy_the_equations() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        for (along_rows, along_columns) in [(1, 1), (1, 2), (2, 1), (2, 2), (1, 3), (2, 0), (0, 1)] {
            let (n, m) = (random.random_range(1..20), random.random_range(1..20));
            let cells = n * m;
            let wire = |random: &mut ChaCha8Rng| match random.random_range(0..2) {
                0 => Wire::Uniform(0.4),
                _ => Wire::Each((0..cells).map(|_| random.random_range(0.1..1.0)).collect()),
            };
            let wires: [Vec<Wire>; 2] =
                [along_rows, along_columns].map(|k| (0..k).map(|_| wire(&mut random)).collect());
            let lines = along_rows + along_columns;
            let mut array = Bundles::new(n, m, wires[0].clone(), wires[1].clone()).unwrap();
            let mut leak = vec![1e-9; lines * cells];
            for _ in 0..cells.min(5) {
                leak[random.random_range(0..lines * cells)] = 0.5;
            }
            leak[0] = 1e20;
            for r in 0..lines {
                for c in 0..lines {
                    let bound = if r == c { 1e-4..3e-4 } else { -3e-5..0.0 };
                    array.entry(r, c).unwrap().iter_mut().for_each(|g| *g = random.random_range(bound.clone()));
                }
            }
            array.factor(&leak).unwrap();
            let exact: Vec<f64> = (0..lines * cells).map(|_| random.random_range(-1.0..1.0)).collect();
            let mut b = vec![0.0; lines * cells];
            for (k, b) in b.iter_mut().enumerate() {
                let (f, cell) = (k / cells, k % cells);
                *b = leak[k] * exact[k];
                for c in 0..lines {
                    *b += array.blocks[(f * lines + c) * cells + cell] * exact[c * cells + cell];
                }
                let (i, j) = (cell / m, cell % m);
                let (way, wire) = if f < along_rows { (0, &wires[0][f]) } else { (1, &wires[1][f - along_rows]) };
                let g = |cell: usize| match wire {
                    Wire::Uniform(g) => *g,
                    Wire::Each(g) => g[cell],
                };
                let stride = if way == 0 { 1 } else { m };
                let (first, last) = if way == 0 { (j == 0, j + 1 == m) } else { (i == 0, i + 1 == n) };
                if !first {
                    *b += g(cell - stride) * (exact[k] - exact[k - stride]);
                }
                if !last {
                    *b += g(cell) * (exact[k] - exact[k + stride]);
                }
            }
            let mut y = vec![0.0; lines * cells];
            array.solve(&b, &mut y, 1e-13, 400).unwrap();
            for (y, e) in y.iter().zip(&exact) {
                assert!((y - e).abs() < 1e-8, "{along_rows} + {along_columns}, {n} x {m}: {y} against {e}");
            }
        }
    }
}
