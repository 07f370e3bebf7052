//! The array of a product as a circuit: sources on the word lines, currents out of the bit lines.

use std::fmt::Write as _;

use rayon::prelude::*;

use crate::analysis::{self, AnalysisError};
use crate::plan::{Overrides, Signal};
use crate::result::report::Trust;
use crate::study::array::STILL;
use crate::study::bench::Wanted;
use crate::study::cell::Cell;
use crate::study::{Bench, Context, StudyError};

/// What surrounds the cells.
#[derive(Debug, Clone)]
pub struct Crossbar<'a> {
    /// The cell; its gates are open in all rows.
    pub cell: &'a Cell<'a>,
    /// Its parameter that sets the conductance.
    pub parameter: String,
    /// Values of that parameter, row-major.
    pub values: Vec<f64>,
    /// Word lines.
    pub rows: usize,
    /// Bit lines.
    pub cols: usize,
    /// Ohm per segment of word and bit lines.
    pub wires: (f64, f64),
    /// Ohm of every driver.
    pub driver: f64,
    /// Ohm from each bit line to ground.
    pub sense: f64,
}

impl Crossbar<'_> {
    /// The circuit with these voltages on the word lines.
    fn bench(&self, context: &Context, volts: &[f64]) -> Result<Bench, StudyError> {
        let Self { rows, cols, .. } = *self;
        let mut out = format!("{STILL}.xbar study_mvm {rows} {cols} cell={}({})", self.cell.name(), self.cell.lines());
        for (word, ohm) in [("rwl", self.wires.0), ("rbl", self.wires.1)] {
            if ohm > 0.0 {
                let _ = write!(out, " {word}={ohm:?}");
            }
        }
        let (last_row, last_col) = (rows - 1, cols - 1);
        let gates = if self.cell.gate().is_some() { "g ".repeat(rows) } else { String::new() };
        let _ = writeln!(out, " {}=file(\"study:g\")", self.parameter);
        let _ = writeln!(out, "xa w[0:{last_row}] b[0:{last_col}] {gates}study_mvm");
        if let Some(gate) = self.cell.gate() {
            let _ = writeln!(out, "vg g 0 {:?}", gate.on);
        }
        for (i, v) in volts.iter().enumerate() {
            let _ = match self.driver > 0.0 {
                true => writeln!(out, "vin{i} s{i} 0 {v:?}\nrin{i} s{i} w_{i} {:?}", self.driver),
                false => writeln!(out, "vin{i} w_{i} 0 {v:?}"),
            };
        }
        for j in 0..cols {
            let _ = match self.sense > 0.0 {
                true => writeln!(out, "vout{j} e{j} 0 0\nrout{j} b_{j} e{j} {:?}", self.sense),
                false => writeln!(out, "vout{j} b_{j} 0 0"),
            };
        }
        Ok(context.definitions.bench(&out)?.with_matrix("study:g", rows, cols, self.values.clone()))
    }

    /// Currents out of the bit lines for every vector of input voltages, `vectors x cols`; one transfer matrix when the
    /// circuit is linear, else an operating point per vector. True when it was linear.
    ///
    /// # Errors
    /// A circuit that cannot be built or does not converge.
    pub fn currents(
        &self,
        context: &Context,
        vectors: &[Vec<f64>],
        trust: &mut Trust,
    ) -> Result<(Vec<f64>, bool), StudyError> {
        let outputs: Vec<Signal> = (0..self.cols).map(|j| Signal::Current(format!("vout{j}"))).collect();
        let inputs: Vec<String> = (0..self.rows).map(|i| format!("vin{i}")).collect();
        let mut built = self.bench(context, &vec![0.0; self.rows])?.build(&Overrides::default())?;
        let largest = vectors.iter().flatten().fold(0.0, |most: f64, v| most.max(v.abs()));
        match analysis::transfer(&mut built.circuit, &built.plan, &inputs, &outputs, largest) {
            Ok(found) => {
                trust.add(&found.stats);
                let column = |j: usize, v: &[f64]| {
                    let row = &found.gain[j * self.rows..(j + 1) * self.rows];
                    found.offset[j] + row.iter().zip(v).map(|(a, v)| a * v).sum::<f64>()
                };
                let all = vectors.iter().flat_map(|v| (0..self.cols).map(move |j| (j, v)));
                return Ok((all.map(|(j, v)| column(j, v)).collect(), true));
            }
            Err(AnalysisError::NotApplicable(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let solved: Vec<Result<_, StudyError>> = vectors
            .par_iter()
            .map(|volts| {
                context.check()?;
                let wanted = Wanted { signals: outputs.clone(), ..Wanted::default() };
                self.bench(context, volts)?.operating_point(&Overrides::default(), &wanted, context.watch)
            })
            .collect();
        let mut currents = Vec::new();
        for solution in solved {
            let solution = solution?;
            trust.add(&solution.stats);
            currents.extend((0..self.cols).map(|j| solution.last(j)));
        }
        Ok((currents, false))
    }
}
