//! What the registry does by itself, and what it holds at the moment.

use wharfinger_audit::Audit;
use wharfinger_core::Timestamp;
use wharfinger_registry::{Counter, JobCounts, JobKind, Registry};

use super::exposition::{Exposition, Kind};

/// Jobs that there are, and those that this process ran.
pub(super) async fn jobs(out: &mut Exposition, registry: &Registry, now: Timestamp) {
    let mut counts = Vec::with_capacity(JobKind::ALL.len());
    let mut failure = None;
    for kind in JobKind::ALL {
        match registry.count_jobs(kind).await {
            Ok(counted) => counts.push((kind, counted)),
            Err(error) => failure = Some(error),
        }
    }
    if let Some(error) = &failure {
        let error = error as &dyn std::error::Error;
        tracing::warn!(error, "jobs cannot be counted for /metrics");
    }
    let help = "Whether the database could be asked for what follows.";
    out.family("wharfinger_metadata_up", Kind::Gauge, help);
    out.sample("", &[], u8::from(failure.is_none()));
    let help = "Jobs of the whole installation, by kind and where they stand.";
    out.family("wharfinger_jobs", Kind::Gauge, help);
    for (kind, JobCounts { waiting, running, given_up, .. }) in &counts {
        for (status, count) in [("waiting", waiting), ("running", running), ("given_up", given_up)]
        {
            out.sample("", &[("kind", kind.as_str()), ("status", status)], count);
        }
    }
    let help = "For how long the job that has waited longest could have begun.";
    out.family("wharfinger_job_lag_seconds", Kind::Gauge, help);
    for (kind, counted) in &counts {
        let due = counted.next_due.map_or(now, |due| due.min(now));
        out.sample("", &[("kind", kind.as_str())], seconds(now.millis() - due.millis()));
    }
    let of = |kind| registry.counters().jobs.of(kind);
    let help = "How long runs of jobs took in this process, with those that failed.";
    out.family("wharfinger_job_run_seconds", Kind::Summary, help);
    for kind in JobKind::ALL {
        let millis = i64::try_from(of(kind).run_millis.get()).unwrap_or(i64::MAX);
        out.sample("_sum", &[("kind", kind.as_str())], seconds(millis));
        out.sample("_count", &[("kind", kind.as_str())], of(kind).runs.get());
    }
    let help = "Runs of jobs that failed in this process; they are tried again, or given up.";
    out.family("wharfinger_job_failures_total", Kind::Counter, help);
    for kind in JobKind::ALL {
        out.sample("", &[("kind", kind.as_str())], of(kind).failures.get());
    }
    let help = "Runs whose lease was over before they were; another one does their job.";
    out.family("wharfinger_job_leases_lost_total", Kind::Counter, help);
    for kind in JobKind::ALL {
        out.sample("", &[("kind", kind.as_str())], of(kind).lost.get());
    }
}

#[expect(clippy::cast_precision_loss, reason = "2^53 ms are 285,000 years")]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

/// What the upkeep of this process came to.
pub(super) fn counters(out: &mut Exposition, registry: &Registry) {
    let counters = registry.counters();
    let all: [(&'static str, &str, &Counter); 9] = [
        (
            "wharfinger_garbage_blobs_total",
            "Blobs that nothing linked any more and that were removed.",
            &counters.blobs_freed,
        ),
        (
            "wharfinger_garbage_blob_bytes_total",
            "Bytes of these blobs.",
            &counters.blob_bytes_freed,
        ),
        (
            "wharfinger_garbage_objects_total",
            "Objects that were removed from the stores.",
            &counters.objects_freed,
        ),
        (
            "wharfinger_garbage_unknown_objects_total",
            "Of these, objects that no row knew.",
            &counters.unknown_objects_freed,
        ),
        (
            "wharfinger_garbage_uploads_total",
            "Uploads that their clients abandoned and that were removed.",
            &counters.uploads_abandoned,
        ),
        (
            "wharfinger_scrubbed_bytes_total",
            "Bytes that the scrub has read and found to be right.",
            &counters.bytes_scrubbed,
        ),
        (
            "wharfinger_damaged_blobs_total",
            "Blobs that were found to be damaged, by whoever read them.",
            &counters.blobs_damaged,
        ),
        (
            "wharfinger_followed_images_total",
            "Images that went with the index or the subject that held them.",
            &counters.images_followed,
        ),
        (
            "wharfinger_undeleted_images_total",
            "Deleted images that were brought back.",
            &counters.images_undeleted,
        ),
    ];
    for (name, help, counter) in all {
        out.family(name, Kind::Counter, help);
        out.sample("", &[], counter.get());
    }
    let help = "Images that lifecycle policies deleted or archived.";
    out.family("wharfinger_lifecycle_images_total", Kind::Counter, help);
    out.sample("", &[("action", "expire")], counters.images_expired.get());
    out.sample("", &[("action", "archive")], counters.images_archived.get());
}

/// What this process holds.
pub(super) fn load(out: &mut Exposition, registry: &Registry, audit: &Audit) {
    let load = registry.load();
    let help = "Bodies of uploads that are under way, and those of them that are being written.";
    out.family("wharfinger_uploads", Kind::Gauge, help);
    out.sample("", &[("state", "begun")], load.uploads_begun);
    out.sample("", &[("state", "written")], load.uploads_written);
    out.family("wharfinger_cache_bytes", Kind::Gauge, "What caches take up in memory.");
    for (cache, bytes) in [
        ("manifests", load.manifest_cache_bytes),
        ("references", load.reference_cache_bytes),
        ("tag_pages", load.tag_page_cache_bytes),
    ] {
        out.sample("", &[("cache", cache)], bytes);
    }
    let help = "Records of reads that were given up while the audit log could not be written.";
    out.family("wharfinger_audit_records_lost", Kind::Gauge, help);
    out.sample("", &[], audit.lost());
}
