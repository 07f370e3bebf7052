//! The global unknowns of the local ones of all instances of a group.

use std::ops::{Deref, Range};
use std::sync::OnceLock;

/// Instance after instance. Those of segments between equal neighbours and those of the cells of an array follow from
/// where they are, and are written out only for those who ask for them as a slice.
#[derive(Debug, Clone)]
pub enum Locals {
    /// Any.
    Stored(Vec<u32>),
    /// Two for each instance: neighbours on lines, line after line.
    Neighbours(Neighbours),
    /// Every one at an even distance from that of the instance before.
    Even(Even),
}

/// Local unknowns that go up in steps from instance to instance.
#[derive(Debug, Clone)]
pub struct Even {
    /// Of each local unknown: that of the first instance, and the step to the next.
    steps: Vec<(u32, u32)>,
    /// Instances.
    count: usize,
    written: OnceLock<Vec<u32>>,
}

impl Even {
    /// For `count` instances: local unknown k of instance i is `steps[k].0 + i * steps[k].1`. Ground is without step.
    #[must_use]
    pub fn new(steps: Vec<(u32, u32)>, count: usize) -> Self {
        Self { steps, count, written: OnceLock::new() }
    }

    fn all(&self, range: Range<usize>) -> impl Iterator<Item = u32> + '_ {
        range.flat_map(|i| self.steps.iter().map(move |&(first, step)| first + i as u32 * step))
    }
}

/// Lines of equally many nodes at equal distances.
#[derive(Debug, Clone)]
pub struct Neighbours {
    first: u32,
    /// From one node of a line to the next.
    stride: u32,
    /// From one line to the next.
    line_stride: u32,
    lines: usize,
    /// Pairs on one line.
    pairs: usize,
    written: OnceLock<Vec<u32>>,
}

impl Neighbours {
    /// The pairs of neighbours on `lines` lines with so many nodes each: node k of line l is
    /// `first + l * line_stride + k * stride`.
    #[must_use]
    pub fn new(first: u32, (lines, line_stride): (usize, u32), (nodes, stride): (usize, u32)) -> Self {
        Self { first, stride, line_stride, lines, pairs: nodes.saturating_sub(1), written: OnceLock::new() }
    }

    fn pairs(&self, range: Range<usize>) -> impl Iterator<Item = u32> + '_ {
        range.flat_map(|i| {
            let (line, k) = (i / self.pairs, i % self.pairs);
            let before = self.first + line as u32 * self.line_stride + k as u32 * self.stride;
            [before, before + self.stride]
        })
    }
}

impl Locals {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Stored(ids) => ids.len(),
            Self::Neighbours(lines) => 2 * lines.lines * lines.pairs,
            Self::Even(even) => even.steps.len() * even.count,
        }
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those of some instances of `width` each, into `out`.
    pub(super) fn read(&self, width: usize, range: Range<usize>, out: &mut Vec<u32>) {
        out.clear();
        match self {
            Self::Stored(ids) => out.extend_from_slice(&ids[range.start * width..range.end * width]),
            Self::Neighbours(lines) => out.extend(lines.pairs(range)),
            Self::Even(even) => out.extend(even.all(range)),
        }
    }

    /// Those of instance `i` of `N` each.
    #[inline]
    pub(super) fn of<const N: usize>(&self, i: usize) -> [u32; N] {
        match self {
            Self::Even(even) => std::array::from_fn(|k| even.steps[k].0 + i as u32 * even.steps[k].1),
            // neighbours are a division away from their place, which whoever evaluates them again and again need not do
            stored => {
                let ids = &stored[i * N..(i + 1) * N];
                std::array::from_fn(|k| ids[k])
            }
        }
    }

    /// Appends some.
    pub(super) fn extend(&mut self, more: &[u32]) {
        let mut ids = match std::mem::replace(self, Self::Stored(Vec::new())) {
            Self::Stored(ids) => ids,
            unwritten => unwritten.to_vec(),
        };
        ids.extend_from_slice(more);
        *self = Self::Stored(ids);
    }
}

impl Deref for Locals {
    type Target = [u32];
    #[inline]
    fn deref(&self) -> &[u32] {
        match self {
            Self::Stored(ids) => ids,
            Self::Neighbours(lines) => {
                lines.written.get_or_init(|| lines.pairs(0..lines.lines * lines.pairs).collect())
            }
            Self::Even(even) => even.written.get_or_init(|| even.all(0..even.count).collect()),
        }
    }
}

impl From<Vec<u32>> for Locals {
    fn from(ids: Vec<u32>) -> Self {
        Self::Stored(ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_those_of_the_lines() {
        // three columns of four nodes, row-major from 10
        let mut locals = Locals::Neighbours(Neighbours::new(10, (3, 1), (4, 3)));
        let mut some = Vec::new();
        locals.read(2, 2..4, &mut some);
        assert_eq!(some, [16, 19, 11, 14]);
        assert_eq!(locals.len(), 18);
        assert_eq!(locals[..6], [10, 13, 13, 16, 16, 19]);
        locals.extend(&[7]);
        assert_eq!((locals.len(), locals[6], locals[18]), (19, 11, 7));
    }

    #[test]
    fn cells_go_up_in_steps() {
        let mut locals = Locals::Even(Even::new(vec![(4, 1), (u32::MAX, 0), (20, 3)], 3));
        let mut some = Vec::new();
        locals.read(3, 1..3, &mut some);
        assert_eq!(some, [5, u32::MAX, 23, 6, u32::MAX, 26]);
        assert_eq!((locals.len(), locals.of::<3>(2)), (9, [6, u32::MAX, 26]));
        assert_eq!(locals[..3], [4, u32::MAX, 20]);
        locals.extend(&[1, 2, 3]);
        assert_eq!((locals.len(), locals.of::<3>(1), locals.of::<3>(3)), (12, [5, u32::MAX, 23], [1, 2, 3]));
    }
}
