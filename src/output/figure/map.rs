//! Layout of an array map: one square per cell, row 0 on top as in the matrix, colour bar with unit.

use super::axis::{Axis, Range, symbol};
use super::data::MapPlot;
use super::palette::{GRID_LINE, INK, ON_DARK, ON_PALE, sequential};
use super::panels::{Frame, NAME_SIZE, TICK_SIZE, fitting, outline};
use super::scene::{Anchor, Rgb, Scene, text_width};
use crate::output::text::general;
use crate::units::format_si;

const WIDTH: f64 = 900.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 70.0;
const LEFT: f64 = 92.0;
/// The name of the rows is written here.
const NAME_ROOM: f64 = 24.0;
const BAR_GAP: f64 = 26.0;
const BAR: f64 = 22.0;
/// Largest side of the array on the page.
const SIDE: f64 = 560.0;
/// Squares per side; larger arrays are shown as means of blocks, since a page cannot show more.
const SQUARES: usize = 128;
/// Cells this large carry their value.
const LABELLED: f64 = 54.0;

/// Lays out the whole page.
pub(super) fn layout(plot: &MapPlot) -> Result<Scene, String> {
    if plot.rows == 0 || plot.cols == 0 || plot.values.len() != plot.rows * plot.cols {
        return Err(format!("{} values do not make {} x {} cells", plot.values.len(), plot.rows, plot.cols));
    }
    let range = Range::of(plot.values.iter()).ok_or_else(|| format!("{} has no finite value", plot.name))?;
    let bar_axis = Axis::fit(&plot.name, plot.quantity, plot.spacing, range, 0.0, 6);
    let labels = bar_axis.ticks.iter().map(|(_, text)| text_width(text, TICK_SIZE)).fold(0.0, f64::max);
    let beside = BAR_GAP + BAR + 12.0 + labels + 44.0;
    let square = (SIDE / plot.rows.max(1) as f64).min((WIDTH - LEFT - beside) / plot.cols as f64);
    // a very flat or very tall array would be a line; its cells may stretch then
    let size = |count: usize, most: f64| (square * count as f64).max(160.0).min(most);
    let (across, down) = (size(plot.cols, WIDTH - LEFT - beside), size(plot.rows, SIDE));
    let frame = Frame { left: LEFT, top: TOP, right: LEFT + across, bottom: TOP + down };
    let width = frame.right + beside;

    let mut scene = Scene { width, height: TOP + down + BOTTOM, ..Scene::default() };
    let middle = (frame.left + frame.right) / 2.0;
    let title_size =
        fitting(&plot.title) * (width / text_width(&plot.title, fitting(&plot.title)).max(1.0) * 0.94).min(1.0);
    let title_at = if title_size < fitting(&plot.title) || text_width(&plot.title, title_size) > across {
        width / 2.0
    } else {
        middle
    };
    scene.text((title_at, TOP / 2.0 + 2.0), &plot.title, title_size, Anchor::Middle, INK);
    draw_cells(&mut scene, plot, &frame, &bar_axis);
    outline(&mut scene, &frame, 1.25);
    for (index, share) in indices(plot.cols, across) {
        let x = frame.left + share * across;
        scene.path(vec![(x, frame.bottom), (x, frame.bottom + 5.0)], 1.0, INK);
        scene.text((x, frame.bottom + 18.0), &tick(plot, index), TICK_SIZE, Anchor::Middle, INK);
    }
    for (index, share) in indices(plot.rows, down) {
        let y = frame.top + share * down;
        scene.path(vec![(frame.left, y), (frame.left - 5.0, y)], 1.0, INK);
        scene.text((frame.left - 9.0, y), &tick(plot, index), TICK_SIZE, Anchor::End, INK);
    }
    let (across_name, down_name) =
        plot.axes.as_ref().map_or(("Bit line (column)", "Word line (row)"), |axes| (&axes.cols, &axes.rows));
    scene.text((middle, frame.bottom + 46.0), across_name, NAME_SIZE, Anchor::Middle, INK);
    scene.text((NAME_ROOM, (frame.top + frame.bottom) / 2.0), down_name, NAME_SIZE, Anchor::Upwards, INK);
    draw_bar(&mut scene, &frame, &bar_axis, labels);
    Ok(scene)
}

