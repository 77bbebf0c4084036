//! Other advisories: packages are matched anew, images that are watched get other counts, and the audit
//! log is told of each finding once, whenever the process ends.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use serde_json::Value;
use wharfinger_advisories::{
    Affected, Document, FixStatus, ImportMode, ImportOptions, Interval, Record, Store, VersionEnd,
};
use wharfinger_core::{Digest, Timestamp};
use wharfinger_metadata::inventory::{self, InventoryRow};
use wharfinger_metadata::job::JobRow;
use wharfinger_metadata::package::{self, PackageName, PackageRow};
use wharfinger_metadata::scan::{self, ScanRow};
use wharfinger_metadata::{MetadataError, repository};
use wharfinger_package::{Ecosystem, Family, PackageIdentity, Severity, SourcePackage};
use wharfinger_registry::{
    JobKind, JobStatus, ScanFrequency, ScanType, ScanningConfiguration, ScanningFilter,
    ScanningRule,
};
use wharfinger_scanner::advisory_names;

use super::fixture::{Fixture, permit_for};

/// Versions of openssl and curl, of which each image has some.
const PACKAGES: [(&str, &str); 4] =
    [("openssl", "1.0"), ("openssl", "2.0"), ("curl", "1.0"), ("zlib", "1.0")];

/// A registry of three images that are watched, and one that is not.
struct World {
    fixture: Fixture,
    store: Arc<Store>,
    images: Vec<Digest>,
}

impl World {
    async fn new() -> Self {
        let mut fixture = Fixture::with_repository("MUTABLE").await;
        let store = Arc::new(Store::new(&fixture.folder.path().join("advisories")));
        fixture.registry = fixture.registry.with_advisories(Arc::clone(&store));
        fixture.create("other", "MUTABLE").await.unwrap();
        let filters = vec![ScanningFilter::new("app").unwrap()];
        let rule = ScanningRule { frequency: ScanFrequency::ContinuousScan, filters };
        let set = ScanningConfiguration::new(ScanType::Enhanced, vec![rule]).unwrap();
        let permit = permit_for("");
        fixture.registry.put_registry_scanning_configuration(&permit, &set).await.unwrap();
        let mut world = Self { fixture, store, images: vec![] };
        for (number, name, packages) in [
            (1, "app", vec![0, 2]),
            (2, "app", vec![1, 3]),
            (3, "app", vec![0, 1, 2, 3]),
            (4, "other", vec![0, 1, 2, 3]),
        ] {
            world.add(number, name, &packages).await;
        }
        // The pushes have asked for scans, which are not what is looked at here.
        world.events().await;
        world
    }

