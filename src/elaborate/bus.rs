//! Bus ranges: `W[0:3]` stands for `w_0 w_1 w_2 w_3`, and a range on an element's name makes one element per index.
//!
//! Ranges on one line have the length of the element's own range or length 1 (broadcast). An instance without a range of
//! its own takes its pins from all indices in order, so `Xa W[0:63] B[0:63] XB` has 128 pins.

use crate::diag::{Diagnostic, Span};
use crate::netlist::ast::{BusRange, Column, Control, Element, ElementKind, Expr, ExprKind, Name, NodeRef, Waveform};

/// Longest bus: an index list beyond this is a typing error, not a circuit.
const LONGEST: usize = 1 << 24;

/// The indices of a range in the order written.
pub fn indices(range: BusRange) -> impl Iterator<Item = usize> {
    let (a, b) = (range.first, range.last);
    (0..length(range)).map(move |k| if a <= b { a + k } else { a - k })
}

/// How many indices a range has.
#[must_use]
pub fn length(range: BusRange) -> usize {
    range.first.abs_diff(range.last).saturating_add(1)
}

/// A node without range: `w_3`.
fn indexed(node: &NodeRef, index: usize) -> NodeRef {
    NodeRef { name: format!("{}_{index}", node.name), range: None, span: node.span }
}

/// All nodes of a list, ranges written out in order.
///
/// # Errors
/// When a range is absurdly long.
pub fn expand_nodes(nodes: &[NodeRef]) -> Result<Vec<NodeRef>, Diagnostic> {
    let mut out = Vec::with_capacity(nodes.len());
    for node in nodes {
        match node.range {
            None => out.push(node.clone()),
            Some(range) => {
                check_length(range, node.span)?;
                out.extend(indices(range).map(|index| indexed(node, index)));
            }
        }
    }
    Ok(out)
}

/// The elements a line stands for: one per index of its own range, otherwise one.
///
/// # Errors
/// When the ranges on the line have different lengths, or a two-terminal element without a range of its own is put on a
/// bus.
pub fn expand_element(element: &Element) -> Result<Vec<Element>, Diagnostic> {
    let Some(range) = element.range else {
        let mut one = element.clone();
        if matches!(element.kind, ElementKind::Instance { .. }) {
            one.nodes = expand_nodes(&element.nodes)?;
            return Ok(vec![one]);
        }
        let mut replica = Replica { index: None, position: 0, count: 1, element };
        replica.element(&mut one)?;
        return Ok(vec![one]);
    };
    check_length(range, element.name.span)?;
    let count = length(range);
    indices(range)
        .enumerate()
        .map(|(position, index)| {
            let mut one = element.clone();
            one.range = None;
            one.name = Name { text: format!("{}_{index}", element.name.text), span: element.name.span };
            Replica { index: Some(index), position, count, element }.element(&mut one)?;
            Ok(one)
        })
        .collect()
}

fn check_length(range: BusRange, span: Span) -> Result<(), Diagnostic> {
    if length(range) <= LONGEST {
        return Ok(());
    }
    Err(Diagnostic::error(
        "E-BUS",
        format!("the bus range [{}:{}] has {} indices", range.first, range.last, length(range)),
    )
    .at(span)
    .label(format!("at most {LONGEST} are accepted"))
    .help("write the first and the last index, as in `w[0:63]`"))
}

/// Replaces every range on a copied line by the one index that belongs to it.
struct Replica<'a> {
    /// Index of the element's own range, when it has one.
    index: Option<usize>,
    position: usize,
    count: usize,
    element: &'a Element,
}

