//! Images through ideal wires: every cell follows its input alone.

use rayon::prelude::*;

use super::law::Action;
use super::probe::Laws;
use super::settling::Layout;
use super::{Dataset, InferError, Outcome, Read};

/// Reads all images of a set through ideal wires: every cell follows its input alone, and 1 mohm or so between a column
/// and ground takes its share to first order, which leaves a relative error of its square.
///
/// # Errors
/// Images that do not fit the layout.
pub fn read_ideal(laws: &Laws, layout: Layout, set: &Dataset, read: Read) -> Result<Outcome, InferError> {
    super::check(set, layout.rows, layout.cols)?;
    // current and slope at rest of every kind at every grey value
    let at_rest: Vec<Vec<[f64; 2]>> = laws
        .kinds
        .par_iter()
        .map(|law| {
            let point = |pixel: u8| {
                let volts = read.volts(pixel);
                let Action { current, current_by, rate_by, .. } = law.at(volts, law.rest(volts));
                [current, current_by[0] - current_by[1] * rate_by[0] / rate_by[1]]
            };
            (0..=u8::MAX).map(point).collect()
        })
        .collect();
    let Layout { cols, sense, .. } = layout;
    let images: Vec<(Vec<f64>, f64)> = (0..set.len())
        .into_par_iter()
        .map(|k| {
            let (mut currents, mut slopes) = (vec![0.0; cols], vec![0.0; cols]);
            let mut power_of = vec![[0.0; 2]; cols];
            for (&pixel, kinds) in set.image(k).iter().zip(laws.of.chunks_exact(cols)) {
                for (j, &kind) in kinds.iter().enumerate() {
                    let [current, slope] = at_rest[kind][usize::from(pixel)];
                    currents[j] += current;
                    slopes[j] += slope;
                    power_of[j][0] += current * read.volts(pixel);
                    power_of[j][1] += slope * read.volts(pixel);
                }
            }
            let mut energy = 0.0;
            for ((current, slope), power) in currents.iter_mut().zip(&slopes).zip(&power_of) {
                *current /= 1.0 + slope * sense;
                energy += read.pulse * (power[0] - power[1] * *current * sense);
            }
            (currents, energy)
        })
        .collect();
    let mut all = Outcome { classes: cols, outputs: Vec::new(), energies: Vec::new() };
    for (outputs, energy) in images {
        all.outputs.extend(outputs);
        all.energies.push(energy);
    }
    Ok(all)
}
