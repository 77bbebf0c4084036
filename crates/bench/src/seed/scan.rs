//! Images with inventories that are watched, the advisories they were matched with, and newer ones.
//!
//! Images share what images share: a quarter of their packages are of a base image of which there are
//! many versions, the others are of any name. How much one advisory touches then is as in a real registry.

use std::convert::Infallible;
use std::path::Path;

use anyhow::{Context, Result};
use wharfinger_advisories::{
    Affected, Database, Document, FixStatus, ImportMode, ImportOptions, Interval, Record, Store,
    VersionEnd,
};
use wharfinger_core::{Digest, EntropyExt, RegistryId, RepositoryName, SeededEntropy, Timestamp};
use wharfinger_metadata::advisory_matching::{self, MatchingRow};
use wharfinger_metadata::image::{self, ImageRow, ImageStatus};
use wharfinger_metadata::inventory::{self, InventoryRow};
use wharfinger_metadata::package::{self, PackageName, PackageRow};
use wharfinger_metadata::package_vulnerability::{self, PackageVulnerabilityRow};
use wharfinger_metadata::scan::{self, ScanRow};
use wharfinger_metadata::{Metadata, MetadataError, OpenMode, RepositoryId, Tx, repository};
use wharfinger_package::{Ecosystem, Family, PackageIdentity, Severity};
use wharfinger_scanner::{advisory_names, match_package};

/// Names of packages, versions of each, and the names that base images are made of.
const NAMES: usize = 15_000;
const VERSIONS: usize = 20;
const BASE_NAMES: usize = 25;
/// Packages of an image.
const PACKAGES: usize = 100;
/// Images of one version of the base image.
const IMAGES_PER_BASE: usize = 5_000;
/// Of so many names one has an advisory to begin with.
const ADVISED: usize = 3;
/// Rows that share a transaction, and images.
const ROWS_PER_TRANSACTION: usize = 5_000;
const IMAGES_PER_TRANSACTION: usize = 200;

/// Fills a database with such images, and the folder beside it with advisories of which `changed` are
/// newer than what the images were matched with. Answers the id of the newer ones.
///
/// # Errors
/// If something cannot be written, or there is no such repository.
pub fn scanned(
    database: &Path,
    registry: &RegistryId,
    name: &str,
    (images, changed): (usize, usize),
) -> Result<String> {
    let store = Store::new(&database.with_file_name("advisories"));
    let first: Vec<Document> = (0..NAMES).step_by(ADVISED).map(|it| advisory(it, 10)).collect();
    import(&store, first)?;
    let matched = store.current()?.context("there are no advisories")?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let metadata = Metadata::open(database, OpenMode::Existing)?;
    let (registry, name): (_, RepositoryName) = (registry.clone(), name.parse()?);
    runtime.block_on(async {
        let found: Result<_, MetadataError> = metadata
            .read(move |tx| Box::pin(async move { repository::find(tx, &registry, &name).await }))
            .await;
        let repository = found?.context("the repository is not there")?.id;
        packages(&metadata, &matched).await?;
        for from in (0..images).step_by(IMAGES_PER_TRANSACTION) {
            let to = images.min(from + IMAGES_PER_TRANSACTION);
            let written: Result<(), MetadataError> = metadata
                .write(move |tx| {
                    Box::pin(async move {
                        for number in from..to {
                            insert_image(tx, repository, number).await?;
                        }
                        Ok(())
                    })
                })
                .await;
            written?;
        }
        Ok::<_, anyhow::Error>(())
    })?;
    // Names of which one had an advisory and two had none, in turns; two of them are of base images.
    let step = (NAMES / changed.max(1)).max(1);
    let newer =
        (0..changed).map(|it| it * step + it % ADVISED).map(|it| advisory(it, 15)).collect();
    import(&store, newer)?;
    let newer = store.current()?.context("there are no advisories")?;
    Ok(newer.information().id.clone())
}

/// Whether the images are matched with these advisories; if so, how long that took, in milliseconds.
///
/// # Errors
/// If the database cannot be read.
pub fn matched(metadata: &Metadata, database_id: &str) -> Result<Option<i64>> {
    let database_id = database_id.to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let found: Result<_, MetadataError> = runtime.block_on(metadata.read(move |tx| {
        Box::pin(async move {
            let row = advisory_matching::find(tx).await?;
            let done = row.filter(|row| row.database_id == database_id);
            let finished_at = done.and_then(|row| row.finished_at);
            let job = wharfinger_metadata::job::find_by_subject(tx, "match-advisories", "").await?;
            Ok((finished_at, job.and_then(|job| job.started_at)))
        })
    }));
    Ok(match found? {
        (Some(finished), Some(started)) => Some(finished.millis() - started.millis()),
        _ => None,
    })
}

fn import(store: &Store, documents: Vec<Document>) -> Result<()> {
    let options = ImportOptions {
        mode: ImportMode::Update,
        updated_at: None,
        imported_at: Timestamp::from_seconds(1_700_000_000),
        license: None,
    };
    store.import(&options, documents.into_iter().map(Ok::<_, Infallible>))?;
    Ok(())
}

/// Versions before `fixed` of a package are affected.
fn advisory(name: usize, fixed: usize) -> Document {
    let severities = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let affected = Affected {
        vulnerability: format!("CVE-2026-{name:05}"),
        source: "debian".into(),
        intervals: vec![Interval {
            introduced: None,
            end: VersionEnd::Fixed(format!("1.{fixed}-1")),
        }],
        status: FixStatus::Fixed,
        severity: severities.get(name % severities.len()).copied(),
        ..Affected::default()
    };
    Document {
        source: "debian".into(),
        id: affected.vulnerability.clone(),
        modified_at: None,
        records: vec![Record::Affected { ecosystem: ecosystem(), name: name_of(name), affected }],
    }
}

