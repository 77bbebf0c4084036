//! Generated files on disk: written, or compared with what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

const SOURCES: &str = "crates/aws-model/src";

/// Every generated file by its path in the workspace.
#[derive(Default)]
pub struct Generated {
    files: BTreeMap<PathBuf, String>,
    /// The folders that hold nothing but generated files.
    folders: BTreeSet<PathBuf>,
}

impl Generated {
    /// Adds `file` (relative to the crate's sources) of a service.
    pub fn add(&mut self, service: &str, file: &str, text: String) {
        let sources = Path::new(SOURCES);
        self.folders.insert(sources.join(service));
        self.files.insert(sources.join(file), text);
    }

    /// Files that lie among the generated ones although nothing generates them.
    fn strays(&self, root: &Path) -> Result<Vec<PathBuf>> {
        let mut strays = Vec::new();
        for folder in self.folders.iter().filter(|folder| root.join(folder).is_dir()) {
            for entry in fs::read_dir(root.join(folder))? {
                let path = folder.join(entry?.file_name());
                if !self.files.contains_key(&path) {
                    strays.push(path);
                }
            }
        }
        Ok(strays)
    }
}

/// Writes all files and removes those that are no longer generated.
pub fn write(root: &Path, generated: &Generated) -> Result<()> {
    for folder in &generated.folders {
        fs::create_dir_all(root.join(folder))?;
    }
    let mut changed = 0;
    for (path, text) in &generated.files {
        if fs::read_to_string(root.join(path)).ok().as_ref() != Some(text) {
            fs::write(root.join(path), text)?;
            println!("wrote {}", path.display());
            changed += 1;
        }
    }
    for stray in generated.strays(root)? {
        fs::remove_file(root.join(&stray))?;
        println!("removed {}", stray.display());
    }
    println!("{} generated files, {changed} changed", generated.files.len());
    Ok(())
}

/// Fails, naming every file that differs from what would be generated now.
pub fn check(root: &Path, generated: &Generated) -> Result<()> {
    let stale = stale(root, generated)?;
    if !stale.is_empty() {
        bail!("stale generated files; run `cargo xtask codegen`:\n  {}", stale.join("\n  "));
    }
    println!("{} generated files are up to date", generated.files.len());
    Ok(())
}

/// One line for each file that is not as it would be generated now.
fn stale(root: &Path, generated: &Generated) -> Result<Vec<String>> {
    let differs = |path: &Path, text: &String| match fs::read_to_string(root.join(path)) {
        Ok(found) if found == *text => None,
        Ok(_) => Some(format!("{} differs", path.display())),
        Err(error) => Some(format!("{} cannot be read: {error}", path.display())),
    };
    let files = generated.files.iter();
    let mut stale: Vec<String> = files.filter_map(|(path, text)| differs(path, text)).collect();
    let strays = generated.strays(root)?;
    stale.extend(strays.iter().map(|path| format!("{} is not generated", path.display())));
    Ok(stale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_being_stale_is_named() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let lib = "crates/aws-model/src/lib.rs";
        let mut generated = Generated::default();
        generated.add("decode", "lib.rs", "another text".into());
        generated.add("decode", "decode/absent.rs", String::new());
        let stale = stale(root, &generated).unwrap().join("\n");
        assert!(stale.contains(&format!("{lib} differs")), "{stale}");
        assert!(stale.contains("decode/absent.rs cannot be read"), "{stale}");
        assert!(stale.contains("decode/node.rs is not generated"), "{stale}");

        let mut generated = Generated::default();
        let text = fs::read_to_string(root.join(lib)).unwrap();
        generated.files.insert(lib.into(), text);
        assert!(super::stale(root, &generated).unwrap().is_empty());
    }
}
