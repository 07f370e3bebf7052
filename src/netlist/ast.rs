//! The deck as data: what the user wrote, with a span on everything and no meaning attached yet.
//!
//! Names are stored lower case (SPICE is case-insensitive); file names keep their case.
//! The parser never fails: it returns the statements it understood and a diagnostic for each it did not.

use crate::diag::{SourceMap, Span};

/// A lower-case identifier with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// Lower-case text.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A parsed netlist: all files, all statements, nothing evaluated.
#[derive(Debug, Clone, Default)]
pub struct Deck {
    /// Every text that was read.
    pub sources: SourceMap,
    /// The title line, trimmed, original case.
    pub title: String,
    /// Where the title stands, `None` for an empty file.
    pub title_span: Option<Span>,
    /// The dialect rules that were chosen and why (dialect.md 2.3).
    pub dialect: Dialect,
    /// Why that dialect: one sentence for the log.
    pub dialect_reason: String,
    /// Top-level statements in the order of the text, includes spliced in.
    pub body: Vec<Statement>,
}

/// Whose reading wins where dialects collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// ngspice rules (the default).
    #[default]
    Ngspice,
    /// LTspice rules.
    Ltspice,
    /// HSPICE rules.
    Hspice,
    /// Xyce rules.
    Xyce,
}

/// One statement of a deck or of a subcircuit body.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// An element line (R, C, L, K, V, I, E, F, G, H, B, S, W, D, X, Y, N).
    Element(Element),
    /// `.param a=1 b={..}`: one entry per assignment.
    Param(Vec<Assign>),
    /// `.func f(x,y) {..}` and `.param f(x)='..'`.
    Func(Func),
    /// `.subckt .. .ends`.
    Subckt(Subckt),
    /// `.model name type (..)`.
    Model(Model),
    /// `.ic V(n)=v ..`.
    Ic(Vec<NodeValue>),
    /// `.nodeset V(n)=v ..`.
    Nodeset(Vec<NodeValue>),
    /// `.global a b`.
    Global(Vec<Name>),
    /// `.temp t1 t2 ..` in degrees Celsius.
    Temp(Vec<Expr>, Span),
    /// `.options key[=value] ..`.
    Options(Vec<OptionItem>),
    /// `.if (..) .. .elseif (..) .. .else .. .endif`.
    If(IfBlock),
    /// `.op .dc .tran .tf`.
    Analysis(AnalysisCard),
    /// `.step ..`.
    Step(StepCard),
    /// `.mc N [seed=..]`: Monte Carlo runs.
    MonteCarlo(MonteCarloCard),
    /// `.data name p1 p2 .. rows .. .enddata`.
    Data(DataTable),
    /// `.save .print .probe .plot`.
    Output(OutputCard),
    /// `.measure ..`.
    Measure(MeasureCard),
    /// `.xbar name rows cols CELL=..`.
    Xbar(XbarCard),
    /// `.xout inst quantities AT=.. FILE=..`.
    Xout(XoutCard),
}

/// `name = expression`, with the span of the whole assignment.
#[derive(Debug, Clone, PartialEq)]
pub struct Assign {
    /// Left side.
    pub name: Name,
    /// Right side.
    pub value: Expr,
}

/// A value of `.options`.
#[derive(Debug, Clone, PartialEq)]
pub struct OptionItem {
    /// Option name.
    pub name: Name,
    /// Value, `None` for a flag. A bare word (`method=gear`) is an [`ExprKind::Name`].
    pub value: Option<Expr>,
}

/// A function definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Func {
    /// Function name.
    pub name: Name,
    /// Formal arguments; they may shadow anything.
    pub formals: Vec<Name>,
    /// Body.
    pub body: Expr,
}

/// A subcircuit definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Subckt {
    /// Subcircuit name.
    pub name: Name,
    /// Pins in order.
    pub ports: Vec<Name>,
    /// Parameters with defaults.
    pub params: Vec<Assign>,
    /// Statements inside.
    pub body: Vec<Statement>,
    /// The `.subckt` line.
    pub span: Span,
}

