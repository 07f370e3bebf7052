//! MOSFET, SPICE level 1.
//!
//! i = beta (1 + lambda v) v (u - v/2) for v < u, beta (1 + lambda v) u^2/2 beyond, 0 for u <= 0
//! beta = kp W/(L - 2 ld)
//! u = v_gs - v_th, v_th = vto + gamma (sqrt(phi - v_bs) - sqrt(phi)), v = v_ds; the root goes on linearly for v_bs > 0
//! v_ds < 0 swaps drain and source; a p channel has all voltages and currents negated.
//! Bulk junctions: is (e^(v/vt) - 1) + gmin v and a depletion charge. Gate: overlaps, and with `tox` Meyer's
//! inversion charge, 2/3 C (a^2 + ab + b^2)/(a + b), C = W L eps/tox, a = u, b = u - v, both held above 0; half of its opposite
//! sits on the drain, half on the source, so that charge is conserved.
//! T: kp ~ T^-3/2, phi, vto, is, pb and the junction capacitances by SPICE's laws for silicon.

use std::marker::PhantomData;

use super::junction::Depletion;
use super::thermal::{self, K_OVER_Q, OwnTemperature, ZERO_CELSIUS, band_gap, potential_at, potential_at_reference};
use crate::device::{Balance, Card, Device, Env, Param, ParamError, ParamValues, Port, Role, limiting};
use crate::numeric::real::{Dual, Real};

/// Permittivity of the oxide in F/m.
const OXIDE: f64 = 3.9 * 8.854_214_871e-12;
/// kp in A/V^2 where neither it nor `tox` is given.
const DEFAULT_KP: f64 = 2e-5;
const DRAIN: usize = 0;
const GATE: usize = 1;
const SOURCE: usize = 2;
const BULK: usize = 3;

/// The kind of carrier in the channel.
pub trait Channel: Copy + Send + Sync + 'static {
    /// Sign of the voltages at which it conducts.
    const SIGN: f64;
    /// Names in model cards.
    const KEYWORDS: &'static [&'static str];
    /// One line.
    const DOC: &'static str;
}

/// Electrons.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Electrons;

impl Channel for Electrons {
    const SIGN: f64 = 1.0;
    const KEYWORDS: &'static [&'static str] = &["nmos"];
    const DOC: &'static str = "n-channel MOSFET, level 1";
}

/// Holes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Holes;

impl Channel for Holes {
    const SIGN: f64 = -1.0;
    const KEYWORDS: &'static [&'static str] = &["pmos"];
    const DOC: &'static str = "p-channel MOSFET, level 1";
}

/// M with a model of type `nmos`.
pub type Nmos = Mosfet<Electrons>;
/// M with a model of type `pmos`.
pub type Pmos = Mosfet<Holes>;

/// The junction between the bulk and one end of the channel.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Junction {
    end: usize,
    is: f64,
    bottom: Depletion,
    side: Depletion,
}

/// A field-effect transistor; voltages and currents are those of an n channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mosfet<C> {
    vto: f64,
    beta: f64,
    gamma: f64,
    phi: f64,
    lambda: f64,
    /// Gate to drain, source and bulk, in F.
    overlaps: [(usize, f64); 3],
    oxide: f64,
    junctions: [Junction; 2],
    nominal: f64,
    own: OwnTemperature,
    channel: PhantomData<C>,
}

/// What temperature makes of the parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
struct AtTemperature {
    vt: f64,
    beta: f64,
    phi: f64,
    /// Threshold voltage without bulk voltage, less gamma sqrt(phi).
    flat: f64,
    /// Factor on saturation currents.
    growth: f64,
    kelvin: f64,
}

/// The channel: its current, its threshold and the ends' overdrives.
struct Inversion<S> {
    current: S,
    threshold: S,
    source: S,
    drain: S,
}

