//! Memory of arrays that are solved cell by cell: refused before it is asked for, and shared among points.

use rayon::prelude::*;

use super::cell::{self, Cell};
use super::{Definitions, StudyError};
use crate::circuit::UnknownKind;
use crate::elaborate::array::memory::free_memory;
use crate::plan::Overrides;

/// Memory of one cell of a full array in bytes: its line nodes with their factors, each device, each state. Margins of
/// 1024 x 1024 cells take 700 bytes for a resistor and 1120 for an exponential selector and a resistor; states were
/// measured on arrays of 512 x 512.
const NODE_BYTES: f64 = 500.0;
const DEVICE_BYTES: f64 = 350.0;
const STATE_BYTES: f64 = 1000.0;

/// Memory of one cell in a full array, in bytes.
///
/// # Errors
/// A cell that cannot be built.
#[allow(clippy::cast_precision_loss, reason = "an estimate")]
pub fn of_cell(definitions: &Definitions, cell: &Cell) -> Result<f64, StudyError> {
    let built = definitions.bench(&cell::single_lines(cell, 0.0, true))?.build(&Overrides::default())?;
    let sources = 1 + usize::from(cell.gate().is_some());
    let devices = built.circuit.groups.iter().map(|group| group.len()).sum::<usize>().saturating_sub(sources);
    let states = built.circuit.unknowns.iter().filter(|u| u.kind == UnknownKind::State).count();
    Ok(NODE_BYTES + DEVICE_BYTES * devices as f64 + STATE_BYTES * states as f64)
}

/// Refuses what cannot fit, before it is tried.
///
/// # Errors
/// In plain words with the numbers.
pub fn fits(rows: usize, cols: usize, cell_bytes: f64) -> Result<(), StudyError> {
    let bytes = of_array(rows, cols, cell_bytes);
    let free = free_memory().unwrap_or(f64::INFINITY);
    if bytes <= free {
        return Ok(());
    }
    Err(StudyError::request(format!(
        "an array of {rows} x {cols} cells with wires needs about {:.1} GB, and {:.1} GB are free; without wire \
         resistance any size is solved by symmetry",
        bytes / 1e9,
        free / 1e9
    )))
}

#[allow(clippy::cast_precision_loss, reason = "an estimate")]
fn of_array(rows: usize, cols: usize, cell_bytes: f64) -> f64 {
    cell_bytes * rows as f64 * cols as f64
}

/// Works on all points, in their order: side by side on all threads where as many of them as there are threads fit into the
/// memory, one after the other where they do not. `size` gives rows, columns and bytes per cell of what a point needs.
pub fn side_by_side<T: Sync, R: Send>(
    points: &[T],
    size: impl Fn(&T) -> (usize, usize, f64) + Sync,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    #[allow(clippy::cast_precision_loss, reason = "a few threads")]
    let share = free_memory().unwrap_or(f64::INFINITY) / rayon::current_num_threads() as f64;
    let is_small = |point: &T| {
        let (rows, cols, bytes) = size(point);
        of_array(rows, cols, bytes) <= share
    };
    let early: Vec<Option<R>> = points.par_iter().map(|point| is_small(point).then(|| work(point))).collect();
    early.into_iter().zip(points).map(|(done, point)| done.unwrap_or_else(|| work(point))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn points_beyond_a_share_of_the_memory_are_worked_on_one_at_a_time() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = |k: &usize| {
            if k % 2 == 1 {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::sleep(std::time::Duration::from_millis(2));
                now.fetch_sub(1, Ordering::SeqCst);
            }
            10 * k
        };
        let points: Vec<usize> = (0..40).collect();
        let size = |k: &usize| if k % 2 == 1 { (1 << 20, 1 << 20, 1e9) } else { (2, 2, 1.0) };
        let done = side_by_side(&points, size, work);
        assert_eq!(done, (0..40).map(|k| 10 * k).collect::<Vec<_>>());
        assert_eq!(most.load(Ordering::SeqCst), 1);
        assert!(fits(1 << 20, 1 << 20, 1e9).is_err() && fits(2, 2, 1e3).is_ok());
    }
}
