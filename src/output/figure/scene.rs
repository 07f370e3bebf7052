//! A figure as plain shapes, in points of a 900 x 600 page, and its two renderers.
//!
//! plotters draws on an integer grid, so both renderers work on a grid [`GRID`] times finer: the SVG gets a matching
//! `viewBox`, the PNG is averaged down to twice the page, which also smooths its edges.

use std::path::Path;
use std::sync::OnceLock;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, FontTransform, register_font};

use super::Format;
use crate::output::OutputError;

/// Grid cells per point.
const GRID: f64 = 4.0;
/// PNG pixels per point.
const PIXELS: u32 = 2;
/// The only font; it is compiled in, no font of the system is asked for.
const FONT: &str = "sans-serif";

/// A colour.
pub(super) type Rgb = (u8, u8, u8);
/// A place on the page, y downwards.
pub(super) type Place = (f64, f64);

/// Where a text touches its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
    /// Middle of the text, which reads upwards.
    Upwards,
}

/// What a page is made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Path { points: Vec<Place>, width: f64, color: Rgb },
    Polygon { points: Vec<Place>, color: Rgb },
    Rectangle { from: Place, to: Place, color: Rgb },
    Text { at: Place, text: String, size: f64, anchor: Anchor, color: Rgb },
}

/// A page of shapes, later ones above earlier ones.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Scene {
    pub width: f64,
    pub height: f64,
    pub shapes: Vec<Shape>,
}

impl Scene {
    pub fn path(&mut self, points: Vec<Place>, width: f64, color: Rgb) {
        self.shapes.push(Shape::Path { points, width, color });
    }
    pub fn polygon(&mut self, points: Vec<Place>, color: Rgb) {
        self.shapes.push(Shape::Polygon { points, color });
    }
    pub fn rectangle(&mut self, from: Place, to: Place, color: Rgb) {
        self.shapes.push(Shape::Rectangle { from, to, color });
    }
    pub fn text(&mut self, at: Place, text: &str, size: f64, anchor: Anchor, color: Rgb) {
        self.shapes.push(Shape::Text { at, text: text.to_owned(), size, anchor, color });
    }

    /// Draws into a file.
    pub fn write(&self, path: &Path, format: Format) -> Result<(), OutputError> {
        load_font().map_err(|reason| OutputError::format(path, reason))?;
        match format {
            Format::Svg => self.write_svg(path),
            Format::Png => self.write_png(path),
        }
    }

    fn grid_size(&self) -> (u32, u32) {
        ((self.width * GRID).round() as u32, (self.height * GRID).round() as u32)
    }

    fn write_svg(&self, path: &Path) -> Result<(), OutputError> {
        let text = self.svg().map_err(|reason| OutputError::format(path, reason))?;
        std::fs::write(path, text).map_err(|e| OutputError::file(path, e))
    }

    /// The page as the text of an SVG document.
    ///
    /// # Errors
    /// In plain words, when the font cannot be used.
    pub fn svg(&self) -> Result<String, String> {
        load_font()?;
        let (width, height) = self.grid_size();
        let mut text = String::new();
        self.render(&SVGBackend::with_string(&mut text, (width, height)).into_drawing_area())?;
        let fine = format!("width=\"{width}\" height=\"{height}\"");
        let page = format!("width=\"{:.0}\" height=\"{:.0}\"", self.width, self.height);
        Ok(text.replacen(&fine, &page, 1))
    }

    fn write_png(&self, path: &Path) -> Result<(), OutputError> {
        let (width, height) = self.grid_size();
        let mut fine = vec![255; width as usize * height as usize * 3];
        self.for_pixels()
            .render(&BitMapBackend::with_buffer(&mut fine, (width, height)).into_drawing_area())
            .map_err(|reason| OutputError::format(path, reason))?;
        let factor = GRID as u32 / PIXELS;
        let size = (width / factor, height / factor);
        let pixels = average(&fine, width as usize, size, factor as usize);
        // plotters reports a path it cannot write only as text
        std::fs::write(path, []).map_err(|e| OutputError::file(path, e))?;
        let mut file = BitMapBackend::new(path, size);
        file.blit_bitmap((0, 0), size, &pixels).map_err(|e| OutputError::format(path, e))?;
        file.present().map_err(|e| OutputError::format(path, e))
    }

    /// The same page for plotters' bitmap renderer, which fills the outline of a whole path at once (a path that turns
    /// back on itself cancels out, sharp corners grow spikes) and sets text a little high.
    fn for_pixels(&self) -> Self {
        let mut page = Self { width: self.width, height: self.height, shapes: Vec::new() };
        for shape in &self.shapes {
            match shape {
                Shape::Path { points, width, color } => page.smooth_pieces(points, *width, *color),
                Shape::Text { at, text, size, anchor, color } => {
                    let down = 0.1 * size;
                    let at = if *anchor == Anchor::Upwards { (at.0 + down, at.1) } else { (at.0, at.1 + down) };
                    page.text(at, text, *size, *anchor, *color);
                }
                other => page.shapes.push(other.clone()),
            }
        }
        page
    }

