//! `.measure` results: ngspice's lines, LTspice's log lines, CSV and JSON.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;

use super::csv::number;
use super::text::{general, scientific};
use crate::result::MeasureResult;

/// All measures of one step (or of the only run).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    /// Step parameters in loop order; empty without steps.
    pub parameters: Vec<(String, f64)>,
    /// Results in the order of the cards.
    pub results: Vec<MeasureResult>,
}

/// One line as ngspice prints it, `vmax                =  9.900000e-01 at=  1.000000e-06`; `failed` for a failure.
#[must_use]
pub fn ngspice_line(result: &MeasureResult) -> String {
    let Some(value) = result.value else { return format!("{:<20}=  failed", result.name) };
    let mut line = format!("{:<20}=  {}", result.name, scientific(value, 6));
    match (result.window, result.at) {
        (Some((trig, targ)), _) if is_trigger(result) => {
            line.push_str(&format!(" targ=  {} trig=  {}", scientific(targ, 6), scientific(trig, 6)));
        }
        (_, Some(at)) if is_extremum(result) => line.push_str(&format!(" at=  {}", scientific(at, 6))),
        (Some((from, to)), None) => {
            line.push_str(&format!(" from=  {} to=  {}", scientific(from, 6), scientific(to, 6)));
        }
        _ => {}
    }
    line
}

/// One line as LTspice logs it without steps: `vmax: MAX(v(out))=0.99 FROM 0 TO 2e-05`.
#[must_use]
pub fn ltspice_line(result: &MeasureResult) -> String {
    let Some(value) = result.value else { return format!("Measurement \"{}\" FAIL'ed", result.name) };
    let what = expression(result);
    if is_trigger(result) {
        return format!("{}={}{}", result.name, digits(value), range(result));
    }
    if first_word(result) == "when" {
        // LTspice shows the condition, and the answer behind `at`
        return format!("{}: {what} at {}", result.name, digits(result.at.unwrap_or(value)));
    }
    let place = match (result.window, result.at) {
        (Some(_), _) => range(result),
        (None, Some(at)) => format!(" at {}", digits(at)),
        (None, None) => String::new(),
    };
    format!("{}: {what}={}{place}", result.name, digits(value))
}

/// LTspice's log of a stepped run: one block per measure, one line per step.
#[must_use]
pub fn ltspice_steps(rows: &[Row]) -> String {
    let mut text = String::new();
    let Some(first) = rows.first() else { return text };
    for (k, measure) in first.results.iter().enumerate() {
        let results: Vec<Option<&MeasureResult>> = rows.iter().map(|r| r.results.get(k)).collect();
        let sample = results.iter().flatten().find(|r| r.value.is_some()).copied().unwrap_or(measure);
        let tail = match (sample.window, sample.at) {
            (Some(_), _) => "\tFROM\tTO",
            (None, Some(_)) => "\tat",
            (None, None) => "",
        };
        text.push_str(&format!("Measurement: {}\n  step\t{}{tail}\n", measure.name, expression(measure)));
        for (step, result) in results.iter().enumerate() {
            let Some(result) = result else { continue };
            let Some(value) = result.value else {
                text.push_str(&format!("{:>6}\tFAIL'ed\n", step + 1));
                continue;
            };
            let place = match (result.window, result.at) {
                (Some((from, to)), _) => format!("\t{}\t{}", digits(from), digits(to)),
                (None, Some(at)) => format!("\t{}", digits(at)),
                (None, None) => String::new(),
            };
            text.push_str(&format!("{:>6}\t{}{place}\n", step + 1, digits(value)));
        }
        text.push('\n');
    }
    text
}

