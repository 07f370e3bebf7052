//! SciPy's sparse direct solver (SuperLU) on the nodal matrix of an array network: what badcrossbar does.
//!
//! Only the solve is timed, inside Python; assembly of the matrix is not.

use std::io::Write;
use std::process::{Command, Stdio};

use sneakpath::crossbar::Network;

use super::WIRE;

/// Standard input: cell conductances, then driver voltages. Standard output: a line with the version, seconds of
/// `spsolve` or of `splu`, and seconds of one solve with its factors; then all node voltages as bytes.
const SCRIPT: &str = r"
import sys, time, numpy as np, scipy, scipy.sparse as sp
from scipy.sparse.linalg import splu, spsolve
n, m, w, many = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
given = np.frombuffer(sys.stdin.buffer.read(), dtype='<f8')
g, v = given[:n*m].reshape(n, m), given[n*m:]
k = n*m
idx = np.arange(k).reshape(n, m)
rows, cols, vals = [], [], []
def connect(a, b, c):
    a, b = a.ravel(), b.ravel(); c = np.broadcast_to(c, a.shape)
    rows.extend([a, b, a, b]); cols.extend([a, b, b, a]); vals.extend([c, c, -c, -c])
connect(idx, idx + k, g.ravel())
connect(idx[:, :-1], idx[:, 1:], w)
connect(idx[:-1] + k, idx[1:] + k, w)
for ends in (idx[:, 0], idx[-1] + k):
    rows.append(ends); cols.append(ends); vals.append(np.full(ends.size, w))
a = sp.csc_matrix((np.concatenate(vals), (np.concatenate(rows), np.concatenate(cols))), shape=(2*k, 2*k))
b = np.zeros(2*k); b[idx[:, 0]] = v*w
start = time.perf_counter()
if many == 0:
    x = spsolve(a, b); first, each = time.perf_counter() - start, 0
else:
    lu = splu(a); first = time.perf_counter() - start
    start = time.perf_counter()
    for _ in range(many): x = lu.solve(b)
    each = (time.perf_counter() - start) / many
sys.stdout.buffer.write(f'{scipy.__version__} {first} {each}\n'.encode())
sys.stdout.buffer.write(x.astype('<f8').tobytes())
";

/// Why there is no figure.
pub const MISSING: &str = "SciPy (pip install scipy)";

/// One run.
pub struct Solved {
    /// Of SciPy.
    pub version: String,
    /// `spsolve`, or the factorization.
    pub seconds: f64,
    /// A solve with the factors.
    pub each: f64,
    /// Node voltages: word lines, bit lines.
    pub x: [Vec<f64>; 2],
}

impl Solved {
    /// Largest difference of a node voltage from `x`, relative to the largest voltage.
    pub fn difference(&self, x: [&[f64]; 2]) -> f64 {
        let pairs = || self.x.iter().flatten().zip(x.into_iter().flatten());
        let largest = pairs().fold(0.0f64, |a, (v, _)| a.max(v.abs()));
        pairs().fold(0.0, |a, (v, x)| super::nan_max(a, (v - x).abs())) / largest
    }
}

/// Is there a SciPy? Its version.
pub fn version() -> Option<String> {
    let output = Command::new("python3").args(["-c", "import scipy; print(scipy.__version__)"]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
}

/// One `spsolve`.
///
/// # Errors
/// What Python says.
pub fn spsolve(network: &Network, volts: &[f64]) -> Result<Solved, String> {
    run(network, volts, 0)
}

/// One `splu` and the mean of `many` solves with its factors.
///
/// # Errors
/// What Python says.
pub fn splu(network: &Network, volts: &[f64], many: usize) -> Result<Solved, String> {
    run(network, volts, many)
}

fn run(network: &Network, volts: &[f64], many: usize) -> Result<Solved, String> {
    let arguments = [network.rows.to_string(), network.cols.to_string(), WIRE.to_string(), many.to_string()];
    let mut child = Command::new("python3")
        .args(["-c", SCRIPT])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("python3: {e}"))?;
    let bytes: Vec<u8> = network.cells.iter().chain(volts).flat_map(|g| g.to_le_bytes()).collect();
    // a broken pipe is told by what Python says
    let _ = child.stdin.take().map(|mut pipe| pipe.write_all(&bytes));
    let output = child.wait_with_output().map_err(|e| format!("python3: {e}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let fault = || format!("SciPy failed: {}", said.lines().last().unwrap_or("no output"));
    let end = output.stdout.iter().position(|b| *b == b'\n').ok_or_else(fault)?;
    let head = String::from_utf8_lossy(&output.stdout[..end]).into_owned();
    let words: Vec<&str> = head.split_whitespace().collect();
    let [version, seconds, each] = words[..] else { return Err(fault()) };
    let voltages: Vec<f64> =
        output.stdout[end + 1..].as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    if voltages.len() != 2 * network.cells.len() {
        return Err(fault());
    }
    let (word, bit) = voltages.split_at(network.cells.len());
    Ok(Solved {
        version: version.to_string(),
        seconds: seconds.parse().map_err(|_| fault())?,
        each: each.parse().map_err(|_| fault())?,
        x: [word.to_vec(), bit.to_vec()],
    })
}
