//! The direct solver: multifrontal elimination of an array in excess form.
//!
//! The array is dissected by its geometry ([`tree`]), tiles of 8 x 8 cells are eliminated eight at a time ([`tiles`]),
//! and dense fronts join them ([`front`]), all without a subtraction. Symmetric cells take LDL^T ([`Frontal`]); cells
//! whose two currents differ, such as a transistor with a fixed gate, take LU on the same tree ([`FrontalLu`]).
//! Work grows as 20 N^3 flops, the factor as 8 N^2 log2 N numbers, whatever the conductances are.
//!
//! Multifrontal method: Duff and Reid, ACM TOMS 9, 1983.

mod front;
mod many;
mod program;
mod refine;
mod solve;
mod tiles;
mod tree;

use crate::numeric::simd::{Clear, Octet, WIDTH};
use front::{Dense, Elimination, Extension, Scratch, triangle};
use program::{INNER, PROGRAM};
use solve::Vectors;
use tiles::{Batch, Cells};
use tree::{Part, Tree};

pub use crate::numeric::simd::Level;
pub use refine::Refinement;
pub use tree::Side;

use super::misfit::{self, Field, Misfit};
use super::network::Network;
use super::trouble::Trouble;

/// LDL^T of a [`Network`].
pub type Frontal = Multifrontal<1>;

/// LU of a network whose cells have four entries.
pub type FrontalLu = Multifrontal<2>;

/// A finished factorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pivots {
    /// Pivots below zero: 0 for a positive definite matrix. Some negative conductance brings them about.
    pub negative: usize,
}

/// Where a front is stored.
#[derive(Debug, Clone, Copy)]
struct Store {
    /// In the panels.
    panel: usize,
    /// In the arena of its parity: ground of the rim, then the triangles.
    kept: usize,
}

/// Factors in `H` halves.
#[derive(Debug, Clone)]
struct Factors<const H: usize> {
    rows: usize,
    cols: usize,
    level: Level,
    tree: Tree,
    stores: Vec<Store>,
    /// Inner entries of all batches of tiles.
    inner: Vec<[Octet; H]>,
    /// 1/d of the inner nodes of all batches.
    inner_inverse: Vec<Octet>,
    /// Panels of all fronts.
    panels: Vec<Octet>,
    /// 1/d of all blocks.
    inverse: Vec<Octet>,
}

/// The solver in `H` halves: 1 for a symmetric matrix, 2 for one with a symmetric pattern.
#[derive(Debug, Clone)]
pub struct Multifrontal<const H: usize> {
    factors: Factors<H>,
    /// What fronts hand up, even depths and odd depths: parts and whole are never in the same one.
    arena: [Vec<Octet>; 2],
    batch: Batch<H>,
    scratch: Scratch<H>,
    /// Ground of one front.
    ground: Vec<Octet>,
    vectors: Vectors,
    /// Did the last factorization succeed?
    factored: bool,
}

/// Octets that a front of this rim hands up.
fn kept_size(halves: usize, rim: usize) -> usize {
    rim + halves * triangle(rim)
}

/// Places fronts in the panels and, as on two stacks, in the arenas; returns the sizes of both.
fn place(halves: usize, tree: &Tree) -> (Vec<Store>, usize, [usize; 2]) {
    let mut stores: Vec<Store> = Vec::with_capacity(tree.fronts.len());
    let (mut panel, mut tops, mut highest) = (0, [0; 2], [0; 2]);
    for front in &tree.fronts {
        let parity = front.depth % 2;
        for (part, _) in &front.parts {
            if let Part::Front(part) = *part {
                tops[1 - parity] = tops[1 - parity].min(stores[part].kept);
            }
        }
        stores.push(Store { panel, kept: tops[parity] });
        panel += halves * front.height() * front.pivots * WIDTH;
        tops[parity] += kept_size(halves, front.rim.len());
        highest[parity] = highest[parity].max(tops[parity]);
    }
    (stores, panel, highest)
}

impl<const H: usize> Multifrontal<H> {
    /// Prepares for networks of `rows x cols` cells: order, fill and memory are settled here, once.
    ///
    /// # Errors
    /// An array without cells, or one that does not fit into memory.
    pub fn analyse(rows: usize, cols: usize) -> Result<Self, Misfit> {
        Self::analyse_for(rows, cols, Level::best())
    }