/// A model card.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Model name.
    pub name: Name,
    /// Model type (`d`, `sw`, `vteam`, `memristor`, ..).
    pub kind: Name,
    /// Parameters.
    pub params: Vec<Assign>,
    /// The whole card.
    pub span: Span,
}

/// `V(node) = value` of `.ic` and `.nodeset`.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeValue {
    /// The node.
    pub node: NodeRef,
    /// Volts.
    pub value: Expr,
}

/// A node as written, maybe a bus.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeRef {
    /// Lower-case base name: `w` of `W[0:63]`, `out` of `out`, `xa.wl_3_5` of a dotted name.
    pub name: String,
    /// The bus range, when there is one.
    pub range: Option<BusRange>,
    /// Where.
    pub span: Span,
}

/// `[a:b]` (descending allowed) or `[a]` with `a == b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusRange {
    /// First index.
    pub first: usize,
    /// Last index, inclusive.
    pub last: usize,
}

/// An element line.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// First letter, lower case.
    pub letter: char,
    /// Full lower-case name with its letter (`r1`, `vw`); for `Ymemristor name` it is `name`.
    pub name: Name,
    /// Bus range of the name (`Vw[0:63]`).
    pub range: Option<BusRange>,
    /// Connection nodes in order, control nodes not included.
    pub nodes: Vec<NodeRef>,
    /// What it is.
    pub kind: ElementKind,
    /// `key=value` parameters that are not part of `kind` (`m=2`, `tc1=..`, `ic=..`, `area=2`).
    pub params: Vec<Assign>,
    /// The whole logical line.
    pub span: Span,
}

/// What an element line says beyond its nodes.
#[derive(Debug, Clone, PartialEq)]
pub enum ElementKind {
    /// R, C, L: a value (maybe an expression of voltages), or a model, or both.
    Passive {
        /// The value; `None` when missing (the elaborator complains unless a model supplies it).
        value: Option<Expr>,
        /// `Q=` form of a capacitor.
        charge: Option<Expr>,
        /// Model name.
        model: Option<Name>,
    },
    /// K: mutual inductance between inductors.
    Coupling {
        /// Inductor names.
        inductors: Vec<Name>,
        /// Coupling coefficient.
        coefficient: Option<Expr>,
    },
    /// V, I.
    Source {
        /// DC value.
        dc: Option<Expr>,
        /// AC magnitude and phase in degrees.
        ac: Option<(Expr, Option<Expr>)>,
        /// Waveform.
        wave: Option<Waveform>,
    },
    /// E, G (voltage-controlled) and F, H (current-controlled).
    Controlled(Control),
    /// B: behavioural source.
    Behavioural {
        /// What the expression gives.
        quantity: Behaviour,
        /// The expression.
        value: Expr,
    },
    /// S: voltage-controlled switch; the control nodes.
    VoltageSwitch {
        /// `nc+ nc-`.
        control: Vec<NodeRef>,
        /// Model name.
        model: Option<Name>,
        /// `on` / `off`.
        initially_on: Option<bool>,
    },
    /// W: current-controlled switch.
    CurrentSwitch {
        /// Controlling source.
        source: Option<Name>,
        /// Model name.
        model: Option<Name>,
        /// `on` / `off`.
        initially_on: Option<bool>,
    },
    /// D, and `N name a b model`, and `Y<kind> name a b model`.
    Modelled {
        /// The device kind of a `Y<kind>` line.
        kind: Option<Name>,
        /// Model name.
        model: Option<Name>,
        /// Positional area factor.
        area: Option<Expr>,
        /// `off` keyword.
        off: bool,
    },
    /// X: an instance of a subcircuit or of an `.xbar` array.
    Instance {
        /// Definition name.
        definition: Option<Name>,
    },
}

/// What a B source sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// `V=`.
    Voltage,
    /// `I=`.
    Current,
    /// `R=`.
    Resistance,
}

