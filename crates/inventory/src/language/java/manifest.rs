//! The two texts in an archive that say which package it is.

use super::identity::Coordinates;

/// Bytes of a group, an artifact, a version: Maven makes a path of them.
const TEXT_BYTES_MAX: usize = 255;

/// The attributes of a manifest that say something of its package; each empty if it is not there.
/// <https://docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html#jar-manifest>
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    /// `Group-Id`, of plugins of Jenkins.
    pub(super) group: String,
    /// `Implementation-Vendor-Id`: of what Maven built, the group.
    pub(super) vendor: String,
    /// `Implementation-Title`.
    pub(super) title: String,
    /// `Implementation-Version`.
    pub(super) version: String,
    /// `Specification-Version`.
    pub(super) specification_version: String,
    /// `Bundle-SymbolicName` without its directives.
    pub(super) bundle: String,
    /// `Bundle-Version`: three numbers and a qualifier.
    pub(super) bundle_version: String,
    /// `Extension-Name`.
    pub(super) extension: String,
    /// `Short-Name`, of plugins of Jenkins.
    pub(super) short_name: String,
}

impl Attributes {
    /// Reads the main section of a manifest: what stands before the first empty line.
    pub(super) fn parse(manifest: &str) -> Self {
        let mut attributes = Self::default();
        let mut lines = manifest.lines().take_while(|line| !line.trim_end().is_empty()).peekable();
        while let Some(line) = lines.next() {
            let mut line = line.to_owned();
            // What is longer than a line goes on after a blank.
            while let Some(more) = lines.next_if(|line| line.starts_with(' ')) {
                line.push_str(more.get(1..).unwrap_or_default());
            }
            if let Some((key, value)) = line.split_once(':') {
                attributes.set(key, value.trim());
            }
        }
        attributes
    }

    /// Whether they say that it is of a version.
    pub(super) fn say(&self, version: &str) -> bool {
        self.version == version || self.bundle_version == version
    }

    fn set(&mut self, key: &str, value: &str) {
        let attribute = match key.to_ascii_lowercase().as_str() {
            "group-id" => &mut self.group,
            "implementation-vendor-id" => &mut self.vendor,
            "implementation-title" => &mut self.title,
            "implementation-version" => &mut self.version,
            "specification-version" => &mut self.specification_version,
            "bundle-symbolicname" => &mut self.bundle,
            "bundle-version" => &mut self.bundle_version,
            "extension-name" => &mut self.extension,
            "short-name" => &mut self.short_name,
            _ => return,
        };
        // A value that another file has (`%name`), or that the build did not fill in, says nothing.
        let value = value.split(';').next().unwrap_or_default().trim();
        if !value.starts_with('%') && is_text(value) {
            value.clone_into(attribute);
        }
    }
}

/// Reads `pom.properties`: three keys, of which each is needed.
pub(super) fn properties(text: &str) -> Option<Coordinates> {
    let value = |wanted: &str| {
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', '!']));
        let mut pairs = lines.filter_map(|line| line.split_once(['=', ':']));
        let value = pairs.find(|(key, _)| key.trim_end() == wanted)?.1.trim();
        is_text(value).then(|| value.to_owned())
    };
    Some(Coordinates {
        group: value("groupId")?,
        artifact: value("artifactId")?,
        version: value("version")?,
    })
}

/// Whether a value says something: the build filled it in, and it is no prose.
fn is_text(value: &str) -> bool {
    !value.is_empty() && value.len() <= TEXT_BYTES_MAX && !value.contains("${")
}
