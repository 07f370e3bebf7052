//! Source waveforms v(t) and their corners.

/// A waveform.
#[derive(Debug, Clone, PartialEq)]
pub enum Waveform {
    /// v1 v2 delay rise fall width period, all in SI units; `cycles` = 0: forever.
    Pulse { v1: f64, v2: f64, delay: f64, rise: f64, fall: f64, width: f64, period: f64, cycles: f64 },
    /// offset + amplitude e^(-theta (t - delay)) sin(2 pi (frequency (t - delay)) + phase), phase in degrees; `cycles` = 0: forever.
    Sin { offset: f64, amplitude: f64, frequency: f64, delay: f64, theta: f64, phase: f64, cycles: f64 },
    /// Corners (t, v), t non-decreasing; two equal times are a jump. `repeat`: period start for R=.
    Pwl { points: Vec<(f64, f64)>, delay: f64, repeat: Option<f64> },
    /// v1 v2 td1 tau1 td2 tau2.
    Exp { v1: f64, v2: f64, td1: f64, tau1: f64, td2: f64, tau2: f64 },
    /// offset amplitude carrier modulation-index signal.
    Sffm { offset: f64, amplitude: f64, carrier: f64, index: f64, signal: f64 },
    /// amplitude offset modulation carrier delay.
    Am { amplitude: f64, offset: f64, modulation: f64, carrier: f64, delay: f64 },
}