/// How a controlled source is controlled.
#[derive(Debug, Clone, PartialEq)]
pub enum Control {
    /// `E a b c d gain`.
    LinearVoltage {
        /// `nc+ nc-`.
        nodes: Vec<NodeRef>,
        /// Gain (E) or transconductance (G).
        gain: Option<Expr>,
    },
    /// `F a b vname gain`.
    LinearCurrent {
        /// Controlling source.
        source: Name,
        /// Gain (F) or transresistance (H).
        gain: Option<Expr>,
    },
    /// `POLY(n)` in controlling voltages: `2 n` nodes.
    PolyVoltage {
        /// Pairs of control nodes, flattened.
        nodes: Vec<NodeRef>,
        /// Coefficients p0, p1, ..
        coefficients: Vec<Expr>,
    },
    /// `POLY(n)` in controlling currents.
    PolyCurrent {
        /// Controlling sources.
        sources: Vec<Name>,
        /// Coefficients p0, p1, ..
        coefficients: Vec<Expr>,
    },
    /// `VALUE={..}`, `vol=''`, `cur=''`.
    Value(Expr),
    /// `TABLE {e} = (x,y) ..`.
    Table {
        /// Table input.
        input: Expr,
        /// Corners.
        points: Vec<(Expr, Expr)>,
    },
}

/// A source waveform as written: its keyword and its arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Waveform {
    /// `pulse sin sine pwl exp sffm am`.
    pub shape: Name,
    /// Positional arguments; for PWL the flattened `t v t v ..`.
    pub args: Vec<Expr>,
    /// PWL from a file.
    pub file: Option<FileRef>,
    /// `COL=` of a PWL file: a number, or `#` for the running bus index.
    pub column: Option<Column>,
    /// `R=`/`repeat` time of a PWL.
    pub repeat: Option<Expr>,
    /// `TD=` of a PWL.
    pub delay: Option<Expr>,
    /// Whole waveform text.
    pub span: Span,
}

/// Which column of a multi-column PWL file.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// A fixed column (0 is the first value column after time).
    Fixed(Expr),
    /// `#`: the running index of the replicated element.
    Running,
}

/// A file named in the deck, with the modifiers of `FILE("x" SCALE= OFFSET= TRANSPOSE)`.
#[derive(Debug, Clone, PartialEq)]
pub struct FileRef {
    /// Path as written.
    pub path: String,
    /// Multiplies every entry.
    pub scale: Option<Box<Expr>>,
    /// Added after scaling.
    pub offset: Option<Box<Expr>>,
    /// Swap rows and columns.
    pub transpose: bool,
    /// Where.
    pub span: Span,
}

/// An `.if` block.
#[derive(Debug, Clone, PartialEq)]
pub struct IfBlock {
    /// Condition and statements of `.if` and each `.elseif`.
    pub branches: Vec<(Expr, Vec<Statement>)>,
    /// Statements of `.else`.
    pub otherwise: Vec<Statement>,
    /// The `.if` line.
    pub span: Span,
}

/// `.op .dc .tran .tf`.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalysisCard {
    /// What.
    pub kind: AnalysisKind,
    /// The card.
    pub span: Span,
}

/// The analysis cards.
#[derive(Debug, Clone, PartialEq)]
pub enum AnalysisKind {
    /// `.op`.
    Op,
    /// `.dc`: sweeps, the first is the inner loop.
    Dc(Vec<SweepSpec>),
    /// `.tran tstep tstop [tstart [tmax]] [uic]` or `.tran tstop`.
    Tran {
        /// Print step; `None` in the one-argument form.
        step: Option<Expr>,
        /// Stop time in s.
        stop: Expr,
        /// First stored time in s.
        start: Option<Expr>,
        /// Largest step in s.
        max_step: Option<Expr>,
        /// Use initial conditions, no operating point.
        uic: bool,
    },
    /// `.tf output source`.
    Tf {
        /// Output signal, `v(out)` or `i(v1)`.
        output: Expr,
        /// Input source.
        input: Name,
    },
}

