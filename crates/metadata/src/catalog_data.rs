//! The catalog data of public repositories and registries.
