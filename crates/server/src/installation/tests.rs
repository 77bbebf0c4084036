//! First starts, restarts, and directories that must be refused.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use wharfinger_auth::{IamResource, Permit};
use wharfinger_iam::KeyOwner;
use wharfinger_metadata::MetadataError;

use super::*;
use crate::Settings;

fn config(path: &Path) -> Config {
    Config::resolve(Settings::default(), Settings::default(), Some(path.to_owned())).unwrap()
}

/// The error of a start that must fail.
async fn refusal(config: &Config) -> InstallationError {
    Installation::start(config).await.err().expect("the start was not refused")
}

#[tokio::test]
async fn a_restart_finds_the_account_and_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder.path().join("data"));
    let first = Installation::start(&config).await.unwrap();
    assert!(first.has_new_root_key());
    let account = first.account();
    let key = first.directory().credentials().unwrap().unwrap();
    assert_eq!(first.stores.root_keys(account).await.unwrap(), [key.access_key_id.as_str()]);
    for entry in fs::read_dir(first.directory().path()).unwrap().map(Result::unwrap) {
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "others may use {:?}", entry.file_name());
    }
    drop(first);
    let second = Installation::start(&config).await.unwrap();
    assert!(!second.has_new_root_key());
    assert_eq!(second.account(), account);
    let again = second.directory().credentials().unwrap().unwrap();
    assert_eq!(again.secret_access_key.expose(), key.secret_access_key.expose());
    let beside = Installation::existing(&config).await.unwrap();
    assert_eq!(beside.account(), account);
}

#[tokio::test]
async fn the_account_is_chosen_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    config.account_id = "111122223333".parse().ok();
    assert_eq!(Installation::start(&config).await.unwrap().account().as_str(), "111122223333");
    Installation::start(&config).await.unwrap();
    config.account_id = "444455556666".parse().ok();
    let error = refusal(&config).await;
    assert!(matches!(error, InstallationError::OtherAccount { .. }), "{error}");
}

#[tokio::test]
async fn a_second_server_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    let _first = Installation::start(&config).await.unwrap();
    let error = refusal(&config).await;
    assert!(
        matches!(error, InstallationError::DataDir(DataDirError::InUse { pid: Some(_), .. })),
        "{error}"
    );
}

#[tokio::test]
async fn a_directory_without_a_registry_says_how_to_start_one() {
    let folder = tempfile::tempdir().unwrap();
    let error = Installation::existing(&config(folder.path())).await.err().unwrap();
    assert!(error.to_string().contains("wharfinger serve"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "something was made");
}

#[tokio::test]
async fn without_its_master_key_nothing_starts_and_no_key_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    drop(Installation::start(&config).await.unwrap());
    let key_file = folder.path().join("master.key");
    let right = fs::read_to_string(&key_file).unwrap();

    fs::remove_file(&key_file).unwrap();
    let error = refusal(&config).await;
    assert!(matches!(error, InstallationError::MasterKeyMissing { .. }), "{error}");
    assert!(!key_file.exists());

    MasterKey::load_or_create(&key_file, &SystemEntropy).unwrap();
    let error = refusal(&config).await;
    assert!(matches!(error, InstallationError::MasterKeyWrong { .. }), "{error}");
    let error = Installation::existing(&config).await.err().unwrap();
    assert!(matches!(error, InstallationError::MasterKeyWrong { .. }), "{error}");

    fs::write(&key_file, right).unwrap();
    Installation::start(&config).await.unwrap();
}

#[tokio::test]
async fn a_master_key_outside_the_directory_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&folder.path().join("data"));
    config.master_key_file = Some(folder.path().join("key"));
    drop(Installation::start(&config).await.unwrap());
    assert!(folder.path().join("key").exists());
    assert!(!folder.path().join("data/master.key").exists());
    Installation::start(&config).await.unwrap();
}

#[tokio::test]
async fn a_newer_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    drop(Installation::start(&config).await.unwrap());
    set_format(&folder.path().join("metadata.db"), 9_999);
    let error = refusal(&config).await;
    let InstallationError::Metadata { source, .. } = error else { panic!("{error}") };
    assert!(matches!(source, MetadataError::NewerFormat { found: 9_999, .. }), "{source}");
}

