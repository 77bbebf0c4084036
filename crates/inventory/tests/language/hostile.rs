//! Files that were made to hurt: each ends soon, with an error or with packages, in bounded memory.

use proptest::prelude::{ProptestConfig, any, proptest};
use wharfinger_inventory::language::{LanguageFile, read};
use wharfinger_inventory::{FileError, Limits};

use crate::corpus;

#[test]
fn what_is_too_large_is_not_read() {
    let limits = Limits { manifest_bytes: 8, ..Limits::default() };
    let file = b"a==1.0\nb==1.0\n";
    // Whether it says so itself or not.
    for size in [file.len() as u64, 1, 0] {
        let found =
            read(LanguageFile::Requirements, "requirements.txt", size, &mut &file[..], &limits);
        assert!(matches!(found, Err(FileError::TooLarge(8))), "{found:?}");
    }
}

#[test]
fn deep_and_endless_files_end() {
    let limits = Limits::default();
    let repeat = |text: &str| text.repeat((1 << 20) / text.len());
    let deep_json = format!("{{\"packages\":{}", repeat("["));
    let deep_tree = repeat("{\"dependencies\":{\"a\":");
    let many = format!("{{\"packages\":[{}{{}}]}}", repeat("{},"));
    let long_line = repeat("a@1, ");
    let nested = format!("a:\n{}", repeat("- "));
    let elements = repeat("<a>");
    let loops = format!(
        "<project><properties><a>${{b}}${{b}}</a><b>${{a}}${{a}}</b></properties><groupId>${{a}}\
         </groupId><artifactId>x</artifactId><version>1</version>{}</project>",
        repeat("<x/>")
    );
    let slashes = format!(
        "{{\"workspaces\":{{\"\":{{\"dependencies\":{{\"{0}\":1}}}}}},\"packages\":{{\"{0}\":[\"a@1\",\"\",\
         {{\"dependencies\":{{\"b\":1}}}}]}}}}",
        repeat("/")
    );
    let arrays = format!("a=[{}]", repeat("0,"));
    let tables = repeat("[[package]]\n");
    for (kind, file) in [
        (LanguageFile::ComposerLock, &deep_json),
        (LanguageFile::NpmLock, &deep_tree),
        (LanguageFile::ComposerLock, &many),
        (LanguageFile::YarnLock, &long_line),
        (LanguageFile::PnpmLock, &nested),
        (LanguageFile::Pom, &elements),
        (LanguageFile::Pom, &loops),
        (LanguageFile::BunLock, &slashes),
        (LanguageFile::CargoLock, &arrays),
        (LanguageFile::UvLock, &tables),
        (LanguageFile::Pylock, &deep_json),
    ] {
        let size = file.len() as u64;
        if let Ok(packages) = read(kind, "file", size, &mut file.as_bytes(), &limits) {
            assert!(packages.len() < 2, "{kind:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a file is, reading it ends without a panic, and what it lists can be a package.
    #[test]
    fn no_file_panics(file in any::<Vec<u8>>(), text in "[\\PC\n]{0,400}") {
        for kind in LanguageFile::ALL {
            for file in [file.as_slice(), text.as_bytes()] {
                for package in corpus::packages(kind, "a/file", file).unwrap_or_default() {
                    assert!(!package.identity.name.is_empty() && !package.identity.version.is_empty());
                }
            }
        }
    }

    /// A file of the corpus of which some bytes were cut or replaced.
    #[test]
    fn no_damage_panics(at in any::<proptest::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        for (kind, path) in [
            (LanguageFile::BunLock, "bun/bun.lock"),
            (LanguageFile::ComposerInstalled, "composer-vendor/installed.json"),
            (LanguageFile::GoMod, "gomod/go.mod"),
            (LanguageFile::NpmLock, "npm/package-lock.json"),
            (LanguageFile::PnpmLock, "pnpm/pnpm-lock.yaml"),
            (LanguageFile::Pom, "pom/pom.xml"),
            (LanguageFile::Requirements, "pip/requirements.txt"),
            (LanguageFile::UvLock, "uv/uv.lock"),
            (LanguageFile::YarnLock, "yarn/yarn.lock"),
        ] {
            let mut file = corpus::file(&format!("trivy/repo/{path}"));
            let at = at.index(file.len());
            if cut { file.truncate(at) } else { file[at] = byte }
            let packages = corpus::packages(kind, path, &file).unwrap_or_default();
            assert!(packages.len() < 100, "{path}");
        }
    }
}
