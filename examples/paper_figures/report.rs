//! Rows, notes and pictures of a section, and how they are shown.

use std::fmt::Write;
use std::path::Path;

use sneakpath::output::figure::{self, Curve, CurvePlot, FigureData, Format, Panel, Spacing};
use sneakpath::plan::Quantity;

/// What a number is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// Follows from a stated definition; a correct simulator must agree.
    Exact,
    /// Parameters were tuned until it met the paper: agreement is no evidence for the model.
    Calibrated,
    /// The paper leaves open what would decide it.
    Undetermined,
}

impl Label {
    fn text(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Calibrated => "calibrated",
            Self::Undetermined => "not determined by the paper",
        }
    }
}

/// One number beside the published one.
#[derive(Debug, Clone)]
pub struct Row {
    /// Stable name, `ecm_on_off`.
    pub name: String,
    /// What it is, with unit.
    pub what: String,
    /// Ours.
    pub value: f64,
    /// As printed; `None` where the paper prints none.
    pub published: Option<f64>,
    /// Lower end of the band of the reference.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// What it is worth.
    pub label: Label,
}

impl Row {
    /// A row whose band is `low..=high`.
    pub fn new(name: &str, what: &str, value: f64, published: Option<f64>, band: (f64, f64), label: Label) -> Self {
        Self { name: name.into(), what: what.into(), value, published, low: band.0, high: band.1, label }
    }

    /// The row of a section that gave nothing: no value, no band.
    pub fn failed(section: &str, reason: &str) -> Self {
        Self::new(&format!("{section}_failed"), reason, f64::NAN, None, (f64::NAN, f64::NAN), Label::Undetermined)
    }

    /// Whether the value lies in its band.
    pub fn holds(&self) -> bool {
        self.low <= self.value && self.value <= self.high
    }
}

/// `reference` -+ `relative`.
pub fn within(reference: f64, relative: f64) -> (f64, f64) {
    let room = relative * reference.abs();
    (reference - room, reference + room)
}

/// `reference` -+ `absolute`.
pub fn around(reference: f64, absolute: f64) -> (f64, f64) {
    (reference - absolute, reference + absolute)
}

/// What a section found.
#[derive(Default)]
pub struct Findings {
    /// Numbers with bands.
    pub rows: Vec<Row>,
    /// Lines below the table: tables of their own, what differs, what it proves.
    pub notes: Vec<String>,
    /// File stem and figure.
    pub pictures: Vec<(String, FigureData)>,
}

impl Findings {
    /// The rows as text, notes below.
    pub fn table(&self) -> String {
        let mut text = String::new();
        let header = ["name", "what", "published", "ours", "band", "label", "verdict"];
        let mut lines: Vec<[String; 7]> = vec![header.map(str::to_owned)];
        lines.extend(self.rows.iter().map(cells));
        let widths: Vec<usize> =
            (0..7).map(|k| lines.iter().map(|l| l[k].chars().count()).max().unwrap_or(0)).collect();
        for line in &lines {
            let mut out = String::from("  ");
            for (k, (cell, width)) in line.iter().zip(&widths).enumerate() {
                let fill = " ".repeat(width - cell.chars().count());
                // numbers to the right
                let _ = if k == 2 || k == 3 { write!(out, " {fill}{cell} ") } else { write!(out, " {cell}{fill} ") };
            }
            let _ = writeln!(text, "{}", out.trim_end());
        }
        for note in &self.notes {
            for line in note.lines() {
                let _ = writeln!(text, "   {line}");
            }
        }
        text
    }

    /// Writes every picture as SVG and PNG; how many files.
    ///
    /// # Errors
    /// The folder or a file cannot be written, or a picture holds nothing to draw.
    pub fn draw(&self, out: &Path) -> Result<usize, String> {
        std::fs::create_dir_all(out).map_err(|e| format!("cannot make the folder {}: {e}", out.display()))?;
        for (stem, data) in &self.pictures {
            for format in [Format::Svg, Format::Png] {
                let path = out.join(format!("{stem}.{}", format.suffix()));
                figure::draw(data, &path, format).map_err(|e| e.to_string())?;
            }
        }
        Ok(2 * self.pictures.len())
    }
}

fn cells(row: &Row) -> [String; 7] {
    let published = row.published.map_or_else(|| "-".to_owned(), number);
    let band = format!("{} .. {}", number(row.low), number(row.high));
    let verdict = if row.holds() { "holds" } else { "OFF" };
    [row.name.clone(), row.what.clone(), published, number(row.value), band, row.label.text().into(), verdict.into()]
}

/// Five significant digits, plain where that is short.
pub fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let magnitude = value.abs().log10().floor() as i32;
    if value.fract() == 0.0 && magnitude < 9 {
        return format!("{value}");
    }
    if (-3..6).contains(&magnitude) {
        let decimals = usize::try_from((4 - magnitude).max(0)).unwrap_or(0);
        let text = format!("{value:.decimals$}");
        return if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    }
    format!("{value:.4e}")
}

/// `{"rows":[..]}` on one line.
pub fn json(rows: &[Row]) -> String {
    let rows: Vec<serde_json::Value> = rows
        .iter()
        .map(|row| {
            serde_json::json!({
                "name": row.name, "what": row.what, "value": row.value, "published": row.published,
                "low": row.low, "high": row.high, "label": row.label.text(), "holds": row.holds(),
            })
        })
        .collect();
    serde_json::json!({ "rows": rows }).to_string()
}

/// A figure of one panel.
pub fn curves_over(
    title: &str,
    x: (&str, Quantity),
    y: (&str, Quantity),
    spacing: Spacing,
    curves: Vec<Curve>,
) -> FigureData {
    let panel = Panel { name: y.0.into(), quantity: y.1, spacing, curves };
    FigureData::Curves(CurvePlot {
        title: title.into(),
        x_name: x.0.into(),
        x_quantity: x.1,
        x_spacing: Spacing::Linear,
        panels: vec![panel],
    })
}

/// Mean and standard deviation of a sample.
pub fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
}
