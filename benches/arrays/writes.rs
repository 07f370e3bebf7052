//! Write transients with wire resistance and capacitance.

use super::common::{decks, median, peers, state_error};
use super::race::{Bench, Run, race};
use super::selector::{MODEL, work_said};
use super::table::{Asked, Figures, Line, Peer, Unit};

/// Relative tolerances of our runs: the default, then tighter ones until ours is as exact as the peer.
const TOLERANCES: [(&str, &str); 4] = [
    ("default", ""),
    ("3e-4", ".options reltol=3e-4"),
    ("1e-4", ".options reltol=1e-4"),
    ("3e-5", ".options reltol=3e-5"),
];

/// VTEAM cells, 1 us. The peers run with their defaults; ours is the loosest tolerance whose states are as close to a
/// tight reference as theirs.
pub fn vteam(bench: &Bench, print: &mut dyn FnMut(Line)) {
    let sizes: &[(usize, Option<f64>, f64)] = if bench.quick {
        &[(8, Some(100.0), 10.0), (16, None, 25.0)]
    } else {
        &[(64, Some(100.0), 10.0), (128, None, 25.0)]
    };
    for &(n, ngspice, vacask) in sizes {
        let work = format!("VTEAM write {n}x{n}, wire RC, 1 us");
        match vteam_lines(bench, n, &work, ngspice, vacask) {
            Ok(lines) => lines.into_iter().for_each(&mut *print),
            Err(why) => print(Line::new(work, Unit::Seconds, Err(why), Asked::Faster(vacask))),
        }
    }
}

/// One other simulator: what it is asked to be slower by, and its raw file if it is installed.
struct Rival {
    name: String,
    raw: Option<&'static str>,
    asked: f64,
}

/// One of our tolerances after the race.
struct Own {
    figures: Figures,
    error: f64,
    said: String,
}

fn vteam_lines(bench: &Bench, n: usize, work: &str, ngspice: Option<f64>, asked: f64) -> Result<Vec<Line>, String> {
    bench.file("reference.cir", &decks::write_reference(n))?;
    let reference = bench.ours("reference", &[])?;
    let exact = peers::plot(&bench.directory.join("reference.raw"))?;
    let vacask = peers::vacask();
    let mut runs: Vec<Run> = Vec::new();
    for (k, (_, options)) in TOLERANCES.iter().enumerate() {
        let name = format!("write{k}");
        bench.file(&format!("{name}.cir"), &decks::write_array(n, options))?;
        runs.push(Box::new(move || Ok(bench.ours(&name, &["--threads", "1"])?.seconds)));
    }
    let mut rivals = Vec::new();
    match &vacask {
        Some(found) => {
            bench.file("write.sim", &decks::write_vacask(n))?;
            bench.file("vteam.va", decks::VTEAM)?;
            peers::run(&found.compiler, &["vteam.va"], &bench.directory)?;
            runs.push(Box::new(|| Ok(peers::run(&found.program, &["write.sim"], &bench.directory)?.seconds)));
            rivals.push(Rival { name: found.name(), raw: Some("tran1.raw"), asked });
        }
        None => rivals.push(Rival { name: peers::VACASK.to_string(), raw: None, asked }),
    }
    if let Some(asked) = ngspice {
        match ngspice_version() {
            Some(name) => {
                bench.file("flat.cir", &decks::write_flat(n))?;
                let arguments = ["-b", "-r", "flat.raw", "flat.cir"];
                runs.push(Box::new(move || Ok(peers::run("ngspice", &arguments, &bench.directory)?.seconds)));
                rivals.push(Rival { name, raw: Some("flat.raw"), asked });
            }
            None => rivals.push(Rival { name: "ngspice (apt-get install ngspice)".to_string(), raw: None, asked }),
        }
    }
    let mut results = race(bench.rounds, runs).into_iter();
    let error = |raw: &str| match peers::plot(&bench.directory.join(raw)) {
        Ok(plot) => {
            let error = state_error(&plot, &exact, n);
            (error, format!("{} points, states off by up to {error:.1e}", plot.points()))
        }
        Err(why) => (f64::NAN, why),
    };
    let own: Vec<Own> = TOLERANCES
        .iter()
        .enumerate()
        .map(|(k, (tolerance, _))| {
            let (error, said) = error(&format!("write{k}.raw"));
            let figures = results.next().unwrap_or_else(|| Err("not run".to_string()));
            Own { figures, error, said: format!("ours with reltol {tolerance}: {said}") }
        })
        .collect();
    let reference = format!("reference {} points, {:.2} s", exact.points(), reference.seconds);
    let line = |rival: Rival| {
        let (theirs, said) = rival.raw.map_or((f64::NAN, String::new()), error);
        // without a peer, and where none of ours is as exact, the tightest and the words of the note remain
        let equal = own.iter().find(|own| own.error <= theirs || own.figures.is_err()).or(own.last());
        let figures = equal.map_or_else(|| Err("not run".to_string()), |own| own.figures.clone());
        let line = Line::new(work, Unit::Seconds, figures, Asked::Faster(rival.asked));
        let line = equal.map(|own| &own.said).into_iter().fold(line, |line, said| line.note(said));
        match rival.raw {
            Some(_) => {
                let figures = results.next().unwrap_or_else(|| Err("not run".to_string()));
                let default = own.first().and_then(|own| own.figures.as_ref().ok()).map(|times| median(times));
                let default = default.map_or(String::new(), |time| format!("; ours by default {time:.3} s"));
                line.note(format!("{}: {said}; {reference}{default}", rival.name))
                    .against(Peer::new(rival.name, figures))
            }
            None => line.against(Peer::missing(&rival.name)),
        }
    };
    Ok(rivals.into_iter().map(line).collect())
}

