//! Repository policies.
