//! Source waveforms: SPICE's argument lists and defaults to a [`Waveform`].
//!
//! Left-out times take SPICE's defaults: edges last one print step, widths and periods the whole transient.

use super::assembly::{Assembly, Frame};
use super::scope::Scope;
use super::sweep::locate;
use crate::device::waveform::Waveform;
use crate::diag::{Diagnostic, Span, nearest};
use crate::netlist::ast::{self, AnalysisCard, AnalysisKind, Column, FileRef, Statement};
use crate::units::format_si;

const SHAPES: &[&str] = &["pulse", "sin", "sine", "pwl", "exp", "sffm", "am"];

/// Print step and stop time of the deck's first transient, in s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Times {
    /// Print step.
    pub step: f64,
    /// Stop time.
    pub stop: f64,
    /// Corners of one source that a transient may have; without a transient as many as it likes.
    pub corners: f64,
}

/// Corners of one source that nobody waits for.
const MOST_CORNERS: f64 = 1e9;

impl Default for Times {
    /// Without a transient a waveform is only looked at for its value at t = 0.
    fn default() -> Self {
        Self { step: 1e-9, stop: 1.0, corners: f64::INFINITY }
    }
}

/// The times of the deck's first transient. Its mistakes are reported where the analysis is read.
#[must_use]
pub fn times(scope: &Scope<'_>) -> Times {
    let cards = scope.definitions().statements.iter().filter_map(|s| match s {
        Statement::Analysis(AnalysisCard { kind: AnalysisKind::Tran { step, stop, .. }, .. }) => Some((step, stop)),
        _ => None,
    });
    let mut times = cards.filter_map(|(step, stop)| {
        let stop = scope.number(stop).ok().filter(|t| *t > 0.0)?;
        // the one-argument form prints a thousand points
        let step = step.as_ref().and_then(|s| scope.number(s).ok()).filter(|t| *t > 0.0).unwrap_or(stop / 1000.0);
        Some(Times { step, stop, corners: MOST_CORNERS })
    });
    times.next().unwrap_or_default()
}

