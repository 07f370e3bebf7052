//! A signal over the axis of its table, linear between points.
//!
//! The axis of a nested DC sweep starts again for every pass of the inner loop. The step back is not part of any
//! waveform: points k and k + 1 are joined only when they belong to the same pass.

use crate::result::Table;

/// Rounding of a limit that the user wrote as a number and the analysis reached by adding steps.
const ROUNDING: f64 = 1e-9;

/// The axis and where its passes begin.
#[derive(Debug)]
pub(super) struct Axis<'a> {
    /// Axis values; empty when the analysis has none.
    values: &'a [f64],
    points: usize,
    /// `joined[k]`: points k and k + 1 belong together.
    joined: Vec<bool>,
}

/// A closed interval of the axis, low <= high.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Window {
    pub low: f64,
    pub high: f64,
}

impl Window {
    pub fn contains(&self, at: f64) -> bool {
        self.low <= at && at <= self.high
    }
}

/// A place on the axis: a fraction in [0, 1] of the way from point `k` to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Position {
    pub k: usize,
    pub fraction: f64,
}

impl<'a> Axis<'a> {
    pub fn of(table: &'a Table) -> Self {
        let points = table.points();
        let values = match table.data.first() {
            Some(column) if table.header.has_axis => column.as_slice(),
            _ => &[],
        };
        Self { values, points, joined: join(values) }
    }

    pub fn has_values(&self) -> bool {
        !self.values.is_empty()
    }

    pub fn at(&self, position: Position) -> Option<f64> {
        let a = *self.values.get(position.k)?;
        if position.fraction == 0.0 {
            return Some(a);
        }
        let b = *self.values.get(position.k + 1)?;
        Some(if position.fraction == 1.0 { b } else { a + (b - a) * position.fraction })
    }

    /// All of it; 0 to 0 when there is no axis.
    pub fn span(&self) -> Window {
        let finite = self.values.iter().copied().filter(|x| x.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
        if low > high { Window { low: 0.0, high: 0.0 } } else { Window { low, high } }
    }

    /// FROM and TO in either order; a missing one is the end of the sweep at its side.
    pub fn window(&self, from: Option<f64>, to: Option<f64>) -> Window {
        let span = self.span();
        let (first, last) = if self.descends() { (span.high, span.low) } else { (span.low, span.high) };
        let (a, b) = (self.snap(from.unwrap_or(first)), self.snap(to.unwrap_or(last)));
        Window { low: a.min(b), high: a.max(b) }
    }

    /// The part of a window that the sweep reaches not before `delay`.
    pub fn after(&self, window: Window, delay: f64) -> Window {
        let delay = self.snap(delay);
        if self.descends() {
            Window { low: window.low, high: window.high.min(delay) }
        } else {
            Window { low: window.low.max(delay), high: window.high }
        }
    }

    /// The first place where the sweep has this value. Without an axis every value is at its only point.
    pub fn position(&self, at: f64) -> Option<Position> {
        if !self.has_values() {
            return (self.points > 0).then_some(Position { k: 0, fraction: 0.0 });
        }
        let at = self.snap(at);
        for (k, &a) in self.values.iter().enumerate() {
            if a == at {
                return Some(Position { k, fraction: 0.0 });
            }
            let Some((b, true)) = self.values.get(k + 1).map(|&b| (b, self.joined[k])) else { continue };
            if (a < at && at < b) || (b < at && at < a) {
                return Some(Position { k, fraction: (at - a) / (b - a) });
            }
        }
        None
    }

    fn descends(&self) -> bool {
        matches!(self.values, [first, second, ..] if second < first)
    }

    /// An end of the sweep, when `x` is one but for rounding.
    fn snap(&self, x: f64) -> f64 {
        let span = self.span();
        let slack = ROUNDING * (span.high - span.low);
        let ends = [span.low, span.high];
        ends.into_iter().find(|end| (x - end).abs() <= slack).unwrap_or(x)
    }
}

/// Which neighbours belong together: all but the step from the end of one pass back to the start of the next.
fn join(values: &[f64]) -> Vec<bool> {
    let mut pass = 0;
    let mut joined = Vec::with_capacity(values.len().saturating_sub(1));
    for k in 0..values.len().saturating_sub(1) {
        let turns = k > pass + 1 && (values[k + 1] - values[k]) * (values[k] - values[k - 1]) < 0.0;
        let restarts = turns && values[k + 1] == values[0];
        if restarts {
            pass = k + 1;
        }
        joined.push(!restarts);
    }
    joined
}

/// One signal over the axis.
#[derive(Debug)]
pub(super) struct Waveform<'a> {
    pub axis: &'a Axis<'a>,
    pub values: Vec<f64>,
}

/// A value and where it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Extreme {
    pub value: f64,
    pub at: f64,
}

/// Everything the statistics need, from one pass over the points.
#[derive(Debug)]
pub(super) struct Summary {
    pub low: Option<Extreme>,
    pub high: Option<Extreme>,
    pub average: f64,
    pub mean_square: f64,
    /// Signed along the sweep.
    pub integral: f64,
    /// First and last axis value inside the window, in the order of the sweep.
    pub ends: (f64, f64),
}

/// The part of one segment inside a window.
struct Piece {
    x: (f64, f64),
    y: (f64, f64),
}