/// What a sweep changes.
#[derive(Debug, Clone, PartialEq)]
pub enum SweepTarget {
    /// A name still to be resolved: a source, a device, a parameter, `temp`.
    Name(Name),
    /// `param x`.
    Param(Name),
    /// `device:param`, `model:param`, `@device[param]`.
    Field(Name, Name),
    /// `TYPE model(param)`: model type, model, parameter.
    ModelField(Name, Name, Name),
    /// `data=table`.
    Data(Name),
}

/// The values of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub enum SweepValues {
    /// start, stop, increment.
    Linear(Expr, Expr, Expr),
    /// start, stop, points per decade.
    Decade(Expr, Expr, Expr),
    /// start, stop, points per octave.
    Octave(Expr, Expr, Expr),
    /// Explicit values.
    List(Vec<Expr>),
    /// One value per line of a file.
    File(FileRef),
    /// All rows of a `.data` table.
    Data,
}

/// One sweep: target and values.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepSpec {
    /// What changes.
    pub target: SweepTarget,
    /// To which values.
    pub values: SweepValues,
    /// Where.
    pub span: Span,
}

/// `.step`; each card adds an outer loop.
#[derive(Debug, Clone, PartialEq)]
pub struct StepCard {
    /// Sweeps of this card.
    pub sweeps: Vec<SweepSpec>,
    /// The card.
    pub span: Span,
}

/// `.mc N [seed=s] [sampling=mc|lhs]`.
#[derive(Debug, Clone, PartialEq)]
pub struct MonteCarloCard {
    /// Number of runs.
    pub runs: Expr,
    /// Options.
    pub params: Vec<Assign>,
    /// The card.
    pub span: Span,
}

/// `.data` table.
#[derive(Debug, Clone, PartialEq)]
pub struct DataTable {
    /// Table name.
    pub name: Name,
    /// Column names.
    pub columns: Vec<Name>,
    /// Row-major values.
    pub values: Vec<Expr>,
    /// `file=` instead of values.
    pub file: Option<FileRef>,
    /// The card.
    pub span: Span,
}

/// `.save .print .probe .plot`.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputCard {
    /// Which card.
    pub verb: OutputVerb,
    /// The analysis word (`tran`, `dc`, `op`, `tf`); `None` = all.
    pub analysis: Option<Name>,
    /// What to write; each entry is an expression, a wildcard probe (`v(x*.*)`) or the word `all`.
    pub items: Vec<Expr>,
    /// `FILE=`.
    pub file: Option<FileRef>,
    /// `FORMAT=`.
    pub format: Option<Name>,
    /// Further `key=value` (`title=`, `xlabel=`, `log=`, `xlog=`).
    pub params: Vec<Assign>,
    /// The card.
    pub span: Span,
}

/// Which output card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputVerb {
    /// Restrict what is stored.
    Save,
    /// Print a table.
    Print,
    /// HSPICE's save.
    Probe,
    /// Draw a figure.
    Plot,
}

/// `.measure analysis name ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasureCard {
    /// `tran dc op`; `None` when left out.
    pub analysis: Option<Name>,
    /// Result name.
    pub name: Name,
    /// What to measure.
    pub kind: MeasureKind,
    /// `FROM=`.
    pub from: Option<Expr>,
    /// `TO=`.
    pub to: Option<Expr>,
    /// `TD=` of FIND/WHEN.
    pub delay: Option<Expr>,
    /// The card.
    pub span: Span,
}

/// The measure forms.
#[derive(Debug, Clone, PartialEq)]
pub enum MeasureKind {
    /// `TRIG .. TARG ..`.
    TrigTarg(Trigger, Trigger),
    /// `FIND expr WHEN ..`.
    FindWhen(Expr, Crossing),
    /// `FIND expr AT=t`.
    FindAt(Expr, Expr),
    /// `WHEN ..`.
    When(Crossing),
    /// `DERIV expr AT=t`.
    DerivAt(Expr, Expr),
    /// `DERIV expr WHEN ..`.
    DerivWhen(Expr, Crossing),
    /// `AVG RMS MAX MIN PP INTEG MAX_AT MIN_AT`; the word is lower case.
    Statistic(Name, Expr),
    /// `PARAM='..'`, `EQN ..`, bare expression of other measures.
    Param(Expr),
}