impl<'d> Assembly<'d> {
    /// The waveform of a source.
    ///
    /// # Errors
    /// Unknown shapes, wrong counts, times that decrease, unreadable files.
    pub fn waveform(&self, frame: &Frame<'d>, wave: &ast::Waveform, times: Times) -> Result<Waveform, Diagnostic> {
        let scope = &frame.scope;
        if wave.shape.text == "pwl" {
            let result = self.pwl(frame, wave)?;
            return passable(&result, times).map_or(Ok(result), |what| Err(too_fast(scope, what, wave.span)));
        }
        let mut given = Vec::with_capacity(wave.args.len());
        for argument in &wave.args {
            given.push(scope.number(argument)?);
        }
        let (fewest, most) = match wave.shape.text.as_str() {
            "pulse" => (2, 8),
            "sin" | "sine" => (2, 7),
            "exp" => (2, 6),
            "sffm" => (2, 5),
            "am" => (2, 5),
            other => {
                let error = scope.error("E-WAVE", format!("there is no waveform `{other}`"), wave.shape.span);
                return Err(match nearest(other, SHAPES.iter().copied()) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error.help(format!("known waveforms: {}", SHAPES.join(" "))),
                });
            }
        };
        if given.len() < fewest || given.len() > most {
            let message =
                format!("`{}` takes {fewest} to {most} values, but {} were given", wave.shape.text, given.len());
            return Err(scope.error("E-WAVE", message, wave.span));
        }
        let at = |k: usize, default: f64| given.get(k).copied().unwrap_or(default);
        let edge = |k: usize| {
            let value = at(k, times.step);
            if value == 0.0 { times.step } else { value }
        };
        let Times { step, stop, .. } = times;
        let result = match wave.shape.text.as_str() {
            "pulse" => {
                if at(3, 1.0) == 0.0 || at(4, 1.0) == 0.0 {
                    self.context.note(
                        Diagnostic::note("N-EDGE", format!("an edge time of 0 is read as one print step, {step:e} s"))
                            .at(wave.span)
                            .help("simulators disagree about 0; write the edge time, or use PWL with a repeated time for a jump"),
                    );
                }
                Waveform::Pulse {
                    v1: at(0, 0.0),
                    v2: at(1, 0.0),
                    delay: at(2, 0.0),
                    rise: edge(3),
                    fall: edge(4),
                    width: at(5, stop),
                    period: at(6, 0.0),
                    cycles: at(7, 0.0),
                }
            }
            "sin" | "sine" => Waveform::Sin {
                offset: at(0, 0.0),
                amplitude: at(1, 0.0),
                frequency: at(2, 1.0 / stop),
                delay: at(3, 0.0),
                theta: at(4, 0.0),
                phase: at(5, 0.0),
                cycles: at(6, 0.0),
            },
            "exp" => {
                let td1 = at(2, 0.0);
                Waveform::Exp {
                    v1: at(0, 0.0),
                    v2: at(1, 0.0),
                    td1,
                    tau1: edge(3),
                    td2: at(4, td1 + step),
                    tau2: edge(5),
                }
            }
            "sffm" => Waveform::Sffm {
                offset: at(0, 0.0),
                amplitude: at(1, 0.0),
                carrier: at(2, 1.0 / stop),
                index: at(3, 0.0),
                signal: at(4, 1.0 / stop),
            },
            _ => Waveform::Am {
                amplitude: at(0, 0.0),
                offset: at(1, 0.0),
                modulation: at(2, 1.0 / stop),
                carrier: at(3, 1.0 / stop),
                delay: at(4, 0.0),
            },
        };
        check_times(&result).map_err(|what| scope.error("E-WAVE", what, wave.span))?;
        if let Some(what) = passable(&result, times) {
            return Err(too_fast(scope, what, wave.span));
        }
        if let Some(what) = cut_pulse(&result) {
            let warning = Diagnostic::warning("W-WAVE", what).at(wave.span);
            self.context
                .note(warning.help("the next pulse starts before this one ends; the order is rise fall width period"));
        }
        Ok(result)
    }

    fn pwl(&self, frame: &Frame<'d>, wave: &ast::Waveform) -> Result<Waveform, Diagnostic> {
        let scope = &frame.scope;
        let (points, spans) = match &wave.file {
            Some(file) => (self.pwl_file(frame, wave, file)?, Vec::new()),
            None => {
                if !wave.args.len().is_multiple_of(2) {
                    let message = format!("PWL needs pairs of time and value, but has {} numbers", wave.args.len());
                    let error = scope.error("E-PWL", message, wave.span);
                    return Err(error.help("write PWL(t1 v1 t2 v2 ..): every time needs its value"));
                }
                let mut points = Vec::with_capacity(wave.args.len() / 2);
                for pair in wave.args.chunks_exact(2) {
                    points.push((scope.number(&pair[0])?, scope.number(&pair[1])?));
                }
                (points, wave.args.iter().step_by(2).map(|a| a.span).collect::<Vec<Span>>())
            }
        };
        if points.is_empty() {
            return Err(scope.error("E-PWL", "PWL has no points", wave.span).help("write PWL(t1 v1 t2 v2 ..)"));
        }
        if let Some(k) = points.windows(2).position(|w| w[1].0 < w[0].0) {
            let message = format!(
                "PWL times must not decrease: {} comes after {}",
                seconds(points[k + 1].0),
                seconds(points[k].0)
            );
            let error = scope.error("E-PWL", message, spans.get(k + 1).copied().unwrap_or(wave.span));
            return Err(error.help("put the points in the order of time; two points at one time are a jump"));
        }
        if let Some(k) = points.windows(2).position(|w| w[1].0 == w[0].0 && w[1].1 != w[0].1) {
            let message = format!("two values at {}: the source jumps there", seconds(points[k].0));
            self.context.note(Diagnostic::note("N-JUMP", message).at(spans.get(k + 1).copied().unwrap_or(wave.span)));
        }
        let delay = wave.delay.as_ref().map_or(Ok(0.0), |d| scope.number(d))?;
        let repeat = wave.repeat.as_ref().map(|r| scope.number(r)).transpose()?;
        let end = points.last().map_or(0.0, |p| p.0);
        if let Some(from) = repeat
            && !(0.0..end).contains(&from)
        {
            let [from, end] = [from, end].map(seconds);
            let message = format!("the repeat time {from} is not between 0 and the last time {end}");
            let error = scope.error("E-PWL", message, wave.repeat.as_ref().map_or(wave.span, |r| r.span));
            return Err(error.help("R= says from which time on the waveform repeats"));
        }
        Ok(Waveform::Pwl { points, delay, repeat })
    }

    fn pwl_file(&self, frame: &Frame<'d>, wave: &ast::Waveform, file: &FileRef) -> Result<Vec<(f64, f64)>, Diagnostic> {
        let scope = &frame.scope;
        let path = locate(scope, &file.path, file.span);
        let matrix = self
            .context
            .matrix(&path)
            .map_err(|error| scope.error("E-FILE", error.to_string(), file.span).help(error.help()))?;
        let column = match &wave.column {
            None => 0.0,
            Some(Column::Fixed(column)) => scope.number(column)?,
            Some(Column::Running) => {
                let error = scope.error("E-COL", "`COL=#` needs a bus range on the source's name", wave.span);
                return Err(error.help("write `Vw[0:63] ..`, or a column number"));
            }
        };
        let columns = matrix.cols.saturating_sub(1);
        if !(column >= 0.0 && column.fract() == 0.0 && column < columns as f64) {
            let message =
                format!("`{}` has {columns} value columns after the time; there is no column {column}", file.path);
            return Err(scope.error("E-COL", message, file.span).help("columns count from 0"));
        }
        let scale = file.scale.as_ref().map_or(Ok(1.0), |s| scope.number(s))?;
        let offset = file.offset.as_ref().map_or(Ok(0.0), |o| scope.number(o))?;
        let points: Vec<(f64, f64)> = matrix
            .values
            .chunks_exact(matrix.cols.max(1))
            .map(|row| (row[0], scale * row[1 + column as usize] + offset))
            .collect();
        match points.iter().position(|(t, v)| !t.is_finite() || !v.is_finite()) {
            Some(k) => {
                Err(scope.error("E-FILE", format!("`{}`: row {k} (from 0) is not finite", file.path), file.span))
            }
            None => Ok(points),
        }
    }
}

