//! Reports as one page that needs nothing else: style and figures are inside, light and dark.

use std::fmt::Write as _;

use super::figures::figures;
use super::text::shown;
use crate::output::figure;
use crate::result::report::{Grid, Report};

/// What stands on the page besides the reports.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// Title of the deck.
    pub title: String,
    /// Each file of the deck: name and text.
    pub files: Vec<(String, String)>,
    /// Name and value: versions, seed, date.
    pub facts: Vec<(String, String)>,
}

/// A main table with more rows than this is folded away behind the others.
const FOLDED: usize = 60;
/// Rows of a table on the page; the CSV holds all.
const MOST_ROWS: usize = 1000;

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--soft:#f3f5f7;--line:#d3d9df;--accent:#0b5fa5}
@media(prefers-color-scheme:dark){:root{--ink:#e4e8ec;--paper:#14181c;--soft:#1d2329;--line:#39424b;--accent:#7cbcf2}}
body{margin:0 auto;max-width:70rem;padding:1.5rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.6rem}h2{font-size:1.25rem;margin-top:2.2rem;border-bottom:1px solid var(--line);color:var(--accent)}
h3{font-size:1rem;margin:1.2rem 0 .3rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.88rem}
th,td{padding:.2rem .6rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{background:var(--soft)}td.word,th.word{text-align:left}.wide{overflow-x:auto}
dt{font-weight:600}dd{margin:0 0 .3rem 1.2rem}
figure{margin:1rem 0}figure svg{max-width:100%;height:auto}
pre{background:var(--soft);padding:.8rem;overflow-x:auto;font-size:.85rem}
.bad{color:#b3261e;font-weight:600}summary{cursor:pointer}
";

/// The whole page.
#[must_use]
pub fn html(page: &Page, reports: &[Report]) -> String {
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <title>{0}</title><style>{STYLE}{1}</style></head><body>\n<h1>{0}</h1>\n",
        escape(&page.title),
        figure::dark_style("figure svg", ("var(--ink)", "var(--paper)", "var(--line)"))
    );
    reports.iter().for_each(|report| section(&mut out, report));
    out += "<h2>Origin</h2>\n";
    pairs(&mut out, &page.facts);
    for (name, text) in &page.files {
        let _ = writeln!(out, "<details><summary>{}</summary><pre>{}</pre></details>", escape(name), escape(text));
    }
    out += "</body></html>\n";
    out
}

fn section(out: &mut String, report: &Report) {
    let _ = writeln!(out, "<section><h2>{}</h2>", escape(&report.title));
    for failure in &report.failures {
        let _ = writeln!(out, "<p class=\"bad\">{}</p>", escape(failure));
    }
    let facts: Vec<(String, String)> =
        report.facts.iter().map(|fact| (fact.name.clone(), shown(&fact.value, &fact.unit))).collect();
    pairs(out, &facts);
    for (name, data) in figures(report) {
        match figure::svg(&data) {
            Ok(svg) => {
                let _ = writeln!(out, "<figure aria-label=\"{}\">{}</figure>", escape(&name), inline(&svg));
            }
            Err(reason) => {
                let _ = writeln!(out, "<p>{}: {}</p>", escape(&name), escape(&reason));
            }
        }
    }
    if report.rows.rows.len() <= FOLDED {
        table(out, "", &report.rows);
    }
    for (name, grid) in &report.tables {
        table(out, name, grid);
    }
    if report.rows.rows.len() > FOLDED {
        let _ = writeln!(out, "<details><summary>All {} rows</summary>", report.rows.rows.len());
        table(out, "", &report.rows);
        out.push_str("</details>\n");
    }
    if !report.notes.is_empty() {
        out.push_str("<h3>Notes</h3><ul>");
        report.notes.iter().for_each(|note| {
            let _ = write!(out, "<li>{}</li>", escape(note));
        });
        out.push_str("</ul>\n");
    }
    heading(out, "Definitions", &report.definitions);
    heading(out, "Parameters", &report.parameters);
    heading(out, "Checks", &checks(report));
    out.push_str("</section>\n");
}

fn checks(report: &Report) -> Vec<(String, String)> {
    let trust = &report.trust;
    let mut list = vec![
        ("circuits solved".to_owned(), trust.solves.to_string()),
        ("Newton iterations".to_owned(), trust.newton.to_string()),
        ("Kirchhoff's law".to_owned(), format!("met to {:.1e} of the currents at the worst node", trust.kcl_relative)),
    ];
    if trust.transients > 0 {
        let text = format!("delivered = dissipated + stored to {:.1e}", trust.energy_error);
        list.push(("energy".to_owned(), text));
    }
    if !trust.aids.is_empty() {
        list.push(("continuation".to_owned(), trust.aids.join(", ")));
    }
    list
}

fn heading(out: &mut String, name: &str, list: &[(String, String)]) {
    if !list.is_empty() {
        let _ = writeln!(out, "<h3>{}</h3>", escape(name));
        pairs(out, list);
    }
}

fn pairs(out: &mut String, list: &[(String, String)]) {
    if list.is_empty() {
        return;
    }
    out.push_str("<dl>");
    for (name, text) in list {
        let _ = write!(out, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(text));
    }
    out.push_str("</dl>\n");
}

fn table(out: &mut String, name: &str, grid: &Grid) {
    if grid.rows.is_empty() {
        return;
    }
    let words: Vec<bool> = (0..grid.columns.len())
        .map(|k| grid.rows.iter().any(|row| matches!(row[k], crate::result::report::Value::Text(_))))
        .collect();
    let class = |k: usize| if words[k] { " class=\"word\"" } else { "" };
    if !name.is_empty() {
        let _ = writeln!(out, "<h3>{}</h3>", escape(name));
    }
    out.push_str("<div class=\"wide\"><table><thead><tr>");
    for (k, (name, _)) in grid.columns.iter().enumerate() {
        let _ = write!(out, "<th{}>{}</th>", class(k), escape(name));
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in grid.rows.iter().take(MOST_ROWS) {
        out.push_str("<tr>");
        for (k, (value, (_, unit))) in row.iter().zip(&grid.columns).enumerate() {
            let _ = write!(out, "<td{}>{}</td>", class(k), escape(&shown(value, unit)));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    if grid.rows.len() > MOST_ROWS {
        let _ = writeln!(out, "<p>{} more rows are in the CSV.</p>", grid.rows.len() - MOST_ROWS);
    }
}

/// An SVG document without its prolog, scaled by its own box.
fn inline(svg: &str) -> &str {
    svg.find("<svg").map_or(svg, |at| &svg[at..])
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::report::{Axis, Chart, Series};

    #[test]
    fn the_page_needs_nothing_else_and_escapes_the_deck() {
        let mut rows = Grid::new(&["scheme", "margin"]);
        rows.push(["a<b>".into(), 0.125.into()]);
        let series = vec![Series { label: "one".to_owned(), x: vec![1.0, 2.0], y: vec![1.0, 3.0] }];
        let (x, y) = (Axis::linear("Size", ""), Axis::linear("Margin", ""));
        let chart = Chart { name: "size".to_owned(), title: "t".to_owned(), x, y, series };
        let report = Report { title: "Margin".to_owned(), rows, charts: vec![chart], ..Report::default() };
        let files = vec![("a.cir".to_owned(), "R1 a 0 {x<1 ? 2 : 3}".to_owned())];
        let page = html(&Page { title: "x & y".to_owned(), files, ..Page::default() }, &[report]);
        assert!(page.contains("x &amp; y") && page.contains("{x&lt;1 ? 2 : 3}") && page.contains("a&lt;b&gt;"));
        assert!(page.contains("<svg") && page.contains("prefers-color-scheme:dark"));
        let outside = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!outside.contains("http") && !outside.contains("src=") && !outside.contains("<link"));
    }
}
