//! The packages of languages: which files of a layer tell of them, and what they tell.
//!
//! What is installed counts: the metadata that an installer leaves beside what it installed, programs,
//! archives. Lock files count too, as Amazon Inspector counts them, but not those that came with a
//! package (below `node_modules`, `site-packages`, a module cache, see [`place`]): they speak of how
//! that package was developed. Where a lock file and what it promised are in one image, [`settle`]
//! leaves what is installed. Dependencies that are only for development are left out of lock files that
//! mark them.

mod cargo;
mod composer;
mod dotnet;
mod go;
mod java;
mod java_build;
mod license;
mod listing;
mod npm;
mod place;
mod program;
mod python;
mod ruby;
mod settle;
pub(crate) mod text;
mod yaml;

use std::io::Read;

use crate::Limits;
use crate::found::{FileError, LanguagePackage};

use listing::Listing;
pub use settle::settle;

/// A file that tells of packages of a language, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LanguageFile {
    /// `bun.lock`.
    BunLock,
    /// `Cargo.lock`.
    CargoLock,
    /// `composer/installed.json` of PHP: what is installed.
    ComposerInstalled,
    /// `composer.lock`.
    ComposerLock,
    /// `*.deps.json` of .NET: what is installed.
    DotnetDeps,
    /// `Directory.Packages.props` of NuGet.
    DotnetProps,
    /// `Gemfile.lock`.
    GemfileLock,
    /// `specifications/*.gemspec`: a gem that is installed.
    Gemspec,
    /// `go.mod`.
    GoMod,
    /// `gradle.lockfile`.
    GradleLock,
    /// A Java archive.
    JavaArchive,
    /// `node_modules/**/package.json`: a package that is installed.
    NodePackage,
    /// `package-lock.json`, `npm-shrinkwrap.json`.
    NpmLock,
    /// `packages.config` of NuGet.
    NugetConfig,
    /// `packages.lock.json` of NuGet.
    NugetLock,
    /// `Pipfile.lock`.
    PipfileLock,
    /// `pnpm-lock.yaml`.
    PnpmLock,
    /// `poetry.lock`.
    PoetryLock,
    /// `pom.xml`.
    Pom,
    /// A program: build information of Go, what cargo-auditable left.
    Program,
    /// `pylock.toml`.
    Pylock,
    /// The metadata of an installed distribution of Python: `*.dist-info/METADATA`,
    /// `*.egg-info/PKG-INFO`, an `*.egg-info` that is a file.
    PythonMetadata,
    /// `requirements.txt`.
    Requirements,
    /// `build.sbt.lock`.
    SbtLock,
    /// `uv.lock`.
    UvLock,
    /// `yarn.lock`.
    YarnLock,
}

impl LanguageFile {
    /// Every kind.
    pub const ALL: [Self; 26] = [
        Self::BunLock,
        Self::CargoLock,
        Self::ComposerInstalled,
        Self::ComposerLock,
        Self::DotnetDeps,
        Self::DotnetProps,
        Self::GemfileLock,
        Self::Gemspec,
        Self::GoMod,
        Self::GradleLock,
        Self::JavaArchive,
        Self::NodePackage,
        Self::NpmLock,
        Self::NugetConfig,
        Self::NugetLock,
        Self::PipfileLock,
        Self::PnpmLock,
        Self::PoetryLock,
        Self::Pom,
        Self::Program,
        Self::Pylock,
        Self::PythonMetadata,
        Self::Requirements,
        Self::SbtLock,
        Self::UvLock,
        Self::YarnLock,
    ];
}

/// Which reader a file is for, by its path (without a leading slash) and whether it can be executed;
/// none for the many that tell nothing.
pub fn kind(path: &str, executable: bool) -> Option<LanguageFile> {
    place::of(path).or_else(|| executable.then_some(LanguageFile::Program))
}

