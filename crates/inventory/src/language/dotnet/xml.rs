//! NuGet's files that are XML: `packages.config`, `Directory.Packages.props`. People write these: what is
//! not well formed, with which NuGet could do nothing either, is read no further.

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
        let development = attribute(element, "developmentDependency");
        match (attribute(element, "id"), attribute(element, "version")) {
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
        let id = attribute(element, "Include").or_else(|| attribute(element, "Update"));
        match (id, attribute(element, "Version")) {
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
    let Ok(text) = text::utf8(file) else { return Ok(()) };
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event() {
            Ok(Event::Start(element) | Event::Empty(element)) => act(&element)?,
            Ok(Event::Eof) | Err(_) => return Ok(()),
            Ok(_) => {}
        }
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = element.try_get_attribute(name).ok()??;
    let value = std::str::from_utf8(&attribute.value).ok()?;
    Some(quick_xml::escape::unescape(value).ok()?.into_owned())
}
