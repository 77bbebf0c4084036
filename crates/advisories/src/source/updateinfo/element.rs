//! An `<update>` of `updateinfo.xml`, put together of its parts.

use std::collections::BTreeSet;

use quick_xml::events::{BytesStart, Event};

/// Packages of an update: the kernel of all architectures of a release has some hundreds.
const PACKAGES_MAX: usize = 200_000;
/// Bytes of a text.
const TEXT_BYTES_MAX: usize = 4 << 20;

/// An advisory.
#[derive(Default)]
pub(super) struct Update {
    /// `security`, `bugfix`.
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) title: String,
    pub(super) severity: String,
    pub(super) description: String,
    pub(super) issued: Option<String>,
    pub(super) updated: Option<String>,
    /// The CVEs that it names.
    pub(super) vulnerabilities: BTreeSet<String>,
    pub(super) packages: Vec<Package>,
    /// The module of the collection that is being read.
    module: Option<String>,
    /// The names of the elements that are open.
    open: Vec<Vec<u8>>,
}

/// A package that has the fix.
pub(super) struct Package {
    pub(super) name: String,
    /// `epoch:version-release`, without an epoch of 0.
    pub(super) version: String,
    pub(super) architecture: String,
    pub(super) module: Option<String>,
}

impl Update {
    pub(super) fn begin(tag: &BytesStart<'_>) -> Result<Self, String> {
        let kind = attribute(tag, "type")?.unwrap_or_default();
        Ok(Self { kind, ..Self::default() })
    }

    /// Takes in what is in it.
    pub(super) fn event(&mut self, event: &Event<'_>) -> Result<(), String> {
        match event {
            Event::Start(tag) => {
                self.element(tag)?;
                if self.open.len() > 16 {
                    return Err("its elements are too deep".into());
                }
                self.open.push(tag.name().as_ref().to_vec());
            }
            Event::Empty(tag) => self.element(tag)?,
            Event::End(tag) => {
                self.open.pop();
                for field in [&mut self.id, &mut self.title, &mut self.severity] {
                    *field = field.trim().to_owned();
                }
                if tag.name().as_ref() == b"collection" {
                    self.module = None;
                }
            }
            Event::Text(text) => {
                let text = text.xml10_content().map_err(|error| error.to_string())?;
                self.text(&text)?;
            }
            Event::CData(text) => {
                let text = text.decode().map_err(|error| error.to_string())?;
                self.text(&text)?;
            }
            Event::GeneralRef(name) => {
                let character = name.resolve_char_ref().map_err(|error| error.to_string())?;
                let name: &[u8] = name.as_ref();
                let known = match name {
                    b"lt" => '<',
                    b"gt" => '>',
                    b"amp" => '&',
                    b"apos" => '\'',
                    b"quot" => '"',
                    _ => '\u{fffd}',
                };
                self.text(&character.unwrap_or(known).to_string())?;
            }
            _ => {}
        }
        Ok(())
    }

    fn element(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        match tag.name().as_ref() {
            b"issued" => self.issued = attribute(tag, "date")?,
            b"updated" => self.updated = attribute(tag, "date")?,
            b"reference" => {
                for text in [attribute(tag, "id")?, attribute(tag, "title")?].into_iter().flatten()
                {
                    self.vulnerabilities.extend(cves(&text).map(str::to_owned));
                }
            }
            b"module" => {
                let name = attribute(tag, "name")?.unwrap_or_default();
                let stream = attribute(tag, "stream")?.unwrap_or_default();
                self.module = Some(format!("{name}:{stream}"));
            }
            b"package" => {
                let package = self.package(tag)?;
                if self.packages.len() >= PACKAGES_MAX {
                    return Err(format!("{} has too many packages", self.id));
                }
                self.packages.push(package);
            }
            _ => {}
        }
        Ok(())
    }

    fn package(&self, tag: &BytesStart<'_>) -> Result<Package, String> {
        let wanted = |name: &str| {
            let value = attribute(tag, name)?.filter(|value| !value.is_empty());
            value.ok_or_else(|| format!("a package of {} has no {name}", self.id))
        };
        let epoch = attribute(tag, "epoch")?.filter(|epoch| !epoch.is_empty() && epoch != "0");
        let version = format!("{}-{}", wanted("version")?, wanted("release")?);
        Ok(Package {
            name: wanted("name")?,
            version: epoch.map_or(version.clone(), |epoch| format!("{epoch}:{version}")),
            architecture: wanted("arch")?,
            module: self.module.clone(),
        })
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        let [parent] = self.open.as_slice() else { return Ok(()) };
        let field = match parent.as_slice() {
            b"id" => &mut self.id,
            b"title" => &mut self.title,
            b"severity" => &mut self.severity,
            b"description" => &mut self.description,
            _ => return Ok(()),
        };
        if field.len() + text.len() > TEXT_BYTES_MAX {
            return Err("a text of it has more than 4 MiB".into());
        }
        field.push_str(text);
        Ok(())
    }
}

/// The CVEs in a text.
fn cves(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(|word| {
        let number = word.strip_prefix("CVE-").and_then(|rest| rest.split_once('-'));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        number.is_some_and(|(year, number)| digits(year) && digits(number))
    })
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    let found = tag.try_get_attribute(name).map_err(|error| error.to_string())?;
    let Some(found) = found else { return Ok(None) };
    let text = std::str::from_utf8(&found.value).map_err(|error| error.to_string())?;
    let text = quick_xml::escape::unescape(text).map_err(|error| error.to_string())?;
    Ok(Some(text.into_owned()))
}
