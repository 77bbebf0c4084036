//! A database of the first release, opened by this one: everything in it reads, lists and counts as
//! what was written by this one does.

use rusqlite::Connection;
use tempfile::TempDir;
use wharfinger_core::RegistryId;

use super::{counters, digest, image_row, now, open, write};
use crate::blob::BlobUse;
use crate::image::{ImagePosition, ImageRow, ImageStatus, TagStatus};
use crate::job::JobStatus;
use crate::lifecycle_preview::image_facts;
use crate::migration::{MIGRATIONS, SCHEMA_VERSION, for_sqlite};
use crate::{
    MetadataError, RepositoryId, Tx, access_key, advisory_matching, blob, image, index_scan, job,
    package, repository, resource_tag, scan, tag, upload, user,
};

const APP: RepositoryId = RepositoryId(10);
const EMPTY: RepositoryId = RepositoryId(11);

/// What the first release had written when it was killed: two images with a layer in common, an
/// index of both, a signature of the first, a tag that moved; an upload under way; a repository
/// without images, one of another region, and one whose deletion had only begun.
const CONTENT: &str = "
INSERT INTO installation VALUES ('account', '111122223333');
INSERT INTO iam_user VALUES ('AIDA', '111122223333', 'ci', '/', 1000);
INSERT INTO user_policy VALUES ('AIDA', 'push', '{}');
INSERT INTO access_key VALUES ('AKIA', '111122223333', 'AIDA', 1, x'00', 1000);
INSERT INTO repository VALUES
 (10, '111122223333', 'eu-west-1', 'app', 1000, 'MUTABLE', '[]', 1, 'AES256', NULL, 'domain', 4),
 (11, '111122223333', 'eu-west-1', 'empty', 1000, 'IMMUTABLE', '[]', 0, 'AES256', NULL, 'domain', 0),
 (12, '111122223333', 'us-east-1', 'app', 1000, 'MUTABLE', '[]', 0, 'AES256', NULL, 'other', 0),
 (13, '', '', '13', 1000, 'MUTABLE', '[]', 0, 'AES256', NULL, 'domain', 3);
INSERT INTO resource_tag VALUES (10, 'team', 'news'), (13, 'team', 'old');
INSERT INTO blob VALUES ('domain', '{b101}', '{object}', 7, 1000, NULL);
INSERT INTO repository_blob VALUES
 (10, '{b101}', 1000), (10, '{b102}', 1000), (10, '{b103}', 1000), (10, '{b104}', 1000),
 (11, '{b101}', 1000), (13, '{b101}', 1000), (13, '{b102}', 1000);
INSERT INTO image VALUES
 (10, '{b1}', '{manifest}', 'config', NULL, NULL, 10, 5, 2000, 2, 1),
 (10, '{b2}', '{manifest}', 'config', NULL, NULL, 20, 5, 2000, 0, 0),
 (10, '{b3}', 'index', NULL, NULL, NULL, 20, 5, 3000, 1, 1),
 (10, '{b4}', '{manifest}', 'empty', 'signature', '{b1}', 1, 5, 4000, 0, 0),
 (13, '{b1}', '{manifest}', 'config', NULL, '{b2}', 10, 5, 2000, 1, 1),
 (13, '{b2}', '{manifest}', 'config', NULL, NULL, 10, 5, 2000, 0, 0);
INSERT INTO manifest VALUES
 (10, '{b1}', x'01'), (10, '{b2}', x'02'), (10, '{b3}', x'03'), (10, '{b4}', x'04'),
 (13, '{b1}', x'01'), (13, '{b2}', x'02');
INSERT INTO image_blob VALUES
 (10, '{b101}', '{b1}'), (10, '{b102}', '{b1}'), (10, '{b101}', '{b2}'), (10, '{b103}', '{b4}'),
 (13, '{b101}', '{b1}'), (13, '{b101}', '{b2}');
INSERT INTO image_child VALUES (10, '{b1}', '{b3}'), (10, '{b2}', '{b3}');
INSERT INTO tag VALUES
 (10, 'latest', '{b3}', 3000), (10, 'v1', '{b1}', 2000), (10, 'v1.0', '{b1}', 2000),
 (13, 'old', '{b1}', 2000);
INSERT INTO upload VALUES
 ('{upload}', 10, 7, 1, 0, x'aa', 0, '{object}', x'bb', 1000, 5000);
INSERT INTO discarded_object VALUES ('{other}', 1000);
";

