//! Elimination of what is inside the cells of an array, and the way back; the formulas are in [`super::cells`].
//!
//! J_ii is inverted in place by Gauss-Jordan elimination on the diagonal, 32 cells side by side, or all of a small array on
//! eight lanes; a cell of which a pivot is too small is inverted again with row exchanges.

use super::cells::Cells;
use super::condense::Blocks;
use crate::device::group::GROUND;
use crate::numeric::lanes::{FEW, LANES, invert, invert_with_exchanges, products};
use crate::numeric::simd::{Arithmetic, Level, Work};

impl Cells {
    /// Eliminates the inner unknowns with the Jacobian evaluated last.
    ///
    /// # Errors
    /// An inner unknown whose pivot vanished.
    pub fn factor(&mut self) -> Result<(), usize> {
        let mut blocks = std::mem::take(&mut self.blocks);
        let level = blocks.level;
        let outcome = if blocks.is_small() { blocks.factor::<FEW>(level) } else { blocks.factor::<LANES>(level) };
        self.blocks = blocks;
        outcome.map_err(|(cell, slot)| self.inner_id(slot, cell))
    }

    /// b_p -= P b_i for all cells.
    pub fn reduce(&self, b: &mut [f64]) {
        let (p, m) = (self.ports.len(), self.inner());
        if m == 0 {
            return;
        }
        let mut ids = vec![[GROUND; LANES]; p + m];
        for (chunk, cells) in self.blocks.chunks() {
            let pull = &self.blocks.pull[chunk * p * m..(chunk + 1) * p * m];
            self.slots.read(&cells, &mut ids);
            let (ports, inner) = ids.split_at(p);
            for (r, ports) in ports.iter().enumerate() {
                let mut sum = [0.0; LANES];
                let sum = &mut sum[..cells.len()];
                for (pull, ids) in pull[r * m..(r + 1) * m].iter().zip(inner) {
                    for ((sum, pull), &id) in sum.iter_mut().zip(pull).zip(ids) {
                        *sum += pull * b.get(id as usize).copied().unwrap_or(0.0);
                    }
                }
                for (&id, sum) in ports.iter().zip(&*sum) {
                    if let Some(b) = b.get_mut(id as usize) {
                        *b -= sum;
                    }
                }
            }
        }
    }

    /// y_i = J_ii^-1 b_i - Z y_p in place; the ports of `b` hold y_p.
    pub fn expand(&self, b: &mut [f64]) {
        if self.has_inner() && self.blocks.is_small() {
            self.expand_on::<FEW>(b);
        } else if self.has_inner() {
            self.expand_on::<LANES>(b);
        }
    }

    fn expand_on<const L: usize>(&self, b: &mut [f64]) {
        let (p, m) = (self.ports.len(), self.inner());
        let Blocks { inverse, gain, .. } = &self.blocks;
        let mut ids = vec![[GROUND; LANES]; p + m];
        let mut inside = vec![[0.0; L]; m];
        let mut ports = vec![[0.0; L]; p];
        for (chunk, cells) in self.blocks.chunks() {
            self.slots.read(&cells, &mut ids);
            for (values, ids) in ports.iter_mut().chain(&mut inside).zip(&ids) {
                for (value, &id) in values.iter_mut().zip(ids) {
                    *value = b.get(id as usize).copied().unwrap_or(0.0);
                }
            }
            let inverse = &inverse[chunk * m * m..(chunk + 1) * m * m];
            let gain = &gain[chunk * m * p..(chunk + 1) * m * p];
            for r in 0..m {
                let mut y = [0.0; L];
                for (row, inside) in inverse[r * m..(r + 1) * m].iter().zip(&inside) {
                    for lane in 0..L {
                        y[lane] += row[lane] * inside[lane];
                    }
                }
                for (row, port) in gain[r * p..(r + 1) * p].iter().zip(&ports) {
                    for lane in 0..L {
                        y[lane] -= row[lane] * port[lane];
                    }
                }
                for (&id, y) in ids[p + r][..cells.len()].iter().zip(&y) {
                    if let Some(b) = b.get_mut(id as usize) {
                        *b = *y;
                    }
                }
            }
        }
    }
}

/// [`Blocks::eliminate`] for `M` inner unknowns on `L` lanes.
struct Elimination<'a, const M: usize, const L: usize>(&'a mut Blocks);

impl<const M: usize, const L: usize> Work for Elimination<'_, M, L> {
    type Output = Result<(), (usize, usize)>;

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> Self::Output {
        self.0.eliminate::<M, L>()
    }
}

impl Blocks {
    fn factor<const L: usize>(&mut self, level: Level) -> Result<(), (usize, usize)> {
        match self.m {
            0 => Ok(()),
            1 => level.run(Elimination::<1, L>(self)),
            2 => level.run(Elimination::<2, L>(self)),
            3 => level.run(Elimination::<3, L>(self)),
            4 => level.run(Elimination::<4, L>(self)),
            _ => level.run(Elimination::<0, L>(self)),
        }
    }

    /// J_ii^-1, Z, P and S of all chunks; `M` is m, or 0 when it is not known beforehand.
    #[inline(always)]
    fn eliminate<const M: usize, const L: usize>(&mut self) -> Result<(), (usize, usize)> {
        let m = if M == 0 { self.m } else { M };
        let (p, w) = (self.p, self.p + m);
        for (chunk, cells) in self.chunks() {
            let j = &self.jacobian[chunk * w * w..(chunk + 1) * w * w];
            let inverse = &mut self.inverse[chunk * m * m..(chunk + 1) * m * m];
            for r in 0..m {
                for c in 0..m {
                    inverse[r * m + c] = j[(p + r) * w + p + c];
                }
            }
            self.scratch.work.copy_from_slice(inverse);
            let weak = invert::<L>(inverse, m);
            if weak.iter().any(|weak| *weak) {
                for lane in (0..cells.len()).filter(|&lane| weak[lane]) {
                    invert_with_exchanges(&self.scratch.work, m, lane, inverse)
                        .map_err(|slot| (cells.start + lane, slot))?;
                }
            }
            let gain = &mut self.gain[chunk * m * p..(chunk + 1) * m * p];
            let pull = &mut self.pull[chunk * p * m..(chunk + 1) * p * m];
            let condensed = &mut self.condensed[chunk * p * p..(chunk + 1) * p * p];
            for r in 0..m {
                for c in 0..p {
                    gain[r * p + c][..L]
                        .copy_from_slice(&products::<L>(m, |k| (&inverse[r * m + k], &j[(p + k) * w + c])));
                    pull[c * m + r][..L]
                        .copy_from_slice(&products::<L>(m, |k| (&j[c * w + p + k], &inverse[k * m + r])));
                }
            }
            for r in 0..p {
                for c in 0..p {
                    let inside = products::<L>(m, |k| (&j[r * w + p + k], &gain[k * p + c]));
                    for lane in 0..L {
                        condensed[r * p + c][lane] = j[r * w + c][lane] - inside[lane];
                    }
                }
            }
        }
        Ok(())
    }
}
