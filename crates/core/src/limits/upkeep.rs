//! The limits of upkeep: undo, leases, jobs, the collection of garbage, checks. All are ours.

/// Seconds for which what was deleted can be brought back unless configured.
pub const UNDO_WINDOW_SECONDS: u64 = 7 * 24 * 60 * 60;
/// The longest window that may be configured.
pub const UNDO_WINDOW_SECONDS_MAX: u64 = 365 * 24 * 60 * 60;
/// Seconds for which a blob stays that a client was told is there, unless configured: as long as an
/// upload may lie idle.
pub const PUSH_LEASE_SECONDS: u64 = 24 * 60 * 60;
/// Seconds until the children of a deleted index and the referrers of a deleted subject go, unless
/// configured (ECR: within 24 hours).
pub const ORPHAN_DELAY_SECONDS: u64 = 24 * 60 * 60;
/// Seconds that a lifecycle policy waits after a push unless configured.
pub const LIFECYCLE_DEBOUNCE_SECONDS: u64 = 60;
/// Seconds between two evaluations of a lifecycle policy unless configured (ECR: 24 hours).
pub const LIFECYCLE_INTERVAL_SECONDS: u64 = 24 * 60 * 60;
/// Images that one transaction of an evaluation acts on.
pub const LIFECYCLE_STEP_IMAGES_MAX: usize = 100;
/// Images of one event of a lifecycle policy (ECR: 10 or more are told in several).
pub const LIFECYCLE_EVENT_IMAGES_MAX: usize = 9;
/// Tags of one image in such an event (ECR's number).
pub const LIFECYCLE_EVENT_TAGS_MAX: usize = 100;
/// Bytes of all images in such an event, after which the next begins.
pub const LIFECYCLE_EVENT_IMAGE_BYTES_MAX: usize = 32 * 1024;
/// Bytes of the rules in such an event; those that do not fit are told by their priorities.
pub const LIFECYCLE_EVENT_RULE_BYTES_MAX: usize = 16 * 1024;
/// Indexes that are named as the reason why an image stays.
pub const LIFECYCLE_EVENT_PARENTS_MAX: usize = 3;
/// Seconds between two collections of garbage unless configured.
pub const GARBAGE_INTERVAL_SECONDS: u64 = 5 * 60;
/// Seconds in which everything that is stored is read once and verified, unless configured.
pub const SCRUB_SECONDS: u64 = 30 * 24 * 60 * 60;
/// Seconds for which a worker has a job; it renews that while it works.
pub const JOB_LEASE_SECONDS: u64 = 60;
/// Runs of a job that fail one after the other before it is given up: two to four hours. What
/// recurs is never given up.
pub const JOB_ATTEMPTS_MAX: u32 = 16;
/// Seconds before a job that failed is tried again; twice as many each further time.
pub const JOB_RETRY_SECONDS_MIN: u64 = 1;
/// The most there are.
pub const JOB_RETRY_SECONDS_MAX: u64 = 60 * 60;
/// Jobs that one process runs at once.
pub const JOBS_AT_ONCE_MAX: usize = 4;
/// Of these, jobs of one kind: many of them must not keep the others waiting.
pub const JOBS_OF_ONE_KIND_MAX: usize = 2;
/// Seconds after which a worker looks for jobs that another process has asked for, and for those it
/// could not ask the database about.
pub const JOB_POLL_SECONDS: u64 = 5;
/// Milliseconds that a worker waits for others when it was told that a job was asked for.
pub const JOB_GATHER_MILLIS: u64 = 50;
/// Seconds that jobs have to break off when the server stops.
pub const JOB_END_SECONDS_MAX: u64 = 10;
/// Rows that one transaction of the collection of garbage changes at the most.
pub const GARBAGE_STEP_ROWS: u32 = 100;
/// Hundredths of the time for which a server's collection works; it rests for the others, so that
/// pulls do not feel it.
pub const GARBAGE_DUTY_PERCENT: u32 = 25;
/// Milliseconds it rests after a step at the most, however long that took.
pub const GARBAGE_REST_MILLIS_MAX: u64 = 1_000;
/// Seconds between two looks of a server for objects that no row knows.
pub const OBJECT_LISTING_INTERVAL_SECONDS: u64 = 24 * 60 * 60;
/// Seconds of one run that it looks for them; the next run goes on.
pub const OBJECT_LISTING_SECONDS_MAX: u64 = 60;
/// Objects of a store that are listed at once.
pub const OBJECTS_LISTED_MAX: usize = 10_000;
/// Characters of what is kept of a job's report or failure.
pub const JOB_TEXT_CHARS_MAX: usize = 4096;
/// Jobs that are read at a time when they are listed.
pub const JOBS_PER_PAGE: u32 = 500;
/// Service events that are written into the audit log together.
pub const SERVICE_EVENTS_AT_ONCE_MAX: u32 = 64;
/// The most seconds between two looks for images that are to follow what held them.
pub const FOLLOW_HOLDERS_SECONDS_MAX: u64 = 60;
/// Bytes a second at which an image's blobs move into the archive's store.
pub const ARCHIVE_BYTES_PER_SECOND_MAX: u64 = 64 * 1024 * 1024;
/// Seconds after which a copy that was begun for the archive, and of which nothing came, is removed.
pub const MOVE_SECONDS_MAX: u64 = 24 * 60 * 60;
/// Findings of a check that are kept to be looked at when it is over; all are told as they come.
pub const CHECK_FINDINGS_KEPT_MAX: usize = 1000;
/// Images that a finding names.
pub const CHECK_IMAGES_NAMED_MAX: u32 = 20;
/// Objects that a check reads at once.
pub const CHECK_READS_AT_ONCE_MAX: usize = 4;
/// Bytes that the scrub reads in a second at the least, if there are any to read.
pub const SCRUB_BYTES_PER_SECOND_MIN: u64 = 4 * 1024 * 1024;
/// How many times faster than it must the scrub is while blobs are served: enough for a machine that is
/// off half of the time.
pub const SCRUB_HASTE: u64 = 2;
/// How many times faster again it is while none are.
pub const SCRUB_IDLE_HASTE: u64 = 4;
/// Seconds that one run of the scrub takes at the most.
pub const SCRUB_RUN_SECONDS_MAX: u64 = 10 * 60;
/// Seconds between two runs while there is more to read.
pub const SCRUB_PAUSE_SECONDS: u64 = 60;
/// Seconds between two runs at the most, if nothing is due before.
pub const SCRUB_INTERVAL_SECONDS_MAX: u64 = 24 * 60 * 60;
/// Bytes that the scrub verifies before it notes that it did.
pub const SCRUB_NOTE_BYTES: u64 = 256 * 1024 * 1024;
/// Damaged blobs that are counted for people; beyond that there are "more than" so many.
pub const DAMAGED_COUNTED_MAX: u32 = 1000;