const UPLOAD: &str = "01234567-89ab-4cde-8f01-23456789abcd";
const OBJECT: &str = "00112233445566778899aabbccddeeff";
const OTHER: &str = "ffeeddccbbaa99887766554433221100";

/// A folder with the database of a release that wrote only the first migrations.
fn older(version: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let connection = Connection::open(folder.path().join("metadata.db")).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.pragma_update(None, "foreign_keys", "ON").unwrap();
    let run = |migration: &str| {
        connection.execute_batch(&for_sqlite(migration)).unwrap();
    };
    run(MIGRATIONS[0]);
    let mut content = CONTENT.replace("{manifest}", &image_row(1, 0).media_type);
    for byte in [1, 2, 3, 4, 101, 102, 103, 104] {
        content = content.replace(&format!("{{b{byte}}}"), &digest(byte).to_string());
    }
    for (name, value) in [("{upload}", UPLOAD), ("{object}", OBJECT), ("{other}", OTHER)] {
        content = content.replace(name, value);
    }
    connection.execute_batch(&content).unwrap();
    MIGRATIONS[1..version].iter().for_each(|migration| run(migration));
    connection.pragma_update(None, "user_version", version as i64).unwrap();
    folder
}

fn registry(region: &str) -> RegistryId {
    RegistryId::new("111122223333".parse().unwrap(), region.parse().unwrap())
}

fn numbers(rows: &[ImageRow]) -> Vec<u8> {
    rows.iter().map(|row| row.digest.hash()[0]).collect()
}

async fn images(tx: &mut Tx, tag_status: TagStatus, status: Option<ImageStatus>) -> Vec<u8> {
    let first = ImagePosition::default();
    numbers(&image::list(tx, APP, tag_status, status, &first, 100).await.unwrap())
}

async fn uses(tx: &mut Tx) -> Vec<BlobUse> {
    let mut uses = Vec::new();
    for byte in 101..=104 {
        uses.push(blob::find_use(tx, APP, &digest(byte)).await.unwrap());
    }
    uses
}

async fn check_reading(tx: &mut Tx) -> Result<(), MetadataError> {
    let active = Some(ImageStatus::Active);
    for status in [None, active] {
        assert_eq!(images(tx, TagStatus::Any, status).await, [1, 2, 3, 4]);
        assert_eq!(images(tx, TagStatus::Tagged, status).await, [1, 3]);
        assert_eq!(images(tx, TagStatus::Untagged, status).await, [2, 4]);
        let tags = tag::list(tx, APP, status, "", 100).await?;
        let tags: Vec<String> = tags.iter().map(|(tag, _)| tag.to_string()).collect();
        assert_eq!(tags, ["latest", "v1", "v1.0"]);
        let pairs = image::list_pairs(tx, APP, status, &ImagePosition::default(), "", 9).await?;
        assert_eq!(pairs.len(), 5);
        let referrers = image::referrers(tx, APP, &digest(1), status, "", 9).await?;
        assert_eq!(numbers(&referrers), [4]);
        assert_eq!(referrers[0].artifact_type.as_deref(), Some("signature"));
    }
    assert_eq!(images(tx, TagStatus::Any, Some(ImageStatus::Archived)).await, []);
    let first = image::find(tx, APP, &digest(1)).await?.unwrap();
    let expected =
        ImageRow { artifact_media_type: Some("config".into()), tag_count: 2, ..image_row(1, 2000) };
    assert_eq!(first, expected);
    assert_eq!(image::sealed_manifest(tx, APP, &digest(3)).await?, Some(vec![3]));
    assert_eq!(image::active_parents(tx, APP, &digest(2)).await?, [digest(3)]);
    let facts = image_facts(tx, APP, "", 9).await?;
    let listed: Vec<_> = facts.iter().map(|it| (it.is_listed, it.has_live_subject)).collect();
    assert_eq!(listed, [(true, false), (true, false), (false, false), (false, true)]);
    use BlobUse::{Active, Unused};
    assert_eq!(uses(tx).await, [Active, Active, Active, Unused]);
    let blob = blob::find_linked(tx, EMPTY, "domain", &digest(101)).await?.unwrap();
    assert_eq!(blob::find_inline(tx, &blob.object_id).await?, None, "it is a file");
    Ok(())
}

