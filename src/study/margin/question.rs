//! The margin of one array: its pairs of reads, and what becomes of them.

use super::super::array::Layout;
use super::super::memory::fits;
use super::super::pattern::{Choice, Pattern};
use super::super::read::{Ask, Reader, Reading};
use super::super::scheme::Scheme;
use super::super::{Arguments, Context, StudyError};
use super::worst::{self, Effort, Worst};
use crate::result::report::Trust;

/// One array to read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point<'a> {
    /// Bias.
    pub scheme: &'a Scheme,
    /// Word lines and bit lines.
    pub size: (usize, usize),
}

/// The margin of one array.
#[derive(Debug, Clone, PartialEq)]
pub struct Margins {
    /// The margin, worst over the patterns that were tried.
    pub margin: f64,
    /// Both reads of the worst pattern.
    pub lrs: Reading,
    /// See `lrs`.
    pub hrs: Reading,
    /// The worst pattern.
    pub pattern: String,
    /// Its cells, row-major, where a search has found it; true = LRS.
    pub cells: Option<Vec<bool>>,
    /// The margin when the two reads may meet different data, each its worst; only of a search.
    pub independent: Option<f64>,
    /// How far the search for the worst pattern went, where there was one.
    pub effort: Option<Effort>,
    /// Solved by symmetry.
    pub reduced: bool,
    /// Solves.
    pub trust: Trust,
}

/// Everything about the margins but scheme and size.
pub struct Question<'d> {
    /// Cell, voltages, wires.
    pub reader: Reader<'d>,
    choice: Choice,
    sense: String,
    method: String,
    selected: (Option<usize>, Option<usize>),
    cols: Option<usize>,
}

/// One array, all but its data.
pub(super) struct Array<'a, 'd> {
    pub context: &'a Context<'d>,
    pub reader: &'a Reader<'d>,
    pub ask: Ask<'a>,
    pub layout: Layout,
    /// Lines that carry the same data are alike, and may be solved so.
    pub symmetric: bool,
    pub judge: Judge,
}

/// Both reads against the same data.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pair {
    pub lrs: Reading,
    pub hrs: Reading,
    pub reduced: bool,
}

impl<'d> Question<'d> {
    /// From the arguments.
    ///
    /// # Errors
    /// A cell or a pattern that cannot be used.
    pub fn of(context: &Context<'d>, arguments: &'d Arguments) -> Result<Self, StudyError> {
        let choice = Choice::of(context, arguments)?;
        let reader = Reader::of(context, arguments)?;
        if arguments.word("method") == "symmetry" && !reader.is_symmetric(context) {
            return Err(StudyError::request(
                "wire resistance and random cells break the symmetry of the lines: use method=full",
            ));
        }
        Ok(Self {
            reader,
            choice,
            sense: arguments.word("sense").to_owned(),
            method: arguments.word("method").to_owned(),
            selected: (arguments.count_if_given("row"), arguments.count_if_given("col")),
            cols: arguments.count_if_given("cols"),
        })
    }

    /// Is the pattern to be found?
    #[must_use]
    pub fn searches(&self) -> bool {
        self.choice == Choice::Worst
    }

    /// Word lines and bit lines of a size.
    #[must_use]
    pub fn shape(&self, size: usize) -> (usize, usize) {
        (size, self.cols.unwrap_or(size))
    }

    /// Is the bit line's voltage sensed, not its current?
    #[must_use]
    pub fn senses_voltage(&self, scheme: &Scheme) -> bool {
        match self.sense.as_str() {
            "voltage" => true,
            "current" => false,
            _ => scheme.senses_voltage(),
        }
    }

