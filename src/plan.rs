//! What to run and what to keep: plain data between `elaborate` and `analysis`.
//!
//! No circuit ids in here: signals are canonical names, which `circuit` resolves. Formulas over signals use slots:
//! slot 0 is the axis (time, swept value; 0 for `.op`), slot k is `signals[k - 1]`.

use std::collections::BTreeMap;
use std::fmt;

use crate::numeric::formula::Formula;

/// Everything a deck asks for, at one step point.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Title of the deck.
    pub title: String,
    /// Tolerances and methods.
    pub options: Options,
    /// Analyses in the order of the deck.
    pub analyses: Vec<Analysis>,
    /// Everything recorded at each point, in column order.
    pub signals: Vec<Signal>,
    /// How many of `signals`, from the front, go into the raw file; the others only feed prints, plots and measures.
    pub saved: usize,
    /// `.print` tables.
    pub prints: Vec<Print>,
    /// `.plot` figures.
    pub plots: Vec<Figure>,
    /// `.measure` cards.
    pub measures: Vec<Measure>,
    /// `.xout` snapshots.
    pub snapshots: Vec<Snapshot>,
}

/// One recorded quantity, by canonical name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// `v(node)`.
    Voltage(String),
    /// `i(device)`: current into the first terminal.
    Current(String),
    /// `p(device)`: power taken from the circuit, in W.
    Power(String),
    /// `@device[field]`: a state, a parameter or an operating value.
    Field(String, String),
}

impl fmt::Display for Signal {
    /// The canonical column name: `v(out)`, `i(v1)`, `p(r1)`, `@x1.m1[x]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Signal::Voltage(node) => write!(f, "v({node})"),
            Signal::Current(device) => write!(f, "i({device})"),
            Signal::Power(device) => write!(f, "p({device})"),
            Signal::Field(device, field) => write!(f, "@{device}[{field}]"),
        }
    }
}

/// The quantity that a column holds; decides units and the raw file's type word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quantity {
    /// s.
    Time,
    /// Hz.
    Frequency,
    /// V.
    Voltage,
    /// A.
    Current,
    /// W.
    Power,
    /// Ohm.
    Resistance,
    /// S.
    Conductance,
    /// Degrees Celsius.
    Temperature,
    /// A state or any other number.
    Plain,
}

/// An analysis.
#[derive(Debug, Clone, PartialEq)]
pub enum Analysis {
    /// Operating point.
    Op,
    /// Nested DC sweep; the first sweep is the inner loop.
    Dc(Vec<Sweep>),
    /// Transient.
    Tran(Tran),
    /// Small-signal DC transfer function: gain, input and output resistance.
    Tf {
        /// `v(out)`, `v(a,b)` or `i(v1)`.
        output: TfOutput,
        /// Name of the input source.
        input: String,
    },
}

impl Analysis {
    /// Its word in cards and file names.
    #[must_use]
    pub fn word(&self) -> AnalysisWord {
        match self {
            Self::Op => AnalysisWord::Op,
            Self::Dc(_) => AnalysisWord::Dc,
            Self::Tran(_) => AnalysisWord::Tran,
            Self::Tf { .. } => AnalysisWord::Tf,
        }
    }
}

/// The output of `.tf`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TfOutput {
    /// v(plus, minus); the second may be "0".
    Voltage(String, String),
    /// i(source).
    Current(String),
}

/// Settings of a transient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tran {
    /// Print step in s (first step and default step cap are derived from it).
    pub step: f64,
    /// Stop time in s.
    pub stop: f64,
    /// First stored time in s.
    pub start: f64,
    /// Largest step in s; `None`: (stop - start) / 50, as SPICE3.
    pub max_step: Option<f64>,
    /// Start from initial conditions instead of an operating point.
    pub uic: bool,
}

/// One loop of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// Label for the axis and the log: `v1`, `r1:r`, `temp`, `vdd`.
    pub label: String,
    /// What changes together: one target normally, several for a `.data` table.
    pub targets: Vec<SweepTarget>,
    /// One row per point, one value per target.
    pub rows: Vec<Vec<f64>>,
}

/// What a sweep value is written to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SweepTarget {
    /// The DC value of an independent source.
    Source(String),
    /// A `.param`.
    Parameter(String),
    /// A device parameter; the main value has the field "" (`R1` = its resistance).
    Device(String, String),
    /// A model parameter.
    Model(String, String),
    /// Circuit temperature in degrees Celsius.
    Temperature,
}