async fn check_the_rest(tx: &mut Tx) -> Result<(), MetadataError> {
    for (region, count) in [("eu-west-1", 2), ("us-east-1", 1), ("sa-east-1", 0)] {
        assert_eq!(repository::count(tx, &registry(region)).await?, count, "{region}");
        assert_eq!(repository::list(tx, &registry(region), "", 9).await?.len() as u64, count);
    }
    let app = repository::find(tx, &registry("eu-west-1"), &"app".parse().unwrap()).await?;
    let app = app.unwrap();
    assert_eq!((app.id, app.image_count, app.scan_on_push), (APP, 4, true));
    assert_eq!(resource_tag::list(tx, APP).await?, [("team".into(), "news".into())]);
    let account = registry("eu-west-1").account;
    assert!(user::find(tx, &account, "ci").await?.is_some());
    assert!(access_key::find(tx, "AKIA").await?.is_some());
    let upload_id = UPLOAD.parse().unwrap();
    let mut row = upload::find(tx, APP, &upload_id).await?.unwrap();
    assert_eq!((row.received_bytes, row.object_id), (7, Some(OBJECT.parse().unwrap())));
    row.received_bytes = 9;
    assert!(upload::advance(tx, &row, 7).await?);
    assert_eq!(blob::discarded_objects(tx, "", 9).await?, [OTHER.parse().unwrap()]);
    Ok(())
}

/// What this release added, done to what it found.
async fn check_changing(tx: &mut Tx) -> Result<(), MetadataError> {
    use BlobUse::{Active, Archived, Unused};
    for byte in [3, 1] {
        assert!(image::archive(tx, APP, &digest(byte), now()).await?);
        counters::check(tx);
    }
    assert_eq!(images(tx, TagStatus::Any, Some(ImageStatus::Active)).await, [2, 4]);
    assert_eq!(uses(tx).await, [Active, Archived, Active, Unused]);
    assert_eq!(tag::list(tx, APP, Some(ImageStatus::Active), "", 9).await?, []);
    assert!(image::activate(tx, APP, &digest(1), now()).await?);
    tag::put(tx, APP, &"v1".parse().unwrap(), &digest(2), now()).await?;
    counters::check(tx);
    image::record_pull(tx, APP, &digest(2), now()).await?;
    for byte in [3, 1, 2, 4] {
        assert!(image::delete(tx, APP, &digest(byte)).await?);
        counters::check(tx);
    }
    assert_eq!(uses(tx).await, [Unused; 4]);
    repository::delete(tx, EMPTY, now()).await?;
    while repository::purge(tx, 1).await? {
        counters::check(tx);
    }
    let left: i64 = tx.connection().query_row(
        "SELECT (SELECT COUNT(*) FROM repository WHERE account_id = '') + \
         (SELECT COUNT(*) FROM image) + (SELECT COUNT(*) FROM repository_blob) \
         + (SELECT COUNT(*) FROM resource_tag)",
        [],
        |row| row.get(0),
    )?;
    assert_eq!(left, 4 + 1, "the links and the tag of the repository that stays");
    Ok(())
}

#[tokio::test]
async fn what_the_first_release_wrote_is_read_and_changed() {
    let folder = older(1);
    let metadata = open(&folder);
    write(&metadata, |tx| {
        Box::pin(async move {
            counters::check(tx);
            check_reading(tx).await?;
            check_the_rest(tx).await?;
            check_changing(tx).await
        })
    })
    .await
    .unwrap();
}

/// A migration that is cut off leaves the version it had reached, and the next start goes on there.
#[tokio::test]
async fn a_migration_goes_on_from_every_version() {
    for version in 1..=MIGRATIONS.len() {
        let folder = older(version);
        // The second time nothing is left to do.
        for _ in 0..2 {
            let metadata = open(&folder);
            let read = write(&metadata, |tx| {
                Box::pin(async move {
                    counters::check(tx);
                    let version: i64 =
                        tx.connection()
                            .pragma_query_value(None, "user_version", |row| row.get(0))?;
                    assert_eq!(version, SCHEMA_VERSION);
                    check_reading(tx).await
                })
            });
            read.await.unwrap();
        }
    }
}

/// The schema that a new database gets is the one that an old one is brought to.
#[test]
fn an_old_database_becomes_what_a_new_one_is() {
    let schema = |folder: &TempDir| {
        drop(open(folder));
        let connection = Connection::open(folder.path().join("metadata.db")).unwrap();
        let sql = "SELECT type || ' ' || name || ' ' || COALESCE(sql, '') FROM sqlite_schema \
                   ORDER BY type, name";
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.collect::<Result<Vec<_>, _>>().unwrap()
    };
    assert_eq!(schema(&older(1)), schema(&tempfile::tempdir().unwrap()));
}

