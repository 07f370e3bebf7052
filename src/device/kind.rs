//! Kinds of devices: their cards, and how instances get into a [`Typed`] group.

use std::marker::PhantomData;

use super::instances::Instances;
use super::locals::Locals;
use super::typed::Typed;
use super::{Card, Device, DeviceGroup, ParamError, ParamValues};

/// The object-safe face of a kind: its card and how to make instances.
pub trait DeviceKind: Sync {
    /// The card.
    fn card(&self) -> &'static Card;
    /// An empty group.
    fn group(&self) -> Box<dyn DeviceGroup>;
    /// Adds an instance whose local unknowns (ports, then internals) are `locals`.
    ///
    /// # Errors
    /// What `from_params` says; also when `locals` has the wrong length.
    fn add(&self, group: &mut dyn DeviceGroup, locals: &[u32], params: &ParamValues) -> Result<usize, ParamError>;
    /// Appends copies of instance `i` of `from`, one for every consecutive set of local unknowns in `locals`; false, and
    /// nothing done, when a group is of another kind or `locals` does not divide.
    fn replicate(&self, from: &mut dyn DeviceGroup, i: usize, locals: Locals, into: &mut dyn DeviceGroup) -> bool;
    /// Adds a copy of instance `i` with other local unknowns to its own group; false, and nothing done, when the group is of
    /// another kind, has no such instance, or `locals` has the wrong length.
    fn repeat(&self, group: &mut dyn DeviceGroup, i: usize, locals: &[u32]) -> bool;
}

/// The kind that `D` defines; a zero-sized registry entry.
#[derive(Debug)]
pub struct Kind<D, const N: usize>(PhantomData<fn() -> D>);

impl<D, const N: usize> Kind<D, N> {
    /// The registry entry of `D`.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<D, const N: usize> Default for Kind<D, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<D: Device<N>, const N: usize> Kind<D, N> {
    pub(super) const CARD: &'static Card = &D::CARD;
}

impl<D: Device<N>, const N: usize> DeviceKind for Kind<D, N> {
    fn card(&self) -> &'static Card {
        Self::CARD
    }
    fn group(&self) -> Box<dyn DeviceGroup> {
        let devices = Instances::default();
        Box::new(Typed::<D, N> { devices, locals: Vec::new().into(), multiplicity: Vec::new(), varied: false })
    }
    fn add(&self, group: &mut dyn DeviceGroup, locals: &[u32], params: &ParamValues) -> Result<usize, ParamError> {
        let device = D::from_params(params)?;
        let Some(group) = own::<D, N>(group) else {
            return Err(ParamError::Conflict(format!("internal: group of another kind than {}", D::CARD.keywords[0])));
        };
        if locals.len() != N {
            return Err(ParamError::Conflict(format!(
                "{} needs {N} local unknowns, got {}",
                D::CARD.keywords[0],
                locals.len()
            )));
        }
        let m = params.number("m");
        let m = if m.is_nan() { 1.0 } else { m };
        group.varied |= group.devices.get(0).is_some_and(|first| !first.is_like(&device));
        group.devices.push(device);
        group.locals.extend(locals);
        group.count_copies(group.devices.len() - 1, m);
        Ok(group.devices.len() - 1)
    }
    fn replicate(&self, from: &mut dyn DeviceGroup, i: usize, locals: Locals, into: &mut dyn DeviceGroup) -> bool {
        let (Some(from), Some(into)) = (own::<D, N>(from), own::<D, N>(into)) else { return false };
        let Some(device) = from.devices.get(i) else { return false };
        let m = from.multiplicity.get(i).copied().unwrap_or(1.0);
        if N == 0 || !locals.len().is_multiple_of(N) {
            return false;
        }
        let before = into.devices.len();
        into.varied |= into.devices.get(0).is_some_and(|first| !first.is_like(device));
        into.devices.extend(device, locals.len() / N);
        if before == 0 {
            into.locals = locals;
        } else {
            into.locals.extend(&locals);
        }
        into.count_copies(before, m);
        true
    }
    fn repeat(&self, group: &mut dyn DeviceGroup, i: usize, locals: &[u32]) -> bool {
        let Some(group) = own::<D, N>(group).filter(|group| i < group.devices.len() && locals.len() == N) else {
            return false;
        };
        let m = group.multiplicity.get(i).copied().unwrap_or(1.0);
        let device = group.devices[i].clone();
        group.devices.push(device);
        group.locals.extend(locals);
        group.count_copies(group.devices.len() - 1, m);
        true
    }
}

/// The group behind its object-safe face.
fn own<D: Device<N>, const N: usize>(group: &mut dyn DeviceGroup) -> Option<&mut Typed<D, N>> {
    group.as_any_mut().downcast_mut()
}
