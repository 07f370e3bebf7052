#!/usr/bin/env bash
# The one gate: what passes here may be merged. Run it from anywhere; it stops at the first thing that fails.
set -euo pipefail
cd "$(dirname "$0")"

what() { printf '\n== %s\n' "$*"; }

what "format: cargo fmt --check"
cargo fmt --check

what "lints: cargo clippy, warnings are errors"
cargo clippy --quiet --all-targets -- -D warnings

what "documentation: cargo doc, warnings are errors"
RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps

what "examples: every one is built and run"
cargo build --quiet --examples
for source in examples/*.rs; do
  [ -e "$source" ] || continue
  name=$(basename "$source" .rs)
  what "example $name"
  scratch=$(mktemp -d)
  SNEAKPATH_OUT=$scratch cargo run --quiet --example "$name" >"$scratch/stdout" || { cat "$scratch/stdout"; exit 1; }
  rm -rf "$scratch"
done

what "tests, among them every deck of netlists/: cargo test"
cargo test --quiet
