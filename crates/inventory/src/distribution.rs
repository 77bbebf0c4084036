//! Which distribution an image was made from.

mod release;

use serde::{Deserialize, Serialize};
use wharfinger_package::Ecosystem;

use crate::layer::RELEASES;

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

/// What the files say that tell the distribution: `texts` stand for [`RELEASES`], in their order. None
/// if they tell nothing.
///
/// os-release comes first (<https://www.freedesktop.org/software/systemd/man/latest/os-release.html>),
/// the files of older distributions after it. Of Alpine, the branch is that of its repositories.
pub(crate) fn detect(texts: &[Option<&str>; RELEASES.len()]) -> Option<Distribution> {
    let text = |wanted: &str| {
        RELEASES.iter().zip(texts).find(|(path, _)| **path == wanted).and_then(|(_, text)| *text)
    };
    let os_release = text("etc/os-release").or(text("usr/lib/os-release"));
    let fields = os_release.map(release::fields).unwrap_or_default();
    let id = fields.get("ID").map(|id| id.trim().to_ascii_lowercase()).unwrap_or_default();
    let mut distribution = if id.is_empty() {
        release::by_older_files(&text)?
    } else {
        let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
        let version = match field("VERSION_ID") {
            version if version.is_empty() => release::version_by_older_files(&id, &text, &fields),
            version => version,
        };
        Distribution { id, version, pretty_name: field("PRETTY_NAME"), ecosystem: None }
    };
    distribution.ecosystem = release::ecosystem(&distribution, text("etc/apk/repositories"));
    Some(distribution)
}

#[cfg(test)]
mod tests;