/// One row per step: `step`, parameters, measures; a failed measure is an empty field.
///
/// # Errors
/// When the stream refuses.
pub fn write_csv(rows: &[Row], out: &mut dyn Write) -> std::io::Result<()> {
    let Some(first) = rows.first() else { return Ok(()) };
    let mut writer = ::csv::Writer::from_writer(out);
    let parameters = first.parameters.iter().map(|(name, _)| name.as_str());
    let measures = first.results.iter().map(|m| m.name.as_str());
    writer.write_record(["step"].into_iter().chain(parameters).chain(measures))?;
    for (step, row) in rows.iter().enumerate() {
        let parameters = row.parameters.iter().map(|(_, value)| number(*value));
        let measures = row.results.iter().map(|m| m.value.map_or_else(String::new, number));
        writer.write_record([(step + 1).to_string()].into_iter().chain(parameters).chain(measures))?;
    }
    writer.flush()
}

#[derive(Serialize)]
struct JsonStep<'a> {
    step: usize,
    parameters: BTreeMap<&'a str, f64>,
    measures: Vec<JsonMeasure<'a>>,
}

#[derive(Serialize)]
struct JsonMeasure<'a> {
    name: &'a str,
    definition: &'a str,
    value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<(f64, f64)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// `{"steps": [{"step": 1, "parameters": {..}, "measures": [{"name", "definition", "value", "at", "window"}]}]}`;
