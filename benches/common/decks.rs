//! The decks of the benchmark, each for several readers. Wires of 2.5 ohm per segment, also between a terminal and its
//! first cell; word lines are driven at column 0, bit lines end behind the last row.

use std::fmt::Write as _;

use sneakpath::crossbar::Network;
use sneakpath::numeric::rng::Stream;

const WIRE: f64 = 2.5;
const NODE_CAPACITANCE: &str = "0.1f";
const PULSE: &str = "10n 1n 1n 500n 2u";

/// Cells whose state is recorded in an N x N write: selected, half-selected in row and column, unselected.
pub fn watched(n: usize) -> [(usize, usize); 4] {
    [(0, 0), (0, n - 1), (n - 1, 0), (n / 2, n / 2)]
}

/// A linear read: 10 kOhm or 1 MOhm cells, word lines at 0 to 0.5 V, bit lines at 0 V.
pub struct Read {
    n: usize,
    ohms: Vec<f64>,
    volts: Vec<f64>,
}

impl Read {
    pub fn new(n: usize) -> Self {
        let mut random = Stream::new(1, n as u64, "read");
        let ohms = (0..n * n).map(|_| if random.uniform() < 0.5 { 1e4 } else { 1e6 }).collect();
        let volts = (0..n).map(|_| 0.5 * random.uniform()).collect();
        Self { n, ohms, volts }
    }

    /// Voltages of the word lines.
    pub fn volts(&self) -> &[f64] {
        &self.volts
    }

    /// The same as conductances.
    pub fn network(&self) -> Network {
        Network { cells: self.ohms.iter().map(|r| 1.0 / r).collect(), ..super::network(self.n, self.n) }
    }

    /// The matrix of resistances for [`Read::array`].
    pub fn csv(&self) -> String {
        self.ohms.chunks(self.n).fold(String::new(), |text, row| {
            let row: Vec<String> = row.iter().map(f64::to_string).collect();
            text + &row.join(",") + "\n"
        })
    }

    /// One array card; `matrix` is the file that holds [`Read::csv`].
    pub fn array(&self, matrix: &str) -> String {
        let last = self.n - 1;
        let mut deck = format!(
            "read\n.subckt cell wl bl r=1k\nR1 wl bl {{r}}\n.ends\n\
             .xbar XB {0} {0} CELL=cell(wl bl) RWL={WIRE} RBL={WIRE} r=FILE(\"{matrix}\")\n\
             Xa W[0:{last}] B[0:{last}] XB\n",
            self.n
        );
        for (i, v) in self.volts.iter().enumerate() {
            let _ = writeln!(deck, "Vw{i} W_{i} 0 {v}\nVb{i} B_{i} 0 0");
        }
        deck + &self.requests()
    }

    /// Every wire segment and cell on its own line: what ngspice reads.
    pub fn flat(&self) -> String {
        let mut deck = format!("read\n{}", wires(self.n));
        for (i, v) in self.volts.iter().enumerate() {
            let _ = writeln!(deck, "Vw{i} w{i}_t 0 {v}\nVb{i} b{i}_t 0 0");
        }
        for (k, r) in self.ohms.iter().enumerate() {
            let (i, j) = (k / self.n, k % self.n);
            let _ = writeln!(deck, "Rc{i}_{j} w{i}_{j} b{i}_{j} {r}");
        }
        deck + &self.requests()
    }

    /// The same for VACASK.
    pub fn vacask(&self) -> String {
        let mut deck =
            "read\nload \"resistor.osdi\"\nground 0\nmodel resistor resistor\nmodel vsource vsource\n".to_string();
        for (k, (a, b)) in segments(self.n).into_iter().enumerate() {
            let _ = writeln!(deck, "rl{k} ({a} {b}) resistor r={WIRE}");
        }
        for (i, v) in self.volts.iter().enumerate() {
            let _ = writeln!(deck, "vw{i} (w{i}_t 0) vsource dc={v}\nvb{i} (b{i}_t 0) vsource dc=0");
        }
        for (k, r) in self.ohms.iter().enumerate() {
            let (i, j) = (k / self.n, k % self.n);
            let _ = writeln!(deck, "rc{i}_{j} (w{i}_{j} b{i}_{j}) resistor r={r}");
        }
        deck + &format!("control\n  save {}\n  analysis op1 op\nendc\n", self.currents())
    }

    fn currents(&self) -> String {
        (0..self.n).map(|j| format!("i(vb{j})")).collect::<Vec<_>>().join(" ")
    }

    fn requests(&self) -> String {
        format!(".op\n.save {}\n.end\n", self.currents())
    }
}

/// V/2 write of cell (0, 0) with VTEAM cells as one array card; `options` is a card or nothing.
pub fn write_array(n: usize, options: &str) -> String {
    write_in_steps(n, options, "10n")
}

/// The same with tight tolerances, and steps so short that the states in between may be interpolated.
pub fn write_reference(n: usize) -> String {
    write_in_steps(n, ".options reltol=1e-7 vntol=1e-10 statetol=1e-10 chgtol=1e-20", "0.5n")
}