/// Reads a file of `size` bytes. What is no package file after all (a program of another language, a
/// `package.json` without a version, a template of a `pom.xml`) holds no packages. A file that a program
/// wrote, and that is damaged, is an error: it would have named packages.
///
/// The packages are in order, none twice.
///
/// # Errors
/// [`FileError`], whatever the file is.
pub fn read(
    kind: LanguageFile,
    path: &str,
    size: u64,
    content: &mut dyn Read,
    limits: &Limits,
) -> Result<Vec<LanguagePackage>, FileError> {
    match kind {
        LanguageFile::JavaArchive => java::read(path, size, content, limits),
        LanguageFile::Program => {
            let mut listing = Listing::new(path, limits);
            program::read(size, content, &mut listing)?;
            Ok(listing.into_packages())
        }
        LanguageFile::BunLock
        | LanguageFile::CargoLock
        | LanguageFile::ComposerInstalled
        | LanguageFile::ComposerLock
        | LanguageFile::DotnetDeps
        | LanguageFile::DotnetProps
        | LanguageFile::GemfileLock
        | LanguageFile::Gemspec
        | LanguageFile::GoMod
        | LanguageFile::GradleLock
        | LanguageFile::NodePackage
        | LanguageFile::NpmLock
        | LanguageFile::NugetConfig
        | LanguageFile::NugetLock
        | LanguageFile::PipfileLock
        | LanguageFile::PnpmLock
        | LanguageFile::PoetryLock
        | LanguageFile::Pom
        | LanguageFile::Pylock
        | LanguageFile::PythonMetadata
        | LanguageFile::Requirements
        | LanguageFile::SbtLock
        | LanguageFile::UvLock
        | LanguageFile::YarnLock => {
            let file = whole(size, content, limits.manifest_bytes)?;
            if file.trim_ascii().is_empty() {
                return Ok(Vec::new());
            }
            let mut listing = Listing::new(path, limits);
            read_text(kind, &file, &mut listing)?;
            Ok(listing.into_packages())
        }
    }
}

/// The readers of files that are text and read whole.
fn read_text(kind: LanguageFile, file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    match kind {
        LanguageFile::BunLock => npm::bun::read(file, into),
        LanguageFile::CargoLock => cargo::read(file, into),
        LanguageFile::ComposerInstalled => composer::installed(file, into),
        LanguageFile::ComposerLock => composer::lock(file, into),
        LanguageFile::DotnetDeps => dotnet::deps(file, into),
        LanguageFile::DotnetProps => dotnet::props(file, into),
        LanguageFile::GemfileLock => ruby::gemfile_lock(file, into),
        LanguageFile::Gemspec => ruby::gemspec(file, into),
        LanguageFile::GoMod => go::read(file, into),
        LanguageFile::GradleLock => java_build::gradle(file, into),
        LanguageFile::NodePackage => npm::installed::read(file, into),
        LanguageFile::NpmLock => npm::lock::read(file, into),
        LanguageFile::NugetConfig => dotnet::config(file, into),
        LanguageFile::NugetLock => dotnet::lock(file, into),
        LanguageFile::PipfileLock => python::lock::pipfile(file, into),
        LanguageFile::PnpmLock => npm::pnpm::read(file, into),
        LanguageFile::PoetryLock => python::lock::poetry(file, into),
        LanguageFile::Pom => java_build::pom(file, into),
        LanguageFile::Pylock => python::lock::pylock(file, into),
        LanguageFile::PythonMetadata => python::metadata::read(file, into),
        LanguageFile::Requirements => python::requirements::read(file, into),
        LanguageFile::SbtLock => java_build::sbt(file, into),
        LanguageFile::UvLock => python::lock::uv(file, into),
        LanguageFile::YarnLock => npm::yarn::read(file, into),
        LanguageFile::JavaArchive | LanguageFile::Program => Ok(()),
    }
}

/// The bytes of a file of `size` bytes, if it is not larger than `limit`.
fn whole(size: u64, content: &mut dyn Read, limit: u64) -> Result<Vec<u8>, FileError> {
    if size > limit {
        return Err(FileError::TooLarge(limit));
    }
    let mut file = Vec::new();
    content.take(limit.saturating_add(1)).read_to_end(&mut file)?;
    match file.len() as u64 > limit {
        true => Err(FileError::TooLarge(limit)),
        false => Ok(file),
    }
}