/// a failed measure has the value null and a reason.
///
/// # Errors
/// When the stream refuses.
pub fn write_json(rows: &[Row], out: &mut dyn Write) -> std::io::Result<()> {
    let steps: Vec<JsonStep<'_>> = rows
        .iter()
        .enumerate()
        .map(|(k, row)| JsonStep {
            step: k + 1,
            parameters: row.parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect(),
            measures: row
                .results
                .iter()
                .map(|m| JsonMeasure {
                    name: &m.name,
                    definition: &m.text,
                    value: m.value,
                    at: m.at,
                    window: m.window,
                    reason: m.reason.as_deref(),
                })
                .collect(),
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &serde_json::json!({ "steps": steps }))?;
    writeln!(out)
}

fn digits(value: f64) -> String {
    general(value, 9)
}

fn range(result: &MeasureResult) -> String {
    result.window.map_or_else(String::new, |(from, to)| format!(" FROM {} TO {}", digits(from), digits(to)))
}

fn first_word(result: &MeasureResult) -> &str {
    result.text.split_whitespace().next().unwrap_or("")
}

fn is_trigger(result: &MeasureResult) -> bool {
    first_word(result).starts_with("trig")
}

fn is_extremum(result: &MeasureResult) -> bool {
    matches!(first_word(result), "max" | "min")
}

/// What LTspice shows as the measured expression: `MAX(v(out))`, `v(out)`, `v(out)=0.5`.
fn expression(result: &MeasureResult) -> String {
    let text = result.text.trim();
    let (word, rest) = text.split_once(|c: char| c.is_whitespace() || c == '=').unwrap_or((text, ""));
    let subject = until_keyword(rest.trim_start());
    match word {
        "find" | "when" => subject.to_owned(),
        "param" | "eqn" => rest.trim().trim_start_matches('=').trim().trim_matches(['\'', '{', '}']).to_owned(),
        "deriv" | "derivative" => format!("D({})", until_keyword(rest.trim_start().trim_start_matches("of "))),
        "avg" | "rms" | "max" | "min" | "pp" | "integ" | "max_at" | "min_at" => {
            format!("{}({subject})", word.to_uppercase())
        }
        "integral" => format!("INTEG({subject})"),
        _ => result.name.clone(),
    }
}

/// Cuts a subject before the next `from= to= at= when td= val= rise= fall= cross=`, wherever it stands outside brackets.
fn until_keyword(text: &str) -> &str {
    const WORDS: [&str; 9] = ["from", "to", "at", "when", "td", "val", "rise", "fall", "cross"];
    let mut depth = 0_i32;
    let mut boundary = false;
    for (k, c) in text.char_indices() {
        match c {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth -= 1,
            _ => {}
        }
        if boundary && depth == 0 && c.is_alphabetic() {
            let word: String = text[k..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let next = text[k + word.len()..].trim_start().chars().next();
            if WORDS.contains(&word.as_str()) && (next == Some('=') || word == "when") {
                return text[..k].trim_end();
            }
        }
        boundary = c.is_whitespace() || c == ',';
    }
    text.trim_end()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn result(
        name: &str,
        text: &str,
        value: Option<f64>,
        at: Option<f64>,
        window: Option<(f64, f64)>,
    ) -> MeasureResult {
        let reason = value.is_none().then(|| "no crossing".to_owned());
        MeasureResult { name: name.into(), text: text.into(), value, reason, at, window }
    }

    fn examples() -> Vec<MeasureResult> {
        vec![
            result("vmax", "max v(out)", Some(0.632_411_2), Some(1.0013e-6), Some((0.0, 2e-6))),
            result("va", "avg v(out) from=0 to=1u", Some(0.363_924_7), None, Some((0.0, 1.001e-6))),
            result(
                "td",
                "trig v(in) val=0.5 rise=1 targ v(out) val=0.5 rise=1",
                Some(7e-7),
                None,
                Some((5e-10, 7.005e-7)),
            ),
            result("vf", "find v(out) at=0.5u", Some(-0.5), Some(5e-7), None),
            result("tw", "when v(out)=0.5 rise=1", Some(6.93735e-7), Some(6.93735e-7), None),
            result("gain", "param='vmax/va'", Some(1.99809), None, None),
            result("bad", "when v(out)=5", None, None, None),
        ]
    }

    /// The first three lines are what ngspice 39 printed for the same circuit, but for the rounding of td.
    #[test]
    fn ngspice_lines() {
        let lines: Vec<String> = examples().iter().map(ngspice_line).collect();
        assert_eq!(
            lines,
            [
                "vmax                =  6.324112e-01 at=  1.001300e-06",
                "va                  =  3.639247e-01 from=  0.000000e+00 to=  1.001000e-06",
                "td                  =  7.000000e-07 targ=  7.005000e-07 trig=  5.000000e-10",
                "vf                  =  -5.000000e-01",
                "tw                  =  6.937350e-07",
                "gain                =  1.998090e+00",
                "bad                 =  failed",
            ]
        );
    }

    #[test]
    fn ltspice_lines() {
        let lines: Vec<String> = examples().iter().map(ltspice_line).collect();
        assert_eq!(
            lines,
            [
                "vmax: MAX(v(out))=0.6324112 FROM 0 TO 2e-06",
                "va: AVG(v(out))=0.3639247 FROM 0 TO 1.001e-06",
                "td=7e-07 FROM 5e-10 TO 7.005e-07",
                "vf: v(out)=-0.5 at 5e-07",
                "tw: v(out)=0.5 at 6.93735e-07",
                "gain: vmax/va=1.99809",
                "Measurement \"bad\" FAIL'ed",
            ]
        );
    }

    #[test]
    fn stepped_blocks_csv_and_json() {
        let row = |r: f64| Row {
            parameters: vec![("r".into(), r)],
            results: vec![
                result("vmax", "max v(out)", Some(r / 1000.0), Some(1.0), Some((0.0, 2e-5))),
                result("bad", "when v(out)=5", None, None, None),
            ],
        };
        let rows = [row(990.0), row(1980.0)];
        assert_eq!(
            ltspice_steps(&rows),
            "Measurement: vmax\n  step\tMAX(v(out))\tFROM\tTO\n     1\t0.99\t0\t2e-05\n     2\t1.98\t0\t2e-05\n\n\
             Measurement: bad\n  step\tv(out)=5\n     1\tFAIL'ed\n     2\tFAIL'ed\n\n"
        );
        let mut out = Vec::new();
        write_csv(&rows, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "step,r,vmax,bad\n1,990,0.99,\n2,1980,1.98,\n");
        let mut out = Vec::new();
        write_json(&rows, &mut out).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(json["steps"][1]["parameters"]["r"], 1980.0);
        assert_eq!(json["steps"][1]["measures"][0]["value"], 1.98);
        assert_eq!(json["steps"][0]["measures"][1]["value"], serde_json::Value::Null);
        assert_eq!(json["steps"][0]["measures"][1]["reason"], "no crossing");
    }
}
