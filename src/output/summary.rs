//! The line that says what a run did and how far it can be trusted.

use crate::result::Stats;
use crate::units::format_si;

/// One line for the counters, one more for each continuation aid and branch that was needed.
///
/// The KCL residual is the worst |sum of currents| over nodes and points; the energy balance is
/// [`Stats::energy_error`].
#[must_use]
pub fn lines(analysis: &str, stats: &Stats) -> Vec<String> {
    let mut line = format!("{analysis}: {}", count(stats.points, "point"));
    if stats.rejected() > 0 {
        let causes = [
            (stats.rejected_error, "truncation error"),
            (stats.rejected_newton, "no convergence"),
            (stats.rejected_event, "switching event"),
        ];
        let causes: Vec<String> = causes.iter().filter(|(n, _)| *n > 0).map(|(n, why)| format!("{n} {why}")).collect();
        line.push_str(&format!(", {} rejected ({})", stats.rejected(), causes.join(", ")));
    } else {
        line.push_str(", 0 rejected");
    }
    let array =
        if stats.array_iterations > 0 { format!(" ({} in arrays)", stats.array_iterations) } else { String::new() };
    line.push_str(&format!(
        ", {}{array}, KCL residual {} ({:.1e} of the node's current)",
        count(stats.newton, "Newton iteration"),
        format_si(stats.kcl_residual, "A"),
        stats.kcl_relative
    ));
    let energies = [stats.delivered, stats.dissipated, stats.stored];
    if !energies.iter().all(|e| e.is_finite()) || stats.energy_error().is_nan() {
        line.push_str(", no energy balance: the energies grow beyond all numbers");
    } else if stats.delivered != 0.0 || stats.dissipated != 0.0 || stats.stored != 0.0 {
        line.push_str(&format!(
            ", energy balance {:.1e} ({} delivered, {} dissipated, {} stored)",
            stats.energy_error(),
            format_si(stats.delivered, "J"),
            format_si(stats.dissipated, "J"),
            format_si(stats.stored, "J")
        ));
    }
    let handed = [
        (stats.escalations, "matrix", "matrices", "the multifrontal solver, which line-PCG could not solve"),
        (stats.fallbacks, "circuit", "circuits", "the sparse matrix, which the array solvers refused"),
    ];
    let handed = handed
        .iter()
        .filter(|(n, ..)| *n > 0)
        .map(|(n, one, many, to)| format!("  {n} {} handed to {to}", if *n == 1 { one } else { many }));
    let refusals = stats.refusals.iter().map(|why| format!("  refused: {why}"));
    let aids = stats.aids.iter().map(|aid| format!("  needed {aid}"));
    let branches = stats.branches.iter().map(|branch| format!("  branch: {branch}"));
    [line].into_iter().chain(handed).chain(refusals).chain(aids).chain(branches).collect()
}

fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_is_shown() {
        let stats = Stats {
            points: 74,
            rejected_error: 2,
            rejected_event: 1,
            newton: 250,
            kcl_residual: 1.5e-15,
            kcl_relative: 3e-12,
            delivered: 1.28e-12,
            dissipated: 1.0e-12,
            stored: 0.28e-12,
            array_iterations: 1200,
            escalations: 1,
            fallbacks: 2,
            refusals: vec!["the outer iteration stalled".to_string()],
            aids: vec!["gmin stepping".into()],
            ..Stats::default()
        };
        assert_eq!(
            lines("Transient Analysis", &stats),
            [
                "Transient Analysis: 74 points, 3 rejected (2 truncation error, 1 switching event), \
                 250 Newton iterations (1200 in arrays), KCL residual 1.5 fA (3.0e-12 of the node's current), \
                 energy balance 0.0e0 (1.28 pJ delivered, 1 pJ dissipated, 280 fJ stored)",
                "  1 matrix handed to the multifrontal solver, which line-PCG could not solve",
                "  2 circuits handed to the sparse matrix, which the array solvers refused",
                "  refused: the outer iteration stalled",
                "  needed gmin stepping",
            ]
        );
        let op = lines("Operating Point", &Stats { points: 1, newton: 4, ..Stats::default() });
        assert_eq!(
            op,
            [
                "Operating Point: 1 point, 0 rejected, 4 Newton iterations, KCL residual 0 A (0.0e0 of the node's current)"
            ]
        );
    }

    #[test]
    fn energies_beyond_all_numbers_are_no_balance() {
        for energy in [f64::NAN, f64::INFINITY] {
            let stats = Stats { points: 2, delivered: 1.0, dissipated: energy, ..Stats::default() };
            let line = lines("Transient Analysis", &stats).join(" ");
            assert!(line.ends_with("no energy balance: the energies grow beyond all numbers"), "{line}");
        }
    }
}
