//! The published figures, from the circuit: `cargo run --release --example paper_figures`.
//!
//! Every number comes from a netlist that our own engine runs; what each one proves is in docs/papers.md. One file per
//! section; a section returns rows (value, published, band, label) and the pictures that belong to the paper's figures.

mod boolean;
mod copolymer;
mod deck;
mod density;
mod ecm;
mod fashion;
mod feedforward;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use report::{Findings, Row};

/// One block of figures of one paper.
struct Section {
    /// Letter of `--only`.
    letter: &'static str,
    /// Word of `--only`.
    word: &'static str,
    /// What it shows.
    title: &'static str,
    /// Takes seconds even without optimisation: the gate runs it.
    quick: bool,
    run: fn() -> Result<Findings, String>,
}

/// In the order in which they are run and printed.
const SECTIONS: &[Section] = &[
    Section {
        letter: "A",
        word: "fashion",
        title: "Fashion-MNIST on a 784 x 10 array (Kim et al., Adv. Intell. Syst. 2022), Fig. 5e-g",
        quick: false,
        run: fashion::run,
    },
    Section {
        letter: "B",
        word: "boolean",
        title: "4x4 Boolean array (Kim et al., Adv. Intell. Syst. 2022), Fig. 5a-d",
        quick: true,
        run: boolean::run,
    },
    Section {
        letter: "C",
        word: "density",
        title: "Array size under one-bit-line pull-up (Kim et al., Adv. Intell. Syst. 2022), > 5.7 Gbit",
        quick: false,
        run: density::run,
    },
    Section {
        letter: "D",
        word: "copolymer",
        title: "iCVD copolymer memristor (Kim et al.), Fig. 3 and 4",
        quick: true,
        run: copolymer::run,
    },
    Section {
        letter: "E",
        word: "feedforward",
        title: "TiO2-x, feed-forward pulses (Diao et al., Nanoscale Horiz. 2025), Fig. 3 to 5",
        quick: true,
        run: feedforward::run,
    },
    Section {
        letter: "F",
        word: "ecm",
        title: "Ag/SiOx 1S-1R cell (Kim et al., Adv. Intell. Syst. 2022), Fig. 4 and its text",
        quick: true,
        run: ecm::run,
    },
];

/// Computes the published figures by running netlists.
#[derive(Parser)]
#[command(name = "paper_figures")]
struct Args {
    /// Only these sections, by letter or word
    #[arg(long, value_delimiter = ',', value_name = "A,B,..")]
    only: Vec<String>,
    /// Only sections that take seconds
    #[arg(long)]
    quick: bool,
    /// Print the rows as JSON
    #[arg(long)]
    json: bool,
    /// Folder for the pictures (SVG and PNG); without it none are drawn
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// The sections that were asked for.
fn chosen(args: &Args) -> Result<Vec<&'static Section>, String> {
    let known = || SECTIONS.iter().map(|s| format!("{} ({})", s.letter, s.word)).collect::<Vec<_>>().join(", ");
    let wants = |s: &Section, word: &str| s.letter.eq_ignore_ascii_case(word) || s.word.eq_ignore_ascii_case(word);
    for word in &args.only {
        if !SECTIONS.iter().any(|s| wants(s, word)) {
            return Err(format!("--only {word}: there is no such section; there are {}", known()));
        }
    }
    let asked = |s: &&Section| args.only.is_empty() || args.only.iter().any(|word| wants(s, word));
    Ok(SECTIONS.iter().filter(asked).filter(|s| s.quick || !args.quick).collect())
}

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn main() -> ExitCode {
    let args = Args::parse();
    let sections = match chosen(&args) {
        Ok(sections) => sections,
        Err(sentence) => {
            eprintln!("{sentence}");
            return ExitCode::from(2);
        }
    };
    let mut rows: Vec<Row> = Vec::new();
    for section in sections {
        let start = Instant::now();
        let outcome = (section.run)().and_then(|findings| {
            let files = args.out.as_deref().map_or(Ok(0), |out| findings.draw(out))?;
            Ok((findings, files))
        });
        match outcome {
            Ok((findings, files)) => {
                if !args.json {
                    println!("\n{}  {}", section.letter, section.title);
                    print!("{}", findings.table());
                    println!("   {:.1} s, {files} pictures", start.elapsed().as_secs_f64());
                }
                rows.extend(findings.rows);
            }
            Err(reason) => {
                if !args.json {
                    println!("\n{}  {}", section.letter, section.title);
                    println!("   FAILED: {reason}");
                }
                eprintln!("{} ({}): {reason}", section.letter, section.word);
                rows.push(Row::failed(section.word, &reason));
            }
        }
    }
    if args.json {
        println!("{}", report::json(&rows));
    }
    let off = rows.iter().filter(|row| !row.holds()).count();
    if off > 0 {
        eprintln!("{off} of {} rows failed or lie outside their band", rows.len());
    }
    if off > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
