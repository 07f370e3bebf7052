//! The user's cell in its two states, and what its ports are tied to.
//!
//! ```text
//! two ports                word line and bit line, whatever their names
//! ports wl bl gl           a gate line along each row opens the path from wl to bl
//! ports wl bl sl           the word line is the gate; the path is from the source line, along the row, to the bit line
//! ports wl bl sl gl        as wl bl gl, sl on ground
//! ```

use std::fmt::Write as _;

use super::argument::Parameter;
use super::array::STILL;
use super::{Arguments, Definitions, StudyError};
use crate::diag::nearest;
use crate::netlist::ast::{Expr, ExprKind, Subckt};

/// The two states of the user's cell.
#[derive(Debug, Clone)]
pub struct Cell<'d> {
    subckt: &'d Subckt,
    parameters: Vec<State<'d>>,
    roles: Vec<Role>,
    gate: Option<Gate>,
}

/// What a port of the cell is tied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The line along the row in the path of the current.
    Row,
    /// The bit line.
    Bit,
    /// The gate line along the row.
    Gate,
    /// Ground.
    Ground,
}

/// Voltages of the gate lines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gate {
    /// Of rows that are read or written, in V.
    pub on: f64,
    /// Of all others, in V.
    pub off: f64,
}

/// One parameter of the cell in both states.
#[derive(Debug, Clone)]
struct State<'d> {
    name: String,
    /// Value in HRS and in LRS, nominal.
    nominal: [f64; 2],
    /// The same as written, where it may be random.
    written: [&'d Expr; 2],
}

impl State<'_> {
    /// One value per cell, that of HRS at share 0 and of LRS at share 1: drawn for each in a Monte Carlo run, where the
    /// text holds a random function.
    fn values(&self, definitions: &Definitions, paths: &[String], shares: &[f64]) -> Result<Vec<f64>, StudyError> {
        let drawn = |k: usize| {
            if definitions.run().is_none() || matches!(self.written[k].kind, ExprKind::Number(_)) {
                return Ok(vec![self.nominal[k]; shares.len()]);
            }
            definitions.numbers(self.written[k], paths).map_err(|error| definitions.circuit(vec![error]))
        };
        let (high, low) = (drawn(0)?, drawn(1)?);
        // exact at both ends
        let between = |(cell, t): (usize, &f64)| (1.0 - t) * high[cell] + t * low[cell];
        Ok(shares.iter().enumerate().map(between).collect())
    }
}

impl<'d> Cell<'d> {
    /// The cell of the arguments, in the states `lrs=(..)` and `hrs=(..)` where the study has them.
    ///
    /// # Errors
    /// A cell whose ports are not known, a gate without a voltage, a parameter it does not have, a value that cannot be evaluated.
    pub fn of(definitions: &'d Definitions, arguments: &'d Arguments) -> Result<Self, StudyError> {
        let name = arguments.cell.as_deref().unwrap_or("");
        let subckt = definitions.cell(name).ok_or_else(|| StudyError::request(format!("there is no cell `{name}`")))?;
        let roles = roles(subckt)?;
        let gate = gate(subckt, &roles, arguments)?;
        let state = |name: &str| if arguments.knows(name) { arguments.parameters(name) } else { &[] };
        let (lrs, hrs) = (state("lrs"), state("hrs"));
        let mut names: Vec<&str> = Vec::new();
        for parameter in lrs.iter().chain(hrs) {
            if !names.contains(&parameter.name.as_str()) {
                names.push(&parameter.name);
            }
        }
        let written = |list: &'d [Parameter], name: &str| {
            let given = list.iter().find(|p| p.name == name).map(|p| &p.value);
            let default = subckt.params.iter().find(|p| p.name.text == name).map(|p| &p.value);
            default.map(|default| given.unwrap_or(default)).ok_or_else(|| unknown(name, subckt))
        };
        let parameters = names
            .into_iter()
            .map(|name| {
                let written = [written(hrs, name)?, written(lrs, name)?];
                let value = |k: usize| definitions.number(written[k]).map_err(|error| definitions.circuit(vec![error]));
                Ok(State { name: name.to_owned(), nominal: [value(0)?, value(1)?], written })
            })
            .collect::<Result<Vec<_>, StudyError>>()?;
        Ok(Self { subckt, parameters, roles, gate })
    }

    /// Name of the subcircuit.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.subckt.name.text
    }

    /// The nominal value of a parameter in one state.
    #[must_use]
    pub fn value(&self, name: &str, lrs: bool) -> Option<f64> {
        self.parameters.iter().find(|state| state.name == name).map(|state| state.nominal[usize::from(lrs)])
    }

    /// Voltages of the gate lines, where the cell has a gate.
    #[must_use]
    pub fn gate(&self) -> Option<Gate> {
        self.gate
    }

    /// The kind of line that each port is tied to, as `.xbar` names them.
    #[must_use]
    pub fn lines(&self) -> String {
        self.tied("wl", "bl", "gl")
    }

    /// The nodes of one cell in the order of its ports.
    #[must_use]
    pub fn tied(&self, row: &str, bit: &str, gate: &str) -> String {
        let node = |role: &Role| match role {
            Role::Row => row,
            Role::Bit => bit,
            Role::Gate => gate,
            Role::Ground => "0",
        };
        self.roles.iter().map(node).collect::<Vec<_>>().join(" ")
    }

    /// The parameters that tell the states apart, each with its values in all cells, which are at a share of the way from
    /// HRS to LRS.
    ///
    /// # Errors
    /// A random function without a value.
    pub fn matrices(
        &self,
        definitions: &Definitions,
        paths: &[String],
        shares: &[f64],
    ) -> Result<Vec<(&str, Vec<f64>)>, StudyError> {
        let values = |state: &'_ State<'d>| state.values(definitions, paths, shares);
        self.parameters.iter().map(|state| Ok((state.name.as_str(), values(state)?))).collect()
    }

    /// ` r=10000.0 x=1.0` of one state.
    #[must_use]
    pub fn set(&self, lrs: bool) -> String {
        self.parameters.iter().fold(String::new(), |mut text, state| {
            let _ = write!(text, " {}={:?}", state.name, state.nominal[usize::from(lrs)]);
            text
        })
    }
}

