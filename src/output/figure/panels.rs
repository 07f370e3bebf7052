//! Layout of curves: stacked panels over one abscissa, each with its own ordinate and legend.

use super::axis::{Axis, Range, Spacing};
use super::curves::{self, STROKE};
use super::data::{Curve, CurvePlot, Panel};
use super::palette::{GRID_LINE, INK, Look, PALE, PAPER, look};
use super::scene::{Anchor, Place, Scene, text_width};

const WIDTH: f64 = 900.0;
/// Heights of the drawing areas: one panel makes a page of 900 x 600.
const SINGLE: f64 = 486.0;
const STACKED: f64 = 240.0;
const GAP: f64 = 16.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 70.0;
const RIGHT: f64 = 26.0;
pub(super) const TITLE_SIZE: f64 = 18.0;
pub(super) const NAME_SIZE: f64 = 18.0;
pub(super) const TICK_SIZE: f64 = 16.0;
const LEGEND_SIZE: f64 = 15.0;
const LEGEND_LINE: f64 = 22.0;
/// Half the length of a legend's line sample.
const SAMPLE: f64 = 19.0;
/// A longer family shows this many of its members in the legend.
const LEGEND_ENTRIES: usize = 10;

/// A rectangle of the page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Frame {
    fn contains(&self, (x, y): Place) -> bool {
        x >= self.left && x <= self.right && y >= self.top && y <= self.bottom
    }
    pub fn x(&self, axis: &Axis, value: f64) -> Option<f64> {
        axis.position(value).map(|p| self.left + p * (self.right - self.left))
    }
    pub fn y(&self, axis: &Axis, value: f64) -> Option<f64> {
        axis.position(value).map(|p| self.bottom - p * (self.bottom - self.top))
    }
}

/// Lays out the whole page.
pub(super) fn layout(plot: &CurvePlot) -> Result<Scene, String> {
    let count = plot.panels.len();
    let panel_height = if count == 1 { SINGLE } else { STACKED };
    let height = TOP + BOTTOM + panel_height * count as f64 + GAP * count.saturating_sub(1) as f64;
    let x_range =
        Range::of(plot.panels.iter().flat_map(|p| &p.curves).flat_map(|c| &c.x)).ok_or("no finite abscissa")?;
    let monotone = plot.panels.iter().flat_map(|p| &p.curves).all(|c| c.x.is_sorted());
    // a waveform fills its frame from side to side; a loop turns round inside it
    let x_margin = if monotone { 0.0 } else { 0.04 };
    let x_axis = Axis::fit(&plot.x_name, plot.x_quantity, plot.x_spacing, x_range, x_margin, 8);
    let y_axes = plot.panels.iter().map(|p| y_axis(p, count)).collect::<Result<Vec<_>, _>>()?;
    let labels = y_axes.iter().flat_map(|a| &a.ticks).map(|(_, text)| text_width(text, TICK_SIZE));
    let left = 52.0 + labels.fold(0.0, f64::max);

    let frame = |k: usize, right: f64| {
        let top = TOP + k as f64 * (panel_height + GAP);
        Frame { left, top, right, bottom: top + panel_height }
    };
    let legends: Vec<Legend> = plot.panels.iter().map(Legend::of).collect();
    let full = WIDTH - RIGHT;
    let fits = |k: usize| {
        let frame = frame(k, full);
        let places = places(&plot.panels[k], &x_axis, &y_axes[k], &frame);
        legends[k].entries.is_empty() || legends[k].place_inside(&frame, &places).is_some()
    };
    let outside = (0..count).filter(|&k| !fits(k)).map(|k| legends[k].width()).fold(0.0, f64::max);
    let right = if outside > 0.0 { full - outside - 8.0 } else { full };

    let mut scene = Scene { width: WIDTH, height, ..Scene::default() };
    scene.rectangle((0.0, 0.0), (WIDTH, height), PAPER);
    scene.text(((left + right) / 2.0, TOP / 2.0 + 2.0), &plot.title, fitting(&plot.title), Anchor::Middle, INK);
    for (k, panel) in plot.panels.iter().enumerate() {
        let frame = frame(k, right);
        draw_grid(&mut scene, &frame, &x_axis, &y_axes[k]);
        let places = places(panel, &x_axis, &y_axes[k], &frame);
        for (index, pieces) in places.iter().enumerate().rev() {
            curves::paint(&mut scene, pieces, &look_of(panel, index), index);
        }
        draw_frame(&mut scene, &frame, &x_axis, &y_axes[k]);
        let at = legends[k].place_inside(&frame, &places).unwrap_or((frame.right + 8.0, frame.top));
        legends[k].draw(&mut scene, at);
    }
    let bottom = frame(count - 1, right);
    for (value, text) in &x_axis.ticks {
        if let Some(x) = bottom.x(&x_axis, *value) {
            scene.text((x, bottom.bottom + 18.0), text, TICK_SIZE, Anchor::Middle, INK);
        }
    }
    scene.text(((left + right) / 2.0, bottom.bottom + 46.0), &x_axis.title, NAME_SIZE, Anchor::Middle, INK);
    Ok(scene)
}

