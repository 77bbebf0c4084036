//! Java archives (jar, war, ear, par), and those within them.
//!
//! Which package an archive is: what Maven left in it (`META-INF/maven/**/pom.properties`, of a shaded
//! archive one for each part), else its manifest together with its name ([`identity`]). Advisories name
//! packages by group and artifact, and manifests know no groups, so [`identity`] may have to guess one;
//! a group that is wrong belongs to no package, and finds nothing.
//!
//! An archive is in memory whole, those within it as far as they are packed: what is in memory at once is
//! bounded by `binary_bytes`, and what is unpacked of one file in all by four times as much.

mod archive;
mod group;
mod identity;
mod manifest;
#[cfg(test)]
mod tests;

use std::io::Read;

use wharfinger_package::Family;

use super::listing::Listing;
use super::place::is_java_archive;
use super::whole;
use crate::found::{FileError, LanguagePackage};
use crate::{Limits, PackageManager};
use archive::{Archive, Entry};
use identity::Coordinates;

/// What each entry that is looked at counts as at least, in bytes unpacked: it takes time to find.
const ENTRY_BYTES_MIN: u64 = 1024;

const JAR: (Family, PackageManager) = (Family::Maven, PackageManager::Jar);

/// Reads an archive of `size` bytes. A file that is none (it is empty, or begins otherwise) holds nothing.
pub(super) fn read(
    path: &str,
    size: u64,
    content: &mut dyn Read,
    limits: &Limits,
) -> Result<Vec<LanguagePackage>, FileError> {
    let file = whole(size, content, limits.binary_bytes)?;
    let mut reader = Reader {
        limits,
        unpacked: limits.binary_bytes.saturating_mul(4),
        listing: Listing::new(path, limits),
    };
    let memory = limits.binary_bytes.saturating_sub(file.len() as u64);
    reader.archive(&Place { path, inner: String::new(), depth: 0, memory }, &file)?;
    Ok(reader.listing.into_packages())
}

struct Reader<'a> {
    limits: &'a Limits,
    /// Bytes that may still be unpacked.
    unpacked: u64,
    listing: Listing<'a>,
}

/// Where an archive is.
struct Place<'a> {
    /// Its path in the archive around it, or in the layer.
    path: &'a str,
    /// What follows the path of the file: `!/WEB-INF/lib/a.jar`.
    inner: String,
    /// How many archives are around it.
    depth: u32,
    /// Bytes that what is in it may take in memory.
    memory: u64,
}

impl Reader<'_> {
    /// Adds the packages of an archive, and of those within.
    fn archive(&mut self, place: &Place<'_>, bytes: &[u8]) -> Result<(), FileError> {
        let Some(archive) = Archive::open(bytes, self.limits, is_telling)? else { return Ok(()) };
        let mut parts = Vec::new();
        let mut attributes = None;
        for entry in &archive.entries {
            if is_properties(&entry.name) {
                let text = self.unpack(place, entry, self.limits.manifest_bytes)?;
                parts.extend(manifest::properties(&String::from_utf8_lossy(&text)));
            } else if is_manifest(&entry.name) && attributes.is_none() {
                let text = self.unpack(place, entry, self.limits.manifest_bytes)?;
                attributes = Some(manifest::Attributes::parse(&String::from_utf8_lossy(&text)));
            }
        }
        let name = place.path.rsplit('/').next().unwrap_or_default();
        for Coordinates { group, artifact, version } in
            identity::identify(name, parts, &attributes.unwrap_or_default())
        {
            let name = format!("{group}:{artifact}");
            self.listing.add_inside(JAR, &place.inner, &name, &version)?;
        }
        archive
            .entries
            .iter()
            .filter(|entry| is_java_archive(&entry.name))
            .try_for_each(|entry| self.within(place, entry))
    }

    /// Adds the packages of an archive within an archive.
    fn within(&mut self, place: &Place<'_>, entry: &Entry<'_>) -> Result<(), FileError> {
        if place.depth >= self.limits.nesting {
            let count = u64::from(self.limits.nesting);
            return Err(FileError::TooMany { count, what: "archives within each other" });
        }
        let bytes = self.unpack(place, entry, self.limits.binary_bytes)?;
        let taken = if entry.is_packed() { bytes.len() as u64 } else { 0 };
        let inner = Place {
            path: &entry.name,
            inner: format!("{}!/{}", place.inner, entry.name),
            depth: place.depth.saturating_add(1),
            memory: place.memory.saturating_sub(taken),
        };
        self.archive(&inner, &bytes)
    }

    /// The content of an entry, if it may be that long.
    fn unpack<'e>(
        &mut self,
        place: &Place<'_>,
        entry: &Entry<'e>,
        bytes_max: u64,
    ) -> Result<std::borrow::Cow<'e, [u8]>, FileError> {
        let bytes_max = if entry.is_packed() { bytes_max.min(place.memory) } else { bytes_max };
        if entry.unpacked_bytes() > bytes_max {
            return Err(FileError::Malformed(format!(
                "{} in it is larger than {bytes_max} bytes",
                entry.name.escape_default()
            )));
        }
        let count = self.limits.binary_bytes.saturating_mul(4);
        let more = FileError::TooMany { count, what: "bytes unpacked" };
        let bytes = entry.unpacked_bytes().max(ENTRY_BYTES_MIN);
        self.unpacked = self.unpacked.checked_sub(bytes).ok_or(more)?;
        entry.content()
    }
}

/// Whether an entry tells of packages.
fn is_telling(name: &str) -> bool {
    is_properties(name) || is_manifest(name) || is_java_archive(name)
}

/// Whether an entry is what Maven leaves of a build.
fn is_properties(name: &str) -> bool {
    name.ends_with("/pom.properties") && name.contains("META-INF/maven/")
}

fn is_manifest(name: &str) -> bool {
    name.eq_ignore_ascii_case("META-INF/MANIFEST.MF")
}
