//! Defects of an array: listed in a file, drawn by rate.

use super::super::assembly::Assembly;
use super::super::faults::{Faults, Stand};
use super::super::percell::help_for_missing;
use super::super::random;
use super::super::sweep;
use super::settings::Settings;
use super::spec::Spec;
use crate::circuit::array::Line;
use crate::diag::Diagnostic;
use crate::netlist::ast::ExprKind;
use crate::units::format_si;

impl<'d> Assembly<'d> {
    /// Reads and draws the defects of `spec`.
    pub(super) fn array_faults(&mut self, settings: &mut Settings<'_, 'd>, spec: &mut Spec<'d>) {
        let default = Stand::default();
        let mut stand_in = |key: &str, ohm: f64| {
            let help = format!("it is a resistance in ohm; {} without the key", format_si(ohm, "ohm"));
            settings.positive(self, key, ohm, &help)
        };
        let stand = Stand {
            sa0: stand_in("rsa0", default.sa0),
            sa1: stand_in("rsa1", default.sa1),
            short: stand_in("rshort", default.short),
        };
        let (p0, p1) = (settings.magnitude(self, "sa0", 0.0), settings.magnitude(self, "sa1", 0.0));
        if p0 + p1 > 1.0 {
            let message = format!("the fault rates SA0 = {p0} and SA1 = {p1} add up to more than 1");
            let error =
                settings.scope.error("E-RANGE", message, settings.span_of(if p1 > 0.0 { "sa1" } else { "sa0" }));
            self.error(error.help("they are the shares of all cells that are stuck: SA0=0.01 is one in a hundred"));
            return;
        }
        let mut faults = self.listed_faults(settings, spec, stand).unwrap_or_default();
        let span = settings.span_of("sa0");
        faults.draw(spec.rows * spec.cols, p0, p1, stand, |cell| {
            random::uniform(&settings.scope, &spec.cell_path(cell), span)
        });
        for line in &mut spec.lines {
            match line.line {
                Line::Word => line.breaks = faults.word_breaks.iter().copied().collect(),
                Line::Bit => line.breaks = faults.bit_breaks.iter().copied().collect(),
                Line::Source | Line::Gate => {}
            }
        }
        self.check_breaks(settings, spec);
        spec.faults = faults.cells.into_iter().collect();
    }

    /// A break at a side that is not brought out breaks nothing.
    fn check_breaks(&mut self, settings: &Settings<'_, 'd>, spec: &Spec<'d>) {
        for line in &spec.lines {
            let along = spec.shape(line.direction).1;
            let absent = |segment: usize| (segment == 0 && !line.head) || (segment == along && !line.tail);
            if let Some((number, segment)) = line.breaks.iter().find(|(_, s)| absent(*s)) {
                let message = format!(
                    "the {}open at line {}, segment {} breaks nothing: that end is not brought out",
                    line.line.name(),
                    number + spec.base,
                    segment + spec.base
                );
                let warning = Diagnostic::warning("W-FAULT", message).at(settings.span_of("faults"));
                self.context.note(
                    warning.help(format!("set {}SIDE=both if the line has two ends", line.line.name().to_uppercase())),
                );
            }
        }
    }

    fn listed_faults(&mut self, settings: &Settings<'_, 'd>, spec: &Spec<'d>, stand: Stand) -> Option<Faults> {
        let bound = settings.find("faults")?;
        let value = &bound.assign.value;
        let ExprKind::File(file) = &value.kind else {
            let error = bound.scope.error("E-FAULTS", "FAULTS needs a file", value.span);
            self.error(error.help("write FAULTS=FILE(\"faults.csv\") with lines row,col,type[,value]"));
            return None;
        };
        let path = sweep::locate(bound.scope, &file.path, file.span);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(reason) => {
                let message = format!("cannot read `{}`: {reason}", path.display());
                self.error(bound.scope.error("E-FILE", message, file.span).help(help_for_missing(&path)));
                return None;
            }
        };
        match Faults::parse(&text, spec.rows, spec.cols, spec.base, stand) {
            Ok(faults) => Some(faults),
            Err(errors) => {
                for error in errors {
                    let message = format!("`{}`, {error}", path.display());
                    self.error(bound.scope.error("E-FAULTS", message, file.span).help(
                        "a line is row,col,type[,ohm]: `2,3,sa0`, `0,1,stuck,5k`; `wlopen` and `blopen` break the \
                         segment before a cell",
                    ));
                }
                None
            }
        }
    }
}