/// Values that replace those of the deck at one step point.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// Written values.
    pub values: BTreeMap<SweepTarget, f64>,
    /// Monte Carlo run number, `None` = nominal values.
    pub run: Option<u64>,
}

/// One point of the outer loops (`.step`, `.temp` lists, `.data`, `.mc`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepPoint {
    /// What is shown for this point: label and value in loop order.
    pub labels: Vec<(String, f64)>,
    /// What it overrides.
    pub overrides: Overrides,
}

/// Numerical options; SPICE3 defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Relative tolerance.
    pub reltol: f64,
    /// Absolute current tolerance in A.
    pub abstol: f64,
    /// Absolute voltage tolerance in V.
    pub vntol: f64,
    /// Absolute charge tolerance in C.
    pub chgtol: f64,
    /// Absolute tolerance of dimensionless states.
    pub statetol: f64,
    /// Truncation error is allowed to be this many tolerances.
    pub trtol: f64,
    /// Minimum conductance in S.
    pub gmin: f64,
    /// Integration method.
    pub method: Method,
    /// Highest order (1 or 2).
    pub max_order: usize,
    /// Newton limit of the operating point.
    pub itl1: usize,
    /// Newton limit of a DC sweep point.
    pub itl2: usize,
    /// Newton limit of a time point.
    pub itl4: usize,
    /// gmin steps; 0 = off.
    pub gmin_steps: usize,
    /// Source steps; 0 = off.
    pub source_steps: usize,
    /// Circuit temperature in degrees Celsius.
    pub temp: f64,
    /// Parameter measurement temperature in degrees Celsius.
    pub tnom: f64,
    /// Resistance from every node to ground in ohm, when given.
    pub rshunt: Option<f64>,
    /// Capacitance from every node to ground in F, when given.
    pub cshunt: Option<f64>,
    /// Factor on the lengths and widths of element lines.
    pub scale: f64,
    /// What solves arrays with resistive lines.
    pub solver: ArraySolver,
    /// Relative pivot threshold of the sparse LU.
    pub pivrel: f64,
    /// Absolute pivot threshold of the sparse LU.
    pub pivtol: f64,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Worker threads of sweeps; 0 = all cores.
    pub threads: usize,
    /// `.ic` also acts on `.op`.
    pub ic_in_op: bool,
    /// Record the currents of all devices.
    pub save_currents: bool,
    /// Notes that name a silent choice are errors.
    pub strict: bool,
}

/// What solves the linear systems of arrays with resistive lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ArraySolver {
    /// Line-PCG, then the multifrontal factorization, then the sparse matrix.
    #[default]
    Automatic,
    /// Line-PCG; only what it refuses goes to the sparse matrix.
    Line,
    /// Multifrontal factorization; only what it refuses goes to the sparse matrix.
    Frontal,
    /// The sparse matrix, as for any circuit.
    Sparse,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            reltol: 1e-3,
            abstol: 1e-12,
            vntol: 1e-6,
            chgtol: 1e-14,
            statetol: 1e-6,
            trtol: 7.0,
            gmin: 1e-12,
            method: Method::Trapezoidal,
            max_order: 2,
            itl1: 100,
            itl2: 50,
            itl4: 50,
            gmin_steps: 10,
            source_steps: 10,
            temp: 27.0,
            tnom: 27.0,
            rshunt: None,
            cshunt: None,
            scale: 1.0,
            solver: ArraySolver::Automatic,
            pivrel: 1e-3,
            pivtol: 1e-13,
            seed: 1,
            threads: 0,
            ic_in_op: false,
            save_currents: false,
            strict: false,
        }
    }
}

/// Integration methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Trapezoidal rule on charges and fluxes, BDF2 on device states (which may sit at a bound, where it would ring).
    Trapezoidal,
    /// Backward differentiation, order 2 (`method=gear`).
    Bdf2,
    /// Backward Euler (`method=euler` or `maxord=1`).
    Euler,
}

/// Which analyses an output card belongs to; `None` = all.
pub type AnalysisFilter = Option<AnalysisWord>;

/// Analysis words of output and measure cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnalysisWord {
    /// `op`.
    Op,
    /// `dc`.
    Dc,
    /// `tran`.
    Tran,
    /// `tf`.
    Tf,
}

