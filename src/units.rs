//! Physical constants with their source, and SPICE numbers in and out.
