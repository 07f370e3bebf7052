//! The lines of an array: where they run, which ends are brought out, and the resistance of their segments: one number,
//! or a file with one per line or one per segment.

use std::rc::Rc;
use std::sync::Arc;

use super::super::assembly::Assembly;
use super::super::percell::Matrix;
use super::super::scope::Scope;
use super::super::sweep;
use super::settings::Settings;
use super::spec::LineSpec;
use crate::circuit::array::{Direction, Line};
use crate::diag::Diagnostic;
use crate::netlist::ast::{ExprKind, FileRef};

impl<'d> Assembly<'d> {
    /// Reads what an array says about one kind of its lines; `shape` is its rows and columns.
    pub(super) fn array_line(&mut self, settings: &mut Settings<'_, 'd>, line: Line, shape: [usize; 2]) -> LineSpec {
        let name = line.name();
        let direction = match line {
            Line::Word => Direction::Row,
            Line::Bit => Direction::Column,
            Line::Source | Line::Gate => {
                let default = usize::from(line == Line::Source);
                [Direction::Row, Direction::Column]
                    [settings.word(self, &format!("{name}dir"), &["row", "col"], default)]
            }
        };
        let side = format!("{name}side");
        let (head, tail) =
            match direction {
                Direction::Row => [(true, false), (false, true), (true, true)]
                    [settings.word(self, &side, &["left", "right", "both"], 0)],
                Direction::Column => [(true, false), (false, true), (true, true)]
                    [settings.word(self, &side, &["top", "bottom", "both"], 1)],
            };
        let key = format!("r{name}");
        let segments = self.listed_segments(settings, &key, direction, shape);
        let resistance = match &segments {
            Some(segments) => segments.first().copied().unwrap_or(0.0),
            None => settings.resistance(self, &key),
        };
        LineSpec {
            line,
            direction,
            resistance,
            segments,
            terminal: settings.resistance(self, &format!("r{name}t")),
            capacitance: settings.magnitude(self, &format!("c{name}"), 0.0),
            head,
            tail,
            breaks: Vec::new(),
        }
    }

    /// Resistances from a file, line after line, cells per line + 1 each; `None` when the key has no file, none of them
    /// after a mistake, which is kept.
    fn listed_segments(
        &mut self,
        settings: &Settings<'_, 'd>,
        key: &str,
        direction: Direction,
        shape: [usize; 2],
    ) -> Option<Rc<[f64]>> {
        let bound = settings.find(key).filter(|_| settings.stepped.iter().all(|(name, _)| name != key))?;
        let ExprKind::File(file) = &bound.assign.value.kind else { return None };
        Some(self.segments_of(bound.scope, file, direction, shape).unwrap_or_default())
    }

    fn segments_of(
        &mut self,
        scope: &Scope<'d>,
        file: &FileRef,
        direction: Direction,
        shape: [usize; 2],
    ) -> Option<Rc<[f64]>> {
        let path = sweep::locate(scope, &file.path, file.span);
        let scale = self.accept(file.scale.as_ref().map_or(Ok(1.0), |e| scope.number(e)))?;
        let offset = self.accept(file.offset.as_ref().map_or(Ok(0.0), |e| scope.number(e)))?;
        let listed = self.context.matrix(&path).and_then(|matrix| {
            let matrix = if file.transpose { Arc::new(matrix.transposed()) } else { matrix };
            matrix.fit(&path, matrix.rows, matrix.cols, scale, offset)
        });
        let listed = listed.map_err(|e| scope.error("E-FILE", e.to_string(), file.span).help(e.help()));
        let matrix = self.accept(listed)?;
        let refused = |message: String| scope.error("E-FILE", format!("`{}` {message}", path.display()), file.span);
        self.accept(arrange(&matrix, direction, shape, &refused))
    }
}

/// The values of a file as segments, line after line.
fn arrange(
    matrix: &Matrix,
    direction: Direction,
    [rows, cols]: [usize; 2],
    refused: &dyn Fn(String) -> Diagnostic,
) -> Result<Rc<[f64]>, Diagnostic> {
    let (lines, along) = match direction {
        Direction::Row => (rows, cols),
        Direction::Column => (cols, rows),
    };
    let found = (matrix.rows, matrix.cols);
    let each = match direction {
        Direction::Row => (rows, cols + 1),
        Direction::Column => (rows + 1, cols),
    };
    if let Some(k) = matrix.values.iter().position(|ohm| *ohm < 0.0 || *ohm > 0.0 && !ohm.recip().is_finite()) {
        let (row, col) = (k / matrix.cols, k % matrix.cols);
        let message = format!("has {:e} ohm at row {row}, column {col} (counted from 0)", matrix.values[k]);
        return Err(refused(message).help("resistances of wires are above zero, or 0 to make one node of two"));
    }
    let value = |line: usize, segment: usize| match direction {
        _ if found != each => matrix.values[line],
        Direction::Row => matrix.values[line * each.1 + segment],
        Direction::Column => matrix.values[segment * each.1 + line],
    };
    if found != each && found != (1, lines) && found != (lines, 1) {
        let message = format!(
            "holds {} x {} values, but {lines} lines of {along} cells have {} x {} segments",
            found.0, found.1, each.0, each.1
        );
        let help = format!(
            "write one resistance per line ({lines} values in one row or column), or one per segment as they lie in the \
             array: {} rows of {} values, those to the pins included",
            each.0, each.1
        );
        return Err(refused(message).help(help));
    }
    Ok((0..lines).flat_map(|line| (0..=along).map(move |segment| (line, segment))).map(|(l, s)| value(l, s)).collect())
}
