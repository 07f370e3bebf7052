//! Tables as comma-separated values: full precision, one header row, step parameters in front.

use std::io::Write;

use super::trace::step_values;
use crate::result::Table;

/// Writes the tables of one analysis, one per step, one below the other under a single header.
///
/// Numbers are the shortest that read back as the same bits.
///
/// # Errors
/// When the stream refuses.
pub fn write(tables: &[Table], out: &mut dyn Write) -> std::io::Result<()> {
    let Some(first) = tables.first() else { return Ok(()) };
    let parameters: Vec<&str> = step_values(&first.header.step).into_iter().map(|(name, _)| name).collect();
    let mut writer = ::csv::Writer::from_writer(out);
    let names = first.header.columns.iter().map(|c| c.name.as_str());
    writer.write_record(parameters.iter().copied().chain(names))?;
    for table in tables {
        let steps: Vec<&str> = step_values(&table.header.step).into_iter().map(|(_, value)| value).collect();
        for point in 0..table.points() {
            let values = table.data.iter().map(|c| number(c.get(point).copied().unwrap_or(f64::NAN)));
            writer.write_record(steps.iter().map(|s| (*s).to_owned()).chain(values))?;
        }
    }
    writer.flush()
}

/// Shortest text that reads back as the same number, in scientific form where that is shorter.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::output::trace::tests::ramp;

    #[test]
    fn steps_are_columns() {
        let mut out = Vec::new();
        write(&[ramp("r=1000 c=1e-09"), ramp("r=2000 c=1e-09")], &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "r,c,time,v(a),i(v1)");
        assert_eq!(lines[2], "1000,1e-09,1,2,-3");
        assert_eq!(lines[6], "2000,1e-09,2,4,-6");
        assert_eq!(lines.len(), 7);
    }

    #[test]
    fn names_with_commas_are_quoted_and_numbers_keep_their_bits() {
        let mut table = ramp("");
        table.header.columns[1].name = "v(a,b)".into();
        let x = 0.1 + 0.2;
        table.data[1][0] = x;
        let mut out = Vec::new();
        write(&[table], &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("time,\"v(a,b)\",i(v1)\n"), "{text}");
        let field = text.lines().nth(1).unwrap().split(',').nth(1).unwrap();
        assert_eq!(field.parse::<f64>().unwrap().to_bits(), x.to_bits());
        assert_eq!(number(1e-9), "1e-9");
    }
}
