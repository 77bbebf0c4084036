//! Repository creation templates.
