//! Array networks solved by their structure.
//!
//! An array of N word lines and M bit lines is two families of strong tridiagonal chains, coupled by weak cells:
//!
//! ```text
//! [ T_W  -G  ] [x_W]   [b_W]      T_W, T_B: per line tridiagonal (wires, cells, leaks); G = diag(cells)
//! [ -G   T_B ] [x_B] = [b_B]
//! ```
//!
//! Word lines are eliminated exactly by ladder solves, S = T_B - G T_W^-1 G is symmetric positive definite, and
//! conjugate gradients on S preconditioned by T_B^-1 need a handful of iterations ([`LinePcg`]). Nothing is ever
//! assembled: every array is `rows x cols`, row-major, streamed.
//!
//! No circuits in here: conductances and currents in, voltages out. The unknowns may be voltages, offsets from a bias or
//! Newton corrections; right-hand sides are what the caller's branch-form residual says.
//!
//! A [`Network`] is plain data, because its cells change with every Newton step: [`Network::check`] says whether it is one,
//! and every solver and every function that takes slices refuses lengths that do not go together, and numbers that are
//! none, with a [`Misfit`] that names them. Nothing in here panics on what it is given.

mod bundle;
mod bundles;
mod coarse;
mod frontal;
mod grid;
mod iteration;
mod ladder;
mod line_pcg;
mod misfit;
mod network;
mod passes;
mod transfer;
mod trouble;

pub use bundles::Bundles;
pub use frontal::{Frontal, FrontalLu, Level, Multifrontal, Pivots, Refinement, Side};
pub use line_pcg::{LinePcg, Outcome};
pub use misfit::{Field, Misfit, Of};
pub use network::{Lines, Network, Wire};
pub use transfer::{Port, Transfer, transfer};
pub use trouble::Trouble;
