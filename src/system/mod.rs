//! Assembly of f, q and their Jacobians.
