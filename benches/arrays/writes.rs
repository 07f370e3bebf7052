//! Write transients with wire resistance and capacitance.

use super::common::{decks, peers, state_error};
use super::race::{Bench, Run, race};
use super::selector::{MODEL, work_said};
use super::table::{Asked, Figures, Line, Peer, Unit};

const TIGHT: &str = ".options reltol=1e-7 vntol=1e-10 statetol=1e-10 chgtol=1e-20";

/// VTEAM cells, 1 us, default tolerances for all; errors of the states against a tight reference of ours.
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

fn vteam_lines(bench: &Bench, n: usize, work: &str, ngspice: Option<f64>, asked: f64) -> Result<Vec<Line>, String> {
    bench.file("reference.cir", &decks::write_array(n, TIGHT))?;
    let reference = bench.ours("reference", &[])?;
    let exact = peers::plot(&bench.directory.join("reference.raw"))?;
    bench.file("write.cir", &decks::write_array(n, ""))?;
    let vacask = peers::vacask();
    let mut runs: Vec<Run> = vec![Box::new(|| Ok(bench.ours("write", &["--threads", "1"])?.seconds))];
    let mut peers = Vec::new();
    match &vacask {
        Some(found) => {
            bench.file("write.sim", &decks::write_vacask(n))?;
            bench.file("vteam.va", decks::VTEAM)?;
            peers::run(&found.compiler, &["vteam.va"], &bench.directory)?;
            runs.push(Box::new(|| Ok(peers::run(&found.program, &["write.sim"], &bench.directory)?.seconds)));
            peers.push((found.name(), Some("tran1.raw"), asked));
        }
        None => peers.push((peers::VACASK.to_string(), None, asked)),
    }
    if let Some(asked) = ngspice {
        match ngspice_version() {
            Some(version) => {
                bench.file("flat.cir", &decks::write_flat(n))?;
                let arguments = ["-b", "-r", "flat.raw", "flat.cir"];
                runs.push(Box::new(move || Ok(peers::run("ngspice", &arguments, &bench.directory)?.seconds)));
                peers.push((version, Some("flat.raw"), asked));
            }
            None => peers.push(("ngspice (apt-get install ngspice)".to_string(), None, asked)),
        }
    }
    let mut results = race(bench.rounds, runs).into_iter();
    let ours = results.next().unwrap_or_else(|| Err("not run".to_string()));
    let error = |raw: &str| match peers::plot(&bench.directory.join(raw)) {
        Ok(plot) => format!("{} points, states off by up to {:.1e}", plot.points(), state_error(&plot, &exact, n)),
        Err(why) => why,
    };
    let own = format!("ours {}; reference {} points, {:.2} s", error("write.raw"), exact.points(), reference.seconds);
    let lines = peers.into_iter().map(|(name, raw, asked)| {
        let line = Line::new(work, Unit::Seconds, ours.clone(), Asked::Faster(asked)).note(own.clone());
        match raw {
            Some(raw) => {
                let theirs = format!("{name} {}", error(raw));
                let figures = results.next().unwrap_or_else(|| Err("not run".to_string()));
                line.against(Peer::new(name, figures)).note(theirs)
            }
            None => line.against(Peer::missing(&name)),
        }
    });
    Ok(lines.collect())
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
