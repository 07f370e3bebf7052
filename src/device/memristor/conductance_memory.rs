//! Conductance memory with self-accelerating windows and a heated (activated) drive.
//!
//! I = (gh + (gl - gh) x) v
//! v > 0: dx/dt =  kp h^np D(v; vp) W(1 - x)      v < 0: dx/dt = -kd h^nd D(|v|; vd) W(x)
//! D(v; s) = sinh(v/s) / sinh(vref/s)             tends to v/vref for large s
//! W(r) = r^b (r + c)^-g (1 - r + e)^a            r: distance left to the bound that is approached
//! tau dh/dt = (v/va)^2 - h                       h = 1 when tau = 0
//!
//! r^b continues oddly below 0, so beyond its bound the rate points back. One law covers the ECM cell and the
//! copolymer synapse: soft bounds (a = g = 0), S-shaped (autocatalytic) updates (a > 0), heating within the pulse.

use super::{PORTS, STATE, X0, sinh_drive};
use crate::device::{Balance, Card, Device, Env, Internal, Param, ParamError, ParamValues, Role, StateLaw, limiting};
use crate::numeric::real::Real;

/// One direction of motion.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Branch {
    rate: f64,
    scale: f64,
    heat: f64,
    bound: f64,
    seed: f64,
    growth: f64,
    knee: f64,
    saturation: f64,
}

impl Branch {
    /// The branch `up` or the branch `down`.
    #[inline(always)]
    fn of(moves_up: bool, up: &Self, down: &Self) -> Self {
        let pick = |of: fn(&Self) -> f64| if moves_up { of(up) } else { of(down) };
        Self {
            rate: pick(|b| b.rate),
            scale: pick(|b| b.scale),
            heat: pick(|b| b.heat),
            bound: pick(|b| b.bound),
            seed: pick(|b| b.seed),
            growth: pick(|b| b.growth),
            knee: pick(|b| b.knee),
            saturation: pick(|b| b.saturation),
        }
    }

    /// W(r) as above.
    #[inline(always)]
    fn window<S: Real>(&self, r: S) -> S {
        let size = r.abs().powf(self.bound);
        let mut w = S::select(r.value() < 0.0, -size, size);
        if self.growth > 0.0 {
            w *= (-r + (1.0 + self.seed)).max(S::from(0.0)).powf(self.growth);
        }
        if self.saturation > 0.0 {
            w /= (r.max(S::from(0.0)) + self.knee).powf(self.saturation);
        }
        w
    }
}

/// The memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConductanceMemory {
    gh: f64,
    gl: f64,
    up: Branch,
    down: Branch,
    vref: f64,
    va: f64,
    tau: f64,
    x0: f64,
}

impl ConductanceMemory {
    #[inline(always)]
    fn conductance<S: Real>(&self, x: S) -> S {
        x.clamp(0.0, 1.0) * (self.gl - self.gh) + self.gh
    }

    #[inline(always)]
    fn rate<S: Real>(&self, v: S, x: S, heat: S) -> S {
        let up = v.value() >= 0.0;
        let branch = Branch::of(up, &self.up, &self.down);
        let (size, left) = (v.abs(), S::select(up, -x + 1.0, x));
        let mut rate = sinh_drive(size, branch.scale, self.vref) * branch.window(left) * branch.rate;
        if branch.heat > 0.0 {
            rate *= heat.max(S::from(0.0)).powf(branch.heat);
        }
        S::select(up, rate, -rate)
    }
}

