//! Replication: its configuration, its status, its backfills.
