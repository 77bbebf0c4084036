//! Python
pub(super) mod lock;
pub(super) mod metadata;
pub(super) mod requirements;
