//! The dot cards that ask for something: analyses, loops, outputs, measures, arrays, studies.

use crate::diag::Span;

use super::{Assign, Expr, FileRef, Name};

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

/// `.mc N [seed=s] [sampling=mc|lhs|sobol]`.
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
    /// All other `key=value` in order; sides are [`ExprKind::Name`](super::ExprKind::Name), files
    /// [`ExprKind::File`](super::ExprKind::File).
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
    /// Times; `end` is an [`ExprKind::Name`](super::ExprKind::Name). Empty = at the end.
    pub at: Vec<Expr>,
    /// `FILE=`.
    pub file: Option<FileRef>,
    /// `STATE=`: one NPY per state, to feed back as `x0=FILE(..)`.
    pub state: Option<FileRef>,
    /// The card.
    pub span: Span,
}

/// `.margin cell key=value ..`: the card of a study, as written.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyCard {
    /// The study.
    pub word: Name,
    /// Words without a value: the cell.
    pub names: Vec<Name>,
    /// All `key=value` in order.
    pub options: Vec<StudyOption>,
    /// The card.
    pub span: Span,
}

/// `key=value` of a study card.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyOption {
    /// Key.
    pub name: Name,
    /// Value.
    pub value: StudyValue,
}

/// The value of an option of a study card.
#[derive(Debug, Clone, PartialEq)]
pub enum StudyValue {
    /// `10k`, `4,5,8`, `obpu,abpu`.
    Items(Vec<StudyItem>),
    /// `(r=10k x0=1)`.
    Parameters(Vec<Assign>),
}

/// One item of a value.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyItem {
    /// As written, without quotes; original case.
    pub text: String,
    /// The expression that the text is, when it is one.
    pub value: Option<Expr>,
    /// Where.
    pub span: Span,
}
