//! The files of root keys, in the form the AWS tools read.

use std::fmt;
use std::path::{Path, PathBuf};

use wharfinger_core::{AccountId, Secret};

use super::{DataDir, DataDirError, read_opt, write_private};

/// An access key as the credentials file holds it.
#[derive(Clone)]
pub struct Credentials {
    /// `AKIA…`.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: Secret<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

impl DataDir {
    /// The root key in the credentials file, or `None` if there is no such file.
    ///
    /// # Errors
    /// [`DataDirError::Malformed`] if the file holds no `[default]` key.
    pub fn credentials(&self) -> Result<Option<Credentials>, DataDirError> {
        Self::read_credentials(self.credentials_file())
    }

    /// The root key in the file of an account other than the first, or `None` if there is no such
    /// file.
    ///
    /// # Errors
    /// As [`Self::credentials`].
    pub fn account_credentials(
        &self,
        account: &AccountId,
    ) -> Result<Option<Credentials>, DataDirError> {
        Self::read_credentials(self.account_credentials_file(account))
    }

    fn read_credentials(path: PathBuf) -> Result<Option<Credentials>, DataDirError> {
        let Some(text) = read_opt(&path)? else { return Ok(None) };
        let expected = "a credentials file with a [default] access key";
        match parse(&text) {
            Some(credentials) => Ok(Some(credentials)),
            None => Err(DataDirError::Malformed { path, expected }),
        }
    }

    /// Writes the credentials file, once: an existing one stays as it is. Answers whether it was
    /// written.
    pub(crate) fn write_credentials(
        &self,
        credentials: &Credentials,
    ) -> Result<bool, DataDirError> {
        write_private(&self.credentials_file(), credentials.ini().expose(), false)
    }

    /// Writes a credentials file over the one that may be there.
    pub(crate) fn replace_credentials(
        path: &Path,
        credentials: &Credentials,
    ) -> Result<(), DataDirError> {
        write_private(path, credentials.ini().expose(), true).map(|_| ())
    }
}

impl Credentials {
    /// The text of the file.
    fn ini(&self) -> Secret<String> {
        Secret::new(format!(
            "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            self.access_key_id,
            self.secret_access_key.expose()
        ))
    }
}

fn parse(text: &str) -> Option<Credentials> {
    let (mut in_default, mut id, mut secret) = (false, None, None);
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            in_default = line == "[default]";
        } else if in_default && let Some((key, value)) = line.split_once('=') {
            match key.trim() {
                "aws_access_key_id" => id = Some(value.trim().to_owned()),
                "aws_secret_access_key" => secret = Some(Secret::new(value.trim().to_owned())),
                _ => {}
            }
        }
    }
    Some(Credentials { access_key_id: id?, secret_access_key: secret? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str) -> Credentials {
        let secret_access_key = Secret::new("s3cr=t/+".to_owned());
        Credentials { access_key_id: id.into(), secret_access_key }
    }

    #[test]
    fn a_key_is_written_once_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDir::new(folder.path());
        assert!(directory.credentials().unwrap().is_none());
        assert!(directory.write_credentials(&key("AKIA1")).unwrap());
        assert!(!directory.write_credentials(&key("AKIA2")).unwrap());
        let read = directory.credentials().unwrap().unwrap();
        assert_eq!(read.access_key_id, "AKIA1");
        assert_eq!(read.secret_access_key.expose(), "s3cr=t/+");
        assert!(!format!("{read:?}").contains("s3cr"));
    }

    #[test]
    fn a_further_account_has_a_file_of_its_own_which_new_keys_are_written_over() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let directory = DataDir::new(folder.path());
        let account = "999888777666".parse().unwrap();
        assert!(directory.account_credentials(&account).unwrap().is_none());
        let path = directory.account_credentials_file(&account);
        for id in ["AKIA1", "AKIA2"] {
            DataDir::replace_credentials(&path, &key(id)).unwrap();
            let read = directory.account_credentials(&account).unwrap().unwrap();
            assert_eq!(read.access_key_id, id);
        }
        assert!(directory.credentials().unwrap().is_none());
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn only_the_default_section_counts() {
        let text = "[other]\naws_access_key_id=A\naws_secret_access_key=B\n\
                    [default]\nregion=x\n aws_access_key_id = C\naws_secret_access_key=D\n";
        let read = parse(text).unwrap();
        assert_eq!(
            (read.access_key_id.as_str(), read.secret_access_key.expose().as_str()),
            ("C", "D")
        );
        for bad in ["", "[default]", "[other]\naws_access_key_id=A\naws_secret_access_key=B\n"] {
            assert!(parse(bad).is_none(), "{bad:?}");
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("credentials"), "[default]\n").unwrap();
        let error = DataDir::new(folder.path()).credentials().unwrap_err();
        assert!(error.to_string().contains("[default]"), "{error}");
    }
}
