//! Builds the worker program once, with `rustc` alone, and keeps it beside the bench executable. Never asks a network.

use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = include_str!("worker.rs");

/// The program's path; compiled when it is not there yet or its source has changed. Takes under two seconds.
pub(crate) fn worker_program() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|e| format!("cannot tell the harness's own path: {e}"))?;
    let directory = own.parent().unwrap_or(Path::new(".")).join("load-worker");
    let (program, source) = (directory.join("worker"), directory.join("worker.rs"));
    let unchanged = std::fs::read_to_string(&source).is_ok_and(|text| text == SOURCE);
    if unchanged && program.exists() {
        return Ok(program);
    }
    std::fs::create_dir_all(&directory).map_err(|e| format!("cannot create {}: {e}", directory.display()))?;
    // Built under another name and renamed last, so that two harnesses at once never run half a program.
    let (draft, text) =
        (directory.join(format!("worker.{}", std::process::id())), directory.join("draft.rs"));
    std::fs::write(&text, SOURCE).map_err(|e| format!("cannot write {}: {e}", text.display()))?;
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args([
            "--edition",
            "2024",
            "--crate-name",
            "worker",
            "-O",
            "-C",
            "panic=abort",
            "-C",
            "strip=symbols",
        ])
        .args(["-C", "target-feature=+crt-static", "-o"])
        .args([&draft, &text])
        .output()
        .map_err(|e| format!("cannot run rustc: {e}"))?;
    if !output.status.success() {
        return Err(format!("rustc cannot build the worker:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    std::fs::rename(&draft, &program)
        .and_then(|()| std::fs::rename(&text, &source))
        .map_err(|e| format!("cannot keep the worker in {}: {e}", directory.display()))?;
    Ok(program)
}
