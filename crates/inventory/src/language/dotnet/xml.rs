//! NuGet's files that are XML: `packages.config`, `Directory.Packages.props`.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use wharfinger_package::Family;

use crate::PackageManager;
use crate::found::FileError;
use crate::language::listing::Listing;
use crate::language::text;

/// Reads `packages.config`; what is only for development is left out.
pub(in crate::language) fn config(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    each_element(file, |element| {
        if element.local_name().as_ref() != b"package" {
            return Ok(());
        }
        let development = attribute(element, "developmentDependency")?;
        match (attribute(element, "id")?, attribute(element, "version")?) {
            (Some(id), Some(version)) if development.as_deref() != Some("true") => {
                into.add((Family::NuGet, PackageManager::Nuget), &id, &version)
            }
            _ => Ok(()),
        }
    })
}

/// Reads `Directory.Packages.props`; versions that are variables or ranges are left out.
pub(in crate::language) fn props(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    each_element(file, |element| {
        let name = element.local_name();
        let names: [&[u8]; 3] = [b"GlobalPackageReference", b"PackageReference", b"PackageVersion"];
        if !names.contains(&name.as_ref()) {
            return Ok(());
        }
        let id = match attribute(element, "Include")? {
            Some(id) => Some(id),
            None => attribute(element, "Update")?,
        };
        match (id, attribute(element, "Version")?) {
            (Some(id), Some(version)) if !version.contains(['$', '[', '(', '*']) => {
                into.add((Family::NuGet, PackageManager::Nuget), &id, &version)
            }
            _ => Ok(()),
        }
    })
}

fn each_element(
    file: &[u8],
    mut act: impl FnMut(&BytesStart<'_>) -> Result<(), FileError>,
) -> Result<(), FileError> {
    let mut reader = Reader::from_str(text::utf8(file)?);
    loop {
        match reader.read_event().map_err(malformed)? {
            Event::Start(element) | Event::Empty(element) => act(&element)?,
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, FileError> {
    let Some(attribute) = element.try_get_attribute(name).map_err(malformed)? else {
        return Ok(None);
    };
    let value = std::str::from_utf8(&attribute.value).map_err(malformed)?;
    Ok(Some(quick_xml::escape::unescape(value).map_err(malformed)?.into_owned()))
}

fn malformed(error: impl std::fmt::Display) -> FileError {
    FileError::Malformed(format!("it is not the XML expected: {error}"))
}
