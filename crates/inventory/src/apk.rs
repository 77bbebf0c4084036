//! The database of apk: `installed`, records of one-letter fields.
//!
//! <https://wiki.alpinelinux.org/wiki/Apk_spec>, "Installed Database V2".

use std::io::Read;

use wharfinger_package::SourcePackage;

use crate::Limits;
use crate::found::{FileError, SystemPackage, SystemPackages};
use crate::lines::{Lines, text};

/// Bytes of a field that is of interest.
const LINE_BYTES_MAX: usize = 8 << 10;

#[derive(Default)]
struct Record {
    any: bool,
    name: String,
    version: String,
    architecture: String,
    origin: String,
    license: String,
    folder: String,
    file: Option<String>,
}

/// Reads the packages, and those of their files that `wanted` wants: by path, and whether the file can be
/// executed.
///
/// # Errors
/// [`FileError`]: of a line that is no field, of a package without name or version, of more packages
/// than the limit.
pub(crate) fn read(
    content: &mut dyn Read,
    limits: &Limits,
    wanted: &dyn Fn(&str, bool) -> bool,
) -> Result<SystemPackages, FileError> {
    let mut lines = Lines::new(content, LINE_BYTES_MAX);
    let mut packages = SystemPackages::default();
    let mut record = Record::default();
    let mut number = 0;
    while let Some(line) = lines.next_line()? {
        number = line.number;
        if line.text.is_empty() {
            record.own(false, &mut packages, wanted);
            std::mem::take(&mut record).add(&mut packages, number.saturating_sub(1), limits)?;
            continue;
        }
        let [letter, b':', value @ ..] = line.text else {
            return Err(FileError::Malformed(format!("line {number} is no field")));
        };
        record.field(*letter, value, line.cut, number, &mut packages, wanted)?;
    }
    record.own(false, &mut packages, wanted);
    record.add(&mut packages, number, limits)?;
    Ok(packages)
}

impl Record {
    fn field(
        &mut self,
        letter: u8,
        value: &[u8],
        cut: bool,
        number: u64,
        packages: &mut SystemPackages,
        wanted: &dyn Fn(&str, bool) -> bool,
    ) -> Result<(), FileError> {
        let said = self.any;
        self.any = true;
        let slot = match letter {
            b'P' => &mut self.name,
            b'V' => &mut self.version,
            b'A' => &mut self.architecture,
            b'o' => &mut self.origin,
            b'L' => &mut self.license,
            b'F' => {
                self.own(false, packages, wanted);
                self.folder = text(value);
                return Ok(());
            }
            b'R' => {
                self.own(false, packages, wanted);
                self.file = Some(text(value));
                return Ok(());
            }
            b'a' => {
                let mode = value.rsplit(|byte| *byte == b':').next().unwrap_or_default();
                self.own(
                    mode.iter().any(|digit| matches!(digit, b'1' | b'5' | b'7')),
                    packages,
                    wanted,
                );
                return Ok(());
            }
            _ => return Ok(()),
        };
        if cut || (said && !slot.is_empty()) {
            let wrong = if cut { "is too long" } else { "says again what was said" };
            return Err(FileError::Malformed(format!("line {number} {wrong}")));
        }
        *slot = text(value);
        Ok(())
    }

    /// The file of which all is known now: its mode follows it, if it is none of the usual.
    fn own(
        &mut self,
        executable: bool,
        packages: &mut SystemPackages,
        wanted: &dyn Fn(&str, bool) -> bool,
    ) {
        let Some(file) = self.file.take() else { return };
        let path = if self.folder.is_empty() { file } else { format!("{}/{file}", self.folder) };
        if wanted(&path, executable) {
            packages.owned_paths.push(path);
        }
    }

    fn add(
        self,
        packages: &mut SystemPackages,
        line: u64,
        limits: &Limits,
    ) -> Result<(), FileError> {
        if !self.any {
            return Ok(());
        }
        if self.name.is_empty() || self.version.is_empty() {
            let what = if self.name.is_empty() { "name" } else { "version" };
            let wrong = format!("the package that ends at line {line} has no {what}");
            return Err(FileError::Malformed(wrong));
        }
        if packages.packages.len() >= limits.packages {
            return Err(FileError::TooMany { count: limits.packages as u64, what: "packages" });
        }
        let version = self.version.clone();
        let source = SourcePackage { name: self.origin, version };
        packages.packages.push(SystemPackage {
            name: self.name,
            version: self.version,
            architecture: self.architecture,
            source: (!source.name.is_empty()).then_some(source),
            licenses: (!self.license.is_empty()).then_some(self.license).into_iter().collect(),
            ..SystemPackage::default()
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
