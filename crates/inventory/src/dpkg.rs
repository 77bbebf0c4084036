//! The databases of dpkg: `status`, distroless's `status.d`, and the lists of files.
//!
//! Paragraphs of fields, as deb-control(5) says; <https://manpages.debian.org/dpkg.1>, "PACKAGE STATES".

use std::collections::BTreeSet;
use std::io::Read;

use wharfinger_package::SourcePackage;

use crate::Limits;
use crate::found::{FileError, SystemPackage, SystemPackages};
use crate::lines::{Lines, text};

/// Bytes of a field that is of interest: names and versions.
const LINE_BYTES_MAX: usize = 8 << 10;
/// States in which the files of a package are there.
const PRESENT: [&str; 5] =
    ["installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending"];

/// What `status`, or a file of `status.d`, says.
#[derive(Debug, Default)]
pub(crate) struct Status {
    /// The packages that are installed.
    pub(crate) packages: SystemPackages,
    /// Those of them that somebody else than the distribution made.
    pub(crate) foreign: BTreeSet<String>,
}

/// Which file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `status`: packages that are not installed are in it as well.
    Status,
    /// A file of `status.d`: whatever is in it is installed, unless it says otherwise.
    Part,
}

#[derive(Default)]
struct Paragraph {
    any: bool,
    name: String,
    version: String,
    architecture: String,
    source: String,
    state: String,
    maintainer: String,
}

/// Reads packages.
///
/// # Errors
/// [`FileError`]: of a line that is no field, of an installed package without name or version, of more
/// packages than the limit.
pub(crate) fn read(
    content: &mut dyn Read,
    form: Form,
    limits: &Limits,
) -> Result<Status, FileError> {
    let mut lines = Lines::new(content, LINE_BYTES_MAX);
    let mut status = Status::default();
    let mut paragraph = Paragraph::default();
    let mut number = 0;
    while let Some(line) = lines.next_line()? {
        number = line.number;
        if line.text.trim_ascii().is_empty() {
            let last = number.saturating_sub(1);
            status.add(std::mem::take(&mut paragraph), form, last, limits)?;
        } else if !line.text.starts_with(b" ") && !line.text.starts_with(b"\t") {
            paragraph.field(line.text, line.cut, number)?;
        }
    }
    status.add(paragraph, form, number, limits)?;
    Ok(status)
}

impl Paragraph {
    fn field(&mut self, line: &[u8], cut: bool, number: u64) -> Result<(), FileError> {
        let colon = line.iter().position(|byte| *byte == b':').filter(|colon| *colon > 0);
        let Some((key, value)) = colon.and_then(|colon| line.split_at_checked(colon)) else {
            return Err(FileError::Malformed(format!("line {number} is no field")));
        };
        self.any = true;
        let slot = match key.to_ascii_lowercase().as_slice() {
            b"package" => &mut self.name,
            b"version" => &mut self.version,
            b"architecture" => &mut self.architecture,
            b"source" => &mut self.source,
            b"status" => &mut self.state,
            b"maintainer" => &mut self.maintainer,
            _ => return Ok(()),
        };
        if cut || !slot.is_empty() {
            let wrong = if cut { "is too long" } else { "says again what was said" };
            return Err(FileError::Malformed(format!("line {number} {wrong}")));
        }
        *slot = text(value.get(1..).unwrap_or_default());
        Ok(())
    }

    fn is_installed(&self, form: Form) -> bool {
        match self.state.split_ascii_whitespace().nth(2) {
            Some(state) => PRESENT.contains(&state),
            None => form == Form::Part && !self.name.is_empty() && self.state.is_empty(),
        }
    }

    /// `name` or `name (version)`; the version is that of the binary package where it is left out.
    fn source(&self) -> Option<SourcePackage> {
        let (name, rest) = self.source.split_once(' ').unwrap_or((&self.source, ""));
        let inner = rest.trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        let version = inner.map(str::trim).filter(|version| !version.is_empty());
        let version = version.unwrap_or(&self.version).to_owned();
        (!name.is_empty()).then(|| SourcePackage { name: name.to_owned(), version })
    }

    /// Whether a vendor made it: companies give their own address. Maintainers of Debian give theirs,
    /// whatever it is, so that only those of known vendors can be told apart.
    fn is_foreign(&self) -> bool {
        const VENDORS: [&str; 12] = [
            "@docker.com",
            "@elastic.co",
            "@google.com",
            "@grafana.com",
            "@hashicorp.com",
            "@influxdata.com",
            "@microsoft.com",
            "@mongodb.com",
            "@nginx.com",
            "@nodesource.com",
            "@oracle.com",
            "@github.com",
        ];
        let maintainer = self.maintainer.to_ascii_lowercase();
        VENDORS.iter().any(|vendor| maintainer.contains(vendor))
    }
}

impl Status {
    fn add(
        &mut self,
        paragraph: Paragraph,
        form: Form,
        line: u64,
        limits: &Limits,
    ) -> Result<(), FileError> {
        if !paragraph.any || !paragraph.is_installed(form) {
            return Ok(());
        }
        if paragraph.name.is_empty() || paragraph.version.is_empty() {
            let what = if paragraph.name.is_empty() { "name" } else { "version" };
            let wrong = format!("the package that ends at line {line} has no {what}");
            return Err(FileError::Malformed(wrong));
        }
        if self.packages.packages.len() >= limits.packages {
            return Err(FileError::TooMany { count: limits.packages as u64, what: "packages" });
        }
        if paragraph.is_foreign() {
            self.foreign.insert(paragraph.name.clone());
        }
        let source = paragraph.source();
        self.packages.packages.push(SystemPackage {
            name: paragraph.name,
            version: paragraph.version,
            architecture: paragraph.architecture,
            source,
            ..SystemPackage::default()
        });
        Ok(())
    }
}

/// Reads which files a package has: those of a list that `wanted` wants, without their leading slash.
/// A line of `.md5sums` has a sum and two spaces before the path.
///
/// # Errors
/// [`FileError::Io`].
pub(crate) fn read_owned(
    content: &mut dyn Read,
    limits: &Limits,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Vec<String>, FileError> {
    let mut lines = Lines::new(content, limits.path_bytes.saturating_add(40));
    let mut owned = Vec::new();
    while let Some(line) = lines.next_line()? {
        let text = String::from_utf8_lossy(line.text);
        let path = text.split_once("  ").map_or(text.as_ref(), |(_, path)| path);
        let path = path.trim_start_matches("./").trim_matches('/');
        if wanted(path) {
            owned.push(path.to_owned());
        }
    }
    Ok(owned)
}

#[cfg(test)]
mod tests;