/// A named formula over the signals.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Text as the user wrote it, lower case: `v(a,b)`, `par('..')`.
    pub label: String,
    /// What it holds.
    pub quantity: Quantity,
    /// Its value; slots as in the module head.
    pub formula: Formula,
}

/// A `.print` card.
#[derive(Debug, Clone, PartialEq)]
pub struct Print {
    /// For which analyses.
    pub analysis: AnalysisFilter,
    /// Columns.
    pub traces: Vec<Trace>,
    /// Format.
    pub format: PrintFormat,
    /// File instead of standard output.
    pub file: Option<String>,
}

/// `FORMAT=` of `.print`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PrintFormat {
    /// One wide table.
    #[default]
    Table,
    /// Comma-separated with a header.
    Csv,
    /// Table without the index column.
    NoIndex,
    /// Blank-separated columns with a `#` header, for gnuplot.
    Gnuplot,
    /// A raw file with these traces.
    Raw,
}

/// A `.plot` card.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// For which analyses.
    pub analysis: AnalysisFilter,
    /// Title; the deck's title when `None`.
    pub title: Option<String>,
    /// Curves.
    pub traces: Vec<Trace>,
    /// Abscissa; the axis of the analysis when `None` (`vs=v(a)` makes an I-V loop).
    pub versus: Option<Trace>,
    /// Logarithmic x.
    pub log_x: bool,
    /// Logarithmic |y|.
    pub log_y: bool,
    /// Base name of the files, without suffix.
    pub file: Option<String>,
}

/// A `.measure` card.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Result name.
    pub name: String,
    /// The user's text after the name, lower case (LTspice's log shows it).
    pub text: String,
    /// For which analyses.
    pub analysis: AnalysisFilter,
    /// What.
    pub kind: MeasureKind,
    /// Window start on the axis.
    pub from: Option<Formula>,
    /// Window end on the axis.
    pub to: Option<Formula>,
}

/// The measure forms; formulas of time points and limits may use earlier measures:
/// slots `1 + signals.len() + k` hold the k-th measure of the plan (NaN while unknown).
#[derive(Debug, Clone, PartialEq)]
pub enum MeasureKind {
    /// targ - trig.
    TrigTarg(Trigger, Trigger),
    /// Value of a formula at a crossing.
    Find(Formula, Point),
    /// Axis value of a crossing.
    When(Crossing),
    /// Slope of a formula at a point.
    Derivative(Formula, Point),
    /// A statistic over the window.
    Statistic(Statistic, Formula),
    /// A formula of earlier measures.
    Param(Formula),
}

/// Where FIND and DERIV look.
#[derive(Debug, Clone, PartialEq)]
pub enum Point {
    /// At an axis value.
    At(Formula),
    /// At a crossing.
    Crossing(Crossing),
}

/// One end of TRIG/TARG.
pub type Trigger = Point;

/// A crossing of two formulas.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossing {
    /// Left minus right is watched.
    pub left: Formula,
    /// Right side.
    pub right: Formula,
    /// The left side as the user wrote it, for messages.
    pub left_text: String,
    /// The right side as the user wrote it.
    pub right_text: String,
    /// Direction.
    pub edge: Edge,
    /// n-th from 1; `None` = last.
    pub count: Option<usize>,
    /// Ignore what lies before this axis value.
    pub delay: Option<Formula>,
}

/// Direction of a crossing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Either.
    Cross,
    /// Upwards.
    Rise,
    /// Downwards.
    Fall,
}

/// Statistics of a waveform over the axis (trapezoidal in the axis).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// Mean.
    Average,
    /// Root mean square.
    Rms,
    /// Maximum.
    Max,
    /// Minimum.
    Min,
    /// Maximum minus minimum.
    PeakToPeak,
    /// Integral.
    Integral,
    /// Where the maximum is.
    MaxAt,
    /// Where the minimum is.
    MinAt,
}

/// A `.xout` card.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Array instance name.
    pub array: String,
    /// Quantities: `v i p r g`, a state or parameter name of the cell, `wl`, `bl`.
    pub quantities: Vec<String>,
    /// Times in s; the end of the analysis is always meant when `at_end`.
    pub at: Vec<f64>,
    /// Also at the end.
    pub at_end: bool,
    /// NPZ file; derived from the deck's name when `None`.
    pub file: Option<String>,
    /// NPY file stem for the states.
    pub state_file: Option<String>,
}
