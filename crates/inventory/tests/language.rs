//! Packages of languages out of real files, compared with what an established scanner lists for them.

#![expect(clippy::unwrap_used, reason = "a test says by panicking what it did not expect")]

#[path = "language/agreement.rs"]
mod agreement;
#[path = "language/corpus.rs"]
mod corpus;
#[path = "language/hostile.rs"]
mod hostile;
#[path = "language/installed.rs"]
mod installed;
#[path = "language/locked.rs"]
mod locked;