fn write_in_steps(n: usize, options: &str, longest: &str) -> String {
    let last = n - 1;
    let watched = watched(n).map(|(i, j)| format!("@Xa.c_{i}_{j}[x]")).join(" ");
    format!(
        "write\n.subckt cell wl bl\nN1 wl bl mem\n.ends\n\
         .model mem vteam(ron=10k roff=1meg von=-0.3 voff=0.3 kon=-2e6 koff=2e6 alphaon=3 alphaoff=3 won=0 woff=1\n\
         + window=biolek p=0.5 x0=0.5)\n\
         .xbar XB {n} {n} CELL=cell(wl bl) RWL={WIRE} RBL={WIRE} CWL={NODE_CAPACITANCE} CBL={NODE_CAPACITANCE}\n\
         Xa W[0:{last}] B[0:{last}] XB\n\
         Vw0 W_0 0 PULSE(0 1 {PULSE})\nVw[1:{last}] W[1:{last}] 0 PULSE(0 0.5 {PULSE})\n\
         Vb0 B_0 0 0\nVb[1:{last}] B[1:{last}] 0 PULSE(0 0.5 {PULSE})\n\
         {options}\n.tran 1n 1u 0 {longest} uic\n.save i(Vb0) {watched}\n.end\n"
    )
}

/// The same circuit with the cell as behavioural sources, every cell on its own line: what ngspice reads.
pub fn write_flat(n: usize) -> String {
    let mut deck = format!("write\n{}", wires(n));
    deck += ".subckt mem p m\n\
             Gx 0 x value={ V(p,m)>0.3 ? 2e6*(V(p,m)/0.3-1)**3*(1-V(x)) : \
             (V(p,m)<-0.3 ? -2e6*(-V(p,m)/0.3-1)**3*V(x) : 0) }\n\
             Cx x 0 1 IC=0.5\nRx x 0 1e12\n\
             Gm p m value={ V(p,m)/(10k+(1meg-10k)*V(x)) }\n.ends\n";
    for k in 0..n {
        let volts = if k == 0 { 1.0 } else { 0.5 };
        let sense = if k == 0 { "0".to_string() } else { format!("PULSE(0 0.5 {PULSE})") };
        let _ = writeln!(deck, "Vw{k} w{k}_t 0 PULSE(0 {volts} {PULSE})\nVb{k} b{k}_t 0 {sense}");
    }
    for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
        let _ = writeln!(
            deck,
            "Xm{i}_{j} w{i}_{j} b{i}_{j} mem\nCw{i}_{j} w{i}_{j} 0 {NODE_CAPACITANCE}\n\
             Cb{i}_{j} b{i}_{j} 0 {NODE_CAPACITANCE}"
        );
    }
    let watched = watched(n).map(|(i, j)| format!("v(xm{i}_{j}.x)")).join(" ");
    let _ = writeln!(deck, ".tran 1n 1u 0 10n uic\n.save i(vb0) {watched}\n.end");
    deck
}

/// The same for VACASK; `vteam.osdi` is the compiled [`VTEAM`].
pub fn write_vacask(n: usize) -> String {
    let mut deck = "write\nload \"resistor.osdi\"\nload \"capacitor.osdi\"\nload \"vteam.osdi\"\nground 0\n\
         model resistor resistor\nmodel capacitor capacitor\nmodel vsource vsource\n\
         model mem vteam ( ron=10k roff=1meg von=-0.3 voff=0.3 kon=-2e6 koff=2e6 x0=0.5 )\n"
        .to_string();
    for (k, (a, b)) in segments(n).into_iter().enumerate() {
        let _ = writeln!(deck, "rl{k} ({a} {b}) resistor r={WIRE}");
    }
    let pulse =
        |volts: f64| format!("type=\"pulse\" val0=0 val1={volts} delay=10n rise=1n fall=1n width=500n period=2u");
    for k in 0..n {
        let sense = if k == 0 { "dc=0".to_string() } else { pulse(0.5) };
        let drive = pulse(if k == 0 { 1.0 } else { 0.5 });
        let _ = writeln!(deck, "vw{k} (w{k}_t 0) vsource {drive}\nvb{k} (b{k}_t 0) vsource {sense}");
    }
    for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
        let _ = writeln!(
            deck,
            "m{i}_{j} (w{i}_{j} b{i}_{j}) mem\ncw{i}_{j} (w{i}_{j} 0) capacitor c={NODE_CAPACITANCE}\n\
             cb{i}_{j} (b{i}_{j} 0) capacitor c={NODE_CAPACITANCE}"
        );
    }
    let watched = watched(n).map(|(i, j)| format!("v('m{i}_{j}:xs')")).join(" ");
    deck + &format!("control\n  save i(vb0) {watched}\n  analysis tran1 tran stop=1u step=1n maxstep=10n\nendc\n")
}

/// The cell of [`write_array`] in Verilog-A.
pub const VTEAM: &str = include_str!("vteam.va");

fn wires(n: usize) -> String {
    segments(n).iter().enumerate().fold(String::new(), |mut text, (k, (a, b))| {
        let _ = writeln!(text, "Rl{k} {a} {b} {WIRE}");
        text
    })
}

fn segments(n: usize) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for i in 0..n {
        out.push((format!("w{i}_t"), format!("w{i}_0")));
        out.extend((1..n).map(|j| (format!("w{i}_{}", j - 1), format!("w{i}_{j}"))));
        out.extend((1..n).map(|j| (format!("b{}_{i}", j - 1), format!("b{j}_{i}"))));
        out.push((format!("b{}_{i}", n - 1), format!("b{i}_t")));
    }
    out
}