impl<C: Channel> Mosfet<C> {
    fn at_temperature(&self, env: &Env) -> AtTemperature {
        let t = self.own.kelvin(env).max(1.0);
        let (vt, flat) = (K_OVER_Q * t, self.vto - self.gamma * self.phi.sqrt());
        if (t - self.nominal).abs() < 1e-9 {
            return AtTemperature { vt, beta: self.beta, phi: self.phi, flat, growth: 1.0, kelvin: t };
        }
        let phi = potential_at(potential_at_reference(self.phi, self.nominal), t).max(0.01);
        let (gap, nominal_gap) = (band_gap(t), band_gap(self.nominal));
        // the gate's work function lies at the band edge: half the change of the gap, and half that of phi
        let flat = flat + 0.5 * (C::SIGN * (nominal_gap - gap) + phi - self.phi);
        let growth = Real::exp(nominal_gap / (K_OVER_Q * self.nominal) - gap / vt);
        AtTemperature { vt, beta: self.beta * (self.nominal / t).powf(1.5), phi, flat, growth, kelvin: t }
    }

    /// The channel with v_ds >= 0.
    fn forward<S: Real>(&self, t: &AtTemperature, vgs: S, vds: S, vbs: S) -> Inversion<S> {
        let at_zero = t.phi.sqrt();
        let root = if vbs.value() <= 0.0 {
            (-vbs + t.phi).sqrt()
        } else {
            (-vbs / (2.0 * at_zero) + at_zero).max(S::from(0.0))
        };
        let threshold = root * self.gamma + t.flat;
        let source = (vgs - threshold).max(S::from(0.0));
        let drain = (vgs - threshold - vds).max(S::from(0.0));
        // u^2 - (u - v)^2 = 2 v (u - v/2); beyond saturation the drain's overdrive is 0
        let along = if drain.value() > 0.0 { vds * (source - vds * 0.5) } else { source * source * 0.5 };
        Inversion { current: along * (vds * self.lambda + 1.0) * t.beta, threshold, source, drain }
    }

    /// The channel at voltages `u` of the four ports; the current flows from drain to source.
    fn inversion<S: Real>(&self, t: &AtTemperature, u: &[S; 4]) -> Inversion<S> {
        let [d, g, s, b] = *u;
        if (d - s).value() >= 0.0 {
            return self.forward(t, g - s, d - s, b - s);
        }
        let swapped = self.forward(t, g - d, s - d, b - d);
        Inversion { current: -swapped.current, source: swapped.drain, drain: swapped.source, ..swapped }
    }

    /// Charge of the gate above the channel.
    fn gate_charge<S: Real>(&self, channel: &Inversion<S>) -> S {
        let (a, b) = (channel.source, channel.drain);
        let sum = a + b;
        if self.oxide == 0.0 || sum.value() <= 0.0 {
            return S::from(0.0);
        }
        // a^2 + ab + b^2 = (a + b)^2 - ab
        (sum - a * b / sum) * (self.oxide * 2.0 / 3.0)
    }

    /// The voltages as those of an n channel.
    fn as_n<S: Real>(x: &[S; 4]) -> [S; 4] {
        x.map(|v| v * C::SIGN)
    }
}

/// Reads one bulk junction.
fn junction(p: &ParamValues, end: usize, [area, perimeter, given]: [&str; 3]) -> Junction {
    let (js, both) = (p.number("js"), p.number("ad") > 0.0 && p.number("as") > 0.0);
    let bottom = if p.is_given(given) { p.number(given) } else { p.number("cj") * p.number(area) };
    let layer = |c0: f64, grading: f64| Depletion { c0, vj: p.number("pb"), grading, fc: p.number("fc") };
    Junction {
        end,
        is: if js > 0.0 && both { js * p.number(area) } else { p.number("is") },
        bottom: layer(bottom, p.number("mj")),
        side: layer(p.number("cjsw") * p.number(perimeter), p.number("mjsw")),
    }
}

