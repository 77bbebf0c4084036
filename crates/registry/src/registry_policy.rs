//! The registry policy.
