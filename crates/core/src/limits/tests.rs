//! The limits are documented as they are.

use super::*;

/// The value of a limit in its table, where thousands are set apart.
fn documented(name: &str) -> Option<u64> {
    let table = include_str!("../../../../docs/limits.md");
    let row = table.lines().find(|line| line.starts_with(&format!("| `{name}` |")))?;
    row.split('|').nth(2)?.trim().replace(',', "").parse().ok()
}

#[test]
fn the_limits_of_the_data_plane_are_documented_as_they_are() {
    macro_rules! check {
        ($($name:ident),* $(,)?) => {
            $(assert_eq!(documented(stringify!($name)), Some($name as u64), stringify!($name));)*
        };
    }
    check!(
        API_BODY_WAIT_SECONDS_MAX,
        BODY_BYTES_PER_SECOND_MIN,
        DOWNLOADS_AT_ONCE_MAX,
        DOWNLOAD_WAIT_SECONDS_MAX,
        PLACE_BYTES_PER_SECOND_MIN,
        PLACE_SECONDS_MIN,
        UPLOADS_BEGUN_AT_ONCE_MAX,
        UPLOADS_PER_REPOSITORY_MAX,
        UPLOADS_WRITTEN_AT_ONCE_MAX,
        UPLOAD_BYTES_WITHOUT_PLACE,
        UPLOAD_PLACE_WAIT_SECONDS_MAX,
    );
}

#[test]
fn the_limits_of_the_audit_log_are_documented_as_they_are() {
    macro_rules! check {
        ($($name:ident),* $(,)?) => {
            $(assert_eq!(documented(stringify!($name)), Some($name as u64), stringify!($name));)*
        };
    }
    check!(
        AUDIT_BYTES_MAX,
        AUDIT_BYTES_MIN,
        AUDIT_FAILED_LOGINS_PER_MINUTE,
        AUDIT_FILE_BYTES_MAX,
        AUDIT_GATHER_MILLIS_MAX,
        AUDIT_MEMBER_BYTES_MAX,
        AUDIT_PENDING_BYTES_MAX,
        AUDIT_RECORD_BYTES_MAX,
        AUDIT_RETRY_MILLIS,
        AUDIT_TEXT_BYTES_MAX,
    );
}

#[test]
fn the_limits_of_scanning_are_documented_as_they_are() {
    macro_rules! check {
        ($($name:ident),* $(,)?) => {
            $(assert_eq!(documented(stringify!($name)), Some($name as u64), stringify!($name));)*
        };
    }
    check!(
        FINDING_EVENT_IMAGES_MAX,
        INDEX_IMAGES_SCANNED_MAX,
        LAYER_FACTS_BYTES_MAX,
        MATCHED_STATEMENTS_MAX,
        SCANNED_CONFIG_BYTES_MAX,
        SCANNED_LAYERS_MAX,
        SCANNED_PACKAGES_MAX,
        SCANS_AT_ONCE_MAX,
        SCAN_ATTEMPTS_MAX,
        SCAN_SECONDS_MAX,
        VEX_DOCUMENTS_PER_REGISTRY_MAX,
        VEX_DOCUMENT_BYTES_MAX,
        VEX_REASON_CHARS_MAX,
        VEX_REFERRERS_MAX,
    );
}