/// A long title is set smaller rather than cut.
pub(super) fn fitting(title: &str) -> f64 {
    let width = text_width(title, TITLE_SIZE);
    if width > WIDTH - 60.0 { TITLE_SIZE * (WIDTH - 60.0) / width } else { TITLE_SIZE }
}

fn y_axis(panel: &Panel, panels: usize) -> Result<Axis, String> {
    let range =
        Range::of(panel.curves.iter().flat_map(|c| &c.y)).ok_or(format!("{} has no finite value", panel.name))?;
    let ticks = match (panels, panel.spacing) {
        (1, _) => 9,
        (_, Spacing::Linear) => 6,
        (_, Spacing::Log) => 4,
    };
    Ok(Axis::fit(&panel.name, panel.quantity, panel.spacing, range, 0.06, ticks))
}

fn places(panel: &Panel, x_axis: &Axis, y_axis: &Axis, frame: &Frame) -> Vec<Vec<Vec<Place>>> {
    let place = |(x, y): (&f64, &f64)| Some((frame.x(x_axis, *x)?, frame.y(y_axis, *y)?));
    panel.curves.iter().map(|c| curves::pieces(c.x.iter().zip(&c.y).map(place))).collect()
}

pub(super) fn draw_grid(scene: &mut Scene, frame: &Frame, x_axis: &Axis, y_axis: &Axis) {
    for x in x_axis.ticks.iter().filter_map(|(v, _)| frame.x(x_axis, *v)) {
        scene.path(vec![(x, frame.top), (x, frame.bottom)], 0.75, GRID_LINE);
    }
    for (value, _) in &y_axis.ticks {
        if let Some(y) = frame.y(y_axis, *value) {
            let color = if *value == 0.0 { PALE } else { GRID_LINE };
            scene.path(vec![(frame.left, y), (frame.right, y)], 0.75, color);
        }
    }
}

/// Frame, ticks on all four sides, ordinate labels and name.
pub(super) fn draw_frame(scene: &mut Scene, frame: &Frame, x_axis: &Axis, y_axis: &Axis) {
    let Frame { left, top, right, bottom } = *frame;
    let xs = |values: &mut dyn Iterator<Item = f64>| values.filter_map(|v| frame.x(x_axis, v)).collect::<Vec<_>>();
    let ys = |values: &mut dyn Iterator<Item = f64>| values.filter_map(|v| frame.y(y_axis, v)).collect::<Vec<_>>();
    let (major_x, minor_x) = (xs(&mut x_axis.ticks.iter().map(|t| t.0)), xs(&mut x_axis.minor.iter().copied()));
    let (major_y, minor_y) = (ys(&mut y_axis.ticks.iter().map(|t| t.0)), ys(&mut y_axis.minor.iter().copied()));
    for (list, size) in [(&major_x, 7.0), (&minor_x, 4.0)] {
        for &x in list {
            scene.path(vec![(x, bottom), (x, bottom - size)], 1.0, INK);
            scene.path(vec![(x, top), (x, top + size)], 1.0, INK);
        }
    }
    for (list, size) in [(&major_y, 7.0), (&minor_y, 4.0)] {
        for &y in list {
            scene.path(vec![(left, y), (left + size, y)], 1.0, INK);
            scene.path(vec![(right, y), (right - size, y)], 1.0, INK);
        }
    }
    outline(scene, frame, 1.25);
    for (value, text) in &y_axis.ticks {
        if let Some(y) = frame.y(y_axis, *value) {
            scene.text((left - 8.0, y), text, TICK_SIZE, Anchor::End, INK);
        }
    }
    scene.text((20.0, (top + bottom) / 2.0), &y_axis.title, NAME_SIZE, Anchor::Upwards, INK);
}