    /// Cuts a path where it has turned too far to be free of overlaps, and rounds the joints.
    fn smooth_pieces(&mut self, points: &[Place], width: f64, color: Rgb) {
        const SHARP: f64 = 0.5;
        const TURNED: f64 = 1.5;
        let Some(&first) = points.first() else { return };
        let (mut piece, mut heading, mut turned) = (vec![first], None, 0.0);
        for &to in &points[1..] {
            let from = piece[piece.len() - 1];
            if grid(from) == grid(to) {
                continue;
            }
            let angle = (to.1 - from.1).atan2(to.0 - from.0);
            let turn = heading.map_or(0.0, |h: f64| {
                let turn = (angle - h).abs();
                turn.min(std::f64::consts::TAU - turn)
            });
            turned += turn;
            if turn > SHARP || turned > TURNED {
                self.path(std::mem::replace(&mut piece, vec![from]), width, color);
                let corner = |k: i32| (f64::from(k) * std::f64::consts::TAU / 16.0).sin_cos();
                let round = (0..16).map(corner).map(|(s, c)| (from.0 + 0.5 * width * c, from.1 + 0.5 * width * s));
                self.polygon(round.collect(), color);
                turned = 0.0;
            }
            heading = Some(angle);
            piece.push(to);
        }
        if piece.len() > 1 {
            self.path(piece, width, color);
        }
    }

    fn render<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), String> {
        area.fill(&WHITE).map_err(|e| e.to_string())?;
        self.shapes.iter().try_for_each(|shape| draw(area, shape)).map_err(|e| e.to_string())?;
        area.present().map_err(|e| e.to_string())
    }
}

fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    shape: &Shape,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    match shape {
        Shape::Path { points, width, color } => {
            let style = rgb(*color).stroke_width((width * GRID).round().max(1.0) as u32);
            area.draw(&PathElement::new(points.iter().map(|p| grid(*p)).collect::<Vec<_>>(), style))
        }
        Shape::Polygon { points, color } => {
            area.draw(&Polygon::new(points.iter().map(|p| grid(*p)).collect::<Vec<_>>(), rgb(*color).filled()))
        }
        Shape::Rectangle { from, to, color } => {
            area.draw(&Rectangle::new([grid(*from), grid(*to)], rgb(*color).filled()))
        }
        Shape::Text { at, text, size, anchor, color } => {
            let (horizontal, transform) = match anchor {
                Anchor::Start => (HPos::Left, FontTransform::None),
                Anchor::Middle => (HPos::Center, FontTransform::None),
                Anchor::End => (HPos::Right, FontTransform::None),
                Anchor::Upwards => (HPos::Center, FontTransform::Rotate270),
            };
            let ink = rgb(*color);
            let style = TextStyle::from((FONT, size * GRID).into_font())
                .transform(transform)
                .color(&ink)
                .pos(Pos::new(horizontal, VPos::Center));
            area.draw(&Text::new(text.as_str(), grid(*at), style))
        }
    }
}

type DrawingAreaErrorKind<E> = plotters::drawing::DrawingAreaErrorKind<E>;

fn grid((x, y): Place) -> (i32, i32) {
    ((x * GRID).round() as i32, (y * GRID).round() as i32)
}

fn rgb((r, g, b): Rgb) -> RGBColor {
    RGBColor(r, g, b)
}

/// Width of a text in points.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    if load_font().is_err() {
        return 0.6 * size * text.chars().count() as f64;
    }
    let font = (FONT, size * GRID).into_font();
    font.box_size(text).map_or(0.0, |(width, _)| f64::from(width) / GRID)
}

fn load_font() -> Result<(), &'static str> {
    static LOADED: OnceLock<bool> = OnceLock::new();
    let loaded = *LOADED.get_or_init(|| register_font(FONT, FontStyle::Normal, dejavu::sans::regular()).is_ok());
    if loaded { Ok(()) } else { Err("the built-in font cannot be read") }
}

/// Means of `factor` x `factor` blocks of an RGB image.
fn average(fine: &[u8], width: usize, size: (u32, u32), factor: usize) -> Vec<u8> {
    let (columns, rows) = (size.0 as usize, size.1 as usize);
    let mut pixels = Vec::with_capacity(columns * rows * 3);
    for row in 0..rows {
        for column in 0..columns {
            for channel in 0..3 {
                let block = (0..factor * factor).map(|k| (row * factor + k / factor, column * factor + k % factor));
                let sum: usize = block.map(|(y, x)| usize::from(fine[(y * width + x) * 3 + channel])).sum();
                pixels.push((sum / (factor * factor)) as u8);
            }
        }
    }
    pixels
}