    /// As [`Multifrontal::analyse`], for a given instruction set.
    ///
    /// # Errors
    /// Those of [`Multifrontal::analyse`].
    pub fn analyse_for(rows: usize, cols: usize, level: Level) -> Result<Self, Misfit> {
        let batches = tiles(rows, cols)?.div_ceil(WIDTH);
        let memory = Misfit::Memory { rows, cols };
        // the first vector tells, before any work, whether there can be memory
        let inner = misfit::filled([Octet::ZERO; H], batches * PROGRAM.inner_entries(), memory)?;
        let zeros = |count: usize| misfit::filled(Octet::ZERO, count, memory);
        let tree = Tree::dissect(rows, cols);
        let (stores, panels, [even, odd]) = place(H, &tree);
        let tallest = tree.fronts.iter().map(tree::Front::height).max().unwrap_or(0);
        let vectors = Vectors::new(&tree, tallest);
        let factors = Factors {
            rows,
            cols,
            level,
            inner,
            inner_inverse: zeros(batches * INNER)?,
            panels: zeros(panels)?,
            inverse: zeros(tree.blocks.len())?,
            tree,
            stores,
        };
        Ok(Self {
            factors,
            arena: [zeros(even)?, zeros(odd)?],
            batch: Batch::default(),
            scratch: Scratch::new(tallest),
            ground: zeros(tallest)?,
            vectors,
            factored: false,
        })
    }

    /// Bytes that [`Multifrontal::analyse`] will take for this shape.
    ///
    /// # Errors
    /// An array without cells, or one with more than the solver can number.
    pub fn memory(rows: usize, cols: usize) -> Result<usize, Misfit> {
        tiles(rows, cols)?;
        let tree = Tree::dissect(rows, cols);
        let (_, panels, arenas) = place(H, &tree);
        let octets = tree.tiles.len().div_ceil(WIDTH) * tiles::octets::<H>() + panels + arenas[0] + arenas[1];
        Ok(octets * size_of::<Octet>())
    }

    /// Eliminates; `cells` and the lines of `network` may change from call to call, its shape may not.
    ///
    /// # Errors
    /// A pivot that is zero or no number; what is no network of this shape.
    fn eliminate(&mut self, network: &Network, cells: &Cells<H>) -> Result<Pivots, Trouble> {
        let mut negative = 0;
        for front in 0..self.factors.tree.fronts.len() {
            negative += self.eliminate_front(network, cells, front)?;
        }
        self.factored = true;
        Ok(Pivots { negative })
    }

    /// Eliminates a batch of tiles when the first of them is asked for.
    fn eliminate_tiles(&mut self, network: &Network, cells: &Cells<H>, tile: usize) -> Result<usize, Trouble> {
        if !tile.is_multiple_of(WIDTH) {
            return Ok(0);
        }
        let batch = tile / WIDTH;
        let tiles = &self.factors.tree.tiles[tile..(tile + WIDTH).min(self.factors.tree.tiles.len())];
        self.batch.load(network, cells, tiles);
        let inverse = &mut self.factors.inner_inverse[batch * INNER..(batch + 1) * INNER];
        let outcome = self.factors.level.run(tiles::Elimination { batch: &mut self.batch, inverse });
        let negative = outcome.map_err(|(lane, node)| {
            let (side, row, col) = PROGRAM.inner[node];
            let [p, q] = tiles.get(lane).copied().unwrap_or_default();
            Trouble::Untied { side, row: WIDTH * p + row, col: WIDTH * q + col }
        })?;
        let size = PROGRAM.inner_entries();
        self.factors.inner[batch * size..(batch + 1) * size].copy_from_slice(self.batch.inner());
        Ok(negative)
    }