pub(super) fn outline(scene: &mut Scene, frame: &Frame, width: f64) {
    let Frame { left, top, right, bottom } = *frame;
    for (from, to) in [
        ((left, top), (right, top)),
        ((right, top), (right, bottom)),
        ((right, bottom), (left, bottom)),
        ((left, bottom), (left, top)),
    ] {
        scene.path(vec![from, to], width, INK);
    }
}

/// The look of a curve of a panel. On the outline of a histogram a marker would be taken for a value.
fn look_of(panel: &Panel, index: usize) -> Look {
    let look = look(index, panel.curves.len());
    if is_outline(&panel.curves[index]) { Look { marker: None, ..look } } else { look }
}

/// Level and upright pieces in turn.
fn is_outline(curve: &Curve) -> bool {
    let level = |k: usize| curve.y[k] == curve.y[k + 1];
    let upright = |k: usize| curve.x[k] == curve.x[k + 1];
    let count = curve.x.len().min(curve.y.len());
    count >= 4 && (0..count - 1).all(|k| if k % 2 == 0 { level(k) } else { upright(k) })
}

/// The legend of one panel.
pub(super) struct Legend {
    pub entries: Vec<(String, Look)>,
}

impl Legend {
    /// A lone curve is named by its ordinate and needs none.
    fn of(panel: &Panel) -> Self {
        let count = panel.curves.len();
        if count < 2 {
            return Self { entries: Vec::new() };
        }
        let shown = count.min(LEGEND_ENTRIES);
        let entries = (0..shown)
            .map(|k| k * (count - 1) / (shown - 1))
            .map(|k| (panel.curves[k].label.clone(), look_of(panel, k)))
            .collect();
        Self { entries }
    }

    fn width(&self) -> f64 {
        let text = self.entries.iter().map(|(label, _)| text_width(label, LEGEND_SIZE)).fold(0.0, f64::max);
        text + 2.0 * SAMPLE + 28.0
    }

    fn height(&self) -> f64 {
        self.entries.len() as f64 * LEGEND_LINE + 8.0
    }

    /// Top left corner of the first free place in the frame, from the top right: corners, middles, between.
    pub fn place_inside(&self, frame: &Frame, places: &[Vec<Vec<Place>>]) -> Option<Place> {
        const STOPS: [f64; 7] = [1.0, 0.0, 0.5, 0.75, 0.25, 0.875, 0.125];
        let (width, height) = (self.width(), self.height());
        let room = 12.0;
        let between = |low: f64, high: f64, share: f64| low + share * (high - low);
        let left = |share| between(frame.left + room, frame.right - room - width, share);
        let top = |share| between(frame.bottom - room - height, frame.top + room, share);
        let spots = STOPS.iter().flat_map(|&down| STOPS.iter().map(move |&across| (left(across), top(down))));
        let fits_above = |spot: &Place| spot.1 >= frame.top + 4.0;
        spots.filter(fits_above).find(|&(left, top)| {
            let area =
                Frame { left: left - 6.0, top: top - 6.0, right: left + width + 6.0, bottom: top + height + 6.0 };
            area.right <= frame.right && area.left >= frame.left && !places.iter().flatten().any(|p| touches(&area, p))
        })
    }

    pub fn draw(&self, scene: &mut Scene, (left, top): Place) {
        if self.entries.is_empty() {
            return;
        }
        let (right, bottom) = (left + self.width(), top + self.height());
        scene.rectangle((left, top), (right, bottom), PAPER);
        let rim = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        rim.windows(2).for_each(|side| scene.path(side.to_vec(), 0.75, PALE));
        for (k, (label, look)) in self.entries.iter().enumerate() {
            let y = top + 4.0 + (k as f64 + 0.5) * LEGEND_LINE;
            curves::sample(scene, (left + 10.0 + SAMPLE, y), SAMPLE, look);
            scene.text((left + 18.0 + 2.0 * SAMPLE, y), label, LEGEND_SIZE, Anchor::Start, INK);
        }
    }
}

/// Does a path come into the area? Long straight parts are walked in short steps.
fn touches(area: &Frame, places: &[Place]) -> bool {
    let step = 4.0 * STROKE;
    let walk = |a: Place, b: Place| {
        let count = ((a.0 - b.0).hypot(a.1 - b.1) / step).ceil().max(1.0);
        (0..=count as usize).any(|k| {
            let share = k as f64 / count;
            area.contains((a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1)))
        })
    };
    places.first().is_some_and(|p| area.contains(*p)) || places.windows(2).any(|w| walk(w[0], w[1]))
}
