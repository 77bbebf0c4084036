//! What the registry knows, as opposed to the bytes it keeps: rows and the transactions over them.
//!
//! [`Metadata`] opens the database and runs transactions; a transaction body gets a [`Tx`] and
//! calls the functions of the noun modules ([`repository`], [`image`], [`upload`] …), which hold
//! all the SQL there is. The SQL is written once, in the subset that SQLite and PostgreSQL share;
//! what must differ between engines stands in the engine's own file ([`sqlite`](self::sqlite)).
//!
//! Rules (who may write what, what an absent row means to a client) live in `registry` and `auth`,
//! never here. Not found is `Ok(None)`.

mod change_counter;
mod disk_quota;
mod error;
mod migration;
mod sqlite;
#[cfg(test)]
mod tests;
mod tx;
mod value;

pub mod access_key;
pub mod account;
pub mod account_detail;
pub mod account_guardrail;
pub mod advisory_matching;
pub mod blob;
pub mod catalog_data;
pub mod check;
pub mod creation_template;
pub mod credential_use;
pub mod deleted_image;
pub mod deleted_repository;
pub mod findings_recount;
pub mod garbage;
pub mod group;
pub mod iam_tag;
pub mod image;
pub mod index_scan;
pub mod inline_policy;
pub mod installation;
pub mod instance_profile;
pub mod inventory;
pub mod job;
pub mod kms_key;
pub mod layer_facts;
pub mod lifecycle_policy;
pub mod lifecycle_preview;
pub mod managed_policy;
pub mod moving_object;
pub mod oidc_provider;
pub mod orphaned_image;
pub mod package;
pub mod package_vulnerability;
pub mod policy_attachment;
pub mod public_registry;
pub mod pull_through_cache_rule;
pub mod pull_time_exclusion;
pub mod registry_setting;
pub mod replication_backfill;
pub mod repository;
pub mod repository_policy;
pub mod resource_tag;
pub mod role;
pub mod scan;
pub mod scan_tally;
pub mod scrub;
pub mod service_event;
pub mod session;
pub mod tag;
pub mod tag_history;
pub mod trusted_principal;
pub mod upload;
pub mod usage;
pub mod user;
pub mod vex_document;

pub use change_counter::{ChangeKind, Changes, StandingCache};
pub use error::MetadataError;
pub use migration::SCHEMA_VERSION;
pub use sqlite::{Metadata, OpenMode};
pub use tx::{BoxFuture, Tx};
pub use value::{Row, Value};

/// The id of a repository row: unique for ever, so that a repository that is deleted and made
/// again under its old name shares nothing with its predecessor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct RepositoryId(i64);

impl RepositoryId {
    /// A fresh id: the time in its upper bits, so that new rows land next to each other.
    pub fn new(now: wharfinger_core::Timestamp, entropy: &dyn wharfinger_core::Entropy) -> Self {
        let mut low = [0; 4];
        entropy.fill(&mut low);
        let low = i64::from(u32::from_le_bytes(low) & 0x000f_ffff);
        Self((now.millis() << 20) | low)
    }
}

/// As the subjects of jobs name it.
impl std::fmt::Display for RepositoryId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for RepositoryId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl From<RepositoryId> for Value<'_> {
    fn from(id: RepositoryId) -> Self {
        Value::Integer(id.0)
    }
}
