//! Arguments, progress, exit codes.
