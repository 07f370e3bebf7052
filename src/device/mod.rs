//! Device physics: one file per device, one line in [`REGISTRY`].
//!
//! F(x, t) + d/dt Q(x) = 0. A current *leaving a node* into the device is positive. SI units everywhere.
//!
//! An author writes [`Device::balance`] for one instance, once, for any scalar: row k of `f` (and `q`) belongs to
//! local unknown k. Rows of ports are currents (f in A, q in C); rows of internal unknowns are what the author makes
//! of them: a branch equation in V, a state equation with `q = x`, `f = -rate` (in 1/s). Nobody hand-writes a
//! derivative, names a matrix, a time step or an analysis.
//!
//! `netlist` and `device` never see each other; no device is named outside this directory.

pub mod behavioural;
pub mod card;
pub mod elements;
pub mod group;
mod instances;
pub mod kind;
pub mod lanes;
pub mod limiting;
mod locals;
pub mod memristor;
pub mod selector;
mod typed;
pub mod waveform;

pub use card::{Card, Internal, Param, ParamError, ParamKind, ParamValue, ParamValues, Port, Role, StateLaw};
pub use group::{DeviceGroup, Load};
pub use kind::{DeviceKind, Kind};
pub use lanes::LaneLoad;
pub use locals::{Even, Locals, Neighbours};
pub use typed::Typed;

use crate::numeric::real::Real;

/// All a device may know of the world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Env {
    /// Time in s; 0 outside transients.
    pub time: f64,
    /// Circuit temperature in K.
    pub temperature: f64,
    /// Minimum conductance in S that junctions and selectors may add across themselves.
    pub gmin: f64,
    /// 0..=1, multiplies independent sources during source stepping.
    pub source_scale: f64,
    /// What is being solved.
    pub mode: Mode,
}

/// What is being solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Operating point or DC sweep: sources at their DC value.
    Dc,
    /// Transient (and its initial operating point): sources follow their waveform.
    Transient,
}

/// f and q of one instance; row k belongs to local unknown k.
#[derive(Debug, Clone, Copy)]
pub struct Balance<S, const N: usize> {
    /// Currents and algebraic parts.
    pub f: [S; N],
    /// Charges, fluxes and states.
    pub q: [S; N],
}

impl<S: Real, const N: usize> Balance<S, N> {
    /// All zero.
    #[must_use]
    #[inline(always)]
    pub fn zero() -> Self {
        Self { f: [S::from(0.0); N], q: [S::from(0.0); N] }
    }
    /// A current `i` flowing through the device from local unknown `from` to `to`.
    #[inline(always)]
    pub fn flow(&mut self, from: usize, to: usize, i: S) {
        self.f[from] += i;
        self.f[to] -= i;
    }
    /// A charge `q` sitting on the plate at `from`, its opposite at `to`.
    #[inline(always)]
    pub fn charge(&mut self, from: usize, to: usize, q: S) {
        self.q[from] += q;
        self.q[to] -= q;
    }
}

/// Did accepting a solution flip a discrete state (a relay with hysteresis)?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// Nothing discrete happened.
    Steady,
    /// A discrete state changed; the equations are different from now on.
    Flipped,
}

