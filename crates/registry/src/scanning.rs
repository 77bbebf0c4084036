//! Scanning: its configuration, scans and their findings.
