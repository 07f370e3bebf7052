//! Drivers: op, dc, tran, tf.
