//! One line per figure: ours, the peer's, their ratio, what is asked, whether it is met.

use super::common::median;

/// Results of the runs, or why there are none.
pub type Figures = Result<Vec<f64>, String>;

/// What the figures are.
#[derive(Clone, Copy)]
pub enum Unit {
    Seconds,
    Bytes,
    BytesPerSecond,
    Count,
}

/// What is asked of a line.
#[derive(Clone, Copy)]
pub enum Asked {
    /// Peer / ours.
    Faster(f64),
    /// Ours.
    AtMost(f64),
    /// Ours / peer.
    Share(f64),
}

/// Whom ours is compared with.
pub struct Peer {
    pub name: String,
    pub figures: Figures,
}

impl Peer {
    pub fn new(name: impl Into<String>, figures: Figures) -> Self {
        Self { name: name.into(), figures }
    }

    /// One that is not installed.
    pub fn missing(what: &str) -> Self {
        Self::new(format!("missing: {what}"), Err(String::new()))
    }
}

/// A line of the table.
pub struct Line {
    pub work: String,
    pub unit: Unit,
    pub ours: Figures,
    pub peer: Option<Peer>,
    pub asked: Asked,
    pub notes: Vec<String>,
}

impl Line {
    pub fn new(work: impl Into<String>, unit: Unit, ours: Figures, asked: Asked) -> Self {
        Self { work: work.into(), unit, ours, peer: None, asked, notes: Vec::new() }
    }

    pub fn against(mut self, peer: Peer) -> Self {
        self.peer = Some(peer);
        self
    }

    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Is there no result of ours?
    pub fn failed(&self) -> bool {
        self.ours.is_err()
    }

    fn ratio(&self) -> Option<f64> {
        let ours = median(self.ours.as_ref().ok()?);
        let peer = median(self.peer.as_ref()?.figures.as_ref().ok()?);
        Some(if matches!(self.asked, Asked::Share(_)) { ours / peer } else { peer / ours })
    }

    /// Nothing when the peer is not there; a failure of ours misses.
    pub fn met(&self) -> Option<bool> {
        let Ok(ours) = &self.ours else { return Some(false) };
        match self.asked {
            Asked::Faster(least) | Asked::Share(least) => self.ratio().map(|ratio| ratio >= least),
            Asked::AtMost(limit) => Some(median(ours) <= limit),
        }
    }

    pub fn print(&self, quick: bool) {
        let (value, spread) = match &self.ours {
            Ok(figures) => (self.unit.show(median(figures)), spread(figures)),
            Err(_) => ("FAILED".to_string(), String::new()),
        };
        let (name, peer) = match &self.peer {
            Some(Peer { name, figures: Ok(figures) }) => (name.as_str(), self.unit.show(median(figures))),
            Some(Peer { name, figures: Err(_) }) => (name.as_str(), "-".to_string()),
            None => ("", String::new()),
        };
        let ratio = self.ratio().map_or(String::new(), |ratio| Rounded(ratio).to_string());
        let asked = match self.asked {
            Asked::Faster(least) => format!(">= {least} x"),
            Asked::AtMost(limit) => format!("<= {}", self.unit.show(limit)),
            Asked::Share(least) => format!(">= {} %", 100.0 * least),
        };
        let verdict = match self.met() {
            _ if quick => "",
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "no peer",
        };
        println!("{:46} {value:>10} {spread:>8}  {name:32} {peer:>10} {ratio:>8}  {asked:>10}  {verdict}", self.work);
        let faults = self.ours.as_ref().err().into_iter();
        let peers = self.peer.iter().filter_map(|peer| peer.figures.as_ref().err()).filter(|why| !why.is_empty());
        let notes = faults.chain(peers).chain(&self.notes).flat_map(|note| note.lines());
        for note in notes.filter(|note| !note.trim().is_empty()) {
            println!("    {note}");
        }
    }
}

/// A ratio with three digits.
struct Rounded(f64);

impl std::fmt::Display for Rounded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = if self.0 >= 100.0 {
            0
        } else if self.0 >= 10.0 {
            1
        } else {
            2
        };
        write!(f, "{:.digits$}", self.0)
    }
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Unit::Seconds if value < 1.0 => format!("{:.3} ms", 1e3 * value),
            Unit::Seconds => format!("{value:.2} s"),
            Unit::Bytes => format!("{:.0} MB", 1e-6 * value),
            Unit::BytesPerSecond => format!("{:.2} GB/s", 1e-9 * value),
            Unit::Count => format!("{value}"),
        }
    }
}

/// (largest - smallest) / median.
fn spread(figures: &[f64]) -> String {
    if figures.len() < 2 {
        return "1 run".to_string();
    }
    let (low, high) = figures.iter().fold((f64::INFINITY, 0.0f64), |(l, h), v| (l.min(*v), h.max(*v)));
    let middle = median(figures);
    if middle == 0.0 { String::new() } else { format!("{:.0} %", 100.0 * (high - low) / middle) }
}

pub fn head() {
    println!(
        "{:46} {:>10} {:>8}  {:32} {:>10} {:>8}  {:>10}  met",
        "work", "ours", "spread", "peer", "its figure", "ratio", "asked"
    );
}
