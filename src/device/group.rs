//! What the assembler sees of all instances of one kind, evaluated in one virtual call.
//!
//! [`DeviceGroup::load_range`] runs over instances in their order, into a [`Load`] whose blocks follow it. The scatter into
//! the matrix is the assembler's, in fixed order, so results do not depend on threads. Devices written for one instance
//! are a [`super::Typed`] group.

use std::any::Any;
use std::ops::Range;

use super::lanes::LaneLoad;
use super::{Card, Env};
use crate::numeric::simd::Level;

/// The index that stands for ground among unknowns.
pub const GROUND: u32 = u32::MAX;

/// Local results of one group: `f`, `q` have one entry per local row of the whole group, `g`, `c` one dense row-major
/// block per instance of the range that was loaded last, from its first instance on.
#[derive(Debug, Clone, Default)]
pub struct Load {
    /// Rows of f.
    pub f: Vec<f64>,
    /// Rows of q.
    pub q: Vec<f64>,
    /// df/dx blocks.
    pub g: Vec<f64>,
    /// dq/dx blocks.
    pub c: Vec<f64>,
}

/// The object-safe face of a group.
pub trait DeviceGroup: Send + Sync {
    /// The card of the kind.
    fn card(&self) -> &Card;
    /// Number of instances.
    fn len(&self) -> usize;
    /// True when there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Global unknown of every local unknown, instance after instance; [`GROUND`] for ground.
    fn locals(&self) -> &[u32];
    /// The same for the instances in `range`, into `out`; nobody has to keep those of all.
    fn read_locals(&self, range: Range<usize>, out: &mut Vec<u32>) {
        out.clear();
        out.extend_from_slice(&self.locals()[self.offset(range.start)..self.offset(range.end)]);
    }
    /// Start of instance `i` in `locals`; `i == len()` gives the total.
    fn offset(&self, i: usize) -> usize;
    /// Have all instances equally many local unknowns, as the kind alone tells?
    fn is_equally_wide(&self) -> bool {
        false
    }
    /// Does local unknown `row` of instance `i` have a row at all? Sensed unknowns are columns only; keeping their rows
    /// out of the matrix pattern is what saves a source of many inputs from coupling them all.
    fn owns_row(&self, i: usize, row: usize) -> bool {
        let _ = (i, row);
        true
    }
    /// Can the row depend on local unknown `column`? An entry that cannot is not in the matrix pattern.
    fn depends(&self, i: usize, row: usize, column: usize) -> bool {
        let _ = (i, row, column);
        true
    }
    /// f, q and both Jacobians of the instances in `range` at the global solution `x`. With `at`, the local values of the
    /// whole group, each instance is evaluated there and continued linearly to `x`.
    fn load_range(&self, env: &Env, x: &[f64], at: Option<&[f64]>, range: Range<usize>, out: &mut Load);
    /// f, q and both Jacobians of the instances in `range` with their internal unknowns at the start values; `at` has the
    /// local values of these instances and receives the start values. f and q begin with the first of them too. False,
    /// and nothing done, when the kind reads more than its local values.
    fn load_started(&self, env: &Env, at: &mut [f64], range: Range<usize>, out: &mut Load) -> bool {
        let _ = (env, at, range, out);
        false
    }
    /// Have all instances the same equations?
    fn is_alike(&self) -> bool {
        false
    }
    /// As [`DeviceGroup::load_range`] for at most [`LANES`](crate::numeric::lanes::LANES) instances of equal width, the
    /// results side by side. Of `out`, f and q only, and where a group can do without, only if it has rows already.
    fn load_lanes(
        &self,
        (env, x, at): (&Env, &[f64], Option<&[f64]>),
        range: Range<usize>,
        level: Level,
        out: &mut Load,
        lanes: &mut LaneLoad,
    ) {
        let _ = level;
        let (first, end) = (self.offset(range.start), self.offset(range.end));
        let width = self.offset(range.start + 1) - first;
        self.load_range(env, x, at, range, out);
        lanes.gather(width, [&out.f[first..end], &out.q[first..end], &out.g, &out.c]);
    }
    /// Is every instance a conductance between two ports and nothing else?
    fn is_ohmic(&self) -> bool {
        false
    }
    /// The conductances of the instances in `range` in S, parallel copies together, of an ohmic kind.
    fn read_conductances(&self, env: &Env, range: Range<usize>, out: &mut [f64]) {
        let _ = (env, range, out);
    }
    /// f, q and both Jacobians of all instances.
    fn load(&self, env: &Env, x: &[f64], out: &mut Load) {
        self.load_range(env, x, None, 0..self.len(), out);
    }
    /// f of instance `i` at the global solution `x`, row by row, continued linearly by `rest`, which is small; none when
    /// that is empty.
    fn flows(&self, i: usize, env: &Env, (x, rest): (&[f64], &[f64])) -> Vec<f64> {
        let mut out = Load::default();
        self.load_range(env, x, None, i..i + 1, &mut out);
        let rows = self.offset(i)..self.offset(i + 1);
        let moved: Vec<f64> = self.locals()[rows.clone()].iter().map(|&id| value_at(rest, id)).collect();
        let along = |slopes: &[f64]| slopes.iter().zip(&moved).map(|(g, r)| g * r).sum::<f64>();
        out.f[rows].iter().zip(out.g.chunks_exact(moved.len())).map(|(f, slopes)| f + along(slopes)).collect()
    }
    /// f and q only.
    fn load_values(&self, env: &Env, x: &[f64], out: &mut Load);
    /// Writes the start values of internal unknowns into the global vector. With `ports` also those of ports (`uic`).
    fn start(&self, x: &mut [f64], ports: bool);
    /// q rows at the start state (`uic`: a capacitor's charge is C ic whatever its node voltages are).
    fn start_charges(&self, env: &Env, x: &[f64], out: &mut Load);
    /// Does the kind limit Newton steps at all?
    fn limits(&self) -> bool {
        false
    }
    /// Newton limiting: `at` holds the local values of every instance at its last evaluation and ends with those of the
    /// next, near the global `x`; true when any differs from `x`. The unknowns themselves are never touched, so a node
    /// that a source holds stays held.
    fn limit(&self, env: &Env, x: &[f64], at: &mut [f64]) -> bool {
        let _ = (env, x, at);
        false
    }
    /// Instance `i` as a group of its own with its local unknowns numbered from 0; `None` when the kind cannot.
    fn alone(&self, i: usize) -> Option<Box<dyn DeviceGroup>> {
        let _ = i;
        None
    }
    /// Earliest corner after `t` among all instances.
    fn corner(&self, t: f64) -> Option<f64>;
    /// Smallest `surface` among the instances with its index; `None` when the kind has no events.
    fn surface(&self, x: &[f64]) -> Option<(usize, f64)>;
    /// All `surface` values, one per instance, NaN where there is none.
    fn surfaces(&self, x: &[f64], out: &mut Vec<f64>);
    /// Accepts a solution; true when a discrete state flipped anywhere.
    fn accept(&mut self, env: &Env, x: &[f64]) -> bool;
    /// Changes a parameter of one instance without rebuilding; false when that kind cannot.
    fn set(&mut self, i: usize, param: &str, value: f64) -> bool;
    /// The same for the instances from `first` on, each with its own value.
    ///
    /// # Errors
    /// How many were changed before one could not be.
    fn set_each(&mut self, first: usize, param: &str, values: &[f64]) -> Result<(), usize> {
        let refused = values.iter().enumerate().position(|(k, &value)| !self.set(first + k, param, value));
        refused.map_or(Ok(()), Err)
    }
    /// Operating values of one instance in the order of `card().outputs`.
    fn outputs(&self, i: usize, env: &Env, x: &[f64]) -> Vec<f64>;
    /// Parallel count of an instance (`m=`).
    fn multiplicity(&self, i: usize) -> f64;
    /// A copy, for parallel sweeps.
    fn boxed_clone(&self) -> Box<dyn DeviceGroup>;
    /// For builders that add instances.
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

/// The value of a global unknown, 0 for ground.
#[must_use]
pub fn value_at(x: &[f64], id: u32) -> f64 {
    x.get(id as usize).copied().unwrap_or(0.0)
}
