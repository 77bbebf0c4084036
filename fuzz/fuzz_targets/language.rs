//! Files that tell of packages of languages: whatever they are, reading ends within its limits, and what
//! is listed can be a package. The first byte says which kind of file it is.
#![no_main]

use wharfinger_inventory::Limits;
use wharfinger_inventory::language::{LanguageFile, kind, read};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((first, file)) = data.split_first() else { return };
    let of = LanguageFile::ALL[usize::from(*first) % LanguageFile::ALL.len()];
    let limits = Limits { packages: 1000, manifest_bytes: 1 << 16, ..Limits::default() };
    let size = file.len() as u64;
    if let Ok(packages) = read(of, "a/file", size, &mut &*file, &limits) {
        assert!(packages.len() <= limits.packages);
        for package in &packages {
            assert!(!package.identity.name.is_empty() && package.identity.name.len() <= 1024);
            assert!(!package.identity.version.is_empty() && package.identity.version.len() <= 1024);
        }
        assert!(packages.is_sorted(), "packages are in order");
    }
    if let Ok(path) = std::str::from_utf8(file) {
        let _ = kind(path, first % 2 == 0);
    }
});
