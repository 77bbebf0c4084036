//! The official conformance suite of OCI Distribution, a program of Go's tests.

use anyhow::Result;

use super::go_module::GoModule;

const MODULE: GoModule = GoModule {
    pinned: "crates/e2e/conformance",
    folder: "conformance",
    what: "the conformance suite of OCI Distribution",
    go: "1.24",
};
/// The package of the suite.
const SUITE: &str = "github.com/opencontainers/distribution-spec/conformance";

/// Builds the suite, unless it is there as it is pinned now.
///
/// # Errors
/// If there is no go, or it cannot build it.
pub fn install() -> Result<()> {
    MODULE.install("test", |go, folder| {
        go.args(["-c", "-vet=off", "-o"]).arg(folder.join("conformance.test")).arg(SUITE);
    })
}