    /// An image that was scanned an hour ago, by advisories that are gone.
    async fn add(&mut self, number: i64, name: &str, packages: &[usize]) {
        let digest = self.fixture.image(name, &number.to_string(), None).await;
        self.images.push(digest);
        let long_ago = self.fixture.now().minus(Duration::from_secs(3600));
        let registry = permit_for::<wharfinger_auth::actions::PutImage>(name).resource().clone();
        let packages = packages.to_vec();
        let written: Result<(), MetadataError> = self
            .fixture
            .metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = repository::find(tx, &registry.registry, &registry.name).await?;
                    let id = row.unwrap().id;
                    let mut ids = Vec::new();
                    for index in packages {
                        let (row, names) = package_row(index);
                        if package::find(tx, row.package_id).await?.is_none() {
                            package::insert(tx, &row, &names).await?;
                        }
                        ids.push(row.package_id);
                    }
                    inventory::add_packages(tx, number, &ids, 0, long_ago).await?;
                    let kept = InventoryRow {
                        inventory_id: number,
                        repository: id,
                        digest,
                        reader_version: 1,
                        package_count: ids.len() as u64,
                        package_ids: ids,
                        created_at: long_ago,
                    };
                    assert!(inventory::put(tx, &kept, b"").await?);
                    let mut row =
                        ScanRow::without_findings(digest, "ENHANCED", "ACTIVE", "", long_ago);
                    row.completed_at = Some(long_ago);
                    row.counts = Some("{}".into());
                    scan::put(tx, id, &row, None).await
                })
            })
            .await;
        written.unwrap();
    }

    /// Other advisories: by source document, what is in which package before which version.
    fn import(&self, document: &str, affected: &[(&str, &str, &str, Severity)]) {
        let records = affected.iter().map(|(id, name, fixed, severity)| Record::Affected {
            ecosystem: Ecosystem::released(Family::Debian, "12"),
            name: (*name).into(),
            affected: Affected {
                vulnerability: (*id).into(),
                source: "debian".into(),
                intervals: vec![Interval {
                    introduced: None,
                    end: VersionEnd::Fixed((*fixed).into()),
                }],
                status: FixStatus::Fixed,
                severity: Some(*severity),
                ..Affected::default()
            },
        });
        self.import_document("debian", document, records.collect());
    }

    fn import_document(&self, source: &str, id: &str, records: Vec<Record>) {
        let (source, id) = (source.into(), id.into());
        let document = Document { source, id, modified_at: None, records };
        let options = ImportOptions {
            mode: ImportMode::Update,
            updated_at: None,
            imported_at: Timestamp::from_seconds(1_790_000_000),
            license: None,
        };
        self.store.import(&options, [Ok::<_, Infallible>(document)]).unwrap();
    }

    /// One run of the job.
    async fn run(&self) -> Value {
        let row = job();
        let outcome = self.fixture.registry.run_job(&row).await.unwrap();
        assert!(outcome.next.is_some());
        outcome.report.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
    }

    /// Runs that die after some steps, each later than the one before, until one comes to its end.
    async fn run_dying(&self, steps: usize) {
        for more in 0..1_000 {
            let row = job();
            let mut run = pin!(self.fixture.registry.run_job(&row));
            let mut left = steps + more;
            let ended = std::future::poll_fn(|context| {
                if left == 0 {
                    return Poll::Ready(None);
                }
                left -= 1;
                run.as_mut().poll(context).map(Some)
            });
            if let Some(outcome) = ended.await {
                outcome.unwrap();
                return;
            }
        }
        panic!("it never comes to its end");
    }

    async fn counts(&self) -> Vec<String> {
        let images = self.images.clone();
        let registry = permit_for::<wharfinger_auth::actions::PutImage>("app").resource().clone();
        let read: Result<_, MetadataError> = self
            .fixture
            .metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let mut counts = Vec::new();
                    for (digest, name) in images.iter().zip(["app", "app", "app", "other", "app"]) {
                        let name = name.parse().unwrap();
                        let row = repository::find(tx, &registry.registry, &name).await?;
                        let row = scan::find(tx, row.unwrap().id, digest, "ENHANCED").await?;
                        counts.push(row.unwrap().counts.unwrap());
                    }
                    Ok(counts)
                })
            })
            .await;
        read.unwrap()
    }

    /// What the audit log is to be told, by vulnerability and image, and no more of it.
    async fn events(&self) -> BTreeMap<(String, usize), Vec<String>> {
        let mut told: BTreeMap<_, Vec<String>> = BTreeMap::new();
        loop {
            let events = self.fixture.registry.waiting_service_events().await.unwrap();
            if events.is_empty() {
                return told;
            }
            for event in events.iter().filter(|event| event.event_name == "Inspector2 Finding") {
                let detail: Value = serde_json::from_str(&event.detail).unwrap();
                let id = &detail["packageVulnerabilityDetails"]["vulnerabilityId"];
                let what = format!("{} {}", detail["status"], detail["severity"]).replace('"', "");
                for resource in detail["resources"].as_array().unwrap() {
                    let image = resource["id"].as_str().unwrap();
                    let at = self.images.iter().position(|it| image.ends_with(&it.to_string()));
                    let key = (id.as_str().unwrap().to_owned(), at.unwrap() + 1);
                    told.entry(key).or_default().push(what.clone());
                }
            }
            self.fixture.registry.forget_service_events(events).await.unwrap();
        }
    }
}

/// One of [`PACKAGES`], or after those one of CentOS.
fn identity(index: usize) -> PackageIdentity {
    let of_centos = PackageIdentity {
        ecosystem: Ecosystem::released(Family::CentOs, "8"),
        name: "openssl-libs".into(),
        version: "1.0-1".into(),
        architecture: Some("amd64".into()),
        source: Some(SourcePackage { name: "openssl".into(), version: "1.0-1".into() }),
        module: None,
        vendor: None,
    };
    let Some((name, version)) = PACKAGES.get(index).copied() else { return of_centos };
    PackageIdentity {
        ecosystem: Ecosystem::released(Family::Debian, "12"),
        name: name.into(),
        version: version.into(),
        source: None,
        ..of_centos
    }
}

fn package_row(index: usize) -> (PackageRow, Vec<PackageName>) {
    let identity = identity(index);
    let names = advisory_names(&identity).into_iter();
    let names = names.map(|(ecosystem, name)| PackageName {
        ecosystem: ecosystem.to_string(),
        name: name.to_owned(),
    });
    let row = PackageRow {
        package_id: index as i64 + 1,
        identity: serde_json::to_string(&identity).unwrap(),
        database_id: Some("gone".into()),
    };
    (row, names.collect())
}

pub fn job() -> JobRow {
    let at = Timestamp::default();
    JobRow {
        job_id: 1,
        kind: JobKind::MatchAdvisories.as_str().into(),
        subject: String::new(),
        status: JobStatus::Running,
        due_at: at,
        lease_id: None,
        attempt_count: 1,
        asked_at: at,
        started_at: None,
        finished_at: None,
        report: None,
        error: None,
    }
}

fn told(expected: &[(&str, usize, &str)]) -> BTreeMap<(String, usize), Vec<String>> {
    let mut all: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (id, image, what) in expected {
        all.entry(((*id).to_owned(), *image)).or_default().push((*what).to_owned());
    }
    all
}