    fn array<'a>(&'a self, context: &'a Context<'d>, point: &Point<'a>) -> Result<Array<'a, 'd>, StudyError> {
        let Point { scheme, size: (rows, cols) } = *point;
        let loaded = self.senses_voltage(scheme);
        Ok(Array {
            context,
            reader: &self.reader,
            ask: Ask { scheme, loaded, nudge: 0.0 },
            layout: Layout::select(rows, cols, self.selected, self.reader.wires)?,
            symmetric: self.reader.is_symmetric(context) && self.method != "full",
            judge: Judge { loaded, volts: self.reader.volts * scheme.across(), sign: scheme.sign() },
        })
    }

    /// Bytes that a cell of an array takes; none where lines are classes.
    #[must_use]
    pub fn bytes(&self, context: &Context) -> f64 {
        if self.reader.is_symmetric(context) && self.method != "full" { 0.0 } else { self.reader.alone.bytes }
    }

    /// The margin of one array.
    ///
    /// # Errors
    /// A selected cell outside, an array beyond memory, non-convergence.
    pub fn ask(&self, context: &Context<'d>, point: &Point) -> Result<Margins, StudyError> {
        let array = self.array(context, point)?;
        let mut trust = Trust::default();
        let worst = match &self.choice {
            Choice::One(pattern) => {
                let pair = array.read(pattern, &mut Vec::new(), &mut trust)?;
                return Ok(array.margins(pair, pattern, trust));
            }
            Choice::Worst if context.definitions.run().is_some() => return self.of_nominal(context, point, &array),
            Choice::Worst => worst::search(&array, &mut trust)?,
        };
        let Worst { pair, pattern, least, most, effort } = worst;
        let independent = Some(array.judge.margin(&least, &most));
        Ok(Margins { independent, effort: Some(effort), ..array.margins(pair, &pattern, trust) })
    }

    /// Monte Carlo runs meet the data that is worst for the nominal array.
    fn of_nominal(&self, context: &Context<'d>, point: &Point, array: &Array) -> Result<Margins, StudyError> {
        let Layout { rows, cols, selected, .. } = array.layout;
        let key = format!("worst {point:?} {selected:?} {:?} {}", self.reader.wires, self.sense);
        let data = context.definitions.of_nominal(&key, |nominal| {
            let context = Context { definitions: nominal, watch: context.watch };
            let symmetric = array.reader.wires.is_ideal() && self.method != "full";
            let still = Array { context: &context, symmetric, ..*array };
            let found = worst::search(&still, &mut Trust::default())?;
            let cells = found.pattern.states(rows, cols, selected)?;
            Ok(cells.into_iter().map(|lrs| f64::from(u8::from(lrs))).collect())
        })?;
        let pattern = Pattern::Cells { rows, cols, cells: data.iter().map(|lrs| *lrs != 0.0).collect() };
        let mut trust = Trust::default();
        let pair = array.read(&pattern, &mut Vec::new(), &mut trust)?;
        Ok(array.margins(pair, &pattern, trust))
    }
}

impl Array<'_, '_> {
    /// Both reads against a pattern; `near` as for [`Reader::in_full`].
    pub fn read(&self, pattern: &Pattern, near: &mut Vec<f64>, trust: &mut Trust) -> Result<Pair, StudyError> {
        self.context.check()?;
        let Layout { rows, cols, .. } = self.layout;
        let classes = if self.symmetric { pattern.classes(rows, cols) } else { None };
        let mut one = |lrs: bool| {
            let reading = match &classes {
                Some(classes) => self.reader.by_symmetry(self.context, &self.ask, classes, lrs)?.0,
                None => {
                    // before the states of all cells, which may be too many by themselves
                    fits(rows, cols, self.reader.alone.bytes)?;
                    let states = self.layout.states(pattern, lrs)?;
                    self.reader.in_full(self.context, &self.ask, &self.layout, &states, near)?
                }
            };
            trust.add(&reading.stats);
            Ok::<_, StudyError>(reading)
        };
        Ok(Pair { lrs: one(true)?, hrs: one(false)?, reduced: classes.is_some() })
    }

    fn margins(&self, pair: Pair, pattern: &Pattern, trust: Trust) -> Margins {
        let Layout { rows, cols, selected, .. } = self.layout;
        let found = matches!(pattern, Pattern::Cells { .. } | Pattern::Classes(_));
        let small = rows.saturating_mul(cols) <= super::MOST_SHOWN;
        let cells = if found && small { pattern.states(rows, cols, selected).ok() } else { None };
        let margin = self.judge.margin(&pair.lrs, &pair.hrs);
        let Pair { lrs, hrs, reduced } = pair;
        let pattern = pattern.describe(selected);
        Margins { margin, lrs, hrs, pattern, cells, independent: None, effort: None, reduced, trust }
    }
}

/// How a pair of readings becomes a margin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Judge {
    pub loaded: bool,
    pub volts: f64,
    pub sign: f64,
}

impl Judge {
    /// What tells the states apart: larger for LRS.
    pub fn signal(&self, reading: &Reading) -> f64 {
        // current from the word line lifts the loaded bit line, current into it lowers a pulled-up one
        if self.loaded { self.sign * reading.voltage } else { reading.current }
    }

    pub fn margin(&self, lrs: &Reading, hrs: &Reading) -> f64 {
        let difference = self.signal(lrs) - self.signal(hrs);
        if self.loaded { difference / self.volts } else { difference / lrs.current }
    }
}
