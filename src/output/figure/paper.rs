//! Layout of a probability paper: samples as points, fitted distributions as straight lines, confidence bands as areas, the
//! ordinate in per cent.

use super::axis::{Axis, Range, Spacing};
use super::data::PaperPlot;
use super::palette::{self, INK, Look, PAPER, look, pale};
use super::panels::{Frame, Legend, NAME_SIZE, TICK_SIZE, draw_frame, draw_grid, fitting};
use super::scene::{Anchor, Place, Scene, text_width};
use crate::result::report::PaperGroup;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 600.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 70.0;
const RIGHT: f64 = 26.0;
/// Radius of a sample.
const POINT: f64 = 2.8;
/// Samples of a group that are drawn; the tails always are.
const MOST_POINTS: usize = 300;
/// Samples of either tail.
const TAIL: usize = 30;

/// Lays out the whole page.
pub(super) fn layout(plot: &PaperPlot) -> Result<Scene, String> {
    let shown = plot.groups.iter().flat_map(|g| g.points.iter().chain(&g.line));
    let (xs, ys): (Vec<f64>, Vec<f64>) = shown.copied().unzip();
    let x_range = Range::of(xs.iter()).ok_or("no finite value")?;
    let y_range = Range::of(ys.iter()).ok_or("no finite share")?;
    let x_axis = Axis::fit(&plot.x_name, plot.x_quantity, Spacing::Log, x_range, 0.04, 8);
    let room = 0.06 * (y_range.high - y_range.low).max(1.0);
    let y_axis = Axis::marked("Share (%)", (y_range.low - room, y_range.high + room), &plot.ticks);
    let labels = y_axis.ticks.iter().map(|(_, text)| text_width(text, TICK_SIZE)).fold(0.0, f64::max);
    let frame = Frame { left: 52.0 + labels, top: TOP, right: WIDTH - RIGHT, bottom: HEIGHT - BOTTOM };

    let mut scene = Scene { width: WIDTH, height: HEIGHT, ..Scene::default() };
    scene.rectangle((0.0, 0.0), (WIDTH, HEIGHT), PAPER);
    let middle = (frame.left + frame.right) / 2.0;
    scene.text((middle, TOP / 2.0 + 2.0), &plot.title, fitting(&plot.title), Anchor::Middle, INK);
    let looks: Vec<Look> = (0..plot.groups.len()).map(|k| solid(k, plot.groups.len())).collect();
    for (group, look) in plot.groups.iter().zip(&looks) {
        draw_band(&mut scene, group, look, &frame, (&x_axis, &y_axis));
    }
    draw_grid(&mut scene, &frame, &x_axis, &y_axis);
    let mut taken = Vec::new();
    for (group, look) in plot.groups.iter().zip(&looks) {
        let line = clipped(&group.line, &frame, (&x_axis, &y_axis));
        if line.len() > 1 {
            scene.path(line.clone(), 1.3, look.color);
        }
        let dots = thinned(&group.points).into_iter().filter_map(|p| place(p, &frame, (&x_axis, &y_axis)));
        let dots: Vec<Place> = dots.collect();
        for dot in &dots {
            let marker = look.marker.unwrap_or(palette::Marker::Circle);
            palette::outline(marker, *dot, POINT).into_iter().for_each(|o| scene.polygon(o, look.color));
        }
        taken.push(vec![line, dots]);
    }
    draw_frame(&mut scene, &frame, &x_axis, &y_axis);
    let entries = plot.groups.iter().zip(looks).map(|(group, look)| (group.label.clone(), look)).collect();
    let legend = Legend { entries: if plot.groups.len() > 1 { entries } else { Vec::new() } };
    let at = legend.place_inside(&frame, &taken).unwrap_or((frame.left + 12.0, frame.top + 12.0));
    legend.draw(&mut scene, at);
    for (value, text) in &x_axis.ticks {
        if let Some(x) = frame.x(&x_axis, *value) {
            scene.text((x, frame.bottom + 18.0), text, TICK_SIZE, Anchor::Middle, INK);
        }
    }
    scene.text((middle, frame.bottom + 46.0), &x_axis.title, NAME_SIZE, Anchor::Middle, INK);
    Ok(scene)
}

fn solid(index: usize, count: usize) -> Look {
    Look { dash: &[], ..look(index, count) }
}

fn place((x, y): (f64, f64), frame: &Frame, (x_axis, y_axis): (&Axis, &Axis)) -> Option<Place> {
    Some((frame.x(x_axis, x)?, frame.y(y_axis, y)?))
}

/// The area between both ends of the band, cut at the frame.
fn draw_band(scene: &mut Scene, group: &PaperGroup, look: &Look, frame: &Frame, axes: (&Axis, &Axis)) {
    let edge = |pick: fn(&(f64, f64, f64)) -> f64, beyond: f64| {
        let cut = |(x, y): Place| (x, y.clamp(frame.top, frame.bottom));
        let of = |p: &(f64, f64, f64)| {
            let x = frame.x(axes.0, p.0)?;
            Some(place((p.0, pick(p)), frame, axes).map_or((x, beyond), cut))
        };
        group.band.iter().filter_map(of).collect::<Vec<Place>>()
    };
    let (mut low, mut high) = (edge(|p| p.1, frame.bottom), edge(|p| p.2, frame.top));
    high.reverse();
    low.append(&mut high);
    if low.len() > 3 {
        scene.polygon(low, pale(look.color));
    }
}

/// The part of a straight line inside the frame.
fn clipped(line: &[(f64, f64)], frame: &Frame, axes: (&Axis, &Axis)) -> Vec<Place> {
    let ends: Vec<Place> = line.iter().filter_map(|p| place(*p, frame, axes)).collect();
    let [a, b] = ends[..] else { return Vec::new() };
    let at = |share: f64| (a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1));
    let inside = |p: &Place| p.0 >= frame.left && p.0 <= frame.right && p.1 >= frame.top && p.1 <= frame.bottom;
    (0..=200).map(|k| at(f64::from(k) / 200.0)).filter(inside).collect()
}

/// All of a small sample; of a large one both tails and an even choice between.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= MOST_POINTS {
        return points.to_vec();
    }
    let (first, last) = (TAIL, points.len() - TAIL);
    let step = (last - first).div_ceil(MOST_POINTS - 2 * TAIL).max(1);
    let middle = (first..last).step_by(step);
    (0..first).chain(middle).chain(last..points.len()).map(|k| points[k]).collect()
}
