//! The deck as data: what the user wrote, with a span on everything and no meaning attached yet.
//!
//! Names are stored lower case (SPICE is case-insensitive); file names keep their case.
//! The parser never fails: it returns the statements it understood and a diagnostic for each it did not.

use crate::diag::{SourceMap, Span};

mod card;
mod visit;

pub use card::{
    AnalysisCard, AnalysisKind, Crossing, DataTable, Edge, MeasureCard, MeasureKind, MonteCarloCard, OutputCard,
    OutputVerb, StepCard, StudyCard, StudyItem, StudyOption, StudyValue, SweepSpec, SweepTarget, SweepValues, Trigger,
    XbarCard, XoutCard,
};

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
    /// The dialect rules that were chosen and why.
    pub dialect: Dialect,
    /// Why that dialect: one sentence for the log.
    pub dialect_reason: String,
    /// Did the user choose it, on the command line or by `.options dialect=`?
    pub dialect_is_given: bool,
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
    /// The card of a study, `.margin cell ..`.
    Study(StudyCard),
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

impl BusRange {
    /// Largest index: one million lines is far beyond any array and keeps a typing error from filling the memory.
    pub const LARGEST: usize = 1_000_000;
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
