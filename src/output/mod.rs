//! Writers and plots.
