//! Reads of arrays with a hysteretic selector in every cell (models/ecm_1s1r.lib).

use std::fmt::Write as _;

use super::common::peers;
use super::race::{Bench, Run, race};
use super::table::{Asked, Line, Peer, Unit};
use sneakpath::numeric::rng::Stream;

/// State of a cell in its low-resistance state.
const LRS: f64 = 0.0858;
const WIRES: [f64; 3] = [0.1, 2.5, 100.0];

#[derive(Clone, Copy)]
enum Pattern {
    Random,
    /// The cell that is read in its high-resistance state among low ones.
    Worst,
    Checkerboard,
}

#[derive(Clone, Copy)]
enum Scheme {
    /// 0.7 V at the cell farthest from drivers and ammeters, half of it along its lines.
    Half,
    /// All rows at 0.7 V, all columns at 0 V: every selector is to switch.
    AllRows,
    /// The first row at 0.7 V, everything else at 0 V: its selectors race for the voltage of one line.
    OneRow,
}

/// V/2 reads, whole processes, all combinations of data and wires.
pub fn measure(bench: &Bench, print: &mut dyn FnMut(Line)) {
    let sizes: &[(usize, f64)] = if bench.quick { &[(16, 0.3), (32, 0.3)] } else { &[(256, 0.3), (1024, 5.0)] };
    for &(n, asked) in sizes {
        combine(bench, print, n, asked, &[(Scheme::Half, "V/2")]);
    }
}

/// The same where all selectors of driven rows race for the voltage of their lines: minutes at 100 ohm.
pub fn rows(bench: &Bench, print: &mut dyn FnMut(Line)) {
    combine(bench, print, bench.size(256, 16), 0.3, &[(Scheme::OneRow, "one row"), (Scheme::AllRows, "all rows")]);
}

fn combine(bench: &Bench, print: &mut dyn FnMut(Line), n: usize, asked: f64, schemes: &[(Scheme, &str)]) {
    for (pattern, name) in
        [(Pattern::Random, "random"), (Pattern::Worst, "worst case"), (Pattern::Checkerboard, "checkerboard")]
    {
        for &(scheme, how) in schemes {
            for wire in WIRES {
                let work = format!("1S-1R {n}x{n} {how}, {name}, {wire} ohm");
                print(line(bench, n, work, pattern, scheme, wire, asked));
            }
        }
    }
}

/// Races at 100 ohm per segment, whose outcome hangs on who snaps first: operating points against the transients of the
/// same circuits.
pub fn races(bench: &Bench, print: &mut dyn FnMut(Line)) {
    for (n, scheme, how) in
        [(bench.size(256, 16), Scheme::OneRow, "one row"), (bench.size(128, 16), Scheme::AllRows, "all rows")]
    {
        let save = (0..n).fold(".save".to_string(), |save, j| save + &format!(" i(Vb{j})"));
        let run = |name: &'static str, analysis: &str| -> Run<'_> {
            let text = deck(n, scheme, 100.0, &format!("{analysis}\n{save}"));
            Box::new(move || {
                bench.file("states.csv", &states(n, Pattern::Random))?;
                bench.file(&format!("{name}.cir"), &text)?;
                Ok(bench.ours(name, &["--threads", "1"])?.seconds)
            })
        };
        let runs = vec![run("point", ".op"), run("rest", ".tran 1n 1u uic\n.options reltol=1e-4")];
        let mut times = race(1, runs);
        let (rest, point) = (times.swap_remove(1), times.swap_remove(0));
        let line = Line::new(format!("1S-1R {n}x{n} {how}, race"), Unit::Seconds, point, Asked::Faster(1.0));
        let note = columns_apart(bench, n).unwrap_or_else(|why| why);
        print(line.against(Peer::new("our transient, reltol 1e-4", rest)).note(note));
    }
}

