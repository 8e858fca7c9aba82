//! The `dmfab` program. Everything but arguments, output and exit codes is in the library.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
