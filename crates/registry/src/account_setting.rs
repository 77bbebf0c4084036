//! Account settings.
