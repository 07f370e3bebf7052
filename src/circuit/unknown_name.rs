//! A name that nothing in a circuit has, with those that are like it.

/// A name that stands for nothing in this circuit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no {what} `{name}`{}", nearest_text(.nearest))]
pub struct UnknownName {
    /// `node`, `device`, `quantity x of device r1`.
    pub what: String,
    /// As asked for.
    pub name: String,
    /// Similar names that exist, best first, at most three.
    pub nearest: Vec<String>,
}

fn nearest_text(nearest: &[String]) -> String {
    match nearest {
        [] => String::new(),
        names => format!("; did you mean {}?", names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" or ")),
    }
}
