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
for source in examples/*.rs examples/*/main.rs; do
  [ -e "$source" ] || continue
  name=${source#examples/}
  name=${name%/main.rs}
  name=${name%.rs}
  # the published figures take minutes as a whole; here only the sections that take seconds
  arguments=()
  [ "$name" = paper_figures ] && arguments=(--quick)
  what "example $name"
  scratch=$(mktemp -d)
  SNEAKPATH_OUT=$scratch cargo run --quiet --example "$name" -- "${arguments[@]}" >"$scratch/stdout" || { cat "$scratch/stdout"; exit 1; }
  rm -rf "$scratch"
done

what "tests, among them every deck of netlists/: cargo test"
cargo test --quiet