    fn eliminate_front(&mut self, network: &Network, cells: &Cells<H>, index: usize) -> Result<usize, Trouble> {
        let mut negative = 0;
        let (depth, pivots, height) = {
            let front = &self.factors.tree.fronts[index];
            (front.depth, front.pivots, front.height())
        };
        let Store { panel, kept } = self.factors.stores[index];
        let rim = height - pivots;
        let level = self.factors.level;
        level.run(Clear(&mut self.factors.panels[panel..panel + H * height * pivots * WIDTH]));
        level.run(Clear(&mut self.arena[depth % 2][kept..kept + kept_size(H, rim)]));
        self.ground[..height].fill(Octet::ZERO);
        for part in 0..self.factors.tree.fronts[index].parts.len() {
            if let (Part::Tile(tile), _) = self.factors.tree.fronts[index].parts[part] {
                negative += self.eliminate_tiles(network, cells, tile)?;
            }
            self.assemble(index, part);
        }
        let [even, odd] = &mut self.arena;
        let own = if depth.is_multiple_of(2) { even } else { odd };
        let (rim_ground, schur) = own[kept..kept + kept_size(H, rim)].split_at_mut(rim);
        let front = Dense {
            pivots,
            height,
            panel: halves(&mut self.factors.panels[panel..], height * pivots * WIDTH),
            schur: halves(schur, triangle(rim)),
            ground: &mut self.ground[..height],
        };
        let first = self.factors.tree.fronts[index].first;
        let inverse = &mut self.factors.inverse[first..first + pivots];
        let outcome = self.factors.level.run(Elimination { front, inverse, scratch: &mut self.scratch });
        negative += outcome.map_err(|node| untied(&self.factors.tree, first, node))?;
        rim_ground.copy_from_slice(&self.ground[pivots..height]);
        Ok(negative)
    }

    /// Adds one part of a front to it.
    fn assemble(&mut self, index: usize, part: usize) {
        let front = &self.factors.tree.fronts[index];
        let (pivots, height) = (front.pivots, front.height());
        let Store { panel, kept } = self.factors.stores[index];
        let [even, odd] = &mut self.arena;
        let (own, parts) = if front.depth.is_multiple_of(2) { (even, odd) } else { (odd, even) };
        let rim = height - pivots;
        let mut dense = Dense {
            pivots,
            height,
            panel: halves(&mut self.factors.panels[panel..], height * pivots * WIDTH),
            schur: halves(&mut own[kept + rim..], triangle(rim)),
            ground: &mut self.ground[..height],
        };
        let (part, ref rows) = front.parts[part];
        let rows = &self.factors.tree.lists[rows.clone()];
        match part {
            Part::Tile(tile) => self.batch.hand_up(tile % WIDTH, rows, &mut dense),
            Part::Front(part) => {
                let (ground, rest) = parts[self.factors.stores[part].kept..].split_at(rows.len());
                let size = triangle(rows.len());
                let schur = std::array::from_fn(|h| &rest[h * size..(h + 1) * size]);
                self.factors.level.run(Extension { front: &mut dense, rows, schur, ground });
            }
        }
    }

    /// Solves A x = b; all arrays `rows x cols`, row-major, index 0 word lines and 1 bit lines.
    ///
    /// # Errors
    /// No factorization, vectors of another length, a solution that is not finite: nothing in `x` counts then.
    pub fn solve(&mut self, b: [&[f64]; 2], x: [&mut [f64]; 2]) -> Result<(), Trouble> {
        self.solve_half(b, x, 0)
    }

    /// Solves A^T x = b.
    ///
    /// # Errors
    /// Those of [`Multifrontal::solve`].
    pub fn solve_adjoint(&mut self, b: [&[f64]; 2], x: [&mut [f64]; 2]) -> Result<(), Trouble> {
        self.solve_half(b, x, H - 1)
    }

    /// Solves A x = b for many right-hand sides, one after the other in memory, each `rows x cols`.
    ///
    /// # Errors
    /// Those of [`Multifrontal::solve`].
    pub fn solve_many(&self, b: [&[f64]; 2], x: [&mut [f64]; 2]) -> Result<(), Trouble> {
        self.solve_half_many(b, x, 0)
    }

    /// Solves A^T x = b for many right-hand sides.
    ///
    /// # Errors
    /// Those of [`Multifrontal::solve`].
    pub fn solve_many_adjoint(&self, b: [&[f64]; 2], x: [&mut [f64]; 2]) -> Result<(), Trouble> {
        self.solve_half_many(b, x, H - 1)
    }

    fn solve_half(&mut self, b: [&[f64]; 2], [xw, xb]: [&mut [f64]; 2], lower: usize) -> Result<(), Trouble> {
        self.admit(b, [xw, xb], 1)?;
        self.factors.substitute(&mut self.vectors, b, [&mut *xw, &mut *xb], lower);
        judge(b, [xw, xb])
    }

