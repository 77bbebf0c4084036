//! Replication backfills.