/// What stands at a row or column.
fn tick(plot: &MapPlot, index: usize) -> String {
    let name = plot.axes.as_ref().and_then(|axes| axes.names.get(index));
    name.cloned().unwrap_or_else(|| (index + plot.base).to_string())
}

fn draw_cells(scene: &mut Scene, plot: &MapPlot, frame: &Frame, axis: &Axis) {
    let (rows, cols) = (plot.rows.min(SQUARES), plot.cols.min(SQUARES));
    let (dx, dy) = ((frame.right - frame.left) / cols as f64, (frame.bottom - frame.top) / rows as f64);
    for row in 0..rows {
        for col in 0..cols {
            let value = block_mean(plot, row, rows, col, cols);
            let from = (frame.left + col as f64 * dx, frame.top + row as f64 * dy);
            let color = shade(axis, value);
            scene.rectangle(from, (from.0 + dx, from.1 + dy), color);
            if dx >= LABELLED && dy >= 0.4 * LABELLED && value.is_finite() {
                let (r, g, b) = color;
                let dark = 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) < 128_000;
                let ink = if dark { ON_DARK } else { ON_PALE };
                let text = match symbol(plot.quantity) {
                    "" => general(value, 3),
                    unit => format_si(value, unit).replace(" u", " µ"),
                };
                let size = (13.0 * dx * 0.9 / text_width(&text, 13.0).max(1.0)).min(14.0);
                scene.text((from.0 + dx / 2.0, from.1 + dy / 2.0), &text, size, Anchor::Middle, ink);
            }
        }
    }
}

/// Mean over the cells that one square stands for.
fn block_mean(plot: &MapPlot, row: usize, rows: usize, col: usize, cols: usize) -> f64 {
    let part = |k: usize, squares: usize, cells: usize| {
        k * cells / squares..((k + 1) * cells / squares).max(k * cells / squares + 1)
    };
    let (mut sum, mut count) = (0.0, 0.0);
    for r in part(row, rows, plot.rows) {
        for c in part(col, cols, plot.cols) {
            sum += plot.values[r * plot.cols + c];
            count += 1.0;
        }
    }
    sum / count
}

fn shade(axis: &Axis, value: f64) -> Rgb {
    axis.position(value).map_or(GRID_LINE, sequential)
}

/// Indices to label, with the centre of their cell as a share of the side.
fn indices(count: usize, side: f64) -> Vec<(usize, f64)> {
    let most = (side / 46.0).max(2.0) as usize;
    let stride =
        [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096].into_iter().find(|s| count.div_ceil(*s) <= most);
    let stride = stride.unwrap_or(count);
    (0..count).step_by(stride).map(|k| (k, (k as f64 + 0.5) / count as f64)).collect()
}

fn draw_bar(scene: &mut Scene, frame: &Frame, axis: &Axis, labels: f64) {
    const STRIPES: usize = 128;
    let bar = Frame { left: frame.right + BAR_GAP, right: frame.right + BAR_GAP + BAR, ..*frame };
    let stripe = (bar.bottom - bar.top) / STRIPES as f64;
    for k in 0..STRIPES {
        let bottom = bar.bottom - k as f64 * stripe;
        let color = sequential((k as f64 + 0.5) / STRIPES as f64);
        // a stripe reaches under the next one, so that no hairline of the page shows between them
        scene.rectangle((bar.left, (bottom - 1.5 * stripe).max(bar.top)), (bar.right, bottom), color);
    }
    outline(scene, &bar, 1.0);
    for (value, text) in &axis.ticks {
        if let Some(y) = bar.y(axis, *value) {
            scene.path(vec![(bar.right, y), (bar.right + 5.0, y)], 1.0, INK);
            scene.text((bar.right + 9.0, y), text, TICK_SIZE, Anchor::Start, INK);
        }
    }
    let x = bar.right + 12.0 + labels + 20.0;
    scene.text((x, (bar.top + bar.bottom) / 2.0), &axis.title, NAME_SIZE, Anchor::Upwards, INK);
}
