//! The rules of IAM and STS: who there is in an account, which policies hold for them, and the
//! sessions they are given. No HTTP, SQL or wire shapes.
//!
//! Each noun is a file: `user`, `group`, `role`, `managed_policy` … Every method takes a
//! [`Permit`](wharfinger_auth::Permit), as those of the registry do; the command line, which works
//! for whoever owns the data directory, makes itself one of the system. What policies decide is for
//! `auth` to say, never for this crate.

mod error;
mod guardrail;
mod name;
mod page;
mod simulation;

use std::sync::Arc;

use wharfinger_auth::Auth;
use wharfinger_core::{Clock, Entropy, Timestamp};
use wharfinger_metadata::Metadata;

pub use error::Error;
pub use guardrail::Guardrail;
pub use page::{Page, PageRequest};
pub use simulation::{Evaluation, Exclusion, MatchedStatement, Simulation};
pub use wharfinger_iam_policy::{Decision, PolicyType, Position};

/// IAM and STS of all accounts of an installation.
pub struct Iam {
    metadata: Metadata,
    auth: Arc<Auth>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Iam {
    /// IAM over a metadata store. `auth` seals the secrets it makes.
    pub fn new(
        metadata: Metadata,
        auth: Arc<Auth>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { metadata, auth, clock, entropy }
    }

    /// The authentication whose principals these are.
    pub fn auth(&self) -> &Arc<Auth> {
        &self.auth
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    #[expect(dead_code, reason = "the nouns come one by one")]
    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    #[expect(dead_code, reason = "the nouns come one by one")]
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
