//! Rows that sleep through a read.
//!
//! Below its threshold a selector stays off whatever its neighbours do: a row whose input lies below the thresholds of
//! all its cells only leaks. While the others race for the voltage such rows are left out, which is most of them in most
//! images; the state of rest is found with all of them ([`super::settling`]).

use super::probe::Laws;
use super::settling::Layout;
use super::{Law, Read};

/// A cell sleeps where its state would rest below this: its current is then that of the state 0 to a per mille, and the
/// state does not run away.
const ASLEEP: f64 = 4.5e-5;
/// Grey values.
const GREYS: usize = 256;

/// What a cell that sleeps does to its bit line: conductance to ground and current into it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Leak {
    /// S.
    pub conductance: f64,
    /// A.
    pub current: f64,
}

/// Which rows sleep, and how they leak.
#[derive(Debug, Clone, PartialEq)]
pub struct Dormancy {
    cols: usize,
    /// First grey value that wakes a row.
    wakes: Vec<usize>,
    /// Voltage of a bit line in V that wakes a dark row.
    bears: Vec<f64>,
    /// `kind x grey`.
    leaks: Vec<Leak>,
}

impl Dormancy {
    /// Of all rows of an array.
    pub fn new(laws: &Laws, layout: Layout, read: Read) -> Self {
        let volts = |grey: usize| read.volts(grey as u8);
        // the first grey value that wakes a kind, forward and reversed
        let first = |law: &Law, sign: f64| (0..GREYS).find(|g| law.at(sign * volts(*g), 0.0).rate > ASLEEP);
        let ends: Vec<[Option<usize>; 2]> = laws.kinds.iter().map(|law| [1.0, -1.0].map(|s| first(law, s))).collect();
        let of_row = |sign: usize| {
            let least = |row: &[usize]| row.iter().filter_map(|kind| ends[*kind][sign]).min().unwrap_or(GREYS);
            laws.of.chunks_exact(layout.cols).map(least).collect::<Vec<usize>>()
        };
        let [forward, reversed] = [0, 1].map(of_row);
        let leak = |law: &Law, grey: usize| {
            let action = law.at(volts(grey), 0.0);
            let conductance = action.current_by[0];
            Leak { conductance, current: action.current }
        };
        Self {
            cols: layout.cols,
            wakes: forward,
            bears: reversed.into_iter().map(|g| if g < GREYS { volts(g.max(1) - 1) } else { f64::INFINITY }).collect(),
            leaks: laws.kinds.iter().flat_map(|law| (0..GREYS).map(move |g| leak(law, g))).collect(),
        }
    }

    /// Rows that an image wakes, ascending.
    pub fn awake(&self, image: &[u8]) -> Vec<usize> {
        (0..image.len()).filter(|&i| usize::from(image[i]) >= self.wakes[i]).collect()
    }

    /// What rows that sleep add to the bit lines at the next row that does not, and the voltage of a bit line in V at
    /// which one of them would wake.
    pub fn sleepers(&self, laws: &Laws, image: &[u8], awake: &[usize]) -> (Vec<Leak>, f64) {
        let mut leaks = vec![Leak::default(); awake.len() * self.cols];
        let (mut next, mut bears) = (0, f64::INFINITY);
        for (i, (&grey, kinds)) in image.iter().zip(laws.of.chunks_exact(self.cols)).enumerate() {
            if awake.get(next) == Some(&i) {
                next += 1;
                continue;
            }
            bears = bears.min(self.bears[i]);
            let at = next.min(awake.len() - 1) * self.cols;
            for (sum, kind) in leaks[at..at + self.cols].iter_mut().zip(kinds) {
                let leak = self.leaks[kind * GREYS + usize::from(grey)];
                sum.conductance += leak.conductance;
                sum.current += leak.current;
            }
        }
        (leaks, bears)
    }
}
