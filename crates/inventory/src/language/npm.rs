//! npm
pub(super) mod bun;
pub(super) mod installed;
pub(super) mod lock;
pub(super) mod pnpm;
pub(super) mod yarn;
