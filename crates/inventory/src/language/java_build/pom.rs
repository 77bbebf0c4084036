//! `pom.xml`.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::found::FileError;
use crate::language::listing::Listing;
use crate::language::text;

use super::POM;

/// Elements within elements; what is deeper than coordinates is not looked at.
const DEPTH_MAX: usize = 64;
/// Properties within properties.
const SUBSTITUTIONS_MAX: usize = 8;
/// Bytes of one value, also after its properties are filled in; longer ones are none.
const VALUE_BYTES_MAX: usize = 1024;

/// What a `pom.xml` says, properties not yet filled in.
#[derive(Default)]
struct Pom {
    project: Coordinates,
    parent: Coordinates,
    properties: HashMap<String, String>,
    dependencies: Vec<Coordinates>,
    managed: Vec<Coordinates>,
}

#[derive(Clone, Default)]
struct Coordinates {
    group: String,
    artifact: String,
    version: String,
    scope: String,
}

/// Reads a `pom.xml`. People write these, and templates of them: what is not the XML of a project, with
/// which Maven could do nothing either, holds nothing.
pub(in crate::language) fn pom(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let Some(mut pom) = text::utf8(file).ok().and_then(parse) else { return Ok(()) };
    let (project, parent) = (&mut pom.project, &pom.parent);
    for (own, inherited) in
        [(&mut project.group, &parent.group), (&mut project.version, &parent.version)]
    {
        if own.is_empty() {
            own.clone_from(inherited);
        }
    }
    add(&pom, &pom.project, into)?;
    if format!("/{}", into.path()).contains("/META-INF/maven/") {
        return Ok(());
    }
    let managed: HashMap<_, _> =
        pom.managed.iter().map(|it| ((it.group.as_str(), it.artifact.as_str()), it)).collect();
    for dependency in &pom.dependencies {
        let mut dependency = dependency.clone();
        if let Some(it) = managed.get(&(dependency.group.as_str(), dependency.artifact.as_str())) {
            for (own, inherited) in
                [(&mut dependency.version, &it.version), (&mut dependency.scope, &it.scope)]
            {
                if own.is_empty() {
                    own.clone_from(inherited);
                }
            }
        }
        if !matches!(dependency.scope.as_str(), "import" | "provided" | "system" | "test") {
            add(&pom, &dependency, into)?;
        }
    }
    Ok(())
}

/// Adds what has whole coordinates. A range that is one version (`[1.2]`) is that version.
fn add(pom: &Pom, artifact: &Coordinates, into: &mut Listing<'_>) -> Result<(), FileError> {
    let (group, name) = (pom.fill(&artifact.group), pom.fill(&artifact.artifact));
    let version = pom.fill(&artifact.version);
    let exact = version.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let version = exact.unwrap_or(&version);
    let known = [&group, &name].iter().all(|it| !it.is_empty() && !it.contains("${"))
        && !version.contains(['$', '[', '(', ']', ')', ',']);
    if known { into.add(POM, &format!("{group}:{name}"), version) } else { Ok(()) }
}

impl Pom {
    /// A value with its properties filled in, as far as the file knows them.
    fn fill(&self, value: &str) -> String {
        let mut value = value.to_owned();
        for _ in 0..SUBSTITUTIONS_MAX {
            let Some((before, rest)) = value.split_once("${") else { break };
            let Some((name, after)) = rest.split_once('}') else { break };
            let Some(property) = self.property(name) else { break };
            if before.len() + property.len() + after.len() > VALUE_BYTES_MAX {
                break;
            }
            value = format!("{before}{property}{after}");
        }
        value
    }

    fn property(&self, name: &str) -> Option<&str> {
        match name.strip_prefix("project.").or_else(|| name.strip_prefix("pom.")).unwrap_or(name) {
            "groupId" => Some(&self.project.group),
            "parent.version" => Some(&self.parent.version),
            "version" => Some(&self.project.version),
            _ => self.properties.get(name).map(String::as_str),
        }
    }
}