impl Replica<'_> {
    fn element(&mut self, one: &mut Element) -> Result<(), Diagnostic> {
        self.nodes(&mut one.nodes)?;
        match &mut one.kind {
            ElementKind::Passive { value, charge, .. } => {
                for expr in [value, charge].into_iter().flatten() {
                    self.expr(expr)?;
                }
            }
            ElementKind::Coupling { .. } | ElementKind::CurrentSwitch { .. } | ElementKind::Instance { .. } => {}
            ElementKind::Source { dc, ac, wave } => {
                if let Some(expr) = dc {
                    self.expr(expr)?;
                }
                if let Some((magnitude, phase)) = ac {
                    self.expr(magnitude)?;
                    if let Some(phase) = phase {
                        self.expr(phase)?;
                    }
                }
                if let Some(wave) = wave {
                    self.waveform(wave)?;
                }
            }
            ElementKind::Controlled(control) => self.control(control)?,
            ElementKind::Behavioural { value, .. } => self.expr(value)?,
            ElementKind::VoltageSwitch { control, .. } => self.nodes(control)?,
            ElementKind::Modelled { area, .. } => {
                if let Some(area) = area {
                    self.expr(area)?;
                }
            }
        }
        for param in &mut one.params {
            self.expr(&mut param.value)?;
        }
        Ok(())
    }

    fn control(&mut self, control: &mut Control) -> Result<(), Diagnostic> {
        match control {
            Control::LinearVoltage { nodes, gain } => {
                self.nodes(nodes)?;
                gain.as_mut().map_or(Ok(()), |gain| self.expr(gain))
            }
            Control::LinearCurrent { gain, .. } => gain.as_mut().map_or(Ok(()), |gain| self.expr(gain)),
            Control::PolyVoltage { nodes, .. } => self.nodes(nodes),
            Control::PolyCurrent { .. } => Ok(()),
            Control::Value(expr) | Control::Table { input: expr, .. } => self.expr(expr),
        }
    }

    fn waveform(&mut self, wave: &mut Waveform) -> Result<(), Diagnostic> {
        if let (Some(Column::Running), Some(index)) = (&wave.column, self.index) {
            let number = Expr { kind: ExprKind::Number(index as f64), span: wave.span };
            wave.column = Some(Column::Fixed(number));
        }
        wave.args.iter_mut().try_for_each(|arg| self.expr(arg))
    }

    fn nodes(&mut self, nodes: &mut [NodeRef]) -> Result<(), Diagnostic> {
        for node in nodes.iter_mut() {
            let Some(range) = node.range else { continue };
            let index = match length(range) {
                1 => range.first,
                n if n == self.count && self.index.is_some() => {
                    if range.first <= range.last {
                        range.first + self.position
                    } else {
                        range.first - self.position
                    }
                }
                n => return Err(self.mismatch(node, n)),
            };
            *node = indexed(node, index);
        }
        Ok(())
    }

    /// Probes inside expressions follow the same rule: `B[0:3] o[0:3] 0 V=v(w[0:3])`.
    fn expr(&mut self, expr: &mut Expr) -> Result<(), Diagnostic> {
        match &mut expr.kind {
            ExprKind::Probe(_, nodes) => self.nodes(nodes),
            ExprKind::Unary(_, a) => self.expr(a),
            ExprKind::Binary(_, a, b) => {
                self.expr(a)?;
                self.expr(b)
            }
            ExprKind::Ternary(c, a, b) => {
                self.expr(c)?;
                self.expr(a)?;
                self.expr(b)
            }
            ExprKind::Call(_, args) => args.iter_mut().try_for_each(|arg| self.expr(arg)),
            _ => Ok(()),
        }
    }

    fn mismatch(&self, node: &NodeRef, n: usize) -> Diagnostic {
        let name = &self.element.name;
        let (a, b) = node.range.map_or((0, 0), |r| (r.first, r.last));
        match self.element.range {
            Some(own) => Diagnostic::error(
                "E-BUS",
                format!(
                    "`{}[{}:{}]` makes {} elements, but `{}[{a}:{b}]` has {n} nodes",
                    name.text, own.first, own.last, self.count, node.name
                ),
            )
            .at(node.span)
            .label(format!("{n} nodes"))
            .help("ranges on one line must have the same length, or length 1 to be shared by all"),
            None => Diagnostic::error(
                "E-BUS",
                format!("`{}` is a single element, but `{}[{a}:{b}]` has {n} nodes", name.text, node.name),
            )
            .at(node.span)
            .label(format!("{n} nodes"))
            .help(format!("give the element a range too: `{}[{a}:{b}]` makes one element per node", name.text)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::diag::SourceId;

    const SPAN: Span = Span { source: SourceId(0), start: 0, end: 1 };

    fn node(name: &str, range: Option<(usize, usize)>) -> NodeRef {
        NodeRef { name: name.into(), range: range.map(|(first, last)| BusRange { first, last }), span: SPAN }
    }

    fn element(name: &str, range: Option<(usize, usize)>, nodes: Vec<NodeRef>, kind: ElementKind) -> Element {
        Element {
            letter: name.chars().next().unwrap(),
            name: Name { text: name.into(), span: SPAN },
            range: range.map(|(first, last)| BusRange { first, last }),
            nodes,
            kind,
            params: Vec::new(),
            span: SPAN,
        }
    }

    fn source() -> ElementKind {
        let wave = Waveform {
            shape: Name { text: "pwl".into(), span: SPAN },
            args: Vec::new(),
            file: None,
            column: Some(Column::Running),
            repeat: None,
            delay: None,
            span: SPAN,
        };
        ElementKind::Source { dc: None, ac: None, wave: Some(wave) }
    }

    #[test]
    fn replicates_with_descending_and_shared_nodes() {
        let line = element("vw", Some((5, 3)), vec![node("w", Some((0, 2))), node("0", None)], source());
        let all = expand_element(&line).unwrap();
        let names: Vec<_> =
            all.iter().map(|e| (e.name.text.as_str(), e.nodes[0].name.as_str(), e.nodes[1].name.as_str())).collect();
        assert_eq!(names, [("vw_5", "w_0", "0"), ("vw_4", "w_1", "0"), ("vw_3", "w_2", "0")]);
        let ElementKind::Source { wave: Some(wave), .. } = &all[1].kind else { panic!("source") };
        let Some(Column::Fixed(column)) = &wave.column else { panic!("column") };
        assert_eq!(column.kind, ExprKind::Number(4.0), "the running column is the element's own index");
    }

    #[test]
    fn instance_pins_follow_each_other() {
        let kind = ElementKind::Instance { definition: None };
        let line = element("xa", None, vec![node("w", Some((0, 1))), node("b", Some((2, 0)))], kind);
        let all = expand_element(&line).unwrap();
        let pins: Vec<_> = all[0].nodes.iter().map(|n| n.name.as_str()).collect();
        assert_eq!(pins, ["w_0", "w_1", "b_2", "b_1", "b_0"]);
    }

    #[test]
    fn probes_in_expressions_follow() {
        let word = Name { text: "v".into(), span: SPAN };
        let value = Expr { kind: ExprKind::Probe(word, vec![node("w", Some((0, 3)))]), span: SPAN };
        let kind = ElementKind::Behavioural { quantity: crate::netlist::ast::Behaviour::Voltage, value };
        let all =
            expand_element(&element("b", Some((0, 3)), vec![node("o", Some((0, 3))), node("0", None)], kind)).unwrap();
        let ElementKind::Behavioural { value, .. } = &all[2].kind else { panic!("behavioural") };
        let ExprKind::Probe(_, nodes) = &value.kind else { panic!("probe") };
        assert_eq!(nodes[0].name, "w_2");
    }

    #[test]
    fn lengths_must_match() {
        let line = element("vw", Some((0, 3)), vec![node("w", Some((0, 2))), node("0", None)], source());
        let error = expand_element(&line).unwrap_err();
        assert_eq!(error.code, "E-BUS");
        assert!(error.message.contains("makes 4 elements") && error.message.contains("has 3 nodes"), "{error}");
        let single = element("r1", None, vec![node("w", Some((0, 2))), node("0", None)], source());
        assert!(expand_element(&single).unwrap_err().message.contains("single element"));
        let huge = element("r1", Some((0, usize::MAX)), vec![node("w", None), node("0", None)], source());
        assert!(expand_element(&huge).unwrap_err().message.contains("indices"));
    }
}
