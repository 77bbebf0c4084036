//! The limits of scanning: its configuration, scans, what follows the advisories, and suppression.

/// Rules of a registry's scanning configuration, one for each frequency.
pub const SCANNING_RULES_MAX: usize = 2;
/// Repository filters of one scanning rule.
pub const SCANNING_RULE_FILTERS_MAX: usize = 100;
/// Characters of a repository filter of a scanning rule.
pub const SCANNING_FILTER_CHARS_MAX: usize = 255;
/// Seconds during which an image is scanned once at the most (basic scanning, 24 hours).
pub const SCAN_INTERVAL_SECONDS_MIN: u64 = 86_400;
/// Basic scans that a registry begins in 24 hours (AWS: 100,000).
pub const SCANS_PER_DAY_MAX: u64 = 100_000;
/// Images whose layers one process reads at once (ours, like those that follow).
pub const SCANS_AT_ONCE_MAX: usize = 2;
/// Layers of an image that is scanned.
pub const SCANNED_LAYERS_MAX: usize = 1_000;
/// Packages of an image that is scanned, counted at each place where they are.
pub const SCANNED_PACKAGES_MAX: usize = 200_000;
/// Images of an index whose findings it shows together, for all of them are in memory then.
pub const INDEX_IMAGES_SCANNED_MAX: usize = 100;
/// Statements that hold for one package, counted by the names of their vulnerabilities: a kernel has
/// some thousands.
pub const MATCHED_STATEMENTS_MAX: usize = 250_000;
/// Seconds for reading all layers of an image.
pub const SCAN_SECONDS_MAX: u64 = 1_800;
/// Bytes of an image's configuration that is read for a scan.
pub const SCANNED_CONFIG_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Runs of a scan that may fail for reasons that may pass, before it has failed.
pub const SCAN_ATTEMPTS_MAX: u32 = 4;
/// Seconds after which a registry in enhanced scanning looks whether there are other advisories, by
/// which images can be scanned that could not be.
pub const SCAN_SWEEP_SECONDS: u64 = 600;
/// Bytes of what was read out of one layer, compressed, beyond which it is not kept.
pub const LAYER_FACTS_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Rows of packages or their vulnerabilities that one transaction of a scan writes.
pub const SCAN_STEP_ROWS: usize = 1_000;
/// Seconds between the steps in which the packages of an inventory are written.
pub const INVENTORY_STEP_SECONDS_MAX: u64 = 3_600;

/// Seconds between two looks for other advisories than those that packages were matched with (ours, like
/// all of the matching's).
pub const ADVISORIES_POLL_SECONDS: u64 = 60;
/// Packages that are matched anew in one part.
pub const REMATCH_PACKAGES_MAX: usize = 20_000;
/// Inventories of one package that are read at once.
pub const REMATCH_POSTINGS_PAGE: u32 = 512;
/// Images whose counts one transaction writes.
pub const REMATCH_IMAGES_MAX: usize = 500;
/// Seconds before a part within which a scan may have ended that knows of its changes already.
pub const REMATCH_RECOUNT_SECONDS: u64 = 600;
/// Images that one event of a finding names.
pub const FINDING_EVENT_IMAGES_MAX: usize = 100;
/// Bytes of a VEX document (ours, like all of suppression's): a statement is some 500 bytes.
pub const VEX_DOCUMENT_BYTES_MAX: usize = 1024 * 1024;
/// VEX documents that hold for all images of a registry.
pub const VEX_DOCUMENTS_PER_REGISTRY_MAX: u32 = 50;
/// VEX documents that refer to one image and are honoured.
pub const VEX_REFERRERS_MAX: usize = 10;
/// Characters of the words of a statement that are shown as the reason of a suppression.
pub const VEX_REASON_CHARS_MAX: usize = 500;
/// Seconds after which findings are counted that could not be, since packages were being matched or a
/// scan ended meanwhile (ours, like all of the counting's).
pub const COUNT_RETRY_SECONDS: u64 = 5;
/// Seconds between two looks for indexes that are to be counted and that nobody has asked for.
pub const COUNT_INDEXES_SECONDS_MAX: u64 = 60;
/// Images or indexes that are counted in one step.
pub const COUNT_STEP: u32 = 100;
