//! Formulas of `.print`, `.plot` and `--plot` evaluated on a finished table.
//!
//! Slot 0 of a formula is the axis (0 where there is none), slot k is recorded signal k (see [`crate::plan`]).

use crate::numeric::formula::{Formula, Tape};
use crate::plan::{Quantity, Trace};
use crate::result::{Column, PlotHeader, Table};

/// One value per point of the table.
#[must_use]
pub fn evaluate(formula: &Formula, table: &Table) -> Vec<f64> {
    let mut used: Vec<u32> = formula.slots().collect();
    used.sort_unstable();
    used.dedup();
    let size = used.last().map_or(0, |&k| k as usize + 1);
    let (mut slots, mut tape) = (vec![0.0; size], Tape::default());
    let sources: Vec<(usize, Option<&[f64]>)> = used.iter().map(|&k| (k as usize, signal(table, k))).collect();
    (0..table.points())
        .map(|point| {
            for (slot, column) in &sources {
                slots[*slot] = column.map_or(f64::NAN, |c| c.get(point).copied().unwrap_or(f64::NAN));
            }
            if used.first() == Some(&0) && !table.header.has_axis {
                slots[0] = 0.0;
            }
            formula.eval_with(&slots, &mut tape)
        })
        .collect()
}

/// The column behind a slot.
fn signal(table: &Table, slot: u32) -> Option<&[f64]> {
    let column = if table.header.has_axis { slot as usize } else { (slot as usize).checked_sub(1)? };
    table.data.get(column).map(Vec::as_slice)
}

/// A table of the axis (where there is one) and these traces; all of its columns count as saved.
#[must_use]
pub fn derive(traces: &[Trace], table: &Table) -> Table {
    let axis = usize::from(table.header.has_axis);
    let mut columns: Vec<Column> = table.header.columns.iter().take(axis).cloned().collect();
    let mut data: Vec<Vec<f64>> = table.data.iter().take(axis).cloned().collect();
    for trace in traces {
        columns.push(Column { name: trace.label.clone(), quantity: trace.quantity });
        data.push(evaluate(&trace.formula, table));
    }
    Table { header: PlotHeader { saved: columns.len(), columns, ..table.header.clone() }, data }
}

/// The saved columns of a table, what the raw file shows.
#[must_use]
pub fn saved(table: &Table) -> Table {
    let saved = table.header.saved.min(table.header.columns.len());
    let columns = table.header.columns[..saved].to_vec();
    Table {
        header: PlotHeader { saved, columns, ..table.header.clone() },
        data: table.data.iter().take(saved).cloned().collect(),
    }
}

/// Label and value pairs of a step label, `r=1000 c=1e-09`.
#[must_use]
pub fn step_values(label: &str) -> Vec<(&str, &str)> {
    label.split_whitespace().filter_map(|pair| pair.split_once('=')).collect()
}

/// SI unit of a quantity; empty for plain numbers.
#[must_use]
pub fn unit(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Time => "s",
        Quantity::Frequency => "Hz",
        Quantity::Voltage => "V",
        Quantity::Current => "A",
        Quantity::Power => "W",
        Quantity::Resistance => "Ohm",
        Quantity::Conductance => "S",
        Quantity::Temperature => "C",
        Quantity::Plain => "",
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::numeric::formula::FormulaBuilder;
    use crate::numeric::formula::Function2;

    /// A transient with v(a) = 2t and i(v1) = -3t at t = 0, 1, 2 (all saved).
    pub(crate) fn ramp(step: &str) -> Table {
        let columns = [("time", Quantity::Time), ("v(a)", Quantity::Voltage), ("i(v1)", Quantity::Current)];
        let mut table = Table::new(PlotHeader {
            title: "* ramp".into(),
            name: "Transient Analysis".into(),
            step: step.into(),
            has_axis: true,
            columns: columns.map(|(name, quantity)| Column { name: name.into(), quantity }).to_vec(),
            saved: 3,
        });
        for t in [0.0, 1.0, 2.0] {
            table.push(&[t, 2.0 * t, -3.0 * t]);
        }
        table
    }

    fn sum_of_slots(slots: &[u32]) -> Formula {
        let mut builder = FormulaBuilder::new();
        let mut total = builder.constant(0.5);
        for &k in slots {
            let slot = builder.slot(k);
            total = builder.apply2(Function2::Add, total, slot);
        }
        builder.finish(total)
    }

    #[test]
    fn slots_are_axis_then_signals() {
        assert_eq!(evaluate(&sum_of_slots(&[0, 2]), &ramp("")), [0.5, -1.5, -3.5]);
        let mut op = ramp("");
        op.header.has_axis = false;
        // without an axis column k - 1 is signal k, and slot 0 reads 0
        assert_eq!(evaluate(&sum_of_slots(&[0, 2]), &op), [0.5, 2.5, 4.5]);
        assert_eq!(evaluate(&Formula::constant(7.0), &op), [7.0; 3]);
    }

    #[test]
    fn a_derived_table_has_axis_and_traces() {
        let trace = Trace { label: "par('x')".into(), quantity: Quantity::Plain, formula: sum_of_slots(&[1]) };
        let table = derive(&[trace], &ramp("r=1"));
        assert_eq!(table.data, vec![vec![0.0, 1.0, 2.0], vec![0.5, 2.5, 4.5]]);
        assert_eq!(table.header.saved, 2);
        assert_eq!(step_values("r=1 c=2e-9"), [("r", "1"), ("c", "2e-9")]);
    }
}
