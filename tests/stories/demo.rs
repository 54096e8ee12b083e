//! The demo, as anybody runs it first.

use std::process::Command;

#[test]
fn the_demo_of_the_built_program_passes() {
    let output = Command::new(env!("CARGO_BIN_EXE_musubi")).arg("demo").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let last = text.trim_end().lines().last().unwrap_or_default();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let passed = last.strip_suffix(" passed, 0 failed").and_then(|number| number.parse::<u32>().ok());
    assert!(passed.is_some_and(|passed| passed > 0), "{last}");
}
