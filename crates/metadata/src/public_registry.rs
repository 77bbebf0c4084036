//! Public registries and their aliases.
