//! One curve on the page: places, thinning, dashes, markers.

use super::palette::{Look, PAPER, outline};
use super::scene::{Place, Scene};

/// Line width in points.
pub(super) const STROKE: f64 = 1.7;
/// Marker radius in points.
const MARKER: f64 = 4.2;
/// Markers per curve.
const MARKERS: usize = 6;
/// Places closer than this share of a point are one.
const RESOLUTION: f64 = 0.25;

/// Splits a curve where it cannot be shown, and drops what cannot be seen.
pub(super) fn pieces(places: impl Iterator<Item = Option<Place>>) -> Vec<Vec<Place>> {
    let mut pieces: Vec<Vec<Place>> = vec![Vec::new()];
    for place in places {
        match (place, pieces.last_mut()) {
            (Some(place), Some(piece)) => piece.push(place),
            _ => pieces.push(Vec::new()),
        }
    }
    pieces.retain(|p| !p.is_empty());
    pieces.into_iter().map(|p| thin(&p)).collect()
}

/// Keeps the outline: first, lowest, highest and last place of every run that stays within one resolution of x, so that
/// a peak of one sample survives among a million.
fn thin(places: &[Place]) -> Vec<Place> {
    let mut kept: Vec<Place> = Vec::new();
    let mut start = 0;
    while start < places.len() {
        let x = places[start].0;
        let run = places[start..].iter().take_while(|p| (p.0 - x).abs() < RESOLUTION).count().max(1);
        let column = &places[start..start + run];
        let mut chosen = vec![0, run - 1];
        chosen.extend((0..run).min_by(|&a, &b| column[a].1.total_cmp(&column[b].1)));
        chosen.extend((0..run).max_by(|&a, &b| column[a].1.total_cmp(&column[b].1)));
        chosen.sort_unstable();
        chosen.dedup();
        for k in chosen {
            let place = column[k];
            let near = kept.last().is_some_and(|q| (q.0 - place.0).hypot(q.1 - place.1) < RESOLUTION);
            if !near {
                kept.push(place);
            }
        }
        start += run;
    }
    kept
}

/// Draws a curve; `index` shifts its markers so that those of neighbours do not meet.
pub(super) fn paint(scene: &mut Scene, pieces: &[Vec<Place>], look: &Look, index: usize) {
    for piece in pieces {
        if let [place] = piece[..] {
            // a lone point is still data
            outline(super::palette::Marker::Circle, place, 0.6 * MARKER)
                .into_iter()
                .for_each(|o| scene.polygon(o, look.color));
        }
        for stroke in dashed(piece, look.dash) {
            scene.path(stroke, STROKE, look.color);
        }
    }
    let Some(marker) = look.marker else { return };
    let total: f64 = pieces.iter().map(|p| length(p)).sum();
    let shift = 0.5 + 0.21 * index as f64;
    for k in 0..MARKERS {
        let share = ((k as f64 + shift) / MARKERS as f64).fract();
        if let Some(place) = along(pieces, share * total) {
            mark(scene, marker, place, look);
        }
    }
}

/// A short sample for the legend, centred at `at`.
pub(super) fn sample(scene: &mut Scene, (x, y): Place, half: f64, look: &Look) {
    for stroke in dashed(&[(x - half, y), (x + half, y)], look.dash) {
        scene.path(stroke, STROKE, look.color);
    }
    if let Some(marker) = look.marker {
        mark(scene, marker, (x, y), look);
    }
}

fn mark(scene: &mut Scene, marker: super::palette::Marker, place: Place, look: &Look) {
    // a thin rim of paper keeps markers legible where curves cross
    outline(marker, place, MARKER + 1.1).into_iter().for_each(|o| scene.polygon(o, PAPER));
    outline(marker, place, MARKER).into_iter().for_each(|o| scene.polygon(o, look.color));
}

fn length(places: &[Place]) -> f64 {
    places.windows(2).map(|w| distance(w[0], w[1])).sum()
}

fn distance(a: Place, b: Place) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

fn between(a: Place, b: Place, share: f64) -> Place {
    (a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1))
}

/// The place at a distance from the start.
fn along(pieces: &[Vec<Place>], mut rest: f64) -> Option<Place> {
    for pair in pieces.iter().flat_map(|p| p.windows(2)) {
        let step = distance(pair[0], pair[1]);
        if step > 0.0 && rest <= step {
            return Some(between(pair[0], pair[1], rest / step));
        }
        rest -= step;
    }
    None
}

/// Cuts a path into the strokes of a dash pattern (lengths in line widths).
fn dashed(places: &[Place], pattern: &[f64]) -> Vec<Vec<Place>> {
    if places.len() < 2 {
        return Vec::new();
    }
    if pattern.is_empty() {
        return vec![places.to_vec()];
    }
    let (mut strokes, mut stroke) = (Vec::new(), vec![places[0]]);
    let (mut phase, mut left) = (0, pattern[0] * STROKE);
    for pair in places.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        let mut step = distance(from, to);
        while step > left {
            from = between(from, to, left / step);
            step -= left;
            if phase % 2 == 0 {
                stroke.push(from);
                strokes.push(std::mem::take(&mut stroke));
            } else {
                stroke = vec![from];
            }
            phase = (phase + 1) % pattern.len();
            left = pattern[phase] * STROKE;
        }
        left -= step;
        if phase % 2 == 0 {
            stroke.push(to);
        }
    }
    if phase % 2 == 0 && stroke.len() > 1 {
        strokes.push(stroke);
    }
    strokes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_sample_peak_survives_thinning() {
        let places = (0..1_000_000).map(|k| {
            let y = if k == 654_321 { 90.0 } else { 10.0 };
            Some((f64::from(k) * 8e-4, y))
        });
        let thinned = pieces(places);
        assert_eq!(thinned.len(), 1);
        assert!(thinned[0].len() < 4000, "{}", thinned[0].len());
        assert!(thinned[0].iter().any(|p| p.1 == 90.0));
        assert_eq!(thinned[0][0], (0.0, 10.0));
    }

    #[test]
    fn gaps_interrupt_the_curve() {
        let places = [Some((0.0, 0.0)), Some((1.0, 1.0)), None, Some((2.0, 2.0))];
        assert_eq!(pieces(places.into_iter()), vec![vec![(0.0, 0.0), (1.0, 1.0)], vec![(2.0, 2.0)]]);
    }

    #[test]
    fn dashes_cover_their_share_of_the_path() {
        let strokes = dashed(&[(0.0, 0.0), (30.0, 0.0), (100.0 * STROKE, 0.0)], &[5.0, 2.5]);
        let drawn: f64 = strokes.iter().map(|s| length(s)).sum();
        // 13 whole periods of 7.5 and 2.5 of the next dash
        assert!((drawn - (13.0 * 5.0 + 2.5) * STROKE).abs() < 1e-9, "{drawn}");
    }
}