/// How far the columns of the point are from those of the transient at rest.
fn columns_apart(bench: &Bench, n: usize) -> Result<String, String> {
    let currents = |name: &str| -> Result<Vec<f64>, String> {
        let plot = peers::plot(&bench.directory.join(name))?;
        let last = |j| plot.column(&format!("i(vb{j})")).and_then(|column| column.last().copied());
        (0..n).map(|j| last(j).ok_or_else(|| format!("{name}: no current of column {j}"))).collect()
    };
    let (point, rest) = (currents("point.raw")?, currents("rest.raw")?);
    let off: Vec<f64> = point.iter().zip(&rest).map(|(a, b)| (a - b).abs() / b.abs()).collect();
    let many = off.iter().filter(|off| **off > 0.01).count();
    let worst = off.iter().copied().fold(0.0, f64::max);
    Ok(format!("{many} of {n} columns are off by more than 1 % of their own current, at worst {:.1e}", worst))
}

fn line(bench: &Bench, n: usize, work: String, pattern: Pattern, scheme: Scheme, wire: f64, asked: f64) -> Line {
    let mut last = Ok(String::new());
    let run: Run = Box::new(|| {
        bench.file("states.csv", &states(n, pattern))?;
        bench.file("selector.cir", &deck(n, scheme, wire, &format!(".op\n.save i(Vb{})", n - 1)))?;
        let finished = bench.ours("selector", &["--threads", "1"])?;
        last = summary(bench, n, &finished);
        last.clone().map(|_| finished.seconds)
    });
    let times = race(bench.rounds.min(3), vec![run]).swap_remove(0);
    let line = Line::new(work, Unit::Seconds, times, Asked::AtMost(asked));
    match last {
        Ok(said) if !said.is_empty() => line.note(said),
        _ => line,
    }
}

/// Current of the last column, and what the run says of its work.
fn summary(bench: &Bench, n: usize, finished: &peers::Finished) -> Result<String, String> {
    let plot = peers::plot(&bench.directory.join("selector.raw"))?;
    let current = super::common::bit_current(&plot, n - 1);
    if current.is_nan() {
        return Err("no current in the raw file".to_string());
    }
    let said = work_said(&finished.said);
    Ok(format!("I = {current:.6e} A; {said}"))
}

/// The counters of a run's summary on one line.
pub fn work_said(said: &str) -> String {
    let counters = |line: &&str| {
        line.contains("Newton iteration") || (line.starts_with("  ") && !line.trim_start().starts_with("branch"))
    };
    said.lines().filter(counters).map(str::trim).collect::<Vec<_>>().join("; ")
}

fn states(n: usize, pattern: Pattern) -> String {
    let mut random = Stream::new(1, n as u64, "states");
    let low = |i: usize, j: usize, random: &mut Stream| match pattern {
        Pattern::Random => random.uniform() < 0.5,
        Pattern::Worst => (i, j) != (0, n - 1),
        Pattern::Checkerboard => (i + j).is_multiple_of(2),
    };
    let mut text = String::new();
    for i in 0..n {
        let row: Vec<&str> = (0..n).map(|j| if low(i, j, &mut random) { "1" } else { "0" }).collect();
        text += &row.join(",");
        text.push('\n');
    }
    text
}

fn deck(n: usize, scheme: Scheme, wire: f64, analysis: &str) -> String {
    let last = n - 1;
    let mut deck = format!(
        "1S-1R read\n.include \"{MODEL}\"\n.subckt cell wl bl low=0\nX1 wl bl ecm_1s1r x0={{{LRS}*low}}\n.ends\n\
         .xbar XB {n} {n} CELL=cell(wl bl) RWL={wire} RBL={wire} low=FILE(\"states.csv\")\n\
         Xa W[0:{last}] B[0:{last}] XB\n"
    );
    for k in 0..n {
        let (row, column) = match scheme {
            Scheme::Half => (if k == 0 { 0.7 } else { 0.35 }, if k == last { 0.0 } else { 0.35 }),
            Scheme::AllRows => (0.7, 0.0),
            Scheme::OneRow => (if k == 0 { 0.7 } else { 0.0 }, 0.0),
        };
        let _ = writeln!(deck, "Vw{k} W_{k} 0 {row}\nVb{k} B_{k} 0 {column}");
    }
    deck + analysis + "\n.end\n"
}

/// The file of the cell.
pub const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/ecm_1s1r.lib");
