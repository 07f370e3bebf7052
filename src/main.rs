//! The thin binary.
fn main() -> std::process::ExitCode {
    sneakpath::cli::main(std::env::args_os())
}
