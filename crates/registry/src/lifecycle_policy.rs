//! Lifecycle policies and their previews.
