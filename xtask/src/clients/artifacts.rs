//! The clients of artifacts: cosign, crane, helm, oras and regctl. One module for all: what they
//! share is built once.

use anyhow::Result;

use super::go_module::GoModule;

const MODULE: GoModule = GoModule {
    pinned: "crates/e2e/artifacts",
    folder: "artifacts",
    what: "cosign, crane, helm, oras and regctl",
    go: "1.26.1",
};

/// Builds them, unless they are there as they are pinned now.
///
/// # Errors
/// If there is no go, or it cannot build them.
pub fn install() -> Result<()> {
    MODULE.install("build", |go, folder| {
        go.env("CGO_ENABLED", "0").args(["-trimpath", "-o"]);
        // The folder that is there, for each program by its own name; `tool` is all that are pinned.
        go.arg(folder).arg("tool");
    })
}