/// Policies that older releases kept, and that nothing acted on, are evaluated from now on.
#[tokio::test]
async fn each_lifecycle_policy_of_older_data_has_its_job() {
    let folder = older(13);
    let connection = Connection::open(folder.path().join("metadata.db")).unwrap();
    connection.execute_batch("INSERT INTO lifecycle_policy VALUES (10, '{}', 7000, 0)").unwrap();
    drop(connection);
    let metadata = open(&folder);
    write(&metadata, |tx| {
        Box::pin(async move {
            let jobs = job::list(tx, ("", ""), 9).await?;
            let [job] = jobs.as_slice() else { panic!("{jobs:?}") };
            assert_eq!(
                (job.kind.as_str(), job.subject.as_str(), job.status),
                ("evaluate-lifecycle-policy", "10", JobStatus::Waiting)
            );
            assert_eq!(job.due_at.millis(), 7000);
            Ok(())
        })
    })
    .await
    .unwrap();
}

/// Packages that advisories speak of under several names are found by each, and matched once more.
#[tokio::test]
async fn packages_of_older_data_have_all_their_names() {
    let folder = older(17);
    let connection = Connection::open(folder.path().join("metadata.db")).unwrap();
    let rows = "\
INSERT INTO package VALUES (1, '{}', 'debian:12', 'zlib', 'db');
INSERT INTO package VALUES (2, '{\"source\":{\"name\":\"openssl\"}}', 'centos:8', 'openssl-libs', 'db');
INSERT INTO package VALUES (3, '{\"source\":{\"name\":\"curl\"}}', 'chainguard', 'curl', 'db');
INSERT INTO package VALUES (4, '{\"source\":{\"name\":\"openssl\"},\"n\":4}', 'redhat:8', 'openssl-devel', NULL);
INSERT INTO advisory_matching VALUES (1, 'db', 'older', 'npm', NULL, 0, 7000);
";
    connection.execute_batch(rows).unwrap();
    drop(connection);
    let metadata = open(&folder);
    write(&metadata, |tx| {
        Box::pin(async move {
            for (ecosystem, name, ids) in [
                ("debian:12", "zlib", &[1][..]),
                ("centos:8", "openssl-libs", &[]),
                ("redhat:8", "openssl-libs", &[2]),
                ("redhat:8", "openssl", &[2, 4]),
                ("chainguard", "curl", &[3]),
                ("wolfi", "curl", &[3]),
                ("redhat:8", "openssl-devel", &[4]),
            ] {
                let found = package::named(tx, ecosystem, name, 0, 9).await?;
                let found: Vec<_> = found.iter().map(|row| row.package_id).collect();
                assert_eq!(found, ids, "{ecosystem} {name}");
            }
            let matched = package::list(tx, 0, 9).await?;
            let matched: Vec<_> = matched.iter().map(|row| row.database_id.as_deref()).collect();
            assert_eq!(matched, [Some("db"), Some(""), Some(""), None]);
            let row = advisory_matching::find(tx).await?.unwrap();
            assert_eq!((row.older_ids.as_str(), row.finished_at), ("", None));
            Ok(())
        })
    })
    .await
    .unwrap();
}

/// What indexes show is counted, and so is what is suppressed of the scans that are there.
#[tokio::test]
async fn scans_of_older_data_are_counted_once_more() {
    let folder = older(18);
    let connection = Connection::open(folder.path().join("metadata.db")).unwrap();
    let rows = format!(
        "INSERT INTO scan (repository_id, digest, scan_type, status, description, started_at) \
         VALUES (10, '{}', 'BASIC', 'COMPLETE', '', 0), (13, '{}', 'BASIC', 'COMPLETE', '', 0)",
        digest(1),
        digest(1)
    );
    connection.execute_batch(&rows).unwrap();
    drop(connection);
    let metadata = open(&folder);
    write(&metadata, |tx| {
        Box::pin(async move {
            let stale = index_scan::stale(tx, None, 9).await?;
            let stale: Vec<_> = stale.iter().map(|it| (it.repository, it.digest)).collect();
            assert_eq!(stale, [(APP, digest(3))]);
            let jobs = job::list(tx, ("", ""), 9).await?;
            let [job] = jobs.as_slice() else { panic!("{jobs:?}") };
            assert_eq!(
                (job.kind.as_str(), job.subject.as_str(), job.status),
                ("count-registry", "111122223333/eu-west-1", JobStatus::Waiting)
            );
            assert_eq!(scan::suppressed(tx, APP, &digest(1), "BASIC").await?, None);
            Ok(())
        })
    })
    .await
    .unwrap();
}