impl Device<4> for ConductanceMemory {
    const CARD: Card = Card {
        keywords: &["conductance_memory", "cmem"],
        doc: "memristor with a conductance state, sinh drive, S-shaped windows and heating",
        source: "fitted to an Ag ECM 1S-1R synapse and an iCVD copolymer memristor; see models/",
        role: Role::Passive,
        ports: PORTS,
        internals: &[STATE, Internal { name: "h", unit: "1", law: StateLaw::Settling, scale: 1.0 }],
        params: &[
            Param::new("gh", "S", 1e-6, "conductance at x = 0").positive(),
            Param::new("gl", "S", 1e-4, "conductance at x = 1").positive(),
            Param::new("kp", "1/s", 1e3, "rate at v = vref, h = 1").nonnegative(),
            Param::new("vp", "V", 0.2, "voltage scale of the drive; large: linear drive").positive(),
            Param::new("np", "1", 0.0, "exponent of the heating").within(0.0, 20.0),
            Param::new("bp", "1", 1.0, "exponent of the distance to x = 1").within(0.5, 20.0),
            Param::new("ap", "1", 0.0, "exponent of the self-acceleration; 0: none").within(0.0, 20.0),
            Param::new("ep", "1", 0.1, "seed of the self-acceleration at x = 0").nonnegative(),
            Param::new("sp", "1", 0.0, "exponent of the saturation away from the bound; 0: none").within(0.0, 20.0),
            Param::new("cp", "1", 1.0, "knee of the saturation").positive(),
            Param::new("kd", "1/s", 1e3, "rate at v = -vref, h = 1").nonnegative(),
            Param::new("vd", "V", 0.2, "voltage scale of the drive at negative voltage").positive(),
            Param::new("nd", "1", 0.0, "exponent of the heating at negative voltage").within(0.0, 20.0),
            Param::new("bd", "1", 1.0, "exponent of the distance to x = 0").within(0.5, 20.0),
            Param::new("ad", "1", 0.0, "exponent of the self-acceleration at negative voltage").within(0.0, 20.0),
            Param::new("ed", "1", 0.1, "seed of the self-acceleration at x = 1").nonnegative(),
            Param::new("sd", "1", 0.0, "exponent of the saturation at negative voltage").within(0.0, 20.0),
            Param::new("cd", "1", 1.0, "knee of the saturation at negative voltage").positive(),
            Param::new("vref", "V", 1.0, "voltage at which kp and kd hold").positive(),
            Param::new("va", "V", 1.0, "voltage that settles the heating at 1").positive(),
            Param::new("tau", "s", 0.0, "time constant of the heating; 0: none, h = 1").nonnegative(),
            X0,
            Param::multiplicity(),
        ],
        outputs: &[("i", "A"), ("v", "V"), ("p", "W"), ("r", "ohm"), ("g", "S"), ("x", "1"), ("h", "1")],
        equivalent: "\
Cy y 0 1
Ry y 0 1e12
Ex x 0 vol='min(max(x0+V(y),0),1)'
Bi te be I=(gh+(gl-gh)*V(x))*V(te,be)
Bh 0 h I=((tau>0)?(V(te,be)*V(te,be)/(va*va)):1)-V(h)
Ch h 0 {tau}
Bp p 0 V=(time>0)?((V(te,be)>0)?(kp*((np>0)?pow(max(V(h),1e-9),np):1)*\
exp(min(abs(V(te,be))-vref,200*vp)/vp)*(1-exp(-2*abs(V(te,be))/vp))/(1-exp(-2*vref/vp))*\
sgn(1-x0-V(y))*pow(abs(1-x0-V(y)),bp)*((ap>0)?pow(max(x0+V(y)+ep,0),ap):1)/\
((sp>0)?pow(max(1-x0-V(y),0)+cp,sp):1)):0):0
Bd d 0 V=(time>0)?((V(te,be)<0)?(kd*((nd>0)?pow(max(V(h),1e-9),nd):1)*\
exp(min(abs(V(te,be))-vref,200*vd)/vd)*(1-exp(-2*abs(V(te,be))/vd))/(1-exp(-2*vref/vd))*\
sgn(x0+V(y))*pow(abs(x0+V(y)),bd)*((ad>0)?pow(max(1-x0-V(y)+ed,0),ad):1)/\
((sd>0)?pow(max(x0+V(y),0)+cd,sd):1)):0):0
By 0 y I=V(p)-V(d)
",
    };

    const LIMITS: bool = true;

    fn from_params(p: &ParamValues) -> Result<Self, ParamError> {
        let branch = |rate, scale, heat, bound, growth, seed, saturation, knee| Branch {
            rate: p.number(rate),
            scale: p.number(scale),
            heat: p.number(heat),
            bound: p.number(bound),
            growth: p.number(growth),
            seed: p.number(seed),
            saturation: p.number(saturation),
            knee: p.number(knee),
        };
        Ok(Self {
            gh: p.number("gh"),
            gl: p.number("gl"),
            up: branch("kp", "vp", "np", "bp", "ap", "ep", "sp", "cp"),
            down: branch("kd", "vd", "nd", "bd", "ad", "ed", "sd", "cd"),
            vref: p.number("vref"),
            va: p.number("va"),
            tau: p.number("tau"),
            x0: p.number("x0"),
        })
    }

    const VECTORISES: bool = true;

    fn is_like(&self, other: &Self) -> bool {
        Self { x0: other.x0, ..*self } == *other
    }

    #[inline(always)]
    fn balance<S: Real>(&self, _: &Env, x: &[S; 4]) -> Balance<S, 4> {
        let (v, state, heat) = (x[0] - x[1], x[2], x[3]);
        let mut b = Balance::zero();
        b.flow(0, 1, v * self.conductance(state));
        b.q[2] = state;
        b.f[2] = -self.rate(v, state, heat);
        if self.tau > 0.0 {
            b.q[3] = heat;
            b.f[3] = (heat - v * v / (self.va * self.va)) / self.tau;
        } else {
            b.f[3] = heat - 1.0;
        }
        b
    }

    fn start(&self, x: &mut [f64; 4]) {
        x[2] = self.x0;
        x[3] = if self.tau > 0.0 { 0.0 } else { 1.0 };
    }

    fn limit(&self, _: &Env, new: &mut [f64; 4], old: &[f64; 4]) -> bool {
        limiting::pull_state(&mut new[2], old[2], 0.5)
    }

    fn outputs(&self, _: &Env, x: &[f64; 4], out: &mut Vec<f64>) {
        let (v, g) = (x[0] - x[1], self.conductance(x[2]));
        out.extend([g * v, v, g * v * v, 1.0 / g, g, x[2], x[3]]);
    }
}