/// Writes the format number where SQLite keeps it: four bytes at offset 60 of the file.
pub(crate) fn set_format(database: &Path, format: u32) {
    use std::os::unix::fs::FileExt;
    let file = fs::OpenOptions::new().write(true).open(database).unwrap();
    file.write_all_at(&format.to_be_bytes(), 60).unwrap();
}

#[tokio::test]
async fn a_first_start_that_was_cut_off_is_finished_by_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    // What a kill leaves between the commit of the key and the writing of its file, twice.
    let directory = DataDir::new(folder.path());
    let open = || Stores::open(&config, directory.clone(), OpenMode::CreateOrMigrate, None);
    let cut_off = open().await.unwrap();
    let account = cut_off.auth.ensure_account(None).await.unwrap().account;
    let permit = Permit::system(IamResource::account_wide(account));
    cut_off.iam.create_access_key(&permit, &KeyOwner::Root).await.unwrap();
    drop(cut_off);
    let error = Installation::existing(&config).await.err().unwrap();
    assert!(matches!(error, InstallationError::NotStarted { .. }), "{error}");

    let started = Installation::start(&config).await.unwrap();
    assert!(started.has_new_root_key());
    assert_eq!(started.account(), account);
    let key = started.directory().credentials().unwrap().unwrap();
    assert_eq!(started.stores.root_keys(account).await.unwrap(), [key.access_key_id.as_str()]);
}

#[tokio::test]
async fn the_archive_is_its_own_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&folder.path().join("data"));
    let told = |installation: Installation, config: &Config| {
        installation.registry(config).err().expect("the archive was not refused").to_string()
    };
    let cold = folder.path().join("mnt").join("cold");
    config.archive_dir = Some(cold.clone());
    let first = Installation::start(&config).await.unwrap();
    first.registry(&config).unwrap();
    let marker = fs::read_to_string(cold.join("wharfinger-archive")).unwrap();
    let metadata = first.metadata().clone();
    drop(first);
    // Nothing is in it: it may be left out, or be another one.
    config.archive_dir = None;
    Installation::start(&config).await.unwrap().registry(&config).unwrap();
    config.archive_dir = Some(folder.path().join("colder"));
    Installation::start(&config).await.unwrap().registry(&config).unwrap();
    let kept = fs::read_to_string(folder.path().join("colder/wharfinger-archive")).unwrap();
    assert_eq!(kept, marker);
    let moved: Result<(), MetadataError> = metadata
        .write(|tx| {
            Box::pin(async move {
                use wharfinger_metadata::blob::{ObjectStore, discard_object_in};
                let id = wharfinger_core::ObjectId::random(&SystemEntropy);
                discard_object_in(tx, ObjectStore::Archive, &id, SystemClock.now()).await
            })
        })
        .await;
    moved.unwrap();
    // From here on it must be there.
    config.archive_dir = None;
    let error = told(Installation::existing(&config).await.unwrap(), &config);
    assert!(error.contains("--archive-dir") && error.contains("colder"), "{error}");
    config.archive_dir = Some(folder.path().join("not mounted"));
    let error = told(Installation::start(&config).await.unwrap(), &config);
    assert!(error.contains("is it mounted?") && error.contains("colder"), "{error}");
    assert!(!folder.path().join("not mounted").exists());
    // It may be mounted elsewhere.
    fs::rename(folder.path().join("colder"), folder.path().join("elsewhere")).unwrap();
    config.archive_dir = Some(folder.path().join("elsewhere"));
    Installation::start(&config).await.unwrap().registry(&config).unwrap();
    config.archive_dir = Some(config.data_dir.clone());
    let error = told(Installation::start(&config).await.unwrap(), &config);
    assert!(error.contains("data directory"), "{error}");
    // Another registry does not get it.
    let mut other = super::tests::config(&folder.path().join("other"));
    other.archive_dir = Some(folder.path().join("elsewhere"));
    let error = told(Installation::start(&other).await.unwrap(), &other);
    assert!(error.contains("another registry"), "{error}");
}