const fn port(name: &'static str) -> Port {
    Port { name, carries: true }
}

impl<C: Channel> Device<4> for Mosfet<C> {
    const CARD: Card = Card {
        keywords: C::KEYWORDS,
        doc: C::DOC,
        source: "Shichman and Hodges, IEEE J. Solid-State Circuits 3, 285 (1968); Meyer, RCA Review 32, 42 (1971)",
        role: Role::Passive,
        ports: &[port("d"), port("g"), port("s"), port("b")],
        internals: &[],
        params: &[
            Param::new("level", "1", 1.0, "number of the model; 1 is the only one").within(1.0, 1.0),
            Param::new("vto", "V", 0.0, "threshold voltage at v_bs = 0; negative for an enhancement p channel")
                .or(&["vt0"]),
            Param::new("kp", "A/V^2", DEFAULT_KP, "transconductance parameter; uo eps/tox when only tox is given")
                .positive(),
            Param::new("gamma", "V^0.5", 0.0, "body-effect coefficient").nonnegative(),
            Param::new("phi", "V", 0.6, "surface potential in strong inversion").within(0.05, 5.0),
            Param::new("lambda", "1/V", 0.0, "channel-length modulation").nonnegative(),
            Param::new("tox", "m", 0.0, "thickness of the gate oxide; 0: no charge but that of the overlaps")
                .nonnegative(),
            Param::new("uo", "cm^2/V/s", 600.0, "mobility of the carriers, for kp").positive().or(&["u0"]),
            Param::new("ld", "m", 0.0, "diffusion under the gate from either side").nonnegative(),
            Param::new("rd", "ohm", 0.0, "not part of the model: put a resistor at the drain").within(0.0, 0.0),
            Param::new("rs", "ohm", 0.0, "not part of the model: put a resistor at the source").within(0.0, 0.0),
            Param::new("cgso", "F/m", 0.0, "gate-source overlap per width").nonnegative(),
            Param::new("cgdo", "F/m", 0.0, "gate-drain overlap per width").nonnegative(),
            Param::new("cgbo", "F/m", 0.0, "gate-bulk overlap per length").nonnegative(),
            Param::new("is", "A", 1e-14, "saturation current of a bulk junction").positive(),
            Param::new("js", "A/m^2", 0.0, "saturation current per area; counts where ad and as are given")
                .nonnegative(),
            Param::new("cbd", "F", 0.0, "bulk-drain capacitance at 0 V; cj ad when not given").nonnegative(),
            Param::new("cbs", "F", 0.0, "bulk-source capacitance at 0 V; cj as when not given").nonnegative(),
            Param::new("cj", "F/m^2", 0.0, "junction capacitance per area at 0 V").nonnegative(),
            Param::new("mj", "1", 0.5, "grading coefficient of the area").within(0.0, 0.95),
            Param::new("cjsw", "F/m", 0.0, "junction capacitance per perimeter at 0 V").nonnegative(),
            Param::new("mjsw", "1", 0.5, "grading coefficient of the perimeter").within(0.0, 0.95),
            Param::new("pb", "V", 0.8, "built-in voltage of the bulk junctions").within(0.05, 10.0),
            Param::new("fc", "1", 0.5, "fraction of pb above which the capacitances go on linearly").within(0.0, 0.95),
            Param::new("w", "m", 1e-4, "width of the channel").positive(),
            Param::new("l", "m", 1e-4, "length of the channel").positive(),
            Param::new("ad", "m^2", 0.0, "area of the drain").nonnegative(),
            Param::new("as", "m^2", 0.0, "area of the source").nonnegative(),
            Param::new("pd", "m", 0.0, "perimeter of the drain").nonnegative(),
            Param::new("ps", "m", 0.0, "perimeter of the source").nonnegative(),
            thermal::TNOM,
            thermal::TEMP,
            thermal::DTEMP,
            Param::multiplicity(),
        ],
        outputs: &[("i", "A"), ("v", "V"), ("p", "W"), ("vth", "V"), ("gm", "S"), ("gds", "S")],
        equivalent: "",
    };