/// The physics of one instance. `N` = ports + internal unknowns, in the order of the card.
pub trait Device<const N: usize>: Clone + Send + Sync + 'static {
    /// Keyword, ports, internals, parameters, documentation.
    const CARD: Card;

    /// Reads checked parameters (defaults filled, ranges tested by the card). Only cross-parameter rules are left.
    ///
    /// # Errors
    /// When parameters contradict each other.
    fn from_params(p: &ParamValues) -> Result<Self, ParamError>;

    /// f and q at local unknowns `x`.
    fn balance<S: Real>(&self, env: &Env, x: &[S; N]) -> Balance<S, N>;

    /// Is the kind a conductance between two ports and nothing else: f = g (x_0 - x_1), whatever x is?
    const OHMIC: bool = false;

    /// g in S of an ohmic kind.
    fn conductance(&self, env: &Env) -> f64 {
        let _ = env;
        0.0
    }

    /// Does a loop over instances of [`Device::balance`] become vector code? It does when everything is inlined and no
    /// branch calls anything.
    const VECTORISES: bool = false;

    /// Has another instance the same `balance`? Saying no costs vector code its speed only.
    fn is_like(&self, other: &Self) -> bool {
        let _ = other;
        false
    }

    /// Local values before the first solve: states at their initial value, ports as given.
    /// Under `uic` the ports of a capacitor with `ic=` are moved here too.
    fn start(&self, x: &mut [f64; N]) {
        let _ = x;
    }

    /// Can f or q of local row `row` depend on local unknown `column`? Saying no keeps a certain zero out of the matrix.
    #[must_use]
    fn depends(row: usize, column: usize) -> bool {
        let _ = (row, column);
        true
    }

    /// Must be true for [`Device::limit`] to be called.
    const LIMITS: bool = false;

    /// Newton limiting: may pull the point of the next evaluation, `new`, towards the last one; true when it did.
    fn limit(&self, env: &Env, new: &mut [f64; N], old: &[f64; N]) -> bool {
        let _ = (env, new, old);
        false
    }

    /// The next time after `t` at which the device's own time dependence has a corner.
    fn corner(&self, t: f64) -> Option<f64> {
        let _ = t;
        None
    }

    /// Positive inside the present discrete state; its zero is a switching event to be located in time.
    fn surface(&self, x: &[f64; N]) -> Option<f64> {
        let _ = x;
        None
    }

    /// Must be true for [`Device::accept`] to be called.
    const SWITCHES: bool = false;

    /// Called once per accepted solution; discrete memory may change here and only here.
    fn accept(&mut self, env: &Env, x: &[f64; N]) -> Accepted {
        let _ = (env, x);
        Accepted::Steady
    }

    /// Sets the DC value (sources) or another parameter that may change without rebuilding; false when it may not.
    fn set(&mut self, param: &str, value: f64) -> bool {
        let _ = (param, value);
        false
    }

    /// Operating values named in `CARD.outputs`, in that order.
    fn outputs(&self, env: &Env, x: &[f64; N], out: &mut Vec<f64>) {
        let _ = (env, x, out);
    }
}

/// Every device kind, in the order of the manual. A new device is one file and one line here.
///
/// Conventions for whoever builds circuits from cards:
/// - keywords: the first is the element letter or model type; a `.model` type may be any of them. In a model card,
///   parameter names go through [`Card::model_name`] first (a diode's `m` there is `mj`).
/// - The value on an element line is `r c l k dc gain` (alias `value`); `k` also needs `l1` and `l2`, the inductances
///   of its windings; a resistance of zero is the kind `short`, which has the current that a resistor lacks.
/// - Control ports come last: two nodes, or for `f h csw iswitch` and `k` branch-current unknowns of other elements.
/// - `tnom` is filled from the options where a card declares it and the deck does not give it.
/// - `m=` works where a card declares `m`. Words (`window=biolek`) and waveforms are marked by [`ParamKind`].
/// - An internal unknown of unit `A` is a branch current and its row reads v_p - v_n - ... = 0, with fluxes -L i
///   in q.
pub const REGISTRY: &[&dyn DeviceKind] = &[
    &Kind::<elements::resistor::Resistor, 2>::new(),
    &Kind::<elements::short::Short, 3>::new(),
    &Kind::<elements::capacitor::Capacitor, 2>::new(),
    &Kind::<elements::inductor::Inductor, 3>::new(),
    &Kind::<elements::coupling::Coupling, 2>::new(),
    &Kind::<elements::sources::VoltageSource, 3>::new(),
    &Kind::<elements::sources::CurrentSource, 2>::new(),
    &Kind::<elements::controlled::Vcvs, 5>::new(),
    &Kind::<elements::controlled::Vccs, 4>::new(),
    &Kind::<elements::controlled::Cccs, 3>::new(),
    &Kind::<elements::controlled::Ccvs, 4>::new(),
    &Kind::<elements::switch::VoltageSwitch, 4>::new(),
    &Kind::<elements::switch::CurrentSwitch, 3>::new(),
    &Kind::<elements::diode::Diode, 3>::new(),
    &Kind::<elements::mosfet::Nmos, 4>::new(),
    &Kind::<elements::mosfet::Pmos, 4>::new(),
    &Kind::<memristor::linear_drift::LinearDrift, 3>::new(),
    &Kind::<memristor::vteam::Vteam, 3>::new(),
    &Kind::<memristor::team::Team, 3>::new(),
    &Kind::<memristor::yakopcic::Yakopcic, 3>::new(),
    &Kind::<memristor::yakopcic2020::Yakopcic2020, 3>::new(),
    &Kind::<memristor::conductance_memory::ConductanceMemory, 4>::new(),
    &Kind::<memristor::bulk_drift::BulkDrift, 3>::new(),
    &Kind::<selector::threshold::ThresholdSwitch, 3>::new(),
    &Kind::<selector::sinh::SinhSelector, 2>::new(),
    &Kind::<selector::rectifier::Rectifier, 2>::new(),
];