const FIRST: [(&str, &str, &str, Severity); 2] =
    [("CVE-1", "openssl", "1.5", Severity::High), ("CVE-2", "curl", "9", Severity::Low)];
/// CVE-1 gets worse and is in the other version as well, CVE-2 is withdrawn, CVE-3 is new.
const SECOND: [(&str, &str, &str, Severity); 2] =
    [("CVE-1", "openssl", "2.5", Severity::Critical), ("CVE-3", "zlib", "9", Severity::Medium)];

fn told_of_second() -> BTreeMap<(String, usize), Vec<String>> {
    told(&[
        ("CVE-1", 1, "ACTIVE CRITICAL"),
        ("CVE-1", 2, "ACTIVE CRITICAL"),
        ("CVE-1", 3, "ACTIVE CRITICAL"),
        ("CVE-2", 1, "CLOSED LOW"),
        ("CVE-2", 3, "CLOSED LOW"),
        ("CVE-3", 2, "ACTIVE MEDIUM"),
        ("CVE-3", 3, "ACTIVE MEDIUM"),
    ])
}

const COUNTS_OF_SECOND: [&str; 4] =
    [r#"{"CRITICAL":1}"#, r#"{"MEDIUM":1,"CRITICAL":1}"#, r#"{"MEDIUM":1,"CRITICAL":1}"#, "{}"];

#[tokio::test]
async fn findings_appear_change_and_go() {
    let world = World::new().await;
    assert_eq!(world.run().await, Value::Null);
    world.import("all", &FIRST);
    let report = world.run().await;
    assert_eq!((&report["packages"], &report["images"]), (&4.into(), &2.into()));
    let expected = [
        ("CVE-1", 1, "ACTIVE HIGH"),
        ("CVE-1", 3, "ACTIVE HIGH"),
        ("CVE-2", 1, "ACTIVE LOW"),
        ("CVE-2", 3, "ACTIVE LOW"),
    ];
    assert_eq!(world.events().await, told(&expected));
    let both = r#"{"LOW":1,"HIGH":1}"#;
    assert_eq!(world.counts().await, [both, "{}", both, "{}"]);
    // The same advisories are nothing new.
    assert_eq!(world.run().await, Value::Null);
    world.import("all", &SECOND);
    let report = world.run().await;
    assert_eq!(report["changedNames"], 3);
    assert_eq!(world.events().await, told_of_second());
    assert_eq!(world.counts().await, COUNTS_OF_SECOND);
    assert_eq!(world.run().await, Value::Null);
    assert!(world.events().await.is_empty());
}

#[tokio::test]
async fn a_process_that_dies_tells_everything_once() {
    for steps in [2, 3, 5, 8, 13] {
        let world = World::new().await;
        world.import("all", &FIRST);
        world.run().await;
        world.events().await;
        world.import("all", &SECOND);
        world.run_dying(steps).await;
        assert_eq!(world.events().await, told_of_second(), "dying after {steps} steps");
        assert_eq!(world.counts().await, COUNTS_OF_SECOND, "dying after {steps} steps");
    }
}

#[tokio::test]
async fn what_is_said_under_another_name_changes_a_package_as_well() {
    let mut world = World::new().await;
    world.add(5, "app", &[4]).await;
    world.events().await;
    world.import("first", &[("CVE-9", "curl", "0.1", Severity::Low)]);
    world.run().await;
    // Red Hat's statements hold for CentOS; this one names the source package, and has no fix.
    let affected = Affected {
        vulnerability: "CVE-1".into(),
        source: "redhat".into(),
        intervals: vec![Interval { introduced: None, end: VersionEnd::Open }],
        architectures: vec!["src".into()],
        severity: Some(Severity::High),
        ..Affected::default()
    };
    let ecosystem = Ecosystem::released(Family::RedHat, "8");
    let said = |affected| {
        vec![Record::Affected { ecosystem: ecosystem.clone(), name: "openssl".into(), affected }]
    };
    world.import_document("redhat", "CVE-1", said(affected));
    world.run().await;
    assert_eq!(world.counts().await[4], r#"{"HIGH":1}"#);
    let told = world.events().await;
    assert_eq!(told.keys().collect::<Vec<_>>(), [&("CVE-1".to_owned(), 5)]);
    // And one of the binary package.
    let fixed = Affected {
        vulnerability: "CVE-2".into(),
        source: "redhat".into(),
        intervals: vec![Interval { introduced: None, end: VersionEnd::Fixed("1.0-2".into()) }],
        severity: Some(Severity::Low),
        status: FixStatus::Fixed,
        ..Affected::default()
    };
    let of_binary = Record::Affected {
        ecosystem: Ecosystem::released(Family::RedHat, "8"),
        name: "openssl-libs".into(),
        affected: fixed,
    };
    world.import_document("redhat", "CVE-2", vec![of_binary]);
    world.run().await;
    assert_eq!(world.counts().await[4], r#"{"LOW":1,"HIGH":1}"#);
}
