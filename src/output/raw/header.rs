//! The text in front of the numbers. Exact bytes matter: every word here is one that some reader tests.

use super::{Encoding, RawOptions, TypeWords};
use crate::output::text::one_line;
use crate::plan::Quantity;
use crate::result::{Column, PlotHeader};

/// Width of the `No. Points` field, blanks included; the count is patched in place.
const COUNT_WIDTH: usize = 8;
/// The largest count that fits.
pub(super) const COUNT_MAX: u64 = 99_999_999;

/// Which reader's conventions a plot follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Convention {
    /// One analysis at one step; ngspice 44 and spicelib recognise it by the `Command:` line.
    Single,
    /// All steps in one plot, told apart by the axis returning to its first value; the `Command:` line must not say
    /// ngspice, and without `double` spicelib reads 4-byte floats.
    Stepped,
}

/// The header of one plot in two parts: up to where the count stands, and after it.
pub(super) fn compose(
    header: &PlotHeader,
    plot_name: &str,
    convention: Convention,
    options: &RawOptions,
) -> (String, String) {
    let date = one_line(&options.date);
    let version = env!("CARGO_PKG_VERSION");
    let (command, flags) = match convention {
        Convention::Single => ("ngspice-44 compatible", "real"),
        Convention::Stepped => ("LTspice compatible", "real forward stepped double"),
    };
    let columns = &header.columns[..header.saved.min(header.columns.len())];
    let before = format!(
        "Title: {}\nDate: {date}\nCommand: {command}, sneakpath {version}\nPlotname: {plot_name}\nFlags: {flags}\n\
         No. Variables: {}\nNo. Points: ",
        one_line(&header.title),
        columns.len()
    );
    let mut after = String::from("\nVariables:\n");
    for (k, column) in columns.iter().enumerate() {
        let is_axis = k == 0 && header.has_axis;
        let name = if is_axis { axis_name(column) } else { variable_name(column) };
        after.push_str(&format!("\t{k}\t{name}\t{}\n", type_word(column.quantity, options.types)));
    }
    after.push_str(match options.encoding {
        Encoding::Binary => "Binary:\n",
        Encoding::Ascii => "Values:\n",
    });
    (before, after)
}

/// The count as it stands in the header.
pub(super) fn count_field(points: u64) -> String {
    format!("{points:<COUNT_WIDTH$}")
}

/// The `Plotname:` of one step out of several, as Xyce writes it.
pub(super) fn step_plot_name(name: &str, label: &str, index: usize, total: usize) -> String {
    let parameters: String = label
        .split_whitespace()
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| format!("  name = {} value = {value}", name.to_uppercase()))
        .collect();
    format!("Step Analysis: Step {index} of {total} params:{parameters}  {name}")
}

/// ngspice's name for the axis; PySpice asks for `v(v-sweep)` by name.
fn axis_name(column: &Column) -> String {
    match column.quantity {
        Quantity::Time => "time".to_owned(),
        Quantity::Frequency => "frequency".to_owned(),
        Quantity::Voltage => "v(v-sweep)".to_owned(),
        Quantity::Current => "i(i-sweep)".to_owned(),
        Quantity::Temperature => "temp-sweep".to_owned(),
        Quantity::Resistance => "res-sweep".to_owned(),
        _ => field_name(&column.name),
    }
}

/// Branch currents are `i(v1)`; currents of other devices are device fields, `i(@r1[i])`.
fn variable_name(column: &Column) -> String {
    let name = field_name(&column.name);
    let Some(device) = name.strip_prefix("i(").and_then(|n| n.strip_suffix(')')) else { return name };
    let local = device.rsplit('.').next().unwrap_or(device);
    if device.starts_with('@') || local.starts_with(['v', 'l', 'e', 'h']) { name } else { format!("i(@{device}[i])") }
}

/// No commas (the `ltspice` package takes them for a difference) and no blanks (TAB-separated fields).
fn field_name(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace() && !c.is_control()).map(|c| if c == ',' { '-' } else { c }).collect()
}

fn type_word(quantity: Quantity, types: TypeWords) -> &'static str {
    match (quantity, types) {
        (Quantity::Time, _) => "time",
        (Quantity::Frequency, _) => "frequency",
        (Quantity::Current, _) => "current",
        // PySpice knows four words and fails on any other
        (Quantity::Voltage, _) | (_, TypeWords::Basic) => "voltage",
        (Quantity::Power, TypeWords::Full) => "power",
        (Quantity::Resistance, TypeWords::Full) => "impedance",
        (Quantity::Conductance, TypeWords::Full) => "admittance",
        (Quantity::Temperature, TypeWords::Full) => "temperature",
        (Quantity::Plain, TypeWords::Full) => "notype",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, quantity: Quantity) -> Column {
        Column { name: name.into(), quantity }
    }

    #[test]
    fn currents_are_named_as_ngspice_names_them() {
        for (ours, theirs) in [
            ("i(v1)", "i(v1)"),
            ("i(x1.l3)", "i(x1.l3)"),
            ("i(r1)", "i(@r1[i])"),
            ("i(xa.c_3_5)", "i(@xa.c_3_5[i])"),
            ("i(@r1[i])", "i(@r1[i])"),
            ("@x1.m1[x]", "@x1.m1[x]"),
            ("v(a, b)", "v(a-b)"),
        ] {
            assert_eq!(variable_name(&column(ours, Quantity::Current)), theirs);
        }
    }

    #[test]
    fn axes_have_the_names_readers_ask_for() {
        assert_eq!(axis_name(&column("v1", Quantity::Voltage)), "v(v-sweep)");
        assert_eq!(axis_name(&column("i1", Quantity::Current)), "i(i-sweep)");
        assert_eq!(axis_name(&column("temp", Quantity::Temperature)), "temp-sweep");
        assert_eq!(axis_name(&column("r1", Quantity::Resistance)), "res-sweep");
        assert_eq!(axis_name(&column("vdd", Quantity::Plain)), "vdd");
    }

    #[test]
    fn only_four_type_words_unless_asked() {
        assert_eq!(type_word(Quantity::Power, TypeWords::Basic), "voltage");
        assert_eq!(type_word(Quantity::Power, TypeWords::Full), "power");
        assert_eq!(type_word(Quantity::Plain, TypeWords::Basic), "voltage");
    }

    #[test]
    fn a_step_is_named_as_xyce_names_it() {
        assert_eq!(
            step_plot_name("DC transfer characteristic", "temp=-10", 1, 3),
            "Step Analysis: Step 1 of 3 params:  name = TEMP value = -10  DC transfer characteristic"
        );
        assert_eq!(
            step_plot_name("Transient Analysis", "r=1 c=2", 2, 4),
            "Step Analysis: Step 2 of 4 params:  name = R value = 1  name = C value = 2  Transient Analysis"
        );
    }
}
