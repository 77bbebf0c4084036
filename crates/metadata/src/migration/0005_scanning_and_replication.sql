-- Scans, and replication with its backfills.

-- The last scan of an image in each mode of scanning (BASIC, ENHANCED): a registry that goes back
-- to a mode sees what that mode had found.
CREATE TABLE scan (
    repository_id BIGINT NOT NULL,
    digest        {text} NOT NULL,
    scan_type     {text} NOT NULL,
    status        {text} NOT NULL,
    description   {text} NOT NULL,
    started_at    BIGINT NOT NULL,
    PRIMARY KEY (repository_id, digest, scan_type),
    FOREIGN KEY (repository_id, digest) REFERENCES image (repository_id, digest) ON DELETE CASCADE
);

-- A backfill without an end is in progress.
CREATE TABLE replication_backfill (
    backfill_id            {text} PRIMARY KEY,
    account_id             {text} NOT NULL,
    region                 {text} NOT NULL,
    destination_account_id {text} NOT NULL,
    destination_region     {text} NOT NULL,
    status                 {text} NOT NULL,
    failure_code           {text},
    started_at             BIGINT NOT NULL,
    ended_at               BIGINT
);
-- The list runs along the first, what is in progress is found in the second, and what has been
-- kept long enough in the third.
CREATE INDEX replication_backfill_by_start
    ON replication_backfill (account_id, region, started_at, backfill_id);
CREATE INDEX replication_backfill_in_progress
    ON replication_backfill (account_id, region, ended_at);
CREATE INDEX replication_backfill_by_end ON replication_backfill (ended_at);
