//! `cargo xtask codegen`: Rust sources of the service model crate from the facts in `models/`.
//!
//! The flow is one way: `import` (botocore → facts, by hand when a model changes) → `facts` →
//! `model` (what follows from them) → `render` (source text) → `rustfmt` → disk, or, with
//! `--check`, a comparison with what is on disk. `docs/compatibility.md` comes along.

mod compatibility;
mod facts;
mod files;
mod import;
mod model;
mod names;
mod ordered;
mod render;
mod rustfmt;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use facts::Facts;

/// Runs the command with the arguments after its name.
pub fn run(arguments: &[&str]) -> Result<()> {
    let root = workspace_root();
    match arguments {
        [] => files::write(&root, &generate(&root)?).and_then(|()| compatibility::write(&root)),
        ["--check"] => {
            files::check(&root, &generate(&root)?).and_then(|()| compatibility::check(&root))
        }
        ["--import", path, "--name", name, "--botocore", version] => {
            import(&root, Path::new(path), name, version)
        }
        _ => bail!("codegen takes no argument, --check, or --import with --name and --botocore"),
    }
}

fn import(root: &Path, path: &Path, name: &str, version: &str) -> Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let facts = import::import(&text, path, name, version)?;
    let file = root.join("models").join(format!("{name}.json"));
    fs::write(&file, facts.render()?)?;
    println!("wrote {}", file.display());
    Ok(())
}

/// All generated files, formatted.
fn generate(root: &Path) -> Result<files::Generated> {
    let mut generated = files::Generated::default();
    let mut models: Vec<PathBuf> =
        fs::read_dir(root.join("models"))?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    models.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    models.sort();
    for path in models {
        let facts = Facts::parse(&fs::read_to_string(&path)?)
            .with_context(|| format!("in {}", path.display()))?;
        let rendered = render::service(&facts).with_context(|| format!("in {}", path.display()))?;
        for (file, text) in rendered {
            let text = rustfmt::format(root, &text).with_context(|| format!("for {file}"))?;
            generated.add(&facts.service.name, &file, text);
        }
    }
    Ok(generated)
}

fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_committed_is_what_is_generated() {
        let root = workspace_root();
        files::check(&root, &generate(&root).unwrap()).unwrap();
    }

    #[test]
    fn facts_are_kept_in_the_form_the_importer_writes() {
        for name in ["ecr", "ecr_public", "sts"] {
            let path = workspace_root().join("models").join(format!("{name}.json"));
            let text = fs::read_to_string(path).unwrap();
            assert_eq!(Facts::parse(&text).unwrap().render().unwrap(), text);
        }
    }

    #[test]
    fn arguments_that_mean_nothing_are_refused() {
        assert!(run(&["--chekc"]).is_err());
        assert!(run(&["--import", "x", "--name", "ecr"]).is_err());
    }
}