fn ecosystem() -> Ecosystem {
    Ecosystem::released(Family::Debian, "12")
}

fn name_of(number: usize) -> String {
    format!("package-{number:05}")
}

/// The id of a package in a version.
fn package_id(name: usize, version: usize) -> i64 {
    i64::try_from(name * VERSIONS + version + 1).unwrap_or(i64::MAX)
}

async fn packages(metadata: &Metadata, database: &Database) -> Result<()> {
    let id = database.information().id.clone();
    let mut step = Vec::new();
    for name in 0..NAMES {
        for version in 0..VERSIONS {
            let identity = PackageIdentity {
                ecosystem: ecosystem(),
                name: name_of(name),
                version: format!("1.{version}-1"),
                architecture: Some("amd64".into()),
                source: None,
                module: None,
                vendor: None,
            };
            let found = match_package(database, &identity)?;
            let row = PackageRow {
                package_id: package_id(name, version),
                identity: serde_json::to_string(&identity)?,
                database_id: Some(id.clone()),
            };
            let names = advisory_names(&identity).into_iter().map(|(ecosystem, name)| {
                PackageName { ecosystem: ecosystem.to_string(), name: name.to_owned() }
            });
            let details = found.iter().map(|found| {
                Ok((found.vulnerability.clone(), found.severity, serde_json::to_string(found)?))
            });
            step.push((row, names.collect(), details.collect::<Result<Vec<_>>>()?));
        }
        if step.len() >= ROWS_PER_TRANSACTION || name + 1 == NAMES {
            let rows = std::mem::take(&mut step);
            let written: Result<(), MetadataError> = metadata
                .write(move |tx| Box::pin(async move { insert_packages(tx, &rows).await }))
                .await;
            written?;
        }
    }
    let row = MatchingRow {
        database_id: id.clone(),
        older_ids: String::new(),
        position: String::new(),
        plan: None,
        told_inventory_id: 0,
        finished_at: Some(long_ago()),
    };
    let written: Result<(), MetadataError> = metadata
        .write(move |tx| {
            Box::pin(async move {
                package::set_matching_mark(tx, &row.database_id).await?;
                advisory_matching::put(tx, &row).await
            })
        })
        .await;
    Ok(written?)
}

type Found = (PackageRow, Vec<PackageName>, Vec<(String, Severity, String)>);

async fn insert_packages(tx: &mut Tx, rows: &[Found]) -> Result<(), MetadataError> {
    for (row, names, found) in rows {
        package::insert(tx, row, names).await?;
        for (vulnerability, severity, detail) in found {
            let found = PackageVulnerabilityRow {
                vulnerability: vulnerability.clone(),
                severity: severity.to_string(),
                detail: detail.clone(),
                first_seen_at: long_ago(),
                updated_at: long_ago(),
            };
            package_vulnerability::put(tx, row.package_id, &found).await?;
        }
    }
    Ok(())
}

fn long_ago() -> Timestamp {
    Timestamp::from_seconds(1_700_000_000)
}

async fn insert_image(
    tx: &mut Tx,
    repository: RepositoryId,
    number: usize,
) -> Result<(), MetadataError> {
    let entropy = SeededEntropy::new(number as u64);
    let digest = Digest::Sha256(entropy.bytes());
    let row = ImageRow {
        digest,
        media_type: "application/vnd.oci.image.manifest.v1+json".into(),
        artifact_media_type: Some("application/vnd.oci.image.config.v1+json".into()),
        artifact_type: None,
        subject: None,
        size_bytes: 50_000_000,
        manifest_size_bytes: 700,
        pushed_at: long_ago(),
        tag_count: 0,
        status: ImageStatus::Active,
        archived_at: None,
        activated_at: None,
        last_pulled_at: None,
    };
    image::insert(tx, repository, &row, &[7; 700], &[], &[]).await?;
    let base = (number / IMAGES_PER_BASE) % VERSIONS;
    let mut ids: Vec<i64> = (0..BASE_NAMES).map(|it| package_id(it * 7, base)).collect();
    while ids.len() < PACKAGES {
        let [drawn] = [u64::from_le_bytes(entropy.bytes())];
        let drawn = usize::try_from(drawn >> 1).unwrap_or_default();
        ids.push(package_id(drawn % NAMES, (drawn / NAMES) % VERSIONS));
    }
    ids.sort_unstable();
    ids.dedup();
    let inventory_id = i64::try_from(number).unwrap_or(i64::MAX - 1) + 1;
    inventory::add_packages(tx, inventory_id, &ids, 0, long_ago()).await?;
    let kept = InventoryRow {
        inventory_id,
        repository,
        digest,
        reader_version: 1,
        package_count: ids.len() as u64,
        package_ids: ids,
        created_at: long_ago(),
    };
    inventory::put(tx, &kept, b"").await?;
    let mut row = ScanRow::without_findings(digest, "ENHANCED", "ACTIVE", "", long_ago());
    row.completed_at = Some(long_ago());
    // Whatever they are: what changes is added to them.
    row.counts = Some(r#"{"LOW":1000,"MEDIUM":1000,"HIGH":1000,"CRITICAL":1000}"#.into());
    scan::put(tx, repository, &row, None).await
}