impl Waveform<'_> {
    pub fn minus(&self, other: &Self) -> Self {
        let values = self.values.iter().zip(&other.values).map(|(a, b)| a - b).collect();
        Self { axis: self.axis, values }
    }

    /// Do points `k` and `k + 1` belong to the same pass of the sweep?
    pub fn joined(&self, k: usize) -> bool {
        self.axis.joined.get(k).copied().unwrap_or(false)
    }

    pub fn value(&self, position: Position) -> f64 {
        let Some(&a) = self.values.get(position.k) else { return f64::NAN };
        if position.fraction == 0.0 {
            return a;
        }
        let b = self.values.get(position.k + 1).copied().unwrap_or(f64::NAN);
        if position.fraction == 1.0 { b } else { a + (b - a) * position.fraction }
    }

    /// dy/dx: that of the segment, on a point the slope of the parabola through it and its neighbours.
    pub fn slope(&self, position: Position) -> Option<f64> {
        let Position { k, fraction } = position;
        if fraction > 0.0 && fraction < 1.0 {
            return self.segment_slope(k).map(|(slope, _)| slope);
        }
        let k = k + usize::from(fraction == 1.0);
        let before = k.checked_sub(1).and_then(|j| self.segment_slope(j));
        match (before, self.segment_slope(k)) {
            (Some((s1, h1)), Some((s2, h2))) => Some((h2 * s1 + h1 * s2) / (h1 + h2)),
            (before, after) => before.or(after).map(|(slope, _)| slope),
        }
    }

    /// Slope and |width| of the segment after point `k`.
    fn segment_slope(&self, k: usize) -> Option<(f64, f64)> {
        let joined = *self.axis.joined.get(k)?;
        let width = self.axis.values[k + 1] - self.axis.values[k];
        (joined && width != 0.0).then(|| ((self.values[k + 1] - self.values[k]) / width, width.abs()))
    }

    fn pieces<'s>(&'s self, window: &'s Window) -> impl Iterator<Item = Piece> + 's {
        let x = self.axis.values;
        let y = &self.values;
        (0..self.axis.joined.len())
            .filter(|&k| self.axis.joined[k])
            .filter_map(move |k| clip((x[k], x[k + 1]), (y[k], y[k + 1]), window))
    }

    pub fn summary(&self, window: &Window) -> Summary {
        let mut s = Sums::default();
        if self.axis.has_values() {
            // lone points: a pass, or a whole sweep, of one point
            for (&x, &y) in self.axis.values.iter().zip(&self.values).filter(|(x, _)| window.contains(**x)) {
                s.see(x, y);
            }
            self.pieces(window).for_each(|piece| s.add(&piece));
        } else if let Some(&y) = self.values.first() {
            s.see(0.0, y);
        }
        s.finish()
    }
}

/// The part of a segment inside a window, ends interpolated.
fn clip(x: (f64, f64), y: (f64, f64), window: &Window) -> Option<Piece> {
    let (low, high) = (x.0.min(x.1), x.0.max(x.1));
    if high < window.low || low > window.high {
        return None;
    }
    let at = |limit: f64| y.0 + (y.1 - y.0) * ((limit - x.0) / (x.1 - x.0));
    let end = |x: f64, y: f64| {
        let limit = x.clamp(window.low, window.high);
        if limit == x { (x, y) } else { (limit, at(limit)) }
    };
    let (a, b) = (end(x.0, y.0), end(x.1, y.1));
    Some(Piece { x: (a.0, b.0), y: (a.1, b.1) })
}

#[derive(Default)]
struct Sums {
    low: Option<Extreme>,
    high: Option<Extreme>,
    width: f64,
    area: f64,
    square: f64,
    integral: f64,
    /// Of values seen: where no width is, the mean of the points stands in.
    count: f64,
    sum: f64,
    sum_square: f64,
    ends: Option<(f64, f64)>,
}

impl Sums {
    fn see(&mut self, x: f64, y: f64) {
        self.count += 1.0;
        self.sum += y;
        self.sum_square += y * y;
        self.extend(x, y);
    }

    fn extend(&mut self, x: f64, y: f64) {
        if y.is_nan() {
            return;
        }
        if self.low.is_none_or(|low| y < low.value) {
            self.low = Some(Extreme { value: y, at: x });
        }
        if self.high.is_none_or(|high| y > high.value) {
            self.high = Some(Extreme { value: y, at: x });
        }
    }

    fn add(&mut self, piece: &Piece) {
        let ((x0, x1), (y0, y1)) = (piece.x, piece.y);
        let width = (x1 - x0).abs();
        if width == 0.0 {
            self.see(x0, y0);
        }
        self.width += width;
        self.area += width * 0.5 * (y0 + y1);
        self.square += width * (y0 * y0 + y0 * y1 + y1 * y1) / 3.0;
        self.integral += (x1 - x0) * 0.5 * (y0 + y1);
        self.extend(x0, y0);
        self.extend(x1, y1);
        self.ends = Some((self.ends.map_or(x0, |(first, _)| first), x1));
    }

    fn finish(self) -> Summary {
        let flat = self.width == 0.0;
        let lone = self.low.map_or(0.0, |low| low.at);
        Summary {
            low: self.low,
            high: self.high,
            average: if flat { self.sum / self.count } else { self.area / self.width },
            mean_square: if flat { self.sum_square / self.count } else { self.square / self.width },
            integral: self.integral,
            ends: self.ends.unwrap_or((lone, lone)),
        }
    }
}
