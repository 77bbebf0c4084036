-- What scans count where something is stated of their findings, and what indexes show.

-- What is stated not to matter among the findings that were counted last (compressed JSON; none: nothing
-- is). Of an image that is watched it is also what the audit log was told of that.
ALTER TABLE scan ADD COLUMN suppressed {bytes};

-- What an index shows in each mode of scanning (JSON; none: nothing): the union of the scans of what it
-- lists. Whatever changes one of these raises revision and makes the row stale, until it is counted anew.
CREATE TABLE index_scan (
    repository_id BIGINT NOT NULL,
    digest        {text} NOT NULL,
    revision      BIGINT NOT NULL,
    stale         BIGINT NOT NULL,
    basic         {text},
    enhanced      {text},
    PRIMARY KEY (repository_id, digest),
    FOREIGN KEY (repository_id, digest) REFERENCES image (repository_id, digest) ON DELETE CASCADE
);
CREATE INDEX index_scan_stale ON index_scan (repository_id, digest) WHERE stale = 1;
INSERT INTO index_scan (repository_id, digest, revision, stale)
    SELECT DISTINCT repository_id, parent_digest, 1, 1 FROM image_child;

-- Registries whose scans are to be counted anew, and how far that has come: up to the image of that digest
-- in that repository. Whoever asks once more gives it another ask_id, and it begins again.
CREATE TABLE findings_recount (
    account_id {text} NOT NULL,
    region     {text} NOT NULL,
    ask_id     BIGINT NOT NULL,
    repository {text} NOT NULL,
    digest     {text} NOT NULL,
    PRIMARY KEY (account_id, region)
);

-- Scans that were counted before anybody wrote down what is suppressed. No other job has such an id.
INSERT INTO job (job_id, kind, subject, status, due_at, attempt_count, asked_at)
    SELECT -MIN(repository_id), 'count-registry', account_id || '/' || region, 'WAITING', 0, 0, 0
    FROM repository WHERE account_id <> '' AND EXISTS
        (SELECT 1 FROM scan WHERE scan.repository_id = repository.repository_id)
    GROUP BY account_id, region;
