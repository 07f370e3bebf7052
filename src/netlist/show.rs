//! Expressions back to text: fully parenthesised, in the syntax that [`super::expr`] reads.

use std::fmt;

use super::ast::{BinaryOp, BusRange, Expr, ExprKind, FileRef, NodeRef, UnaryOp};

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Number(value) => write!(f, "{value:?}"),
            ExprKind::Name(name) => f.write_str(name),
            ExprKind::Text(text) => write!(f, "\"{text}\""),
            ExprKind::File(file) => file.fmt(f),
            ExprKind::Unary(op, x) => write!(f, "({op}{x})"),
            ExprKind::Binary(op, a, b) => write!(f, "({a} {op} {b})"),
            ExprKind::Ternary(c, a, b) => write!(f, "({c} ? {a} : {b})"),
            ExprKind::Call(name, args) => write!(f, "{}({})", name.text, Separated(args)),
            ExprKind::Probe(word, nodes) => write!(f, "{}({})", word.text, Separated(nodes)),
            ExprKind::Field(device, field) => write!(f, "@{}[{}]", device.text, field.text),
            ExprKind::All => f.write_str("all"),
        }
    }
}

struct Separated<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for Separated<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, item) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str(", ")?;
            }
            item.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for NodeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match self.range {
            None => Ok(()),
            Some(BusRange { first, last }) if first == last => write!(f, "[{first}]"),
            Some(BusRange { first, last }) => write!(f, "[{first}:{last}]"),
        }
    }
}

impl fmt::Display for FileRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FILE(\"{}\"", self.path)?;
        if let Some(scale) = &self.scale {
            write!(f, " SCALE={scale}")?;
        }
        if let Some(offset) = &self.offset {
            write!(f, " OFFSET={offset}")?;
        }
        f.write_str(if self.transpose { " TRANSPOSE)" } else { ")" })
    }
}

impl fmt::Display for UnaryOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Neg => "-",
            Self::Plus => "+",
            Self::Not => "!",
        })
    }
}

impl fmt::Display for BinaryOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
            Self::Pow => "**",
            Self::Xor => "^^",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::And => "&&",
            Self::Or => "||",
        })
    }
}
