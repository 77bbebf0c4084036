//! `var/lib/rpmmanifest/container-manifest-2`: what images of CBL-Mariner and Azure Linux without a
//! database keep in its place. A line for each package, its parts separated by tabs: name,
//! version-release, when it was installed and built, vendor, `(none)`, size, architecture, epoch, source
//! rpm. <https://github.com/microsoft/marinara>

use super::damaged;
use super::header::{full_version, source_package};
use crate::Limits;
use crate::found::{FileError, SystemPackage, SystemPackages};

const PARTS: usize = 10;

/// Reads the list. It names no files, so no path is owned.
///
/// # Errors
/// [`FileError`], whatever the file is.
pub fn read_manifest(file: &[u8], limits: &Limits) -> Result<SystemPackages, FileError> {
    if file.len() as u64 > limits.database_bytes {
        return Err(FileError::TooLarge(limits.database_bytes));
    }
    let text = str::from_utf8(file).map_err(|_| damaged("the list of packages is no text"))?;
    let mut packages = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if packages.len() >= limits.packages {
            let count = limits.packages as u64;
            return Err(FileError::TooMany { count, what: "packages" });
        }
        let number = index.saturating_add(1);
        let package = package(line)
            .ok_or_else(|| damaged(format!("line {number} of the list of packages is damaged")))?;
        packages.extend(Some(package).filter(|package| package.name != "gpg-pubkey"));
    }
    packages.sort_unstable();
    Ok(SystemPackages { packages, owned_paths: Vec::new() })
}

fn package(line: &str) -> Option<SystemPackage> {
    let parts: Vec<&str> = line.splitn(PARTS + 1, '\t').map(str::trim).collect();
    let &[name, version, _, _, vendor, _, _, architecture, epoch, source] = parts.as_slice() else {
        return None;
    };
    let (version, release) = version.rsplit_once('-')?;
    let said =
        |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty() && text != "(none)");
    let epoch = said(epoch).map_or(Some(0), |epoch| epoch.parse().ok())?;
    Some(SystemPackage {
        name: said(name)?,
        version: full_version(epoch, version, release),
        architecture: said(architecture).unwrap_or_default(),
        source: source_package(source, epoch),
        module: None,
        vendor: said(vendor),
        licenses: Vec::new(),
    })
}
