//! Drivers: op, dc, tran, tf.

pub mod measure;
