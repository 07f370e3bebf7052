//! Arguments that several studies share, so that a word means the same everywhere.

use super::argument::{Argument, Fallback, Kind};
use super::{Fallback::Absent, Fallback::Is, Fallback::Required, scheme};

/// Largest number of lines of a reduced array.
pub const MOST_LINES: usize = 1_000_000;

const POSITIVE: Kind = Kind::Number { low: 1e-30, high: f64::INFINITY };
const NOT_NEGATIVE: Kind = Kind::Number { low: 0.0, high: f64::INFINITY };

const fn argument(
    name: &'static str,
    kind: Kind,
    unit: &'static str,
    fallback: Fallback,
    text: &'static str,
) -> Argument {
    Argument { name, kind, unit, fallback, text }
}

/// Parameters of the cell in LRS.
pub const LRS: Argument =
    argument("lrs", Kind::Parameters, "", Required, "Cell parameters of the low-resistance state.");
/// Parameters of the cell in HRS.
pub const HRS: Argument =
    argument("hrs", Kind::Parameters, "", Required, "Cell parameters of the high-resistance state.");
/// Bias schemes, several.
pub const SCHEMES: Argument =
    argument("scheme", Kind::Choices(scheme::NAMES), "", Is("obpu"), "Bias schemes of the lines.");
/// One bias scheme.
pub const SCHEME: Argument = argument("scheme", Kind::Choice(scheme::NAMES), "", Is("v2"), "Bias scheme of the lines.");
/// The user's own scheme.
pub const CUSTOM: Argument = argument(
    "custom",
    Kind::Parameters,
    "",
    Absent,
    "Table of scheme=custom: (wl=1 bl=0 uwl=0.5 ubl=0.5), fractions of V, float or pullup.",
);
/// Read voltage.
pub const VREAD: Argument = argument("vread", POSITIVE, "V", Is("1"), "V of the scheme while a cell is read.");
/// Pull-up or load resistance.
pub const RPU: Argument = argument(
    "rpu",
    POSITIVE,
    "Ohm",
    Absent,
    "Pull-up and sense resistance; left out, the LRS resistance of the cell at the read voltage.",
);
/// Voltage of the gates of selected rows.
pub const VGATE: Argument = argument(
    "vgate",
    Kind::Number { low: -1e6, high: 1e6 },
    "V",
    Absent,
    "Gate lines of selected rows, for cells with a transistor (ports wl bl sl or wl bl gl).",
);
/// Voltage of the other gates.
pub const VOFF: Argument =
    argument("voff", Kind::Number { low: -1e6, high: 1e6 }, "V", Is("0"), "Gate lines of all other rows.");
/// Array sizes.
pub const SIZES: Argument = argument(
    "sizes",
    Kind::Counts { low: 2, high: MOST_LINES },
    "",
    Is("2,4,8,16,32,64,128,256,512,1024"),
    "Word lines of the arrays; as many bit lines unless cols= is given.",
);
/// Word lines of one array.
pub const ROWS: Argument =
    argument("rows", Kind::Count { low: 2, high: 8192 }, "", Is("16"), "Word lines of the array.");
/// Bit lines.
pub const COLS: Argument = argument(
    "cols",
    Kind::Count { low: 2, high: MOST_LINES },
    "",
    Absent,
    "Bit lines; left out, as many as word lines.",
);
/// Data pattern.
pub const PATTERN: Argument = argument(
    "pattern",
    Kind::Text,
    "",
    Is("worst"),
    "States of the other cells: worst, all-lrs, all-hrs, checker, random[:seed[:share of LRS]] or file:NAME.",
);
/// Sense quantity.
pub const SENSE: Argument = argument(
    "sense",
    Kind::Choice(&["auto", "voltage", "current"]),
    "",
    Is("auto"),
    "What the selected bit line is read by; auto: its voltage where it is pulled up, else its current.",
);
/// Resistance of both kinds of lines.
pub const RWIRE: Argument =
    argument("rwire", NOT_NEGATIVE, "Ohm", Is("0"), "Wire resistance per segment, word and bit lines.");
/// Resistance of the word lines.
pub const RWL: Argument = argument("rwl", NOT_NEGATIVE, "Ohm", Absent, "The same of word lines only.");
/// Resistance of the bit lines.
pub const RBL: Argument = argument("rbl", NOT_NEGATIVE, "Ohm", Absent, "The same of bit lines only.");
/// Capacitance of both kinds of lines.
pub const CWIRE: Argument =
    argument("cwire", NOT_NEGATIVE, "F", Is("0"), "Wire capacitance per segment, word and bit lines.");
/// Output resistance of the drivers.
pub const RDRIVER: Argument =
    argument("rdriver", NOT_NEGATIVE, "Ohm", Is("0"), "Output resistance of every line driver.");
/// Row of the selected cell.
pub const ROW: Argument = argument(
    "row",
    Kind::Count { low: 0, high: MOST_LINES },
    "",
    Absent,
    "Row of the selected cell from 0; left out, the row farthest from the sense end.",
);
/// Column of the selected cell.
pub const COL: Argument = argument(
    "col",
    Kind::Count { low: 0, high: MOST_LINES },
    "",
    Absent,
    "Column of the selected cell from 0; left out, the column farthest from the drivers.",
);
/// How arrays without wires are solved.
pub const METHOD: Argument = argument(
    "method",
    Kind::Choice(&["auto", "symmetry", "full"]),
    "",
    Is("auto"),
    "Solve by symmetry (like lines are one node, exact without wires) or every cell; auto: by symmetry where it holds.",
);

/// Both states of the cell.
pub const STATES: &[Argument] = &[LRS, HRS];
/// What a read meets and how it is sensed.
pub const READ: &[Argument] = &[PATTERN, SENSE, VREAD, RPU];
/// Wires, drivers, the selected cell and its gates.
pub const LINES: &[Argument] = &[RWIRE, RWL, RBL, RDRIVER, ROW, COL, VGATE, VOFF];

/// Tables of arguments, one behind the other.
macro_rules! table {
    ($($part:expr),+ $(,)?) => {{
        const PARTS: &[&[$crate::study::Argument]] = &[$($part),+];
        const ALL: [$crate::study::Argument; $crate::study::words::count(PARTS)] = $crate::study::words::joined(PARTS);
        &ALL
    }};
}
pub(crate) use table;

/// Number of arguments in several tables.
pub(crate) const fn count(parts: &[&[Argument]]) -> usize {
    let (mut all, mut k) = (0, 0);
    while k < parts.len() {
        all += parts[k].len();
        k += 1;
    }
    all
}

/// The arguments of several tables, as many as [`count`] says.
pub(crate) const fn joined<const N: usize>(parts: &[&[Argument]]) -> [Argument; N] {
    let mut all = [LRS; N];
    let (mut at, mut part) = (0, 0);
    while part < parts.len() {
        let mut k = 0;
        while k < parts[part].len() {
            all[at] = parts[part][k];
            (at, k) = (at + 1, k + 1);
        }
        part += 1;
    }
    all
}
