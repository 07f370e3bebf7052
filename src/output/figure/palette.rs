//! Colours, dashes and markers that stay apart for colour-blind readers and on a grey printer.

use super::scene::{Place, Rgb};

/// Frame, ticks and text.
pub(super) const INK: Rgb = (38, 38, 38);
/// Grid lines.
pub(super) const GRID_LINE: Rgb = (226, 226, 226);
/// Legend frame.
pub(super) const PALE: Rgb = (190, 190, 190);
/// Paper.
pub(super) const PAPER: Rgb = (255, 255, 255);

/// Okabe and Ito's colours without the yellow, which vanishes on paper
/// (Okabe, Ito: Color Universal Design, 2008).
const OKABE_ITO: [Rgb; 7] =
    [(0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (0, 0, 0), (230, 159, 0), (86, 180, 233)];

/// Lengths of dash, gap, dash, .. in line widths; empty = solid.
const DASHES: [&[f64]; 5] = [&[], &[5.0, 2.5], &[1.3, 2.0], &[6.0, 2.0, 1.3, 2.0], &[9.0, 3.5]];

/// Corners of viridis at equal distances (Smith, van der Walt 2015), lightness rising throughout.
const VIRIDIS: [(f64, f64, f64); 9] = [
    (68.0, 1.0, 84.0),
    (71.0, 45.0, 123.0),
    (59.0, 82.0, 139.0),
    (44.0, 114.0, 142.0),
    (33.0, 145.0, 140.0),
    (40.0, 174.0, 128.0),
    (94.0, 201.0, 98.0),
    (173.0, 220.0, 48.0),
    (253.0, 231.0, 37.0),
];

/// Marker shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    Circle,
    Square,
    Triangle,
    Diamond,
    Cross,
}

const MARKERS: [Marker; 5] = [Marker::Circle, Marker::Square, Marker::Triangle, Marker::Diamond, Marker::Cross];

/// How one curve looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    pub color: Rgb,
    pub dash: &'static [f64],
    pub marker: Option<Marker>,
}

/// The look of curve `index` out of `count`.
pub(super) fn look(index: usize, count: usize) -> Look {
    if count > OKABE_ITO.len() {
        // a long family reads as a sequence; the palest end would not show on paper
        let share = 0.92 * index as f64 / (count - 1) as f64;
        return Look { color: sequential(share), dash: DASHES[0], marker: None };
    }
    let marker = (count > 1).then(|| MARKERS[index % MARKERS.len()]);
    Look { color: OKABE_ITO[index], dash: DASHES[index % DASHES.len()], marker }
}

/// Sequential colour of a share in 0..=1.
pub(super) fn sequential(share: f64) -> Rgb {
    let place = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let k = (place as usize).min(VIRIDIS.len() - 2);
    let t = place - k as f64;
    let (a, b) = (VIRIDIS[k], VIRIDIS[k + 1]);
    let mix = |a: f64, b: f64| (a + t * (b - a)).round() as u8;
    (mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

/// The colour of an area beside lines of this colour.
pub(super) fn pale((r, g, b): Rgb) -> Rgb {
    let mix = |c: u8| (0.18 * f64::from(c) + 0.82 * 255.0).round() as u8;
    (mix(r), mix(g), mix(b))
}

/// Style rules that make figures light on dark: ink and paper change places, colours keep their meaning but for those that
/// would not show, areas turn dark. Maps stay as they are.
pub(super) fn dark_style(selector: &str, (ink, paper, line): (&str, &str, &str)) -> String {
    let hex = |(r, g, b): Rgb| format!("#{r:02X}{g:02X}{b:02X}");
    let mut rules = Vec::new();
    let mut put = |element: &str, from: Rgb, to: &str| {
        for kind in ["fill", "stroke"] {
            rules.push(format!("{selector} {element}[{kind}=\"{}\"]{{{kind}:{to}}}", hex(from)));
        }
    };
    // text on a coloured square stays: its colours are its own
    for (from, to) in [(INK, ink), (GRID_LINE, line), (PALE, line)] {
        put("", from, to);
    }
    ["rect", "polygon"].into_iter().for_each(|element| put(element, PAPER, paper));
    for color in OKABE_ITO {
        let shown = if color == (0, 0, 0) { ink.to_owned() } else { hex(brighter(color)) };
        put("", color, &shown);
        put("polygon", pale(color), &hex(darker(color)));
    }
    format!("@media(prefers-color-scheme:dark){{{}}}\n", rules.join("\n"))
}

/// A colour of a curve on dark paper.
fn brighter((r, g, b): Rgb) -> Rgb {
    let mix = |c: u8| (0.75 * f64::from(c) + 0.25 * 255.0).round() as u8;
    (mix(r), mix(g), mix(b))
}

/// That of an area on dark paper.
fn darker((r, g, b): Rgb) -> Rgb {
    let mix = |c: u8| (0.3 * f64::from(c) + 16.0).round() as u8;
    (mix(r), mix(g), mix(b))
}

/// Text on a pale square of a map.
pub(super) const ON_PALE: Rgb = (37, 37, 37);
/// Text on a dark square of a map.
pub(super) const ON_DARK: Rgb = (254, 254, 254);

/// Filled outline of a marker of radius `r`; a cross is two bars.
pub(super) fn outline(marker: Marker, (x, y): Place, r: f64) -> Vec<Vec<Place>> {
    let ring = |corners: &[(f64, f64)]| corners.iter().map(|(dx, dy)| (x + r * dx, y + r * dy)).collect::<Vec<_>>();
    match marker {
        Marker::Circle => {
            let turns = (0..24).map(|k| f64::from(k) * std::f64::consts::TAU / 24.0);
            vec![ring(&turns.map(|a| (a.cos(), a.sin())).collect::<Vec<_>>())]
        }
        Marker::Square => vec![ring(&[(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)])],
        Marker::Triangle => vec![ring(&[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)])],
        Marker::Diamond => vec![ring(&[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)])],
        Marker::Cross => vec![
            ring(&[(-1.1, -0.7), (-0.7, -1.1), (1.1, 0.7), (0.7, 1.1)]),
            ring(&[(0.7, -1.1), (1.1, -0.7), (-0.7, 1.1), (-1.1, 0.7)]),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lightness((r, g, b): Rgb) -> f64 {
        0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b)
    }

    #[test]
    fn no_two_curves_share_dash_and_marker_before_the_colours_run_out() {
        let looks: Vec<Look> = (0..5).map(|k| look(k, 5)).collect();
        for (k, a) in looks.iter().enumerate() {
            for b in &looks[k + 1..] {
                assert!(a.dash != b.dash && a.marker != b.marker);
            }
        }
    }

    #[test]
    fn the_sequential_scale_gets_lighter_all_the_way() {
        let light: Vec<f64> = (0..=40).map(|k| lightness(sequential(f64::from(k) / 40.0))).collect();
        assert!(light.windows(2).all(|w| w[1] > w[0]), "{light:?}");
    }
}
