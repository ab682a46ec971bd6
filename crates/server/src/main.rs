//! The binary `frontrow`.

use std::process::ExitCode;

fn main() -> ExitCode {
    frontrow_server::main(std::env::args_os(), std::env::vars_os())
}
