//! Small circuits built by hand, and one analysis on them.
#![allow(dead_code, clippy::expect_used, missing_docs)]

use sneakpath::analysis;
use sneakpath::circuit::{Circuit, CircuitBuilder};
use sneakpath::device::waveform::Waveform;
use sneakpath::device::{DeviceKind, ParamValue, ParamValues, REGISTRY};
use sneakpath::plan::{Analysis, Overrides, Plan};
use sneakpath::result::{PlotHeader, Sink, Stats, Table};

pub type Given = Vec<(String, ParamValue)>;

pub fn kind(keyword: &str) -> &'static dyn DeviceKind {
    *REGISTRY.iter().find(|k| k.card().keywords.contains(&keyword)).expect("a registered device")
}

pub fn numbers(values: &[(&str, f64)]) -> Given {
    values.iter().map(|(n, v)| ((*n).to_string(), ParamValue::Number(*v))).collect()
}

/// A device between named nodes.
pub fn place(builder: &mut CircuitBuilder, keyword: &str, name: &str, nodes: &[&str], given: &Given) {
    let ports: Vec<u32> = nodes.iter().map(|n| builder.node(n)).collect();
    let params = ParamValues::check(kind(keyword).card(), given).expect("good parameters");
    builder.add(kind(keyword), name, &ports, &params).expect("a device");
}

/// A device whose parameters are numbers.
pub fn add(builder: &mut CircuitBuilder, keyword: &str, name: &str, nodes: &[&str], values: &[(&str, f64)]) {
    place(builder, keyword, name, nodes, &numbers(values));
}

/// A voltage source with a waveform.
pub fn add_wave(builder: &mut CircuitBuilder, name: &str, nodes: &[&str], wave: Waveform) {
    place(builder, "v", name, nodes, &vec![("wave".to_string(), ParamValue::Wave(wave.into()))]);
}

#[derive(Default)]
struct Collect(Option<Table>);
impl Sink for Collect {
    fn begin(&mut self, header: &PlotHeader) {
        self.0 = Some(Table::new(header.clone()));
    }
    fn point(&mut self, values: &[f64]) {
        if let Some(table) = &mut self.0 {
            table.push(values);
        }
    }
    fn end(&mut self) {}
}

/// Runs an analysis that needs no deck.
pub fn run(circuit: &mut Circuit, plan: &Plan, analysis: &Analysis) -> (Table, Stats) {
    let mut sink = Collect::default();
    let rebuild = |_: &Overrides| Err("no deck".to_string());
    let stats = analysis::run(analysis, circuit, plan, "", &rebuild, &mut sink).unwrap_or_else(|e| panic!("{e}"));
    (sink.0.expect("a table"), stats)
}
