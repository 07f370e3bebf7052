//! Where a difference reaches or passes zero.
//!
//! Conventions at exact zeros: reaching zero from one side is the crossing, however long the signal then stays there;
//! going on to the other side is not a second one, going back is one, where it leaves. A signal that starts at zero
//! crosses when it leaves (as ngspice counts a rise from the threshold at t = 0).

use crate::plan::Edge;

use super::waveform::{Position, Waveform};

/// One crossing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    pub edge: Edge,
    pub position: Position,
}

/// The side of zero a signal is on.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Below,
    Above,
}

impl Side {
    fn of(value: f64) -> Option<Self> {
        (value != 0.0).then_some(if value < 0.0 { Side::Below } else { Side::Above })
    }
    fn edge_to(self) -> Edge {
        match self {
            Side::Below => Edge::Fall,
            Side::Above => Edge::Rise,
        }
    }
    fn other(self) -> Self {
        match self {
            Side::Below => Side::Above,
            Side::Above => Side::Below,
        }
    }
}

/// What is known of the signal at a point.
#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    /// Nothing: at the start, or after a value that is not a number.
    Unknown,
    /// Clearly on one side.
    On(Side),
    /// At zero, come from a side or from the start.
    Zero(Option<Side>),
}

/// All crossings of `difference` with zero, in the order of the sweep.
pub(super) fn crossings(difference: &Waveform<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut state = State::Unknown;
    for (k, &d) in difference.values.iter().enumerate() {
        if k > 0 && !difference.joined(k - 1) {
            state = State::Unknown;
        }
        state = if d.is_nan() { State::Unknown } else { step(state, k, d, difference, &mut found) };
    }
    found
}

fn step(state: State, k: usize, d: f64, difference: &Waveform<'_>, found: &mut Vec<Found>) -> State {
    let on_point = |k| Position { k, fraction: 0.0 };
    let mut push = |side: Side, position| found.push(Found { edge: side.edge_to(), position });
    match (state, Side::of(d)) {
        (State::Unknown, None) => State::Zero(None),
        (State::Unknown, Some(side)) => State::On(side),
        (State::On(side), None) => {
            push(side.other(), on_point(k));
            State::Zero(Some(side))
        }
        (State::On(from), Some(side)) => {
            if from != side {
                let before = difference.values[k - 1];
                push(side, Position { k: k - 1, fraction: before / (before - d) });
            }
            State::On(side)
        }
        (State::Zero(from), None) => State::Zero(from),
        (State::Zero(from), Some(side)) => {
            if from.is_none_or(|from| from == side) {
                push(side, on_point(k - 1));
            }
            State::On(side)
        }
    }
}
