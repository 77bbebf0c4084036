//! Python: what is installed ([`metadata`]), what was asked for ([`requirements`]), and what resolvers
//! wrote down ([`lock`]).

pub(super) mod lock;
pub(super) mod metadata;
pub(super) mod requirements;