fn unknown(name: &str, subckt: &Subckt) -> StudyError {
    let names = || subckt.params.iter().map(|p| p.name.text.as_str());
    let hint = match nearest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if subckt.params.is_empty() => "it has none: write them on its .subckt line".to_owned(),
        None => format!("it has {}", names().collect::<Vec<_>>().join(" ")),
    };
    StudyError::request(format!("the cell `{}` has no parameter `{name}`; {hint}", subckt.name.text))
}

/// What each port is tied to, by its name where there are more than two.
fn roles(subckt: &Subckt) -> Result<Vec<Role>, StudyError> {
    let ports: Vec<&str> = subckt.ports.iter().map(|p| p.text.as_str()).collect();
    let known = |name: &&str| matches!(*name, "wl" | "bl" | "sl" | "gl");
    let has = |name: &str| ports.contains(&name);
    let sound = ports.iter().all(known) && has("wl") && has("bl") && (has("sl") || has("gl"));
    let role = |name: &&str| match *name {
        "bl" => Role::Bit,
        "gl" => Role::Gate,
        // without a gate line the word line opens the transistor, and the current runs to the source line
        "wl" if !has("gl") => Role::Gate,
        "sl" if has("gl") => Role::Ground,
        _ => Role::Row,
    };
    match ports.len() {
        2 => Ok(vec![Role::Row, Role::Bit]),
        3 | 4 if sound => Ok(ports.iter().map(role).collect()),
        count => Err(StudyError::request(format!(
            "the cell `{}` has {count} port{}: {}; a study wants two, word line and bit line, or ports named wl, bl and sl \
             (the word line is the gate, the current runs from bl to sl) or wl, bl and gl",
            subckt.name.text,
            if count == 1 { "" } else { "s" },
            ports.join(" ")
        ))),
    }
}

/// The voltages of `vgate` and `voff`, where there is a gate.
fn gate(subckt: &Subckt, roles: &[Role], arguments: &Arguments) -> Result<Option<Gate>, StudyError> {
    let name = &subckt.name.text;
    let port = roles.iter().position(|role| *role == Role::Gate).and_then(|k| subckt.ports.get(k));
    let known = arguments.knows("vgate");
    match (port, if known { arguments.number_if_given("vgate") } else { None }) {
        (None, None) => Ok(None),
        (Some(_), Some(on)) => {
            Ok(Some(Gate { on, off: if arguments.knows("voff") { arguments.number("voff") } else { 0.0 } }))
        }
        (None, Some(_)) => Err(StudyError::request(format!(
            "vgate= is the voltage of a gate, but the cell `{name}` has two ports and no gate"
        ))),
        (Some(_), None) if !known => Err(StudyError::request(format!(
            "the cell `{name}` has a gate; this study takes cells of two ports, word line and bit line"
        ))),
        (Some(port), None) => Err(StudyError::request(format!(
            "the port `{}` of the cell `{name}` is a gate: give the voltage that opens it with vgate=",
            port.text
        ))),
    }
}

/// One cell alone on the source `v1`: word line at `volts`, or, where the word line is a gate, bit line; the gate is open.
#[must_use]
pub fn single_lines(cell: &Cell, volts: f64, lrs: bool) -> String {
    let name = cell.name();
    let (gate, nodes) = match cell.gate {
        Some(gate) => (format!("vg g 0 {:?}\n", gate.on), cell.tied("0", "w", "g")),
        None => (String::new(), cell.tied("w", "0", "0")),
    };
    format!("{STILL}v1 w 0 {volts:?}\n{gate}xc {nodes} {name}{}\n", cell.set(lrs))
}

/// What the lines of one cell do.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// Source value or waveform of the line along the row, from the source `v1`.
    pub row: String,
    /// The same of the bit line, from the source `v2`.
    pub bit: String,
    /// V of the gate line.
    pub gate: f64,
}

/// One cell alone, one of its parameters set: a state to start from.
#[must_use]
pub fn started_lines(cell: &Cell, lines: &Lines, lrs: bool, (name, value): (&str, f64), options: &str) -> String {
    let mut set = String::new();
    for state in cell.parameters.iter().filter(|state| state.name != name) {
        let _ = write!(set, " {}={:?}", state.name, state.nominal[usize::from(lrs)]);
    }
    let Lines { row, bit, gate } = lines;
    let gate = cell.gate.map_or(String::new(), |_| format!("vg g 0 {gate:?}\n"));
    let nodes = cell.tied("w", "b", "g");
    format!("{options}v1 w 0 {row}\nv2 b 0 {bit}\n{gate}xc {nodes} {}{set} {name}={value:?}\n", cell.name())
}
