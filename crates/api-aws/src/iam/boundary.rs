//! Permissions boundaries of users and roles.

use wharfinger_aws_model::iam::{Operation, Request};

use super::{Call, Outcome, not_implemented};

/// The operations that are answered here.
pub(crate) const OPERATIONS: &[Operation] = &[];

/// Carries out one of [`OPERATIONS`].
pub(crate) async fn answer(_call: &Call<'_>, request: Request) -> Outcome {
    Err(not_implemented(request.operation()))
}
