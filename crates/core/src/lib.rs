//! The vocabulary every other crate speaks: names, digests, ARNs, ids, time.
//!
//! Everything here is pure: no I/O, no clock, no randomness of its own. A value of one of these
//! types has been validated; parsing is the only way to make one.

pub mod account;
pub mod arn;
pub mod clock;
pub mod digest;
pub mod entropy;
pub mod id;
pub mod limits;
pub mod network;
pub mod public_endpoint;
pub mod quotas;
pub mod reference;
pub mod repository_name;
pub mod request;
pub mod secret;
pub mod tag;
pub mod upkeep;

pub use account::{AccountId, Region, RegistryId};
pub use arn::Arn;
pub use clock::{Clock, ManualClock, Timestamp};
pub use digest::Digest;
pub use entropy::{Entropy, EntropyExt, SeededEntropy};
pub use id::{EventId, ObjectId, ReplicationBackfillId, RequestId, UploadId};
pub use network::Network;
pub use public_endpoint::PublicEndpoint;
pub use quotas::{Quotas, RatedOperation, Rates};
pub use reference::Reference;
pub use repository_name::RepositoryName;
pub use request::RequestContext;
pub use secret::Secret;
pub use tag::Tag;
pub use upkeep::Upkeep;

/// A text that is not what its type demands. `Display` says what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ParseError {
    what: &'static str,
}

impl ParseError {
    /// An error that says `what` was expected.
    pub const fn new(what: &'static str) -> Self {
        Self { what }
    }
}
