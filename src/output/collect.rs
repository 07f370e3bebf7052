//! Sinks that keep, share and repeat points.

use crate::result::{ArraySnapshot, PlotHeader, Sink, Table};

/// Keeps every plot as a [`Table`] and every snapshot.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Collector {
    /// One table per plot, in the order they began.
    pub tables: Vec<Table>,
    /// Snapshots in the order they came.
    pub snapshots: Vec<ArraySnapshot>,
}

impl Sink for Collector {
    fn begin(&mut self, header: &PlotHeader) {
        self.tables.push(Table::new(header.clone()));
    }
    fn point(&mut self, values: &[f64]) {
        if let Some(table) = self.tables.last_mut() {
            table.push(values);
        }
    }
    fn snapshot(&mut self, snapshot: ArraySnapshot) {
        self.snapshots.push(snapshot);
    }
    fn end(&mut self) {}
}

/// Hands every point to several sinks; any of them may interrupt.
#[derive(Default)]
pub struct Tee<'a> {
    sinks: Vec<&'a mut dyn Sink>,
}

impl<'a> Tee<'a> {
    /// A tee over these sinks, served in this order.
    #[must_use]
    pub fn new(sinks: Vec<&'a mut dyn Sink>) -> Self {
        Self { sinks }
    }
}

impl Sink for Tee<'_> {
    fn begin(&mut self, header: &PlotHeader) {
        self.sinks.iter_mut().for_each(|s| s.begin(header));
    }
    fn point(&mut self, values: &[f64]) {
        self.sinks.iter_mut().for_each(|s| s.point(values));
    }
    fn snapshot(&mut self, snapshot: ArraySnapshot) {
        if let Some((last, first)) = self.sinks.split_last_mut() {
            first.iter_mut().for_each(|s| s.snapshot(snapshot.clone()));
            last.snapshot(snapshot);
        }
    }
    fn end(&mut self) {
        self.sinks.iter_mut().for_each(|s| s.end());
    }
    fn progress(&mut self, fraction: f64) {
        self.sinks.iter_mut().for_each(|s| s.progress(fraction));
    }
    fn interrupted(&self) -> bool {
        self.sinks.iter().any(|s| s.interrupted())
    }
}

/// Sends a finished table through a sink, point by point (steps that ran in parallel are written in step order).
pub fn replay(table: &Table, sink: &mut dyn Sink) {
    sink.begin(&table.header);
    let mut values = vec![0.0; table.data.len()];
    for point in 0..table.points() {
        for (value, column) in values.iter_mut().zip(&table.data) {
            *value = column.get(point).copied().unwrap_or(f64::NAN);
        }
        sink.point(&values);
    }
    sink.end();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Quantity;
    use crate::result::Column;

    struct Stop;
    impl Sink for Stop {
        fn begin(&mut self, _: &PlotHeader) {}
        fn point(&mut self, _: &[f64]) {}
        fn end(&mut self) {}
        fn interrupted(&self) -> bool {
            true
        }
    }

    #[test]
    fn replay_through_a_tee_copies_the_table() {
        let header = PlotHeader {
            title: "t".into(),
            name: "Transient Analysis".into(),
            step: String::new(),
            has_axis: true,
            columns: vec![
                Column { name: "time".into(), quantity: Quantity::Time },
                Column { name: "v(a)".into(), quantity: Quantity::Voltage },
            ],
            saved: 2,
        };
        let mut table = Table::new(header);
        table.push(&[0.0, 1.0]);
        table.push(&[1.0, -1.0]);
        let (mut one, mut two) = (Collector::default(), Collector::default());
        let mut tee = Tee::new(vec![&mut one, &mut two]);
        replay(&table, &mut tee);
        assert!(!tee.interrupted());
        assert_eq!(one.tables, vec![table]);
        assert_eq!(one, two);
        let mut stop = Stop;
        assert!(Tee::new(vec![&mut one, &mut stop]).interrupted());
    }
}
