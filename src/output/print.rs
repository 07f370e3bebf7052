//! `.print` tables. The default is one wide table per analysis and step with nine digits, never cut into pages;
//! ngspice's paged 80-column form is there for scripts that read it.

use std::io::Write;

use super::text::{one_line, scientific};
use crate::plan::PrintFormat;
use crate::result::Table;

/// Look of `.print` without `FORMAT=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// One wide table.
    #[default]
    Wide,
    /// ngspice's pages.
    Ngspice,
}

/// Writes the derived tables of one `.print` card, one per step.
///
/// `PrintFormat::Raw` is a binary format and belongs to [`RawWriter`](super::raw::RawWriter) (send the tables through
/// [`replay`](super::replay)); here it is written as CSV.
///
/// # Errors
/// When the stream refuses.
pub fn write(
    tables: &[Table],
    format: PrintFormat,
    style: Style,
    date: &str,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    match (format, style) {
        (PrintFormat::Csv | PrintFormat::Raw, _) => super::csv::write(tables, out),
        (PrintFormat::Gnuplot, _) => tables.iter().enumerate().try_for_each(|(k, t)| write_gnuplot(k, t, out)),
        (PrintFormat::Table, Style::Ngspice) => tables.iter().try_for_each(|t| write_pages(t, date, out)),
        (PrintFormat::Table, Style::Wide) => tables.iter().try_for_each(|t| write_wide(t, IndexColumn::Shown, out)),
        (PrintFormat::NoIndex, _) => tables.iter().try_for_each(|t| write_wide(t, IndexColumn::Hidden, out)),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum IndexColumn {
    Shown,
    Hidden,
}

fn write_wide(table: &Table, index: IndexColumn, out: &mut dyn Write) -> std::io::Result<()> {
    let header = &table.header;
    writeln!(out, "\n{}: {}", header.name, one_line(&header.title).trim_start_matches('*').trim_start())?;
    if !header.step.is_empty() {
        writeln!(out, "Step: {}", header.step)?;
    }
    writeln!(out)?;
    let widths: Vec<usize> = header.columns.iter().map(|c| c.name.chars().count().max(15)).collect();
    let mut line = if index == IndexColumn::Shown { "   Index".to_owned() } else { String::new() };
    for (column, &width) in header.columns.iter().zip(&widths) {
        line.push_str(&format!("  {:>width$}", column.name));
    }
    writeln!(out, "{line}")?;
    for point in 0..table.points() {
        line.clear();
        if index == IndexColumn::Shown {
            line.push_str(&format!("{point:>8}"));
        }
        for (column, &width) in table.data.iter().zip(&widths) {
            line.push_str(&format!("  {:>width$}", scientific(column[point], 8)));
        }
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Blocks are two blank lines apart, so that gnuplot's `index` finds the steps.
fn write_gnuplot(block: usize, table: &Table, out: &mut dyn Write) -> std::io::Result<()> {
    if block > 0 {
        write!(out, "\n\n")?;
    }
    if !table.header.step.is_empty() {
        writeln!(out, "# {}", table.header.step)?;
    }
    let names: Vec<String> = table.header.columns.iter().map(|c| c.name.replace(char::is_whitespace, "")).collect();
    writeln!(out, "# {}", names.join(" "))?;
    for point in 0..table.points() {
        let values: Vec<String> = table.data.iter().map(|column| scientific(column[point], 8)).collect();
        writeln!(out, "{}", values.join(" "))?;
    }
    Ok(())
}

/// Lines on one of ngspice's pages, headings included.
const PAGE_LINES: usize = 60;
/// Columns that fit into 80 characters beside index and axis.
const PAGE_COLUMNS: usize = 3;

fn write_pages(table: &Table, date: &str, out: &mut dyn Write) -> std::io::Result<()> {
    let axis = usize::from(table.header.has_axis);
    let traces: Vec<usize> = (axis..table.data.len()).collect();
    for group in traces.chunks(PAGE_COLUMNS + 1 - axis) {
        let columns: Vec<usize> = (0..axis).chain(group.iter().copied()).collect();
        let rule = "-".repeat(80);
        let mut head = format!("{:<8}", "Index");
        for &k in &columns {
            head.push_str(&format!("{:<16}", table.header.columns[k].name));
        }
        writeln!(out, "{}", centre(&one_line(&table.header.title)))?;
        writeln!(out, "{}", centre(&format!("{}  {date}", table.header.name)))?;
        writeln!(out, "{rule}\n{head}\n{rule}")?;
        let mut room = PAGE_LINES - 5;
        for point in 0..table.points() {
            if room == 0 {
                writeln!(out, "\u{c}\n{head}\n{rule}")?;
                room = PAGE_LINES - 2;
            }
            let mut line = format!("{point}\t");
            for &k in &columns {
                let value = table.data[k][point];
                // the sign takes the place of the last digit
                line.push_str(&scientific(value, if value < 0.0 { 5 } else { 6 }));
                line.push('\t');
            }
            writeln!(out, "{line}")?;
            room -= 1;
        }
        writeln!(out, "\u{c}")?;
    }
    Ok(())
}

/// ngspice starts its titles where a centred text on an 80-character line starts.
fn centre(text: &str) -> String {
    format!("{}{text}", " ".repeat(80_usize.saturating_sub(text.chars().count()) / 2))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::output::trace::tests::ramp;

    fn text(format: PrintFormat, style: Style, tables: &[Table]) -> String {
        let mut out = Vec::new();
        write(tables, format, style, "today", &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_wide_table_lines_up() {
        let text = text(PrintFormat::Table, Style::Wide, &[ramp("r=1")]);
        let expected = "\nTransient Analysis: ramp\nStep: r=1\n\n   \
             Index             time             v(a)            i(v1)\n       \
             0   0.00000000e+00   0.00000000e+00  -0.00000000e+00\n       \
             1   1.00000000e+00   2.00000000e+00  -3.00000000e+00\n       \
             2   2.00000000e+00   4.00000000e+00  -6.00000000e+00\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn noindex_and_gnuplot_are_plain_columns() {
        let table = text(PrintFormat::NoIndex, Style::Wide, &[ramp("")]);
        assert!(!table.contains("Index"));
        let steps = text(PrintFormat::Gnuplot, Style::Wide, &[ramp("r=1"), ramp("r=2")]);
        assert!(steps.starts_with("# r=1\n# time v(a) i(v1)\n0.00000000e+00 "), "{steps}");
        assert!(steps.contains("\n\n\n# r=2\n"), "{steps}");
    }

    #[test]
    fn ngspice_pages_have_55_then_58_rows() {
        let mut table = ramp("");
        for k in 3..120 {
            table.push(&[f64::from(k), 1.0, -1.0]);
        }
        let text = text(PrintFormat::Table, Style::Ngspice, &[table]);
        let pages: Vec<&str> = text.split('\u{c}').collect();
        assert_eq!(pages[0].lines().count(), 60);
        assert_eq!(pages[1].trim_start_matches('\n').lines().count(), 60);
        assert!(pages[0].contains("\n1\t1.000000e+00\t2.000000e+00\t-3.00000e+00\t\n"), "{}", pages[0]);
        assert!(text.contains("Index   time            v(a)            i(v1)           \n"), "{text}");
    }
}
