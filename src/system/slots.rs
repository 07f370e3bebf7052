//! The unknowns that the slots of an array's cells stand for: ports first, then what is inside.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::circuit::Nodes;
use crate::device::group::GROUND;
use crate::numeric::lanes::LANES;

/// The unknowns of one slot.
#[derive(Debug, Clone)]
pub(super) enum Slot {
    /// Cell k has `first + k * stride`.
    Even {
        /// Of cell 0.
        first: u32,
        /// From cell to cell.
        stride: u32,
    },
    /// One for each cell.
    Each(Vec<u32>),
}

impl Slot {
    /// A port on lines with these nodes.
    pub fn on(nodes: &Nodes) -> Self {
        match nodes {
            Nodes::Consecutive { first, .. } => Self::Even { first: *first, stride: 1 },
            Nodes::Each(nodes) => Self::Each(nodes.clone()),
        }
    }

    /// Evenly spaced unknowns, of which those of two cells are known; `None` if no even spacing meets both.
    pub fn through([(a, one), (b, other)]: [(usize, u32); 2]) -> Option<Self> {
        let ((low, first), (high, last)) = if a <= b { ((a, one), (b, other)) } else { ((b, other), (a, one)) };
        let (cells, ids) = ((high - low) as u32, last.checked_sub(first)?);
        let stride = ids.checked_div(cells).unwrap_or(0);
        let first = first.checked_sub(low as u32 * stride)?;
        (ids == cells * stride).then_some(Self::Even { first, stride })
    }

    #[inline]
    fn of(&self, cell: usize) -> u32 {
        match self {
            Self::Even { first, stride } => first + cell as u32 * stride,
            Self::Each(ids) => ids[cell],
        }
    }
}

/// The slots of all cells.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    all: Vec<Slot>,
    ports: usize,
    count: usize,
    /// Ports of the cells that a fault takes out.
    detached: BTreeMap<usize, Vec<u32>>,
}

impl Slots {
    /// The first `ports` of `all` are ports; those of the cells in `detached` lie on ground.
    pub fn new(all: Vec<Slot>, ports: usize, count: usize, detached: impl Iterator<Item = usize>) -> Self {
        Self { all, ports, count, detached: detached.map(|cell| (cell, vec![GROUND; ports])).collect() }
    }

    /// How many a cell has.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The unknown of a slot in a cell.
    #[inline]
    pub fn id(&self, slot: usize, cell: usize) -> u32 {
        if slot < self.ports
            && !self.detached.is_empty()
            && let Some(ids) = self.detached.get(&cell)
        {
            return ids[slot];
        }
        self.all[slot].of(cell)
    }

    /// Are these the unknowns of a slot in the cells from `from` on?
    pub fn are<'a>(&self, slot: usize, from: usize, ids: impl Iterator<Item = &'a u32>) -> bool {
        match &self.all[slot] {
            Slot::Even { first, stride } if slot >= self.ports || self.detached.is_empty() => {
                let mut expected = first + from as u32 * stride;
                ids.fold(true, |all, id| {
                    let equal = *id == expected;
                    expected = expected.wrapping_add(*stride);
                    all & equal
                })
            }
            _ => ids.zip(from..).all(|(&id, cell)| id == self.id(slot, cell)),
        }
    }

    /// The unknowns of the ports of a cell.
    pub fn ports(&self, cell: usize) -> impl Iterator<Item = u32> + Clone + '_ {
        (0..self.ports).map(move |slot| self.id(slot, cell))
    }

    /// Attaches a port of a cell that a fault took out.
    pub fn attach(&mut self, slot: usize, cell: usize, id: u32) {
        if let Some(ids) = self.detached.get_mut(&cell) {
            ids[slot] = id;
        }
    }

    /// The unknowns of a slot in the cells of a chunk, side by side; ground beyond the last cell.
    #[inline]
    pub fn lanes(&self, slot: usize, cells: &Range<usize>) -> [u32; LANES] {
        let mut lanes = [GROUND; LANES];
        match &self.all[slot] {
            Slot::Even { first, stride } => {
                let first = first + cells.start as u32 * stride;
                let even: [u32; LANES] = std::array::from_fn(|lane| first + lane as u32 * stride);
                lanes[..cells.len()].copy_from_slice(&even[..cells.len()]);
            }
            Slot::Each(ids) => lanes[..cells.len()].copy_from_slice(&ids[cells.clone()]),
        }
        if slot < self.ports && !self.detached.is_empty() {
            for (cell, ids) in self.detached.range(cells.clone()) {
                lanes[cell - cells.start] = ids[slot];
            }
        }
        lanes
    }

    /// The same for all slots.
    #[inline]
    pub fn read(&self, cells: &Range<usize>, out: &mut [[u32; LANES]]) {
        debug_assert!(cells.end <= self.count);
        out.iter_mut().enumerate().for_each(|(slot, lanes)| *lanes = self.lanes(slot, cells));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_cells_tell_the_others_where_they_lie_evenly() {
        let of = |pair, cell| Slot::through(pair).map(|slot| slot.of(cell));
        assert_eq!(of([(2, 9), (5, 15)], 0), Some(5));
        assert_eq!(of([(5, 15), (2, 9)], 7), Some(19));
        assert_eq!(of([(0, 4), (0, 4)], 0), Some(4));
        // uneven, backwards, before the first unknown
        assert_eq!([[(2, 9), (5, 16)], [(0, 9), (1, 8)], [(4, 3), (5, 9)]].map(|pair| of(pair, 0)), [None; 3]);
    }

    #[test]
    fn lanes_are_the_unknowns_of_the_cells() {
        let all = vec![
            Slot::Even { first: 5, stride: 1 },
            Slot::Each((100..150).rev().collect()),
            Slot::Even { first: 200, stride: 3 },
        ];
        let mut slots = Slots::new(all, 2, 50, [3, 40].into_iter());
        slots.attach(1, 40, 7);
        for cells in [0..LANES, LANES..50] {
            for slot in 0..slots.len() {
                let lanes = slots.lanes(slot, &cells);
                assert!(cells.clone().zip(lanes).all(|(cell, id)| id == slots.id(slot, cell)));
                assert!(lanes[cells.len()..].iter().all(|&id| id == GROUND));
            }
        }
        assert_eq!(slots.ports(3).collect::<Vec<_>>(), [GROUND, GROUND]);
        assert_eq!(slots.ports(40).collect::<Vec<_>>(), [GROUND, 7]);
        assert_eq!((slots.id(0, 4), slots.id(1, 4), slots.id(2, 3)), (9, 145, 209));
    }
}