/// Says so when a pulse is longer than its period. A sum of decimals may pass their decimal total by rounding.
fn cut_pulse(wave: &Waveform) -> Option<String> {
    let Waveform::Pulse { rise, fall, width, period, .. } = *wave else { return None };
    let pulse = rise + width + fall;
    (period > 0.0 && pulse > period * (1.0 + 1e-9))
        .then(|| format!("rise, width and fall take {}, more than the period of {}", seconds(pulse), seconds(period)))
}

/// Says how many corners a periodic waveform has, when they are too many to be simulated.
fn passable(wave: &Waveform, times: Times) -> Option<String> {
    let (period, each, end) = match wave {
        Waveform::Pulse { delay, period, cycles, .. } => {
            let end = if *cycles > 0.0 { times.stop.min(delay + cycles * period) } else { times.stop };
            (*period, 4.0, end - delay)
        }
        Waveform::Pwl { points, delay, repeat: Some(from) } => {
            (points.last()?.0 - from, points.len() as f64, times.stop - delay)
        }
        _ => return None,
    };
    let corners = each * end / period;
    (period > 0.0 && corners > times.corners)
        .then(|| format!("a period of {} means {corners:.0e} corners until {}", seconds(period), seconds(times.stop)))
}

fn seconds(time: f64) -> String {
    format_si(time, "s")
}

fn too_fast(scope: &Scope<'_>, what: String, span: Span) -> Diagnostic {
    let help = "every corner is a time step: make the period longer, the transient shorter, or give a number of cycles";
    scope.error("E-WAVE", what, span).help(help)
}

fn check_times(wave: &Waveform) -> Result<(), String> {
    let negative = |names: &[(&str, f64)]| {
        let bad = names.iter().find(|(_, v)| *v < 0.0);
        bad.map_or(Ok(()), |(name, value)| Err(format!("the {name} {value:e} is negative")))
    };
    match *wave {
        Waveform::Pulse { rise, fall, width, period, cycles, .. } => negative(&[
            ("rise time", rise),
            ("fall time", fall),
            ("width", width),
            ("period", period),
            ("cycle count", cycles),
        ]),
        Waveform::Sin { frequency, cycles, .. } => negative(&[("frequency", frequency), ("cycle count", cycles)]),
        Waveform::Exp { tau1, tau2, .. } => negative(&[("time constant", tau1), ("time constant", tau2)]),
        Waveform::Sffm { carrier, signal, .. } => {
            negative(&[("carrier frequency", carrier), ("signal frequency", signal)])
        }
        Waveform::Pwl { .. } | Waveform::Am { .. } => Ok(()),
    }
}
