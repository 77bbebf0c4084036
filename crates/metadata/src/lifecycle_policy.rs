//! Lifecycle policies.
