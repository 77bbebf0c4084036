//! Pull-time update exclusions.
