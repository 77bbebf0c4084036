//! Which distribution an image was made from.

use serde::{Deserialize, Serialize};
use wharfinger_package::Ecosystem;

/// A distribution, as the image says it itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    /// `ID` of os-release: `debian`, `rhel`, `amzn`.
    pub id: String,
    /// `VERSION_ID`, or what stands for it (`/etc/debian_version`); empty if there is none.
    pub version: String,
    /// `PRETTY_NAME`: for people.
    pub pretty_name: String,
    /// Whose advisories hold for it; none for a distribution that nobody here knows.
    pub ecosystem: Option<Ecosystem>,
}