/// One end of `TRIG`/`TARG`.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// `AT=t`.
    At(Expr),
    /// A crossing.
    Crossing(Crossing),
}

/// `left = right` with `RISE/FALL/CROSS=n|LAST` and `TD=`.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossing {
    /// Left side, a signal.
    pub left: Expr,
    /// Right side, a constant or a signal.
    pub right: Expr,
    /// Direction.
    pub edge: Edge,
    /// n-th crossing from 1; `None` = the last.
    pub count: Option<Expr>,
    /// Ignore crossings before this time.
    pub delay: Option<Expr>,
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

/// `.xbar name rows cols CELL=sub(roles) key=value ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct XbarCard {
    /// Array definition name.
    pub name: Name,
    /// Rows.
    pub rows: Expr,
    /// Columns.
    pub cols: Expr,
    /// Cell subcircuit.
    pub cell: Option<Name>,
    /// Role of each cell port: `wl bl sl gl 0` or a net name.
    pub roles: Vec<Name>,
    /// All other `key=value` in order; sides are [`ExprKind::Name`], files [`ExprKind::File`].
    pub params: Vec<Assign>,
    /// The card.
    pub span: Span,
}

/// `.xout inst x v i g AT=10n,END FILE="snap.npz" [STATE="s.npy"]`.
#[derive(Debug, Clone, PartialEq)]
pub struct XoutCard {
    /// Array instance.
    pub instance: Name,
    /// Quantities.
    pub quantities: Vec<Name>,
    /// Times; `end` is an [`ExprKind::Name`]. Empty = at the end.
    pub at: Vec<Expr>,
    /// `FILE=`.
    pub file: Option<FileRef>,
    /// `STATE=`: one NPY per state, to feed back as `x0=FILE(..)`.
    pub state: Option<FileRef>,
    /// The card.
    pub span: Span,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A number, suffix applied.
    Number(f64),
    /// A parameter, formal, constant or bare word; lower case.
    Name(String),
    /// Quoted text where a string is meant (`table("file")`); original case.
    Text(String),
    /// `FILE("x.npy" SCALE=..)`.
    File(FileRef),
    /// `-x`, `+x`, `!x`.
    Unary(UnaryOp, Box<Expr>),
    /// `a op b`.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `c ? a : b`.
    Ternary(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `f(a, b)`; lower case name. Probes are not calls.
    Call(Name, Vec<Expr>),
    /// `v(a,b) i(dev) p(dev) w(dev) n(x:y)`: the word and its raw lower-case arguments
    /// (node or device names, `*`/`?` wildcards, bus ranges as `NodeRef`).
    Probe(Name, Vec<NodeRef>),
    /// `@dev[param]`, and `dev:param` in output cards.
    Field(Name, Name),
    /// `min/max/sum/mean( probe with wildcard )` are plain [`ExprKind::Call`]s over a wildcard probe.
    /// The word `all` of `.save all`.
    All,
}

/// Prefix operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// Minus.
    Neg,
    /// Plus.
    Plus,
    /// Logical not.
    Not,
}

/// Infix operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    /// +
    Add,
    /// -
    Sub,
    /// *
    Mul,
    /// /
    Div,
    /// %
    Rem,
    /// ** or ^ (power; the dialect may make ^ an exclusive or of two relations)
    Pow,
    /// ^ as exclusive or
    Xor,
    /// <
    Lt,
    /// <=
    Le,
    /// >
    Gt,
    /// >=
    Ge,
    /// ==
    Eq,
    /// !=
    Ne,
    /// && or &
    And,
    /// || or |
    Or,
}
