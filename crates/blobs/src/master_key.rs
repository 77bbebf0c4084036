//! The one key that all others come from, and the file it lives in.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use wharfinger_core::{Entropy, EntropyExt, Secret};
use zeroize::{Zeroize, Zeroizing};

/// Characters of the file: 64 hex digits and a newline.
const FILE_CHARS: usize = 65;

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// Someone else than the owner may read the file.
    #[error(
        "the master key {path} has mode {mode:03o}: others than its owner may read it; \
         run `chmod 600` on it, and replace the key if someone may have read it"
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is no master key.
    #[error("the master key {path} is not 64 hex digits and a newline")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read or made.
    #[error("the master key {path} cannot be {action}")]
    Io {
        /// The file.
        path: PathBuf,
        /// `read` or `created`.
        action: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// 32 random bytes. Whoever has them and the data directory has everything; without them the
/// objects are lost.
pub struct MasterKey(Secret<[u8; 32]>);

impl MasterKey {
    /// The key made of these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Secret::new(bytes))
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// The key in the file at `path`: 64 hex digits and a newline, readable by its owner alone.
    /// `Ok(None)` if there is no such file.
    pub fn load(path: &Path) -> Result<Option<Self>, MasterKeyError> {
        let failed = |source| MasterKeyError::Io { path: path.to_owned(), action: "read", source };
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let metadata = file.metadata().map_err(failed)?;
        let mode = metadata.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(MasterKeyError::Exposed { path: path.to_owned(), mode });
        }
        let malformed = || MasterKeyError::Malformed { path: path.to_owned() };
        if metadata.len() != FILE_CHARS as u64 {
            return Err(malformed());
        }
        let mut text = Zeroizing::new([0; FILE_CHARS]);
        file.read_exact(&mut text[..]).map_err(failed)?;
        let digits = text.strip_suffix(b"\n").ok_or_else(malformed)?;
        let mut key = [0; 32];
        hex::decode_to_slice(digits, &mut key).map_err(|_| malformed())?;
        let master = Self::from_bytes(key);
        key.zeroize();
        Ok(Some(master))
    }

    /// As [`Self::load`]; makes and durably stores a new key if there is none.
    ///
    /// A caller that already holds objects must use [`Self::load`]: a new key opens none of them.
    pub fn load_or_create(path: &Path, entropy: &dyn Entropy) -> Result<Self, MasterKeyError> {
        if let Some(master) = Self::load(path)? {
            return Ok(master);
        }
        let failed =
            |source| MasterKeyError::Io { path: path.to_owned(), action: "created", source };
        create(path, entropy).map_err(failed)?;
        Self::load(path)?.ok_or_else(|| failed(io::Error::from(io::ErrorKind::NotFound)))
    }
}

/// Writes the key beside its place and links it there, so that no crash leaves half a key and of
/// two processes that start together both end with the same one.
fn create(path: &Path, entropy: &dyn Entropy) -> io::Result<()> {
    let suffix: [u8; 8] = entropy.bytes();
    let fresh = path.with_added_extension(format!("new-{}", hex::encode(suffix)));
    let written = write_new(&fresh, entropy).and_then(|()| match fs::hard_link(&fresh, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    });
    let removed = fs::remove_file(&fresh);
    written.and(removed)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn write_new(path: &Path, entropy: &dyn Entropy) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let key = Zeroizing::new(entropy.bytes::<32>());
    let mut text = Zeroizing::new([b'\n'; FILE_CHARS]);
    hex::encode_to_slice(&key[..], &mut text[..FILE_CHARS - 1]).map_err(io::Error::other)?;
    file.write_all(&text[..])?;
    file.sync_all()
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use wharfinger_core::SeededEntropy;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        assert!(MasterKey::load(&path).unwrap().is_none());
        let entropy = SeededEntropy::new(3);
        let made = MasterKey::load_or_create(&path, &entropy).unwrap();
        let found = MasterKey::load_or_create(&path, &entropy).unwrap();
        assert_eq!(made.expose(), found.expose());
        assert_ne!(made.expose(), &[0; 32]);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the scratch file stayed");
        assert_eq!(format!("{made:?}"), "MasterKey");
    }

    #[test]
    fn a_key_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        MasterKey::load_or_create(&path, &SeededEntropy::new(3)).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o777] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = MasterKey::load(&path).unwrap_err();
            assert!(matches!(error, MasterKeyError::Exposed { .. }), "{error}");
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_no_key_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let entropy = SeededEntropy::new(3);
        for bad in ["", "abc\n", &"g".repeat(65), &format!("{}\n", "g".repeat(64)), &"a".repeat(65)]
        {
            fs::write(&path, bad).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let error = MasterKey::load_or_create(&path, &entropy).unwrap_err();
            assert!(matches!(error, MasterKeyError::Malformed { .. }), "{bad:?}: {error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), bad);
        }
    }

    #[test]
    fn a_folder_that_does_not_exist_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("absent/master.key");
        let error = MasterKey::load_or_create(&path, &SeededEntropy::new(3)).unwrap_err();
        assert!(matches!(error, MasterKeyError::Io { action: "created", .. }), "{error}");
    }
}
