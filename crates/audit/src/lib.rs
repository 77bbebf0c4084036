//! The audit log: one record in the shape of CloudTrail's for each call, in files of JSON lines.
//!
//! The edges write it through [`Audit`], the command line reads it through [`Query`]. What a
//! record says is decided by them; how it gets to disk, and how long it stays, is decided here.

mod audit;
mod effect;
mod entry;
mod event_id;
mod failed_login;
mod line;
mod log_file;
mod log_folder;
mod matches;
mod query;
mod queue;
mod record;
mod service_event;
mod time_expression;
mod writer;

pub use audit::{Audit, AuditSettings, Mode, OpenError, Unrecorded};
pub use effect::{Effect, effect_of};
pub use entry::{
    Entry, HIDDEN, RenderedIdentity, Resource, SessionAttributes, SessionContext, SessionIssuer,
    UserIdentity, WebIdFederationData, Who, capped,
};
pub use matches::{Matches, Tail};
pub use query::{Order, Query};
pub use record::{Found, Identity, Issuer, NamedResource, Record, Session};
pub use service_event::ServiceEvent;
pub use time_expression::parse_time;
pub use writer::Sink;