    const LIMITS: bool = true;

    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        let (width, length) = (p.number("w"), p.number("l") - 2.0 * p.number("ld"));
        if length <= 0.0 {
            return Err(ParamError::Conflict("the channel has no length left: `l` is at most 2 `ld`".to_string()));
        }
        let oxide = if p.number("tox") > 0.0 { OXIDE / p.number("tox") } else { 0.0 };
        let kp = if oxide > 0.0 && !p.is_given("kp") { p.number("uo") * 1e-4 * oxide } else { p.number("kp") };
        Ok(Self {
            vto: C::SIGN * p.number("vto"),
            beta: kp * width / length,
            gamma: p.number("gamma"),
            phi: p.number("phi"),
            lambda: p.number("lambda"),
            overlaps: [
                (DRAIN, p.number("cgdo") * width),
                (SOURCE, p.number("cgso") * width),
                (BULK, p.number("cgbo") * length),
            ],
            oxide: oxide * width * length,
            junctions: [junction(p, DRAIN, ["ad", "pd", "cbd"]), junction(p, SOURCE, ["as", "ps", "cbs"])],
            nominal: p.number("tnom") + ZERO_CELSIUS,
            own: OwnTemperature::from_params(p),
            channel: PhantomData,
        })
    }

    fn balance<S: Real>(&self, env: &Env, x: &[S; 4]) -> Balance<S, 4> {
        let (t, u) = (self.at_temperature(env), Self::as_n(x));
        let mut b = Balance::zero();
        let channel = self.inversion(&t, &u);
        b.flow(DRAIN, SOURCE, channel.current * C::SIGN);
        let half = self.gate_charge(&channel) * (0.5 * C::SIGN);
        b.charge(GATE, DRAIN, half);
        b.charge(GATE, SOURCE, half);
        for (end, c) in self.overlaps {
            b.charge(GATE, end, (x[GATE] - x[end]) * c);
        }
        for j in &self.junctions {
            let v = u[BULK] - u[j.end];
            let current = (v / t.vt).exp_m1() * (j.is * t.growth) + v * env.gmin;
            b.flow(BULK, j.end, current * C::SIGN);
            for layer in [j.bottom, j.side].into_iter().filter(|l| l.c0 > 0.0) {
                b.charge(BULK, j.end, layer.at(t.kelvin, self.nominal).charge(v) * C::SIGN);
            }
        }
        b
    }

    fn limit(&self, env: &Env, new: &mut [f64; 4], old: &[f64; 4]) -> bool {
        let t = self.at_temperature(env);
        let mut pulled = false;
        for j in &self.junctions {
            let (p, n) = if C::SIGN > 0.0 { (BULK, j.end) } else { (j.end, BULK) };
            let critical = limiting::critical_voltage(j.is * t.growth, t.vt);
            let limited = limiting::limit_exponential(new[p] - new[n], old[p] - old[n], t.vt, critical);
            pulled |= limiting::pull_voltage(new, old, p, n, limited);
        }
        pulled
    }

    fn outputs(&self, env: &Env, x: &[f64; 4], out: &mut Vec<f64>) {
        let duals: [Dual<4>; 4] = std::array::from_fn(|k| Dual::variable(x[k], k));
        let channel = self.inversion(&self.at_temperature(env), &Self::as_n(&duals));
        let f = self.balance(env, x).f;
        let power = f.iter().zip(x).map(|(i, v)| i * v).sum();
        let current = channel.current * C::SIGN;
        out.extend([f[DRAIN], x[DRAIN] - x[SOURCE], power, C::SIGN * channel.threshold.v]);
        out.extend([current.d[GATE], current.d[DRAIN]]);
    }
}