/// Reads elements by the path of their names; none if it is not XML, or nests too deep.
fn parse(text: &str) -> Option<Pom> {
    let mut reader = Reader::from_str(text);
    let mut pom = Pom::default();
    let mut path: Vec<String> = Vec::new();
    let mut content = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) => {
                let name = element.local_name();
                path.push(String::from_utf8_lossy(name.as_ref()).into_owned());
                if path.len() > DEPTH_MAX {
                    return None;
                }
                content.clear();
                pom.open(&path);
            }
            Event::Text(text) => content.push_str(&String::from_utf8_lossy(&text)),
            Event::CData(text) => content.push_str(&String::from_utf8_lossy(&text)),
            Event::End(_) => {
                pom.close(&path, content.trim());
                content.clear();
                path.pop();
            }
            Event::Eof => return Some(pom),
            _ => {}
        }
    }
}

impl Pom {
    fn open(&mut self, path: &[String]) {
        match names(path).as_slice() {
            ["project", "dependencies", "dependency"] => {
                self.dependencies.push(Coordinates::default());
            }
            ["project", "dependencyManagement", "dependencies", "dependency"] => {
                self.managed.push(Coordinates::default());
            }
            _ => {}
        }
    }

    fn close(&mut self, path: &[String], content: &str) {
        if content.len() > VALUE_BYTES_MAX {
            return;
        }
        let (coordinates, name) = match names(path).as_slice() {
            ["project", name] => (Some(&mut self.project), *name),
            ["project", "parent", name] => (Some(&mut self.parent), *name),
            ["project", "properties", name] => {
                self.properties.insert((*name).to_owned(), content.to_owned());
                return;
            }
            ["project", "dependencies", "dependency", name] => {
                (self.dependencies.last_mut(), *name)
            }
            ["project", "dependencyManagement", "dependencies", "dependency", name] => {
                (self.managed.last_mut(), *name)
            }
            _ => return,
        };
        let Some(coordinates) = coordinates else { return };
        match name {
            "groupId" => content.clone_into(&mut coordinates.group),
            "artifactId" => content.clone_into(&mut coordinates.artifact),
            "version" => content.clone_into(&mut coordinates.version),
            "scope" => content.clone_into(&mut coordinates.scope),
            _ => {}
        }
    }
}

/// The names of a path; those of one that is too deep to matter are none.
fn names(path: &[String]) -> Vec<&str> {
    if path.len() > 5 { Vec::new() } else { path.iter().map(String::as_str).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn artifacts(path: &str, file: &str) -> Vec<String> {
        let mut listing = Listing::new(path, &Limits::default());
        pom(file.as_bytes(), &mut listing).unwrap();
        let packages = listing.into_packages().into_iter();
        packages.map(|it| format!("{} {}", it.identity.name, it.identity.version)).collect()
    }

    const FILE: &str = "<project><parent><groupId>g</groupId><version>7</version></parent>\
        <artifactId>a</artifactId><properties><x>${y}.1</x><y>2</y><loop>${loop}</loop></properties>\
        <dependencyManagement><dependencies><dependency><groupId>g</groupId><artifactId>m\
        </artifactId><version>[3]</version></dependency></dependencies></dependencyManagement>\
        <dependencies>\
        <dependency><groupId>g</groupId><artifactId>b</artifactId><version>${x}</version></dependency>\
        <dependency><groupId>g</groupId><artifactId>m</artifactId></dependency>\
        <dependency><groupId>${project.groupId}</groupId><artifactId>c</artifactId>\
        <version>${project.version}</version></dependency>\
        <dependency><groupId>g</groupId><artifactId>l</artifactId><version>${loop}</version></dependency>\
        <dependency><groupId>g</groupId><artifactId>r</artifactId><version>[1,2)</version></dependency>\
        <dependency><groupId>g</groupId><artifactId>t</artifactId><version>1</version>\
        <scope>test</scope></dependency></dependencies></project>";

    #[test]
    fn versions_are_those_the_file_itself_says() {
        assert_eq!(artifacts("src/pom.xml", FILE), ["g:a 7", "g:b 2.1", "g:c 7", "g:m 3"]);
    }

    #[test]
    fn what_came_out_of_an_archive_speaks_of_itself() {
        assert_eq!(artifacts("app/META-INF/maven/g/a/pom.xml", FILE), ["g:a 7"]);
    }
}
