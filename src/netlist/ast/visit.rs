//! Walks over what an element line or an expression holds.

use super::{Column, Control, Element, ElementKind, Expr, ExprKind, Waveform};

impl Expr {
    /// Visits the expression and everything in it; sums may be as long as the user likes, so nothing recurs.
    pub fn each(&self, see: &mut dyn FnMut(&Expr)) {
        let mut open = vec![self];
        while let Some(expression) = open.pop() {
            see(expression);
            match &expression.kind {
                ExprKind::Unary(_, a) => open.push(a),
                ExprKind::Binary(_, a, b) => open.extend([&**b, &**a]),
                ExprKind::Ternary(c, a, b) => open.extend([&**b, &**a, &**c]),
                ExprKind::Call(_, arguments) => open.extend(arguments.iter().rev()),
                _ => {}
            }
        }
    }
}

impl Element {
    /// All expressions on the line.
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expr> {
        let mut found: Vec<&Expr> = Vec::new();
        match &self.kind {
            ElementKind::Passive { value, charge, .. } => found.extend(value.iter().chain(charge)),
            ElementKind::Coupling { coefficient, .. } => found.extend(coefficient),
            ElementKind::Source { dc, ac, wave } => {
                found.extend(dc);
                if let Some((magnitude, phase)) = ac {
                    found.push(magnitude);
                    found.extend(phase);
                }
                found.extend(wave.iter().flat_map(Waveform::expressions));
            }
            ElementKind::Controlled(control) => match control {
                Control::LinearVoltage { gain, .. } | Control::LinearCurrent { gain, .. } => found.extend(gain),
                Control::PolyVoltage { coefficients, .. } | Control::PolyCurrent { coefficients, .. } => {
                    found.extend(coefficients);
                }
                Control::Value(value) => found.push(value),
                Control::Table { input, points } => {
                    found.push(input);
                    found.extend(points.iter().flat_map(|(x, y)| [x, y]));
                }
            },
            ElementKind::Behavioural { value, .. } => found.push(value),
            ElementKind::Modelled { area, .. } => found.extend(area),
            ElementKind::VoltageSwitch { .. } | ElementKind::CurrentSwitch { .. } | ElementKind::Instance { .. } => {}
        }
        found.extend(self.params.iter().map(|p| &p.value));
        found
    }
}

impl Waveform {
    fn expressions(&self) -> Vec<&Expr> {
        let column = match &self.column {
            Some(Column::Fixed(column)) => Some(column),
            _ => None,
        };
        self.args.iter().chain(column).chain(&self.repeat).chain(&self.delay).collect()
    }
}