/// Its name and version, without the words around them.
fn ngspice_version() -> Option<String> {
    let version = peers::version("ngspice")?;
    Some(version.split(':').next().unwrap_or(&version).trim().to_string())
}

/// A cell of a 1S-1R array is written under V/2 for 100 us.
pub fn one_selector(bench: &Bench, print: &mut dyn FnMut(Line)) {
    let n = bench.size(128, 8);
    let work = format!("1S-1R V/2 write {n}x{n}, wire RC, 100 us");
    let (mut peaks, mut said) = (Vec::new(), String::new());
    let run: Run = Box::new(|| {
        bench.file("write_1s1r.cir", &one_selector_deck(n))?;
        let finished = bench.ours("write_1s1r", &["--threads", "1"])?;
        peaks.push(finished.peak);
        let plot = peers::plot(&bench.directory.join("write_1s1r.raw"))?;
        let end = |name: &str| plot.column(name).and_then(|c| c.last().copied()).unwrap_or(f64::NAN);
        said = format!(
            "{} points; at the end x = {:.4} selected, {:.2e} half-selected; {}",
            plot.points(),
            end("@xa.c_0_0[x]"),
            end(&format!("@xa.c_0_{}[x]", n - 1)),
            work_said(&finished.said)
        );
        Ok(finished.seconds)
    });
    let times: Figures = race(bench.rounds.min(3), vec![run]).swap_remove(0);
    let memory = times.as_ref().map(|_| peaks.clone()).map_err(Clone::clone);
    print(Line::new(work.clone(), Unit::Seconds, times, Asked::AtMost(30.0)).note(said));
    print(Line::new(format!("1S-1R V/2 write {n}x{n}, peak memory"), Unit::Bytes, memory, Asked::AtMost(500e6)));
}

fn one_selector_deck(n: usize) -> String {
    let last = n - 1;
    let pulse = "1u 100n 100n 98u 200u";
    format!(
        "1S-1R write\n.include \"{MODEL}\"\n.subckt cell wl bl\nX1 wl bl ecm_1s1r\n.ends\n\
         .xbar XB {n} {n} CELL=cell(wl bl) RWL=2.5 RBL=2.5 CWL=0.1f CBL=0.1f\n\
         Xa W[0:{last}] B[0:{last}] XB\n\
         Vw0 W_0 0 PULSE(0 2 {pulse})\nVw[1:{last}] W[1:{last}] 0 PULSE(0 1 {pulse})\n\
         Vb0 B_0 0 0\nVb[1:{last}] B[1:{last}] 0 PULSE(0 1 {pulse})\n\
         .tran 100n 100u\n.save i(Vb0) @Xa.c_0_0[x] @Xa.c_0_{last}[x] @Xa.c_{last}_0[x] @Xa.c_{last}_{last}[x]\n.end\n"
    )
}