    fn solve_half_many(&self, b: [&[f64]; 2], [xw, xb]: [&mut [f64]; 2], lower: usize) -> Result<(), Trouble> {
        let cells = self.factors.rows * self.factors.cols;
        self.admit(b, [xw, xb], b[0].len().div_ceil(cells))?;
        self.factors.substitute_many(b, [&mut *xw, &mut *xb], lower);
        judge(b, [xw, xb])
    }

    /// May a solve of so many right-hand sides begin?
    fn admit(&self, b: [&[f64]; 2], x: [&[f64]; 2], count: usize) -> Result<(), Trouble> {
        misfit::vectors(b, x, count * self.factors.rows * self.factors.cols)?;
        if self.factored { Ok(()) } else { Err(Trouble::Unfactored) }
    }

    /// Rows and columns.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        (self.factors.rows, self.factors.cols)
    }
}

/// Is a solution finite? If not, what is wrong with its right-hand side?
fn judge(b: [&[f64]; 2], x: [&[f64]; 2]) -> Result<(), Trouble> {
    if x.into_iter().all(misfit::is_finite) {
        return Ok(());
    }
    misfit::finite_right_hand_side(b)?;
    Err(Trouble::Overflow)
}

/// Number of tiles.
fn tiles(rows: usize, cols: usize) -> Result<usize, Misfit> {
    misfit::cells(rows, cols)?;
    let tiles = rows.div_ceil(WIDTH) * cols.div_ceil(WIDTH);
    // a tile has two blocks of its own, and blocks have numbers of 32 bits
    if tiles < tree::NONE as usize / 2 { Ok(tiles) } else { Err(Misfit::Memory { rows, cols }) }
}

/// The node behind a failed pivot of a front.
fn untied(tree: &Tree, first: usize, node: usize) -> Trouble {
    let block = tree.blocks[first + node / WIDTH];
    let (row, col) = block.node(node % WIDTH);
    Trouble::Untied { side: block.side, row, col }
}

/// Cuts a slice in halves of the same size.
fn halves<const H: usize>(mut slice: &mut [Octet], size: usize) -> [&mut [Octet]; H] {
    std::array::from_fn(|_| {
        let (half, rest) = std::mem::take(&mut slice).split_at_mut(size);
        slice = rest;
        half
    })
}

impl Frontal {
    /// Factors A of a network.
    ///
    /// # Errors
    /// A pivot that is zero or no number: lines that nothing ties to a potential, or conductances that cancel. What is no
    /// network ([`Network::check`]), or one of another shape.
    pub fn factor(&mut self, network: &Network) -> Result<Pivots, Trouble> {
        self.factored = false;
        network.check_shape(self.shape())?;
        network.check_wires()?;
        let outcome = self.eliminate(network, &Cells { couplings: [&network.cells], diagonal: None });
        outcome.or_else(|trouble| network.check().map_err(Trouble::from).and(Err(trouble)))
    }
}

impl FrontalLu {
    /// Factors A of the lines of `network` with cells [[ww, -wb], [-bw, bb]] at (word, bit): `cells` holds ww, wb, bw,
    /// bb, each row-major; the conductances of `network` are not read. A cell whose current flows from its word to its
    /// bit node has bw = ww and wb = bb.
    ///
    /// # Errors
    /// As for [`Frontal::factor`], and entries of another length.
    pub fn factor(&mut self, network: &Network, [ww, wb, bw, bb]: [&[f64]; 4]) -> Result<Pivots, Trouble> {
        self.factored = false;
        let count = network.check_shape(self.shape())?;
        network.check_wires()?;
        let entries = [(0, 0, ww), (0, 1, wb), (1, 0, bw), (1, 1, bb)];
        entries.iter().try_for_each(|&(r, c, entry)| misfit::length(Field::Entries(r, c), entry, count))?;
        let outcome = self.eliminate(network, &Cells { couplings: [wb, bw], diagonal: Some([ww, bb]) });
        outcome.or_else(|trouble| {
            network.check_ties()?;
            entries.iter().try_for_each(|&(r, c, entry)| misfit::finite(Field::Entries(r, c), entry))?;
            Err(trouble)
        })
    }
}
