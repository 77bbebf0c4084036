-- What keeps a registry in order: jobs, leases of blobs, the collection of garbage, undo, history.

-- Work that somebody asked for, with the change that made it necessary. One row for each kind and
-- subject, however often it is asked for.
CREATE TABLE job (
    job_id        BIGINT PRIMARY KEY,
    kind          {text} NOT NULL,
    -- What it is about; empty for the whole installation.
    subject       {text} NOT NULL,
    -- WAITING, RUNNING or GIVEN_UP.
    status        {text} NOT NULL,
    -- When it may begin; while it runs, when its lease ends, after which another may take it.
    due_at        BIGINT NOT NULL,
    -- Who runs it.
    lease_id      BIGINT,
    -- When it is to run again, if it was asked for while it ran.
    again_at      BIGINT,
    -- Runs since the last one that ended well.
    attempt_count BIGINT NOT NULL,
    asked_at      BIGINT NOT NULL,
    started_at    BIGINT,
    finished_at   BIGINT,
    -- What the last run that ended well has to say (JSON), and why the last one failed.
    report        {text},
    error         {text},
    UNIQUE (kind, subject)
);
CREATE INDEX job_by_due ON job (kind, due_at) WHERE status <> 'GIVEN_UP';
CREATE INDEX job_by_status ON job (status, kind);
-- Lifecycle policies that were put before anything acted on them.
INSERT INTO job (job_id, kind, subject, status, due_at, attempt_count, asked_at)
    SELECT repository_id, 'evaluate-lifecycle-policy', CAST(repository_id AS TEXT), 'WAITING',
           updated_at, 0, updated_at FROM lifecycle_policy;

-- How many images of the repository use the blob, of any status, and until when it stays although
-- none does: somebody was told that it is there, or an image may still be brought back.
ALTER TABLE repository_blob ADD COLUMN image_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE repository_blob ADD COLUMN leased_until BIGINT NOT NULL DEFAULT 0;
UPDATE repository_blob SET leased_until = linked_at + 86400000, image_count =
    (SELECT COUNT(*) FROM image_blob WHERE image_blob.repository_id = repository_blob.repository_id
     AND image_blob.blob_digest = repository_blob.digest);
CREATE INDEX repository_blob_unused ON repository_blob (leased_until, repository_id, digest)
    WHERE image_count = 0;

-- Blobs that have lost a link, and perhaps the last one. The row commits with the loss; the
-- collection looks whether the key domain still links the blob.
CREATE TABLE unlinked_blob (
    key_domain {text} NOT NULL,
    digest     {text} NOT NULL,
    PRIMARY KEY (key_domain, digest)
);
INSERT INTO unlinked_blob (key_domain, digest) SELECT key_domain, digest FROM blob;

-- Which store an object is in: empty for that of the data directory, or 'archive'.
ALTER TABLE blob ADD COLUMN store {text} NOT NULL DEFAULT '';
ALTER TABLE discarded_object ADD COLUMN store {text} NOT NULL DEFAULT '';
ALTER TABLE discarded_object ADD COLUMN size_bytes BIGINT NOT NULL DEFAULT 0;
-- When the bytes were last read and found to be right.
ALTER TABLE blob ADD COLUMN verified_at BIGINT NOT NULL DEFAULT 0;
UPDATE blob SET verified_at = created_at;
-- Those of a key that is disabled are in no other's way.
CREATE INDEX blob_by_verified ON blob (key_domain, verified_at, digest) WHERE damaged_at IS NULL;
CREATE INDEX blob_damaged ON blob (damaged_at) WHERE damaged_at IS NOT NULL;
-- Whether any row knows an object is one look.
CREATE INDEX blob_by_object ON blob (object_id);
CREATE INDEX upload_by_object ON upload (object_id) WHERE object_id IS NOT NULL;
CREATE INDEX blob_elsewhere ON blob (store, key_domain, digest) WHERE store <> '';
CREATE INDEX discarded_object_elsewhere ON discarded_object (store, object_id) WHERE store <> '';

-- Copies of blobs on their way into another store: the row names the object before it has a file.
CREATE TABLE moving_object (
    object_id  {text} PRIMARY KEY,
    -- Where it is being written.
    store      {text} NOT NULL,
    key_domain {text} NOT NULL,
    digest     {text} NOT NULL,
    begun_at   BIGINT NOT NULL
);
CREATE INDEX moving_object_by_blob ON moving_object (key_domain, digest);
CREATE INDEX moving_object_by_age ON moving_object (begun_at);

-- Images that were deleted and can be brought back. Their blobs stay linked by their leases.
CREATE TABLE deleted_image (
    repository_id       BIGINT NOT NULL REFERENCES repository ON DELETE CASCADE,
    digest              {text} NOT NULL,
    deleted_at          BIGINT NOT NULL,
    expires_at          BIGINT NOT NULL,
    -- Who or what deleted it.
    cause               {text} NOT NULL,
    -- The tags it had, separated by spaces.
    tags                {text} NOT NULL,
    -- The image as it was.
    media_type          {text} NOT NULL,
    artifact_media_type {text},
    artifact_type       {text},
    subject_digest      {text},
    size_bytes          BIGINT NOT NULL,
    manifest_size_bytes BIGINT NOT NULL,
    pushed_at           BIGINT NOT NULL,
    status              {text} NOT NULL,
    archived_at         BIGINT,
    activated_at        BIGINT,
    last_pulled_at      BIGINT,
    sealed              {bytes} NOT NULL,
    PRIMARY KEY (repository_id, digest)
);
CREATE INDEX deleted_image_by_time ON deleted_image (repository_id, deleted_at, digest);
CREATE INDEX deleted_image_by_end ON deleted_image (expires_at);
CREATE INDEX deleted_image_by_subject ON deleted_image (repository_id, subject_digest, digest)
    WHERE subject_digest IS NOT NULL;

-- Repositories that were deleted and can be brought back, by the names they had.
CREATE TABLE deleted_repository (
    repository_id BIGINT PRIMARY KEY REFERENCES repository ON DELETE CASCADE,
    account_id    {text} NOT NULL,
    region        {text} NOT NULL,
    name          {text} NOT NULL,
    deleted_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    cause         {text} NOT NULL
);
CREATE INDEX deleted_repository_by_name
    ON deleted_repository (account_id, region, name, deleted_at, repository_id);
CREATE INDEX deleted_repository_by_end ON deleted_repository (expires_at);

-- What tags have pointed to. No digest means that the tag was deleted. A row is needed for as long as
-- the undo window reaches back to before ended_at: the row of what a tag points to now has none.
CREATE TABLE tag_history (
    repository_id BIGINT NOT NULL REFERENCES repository ON DELETE CASCADE,
    tag           {text} NOT NULL,
    changed_at    BIGINT NOT NULL,
    change_id     BIGINT NOT NULL,
    digest        {text},
    cause         {text} NOT NULL,
    ended_at      BIGINT,
    PRIMARY KEY (repository_id, tag, changed_at, change_id)
);
CREATE INDEX tag_history_by_end ON tag_history (ended_at) WHERE ended_at IS NOT NULL;

-- Images that what held them has left: the children of deleted indexes, the referrers of deleted
-- subjects. When they are due, those that nothing else holds go too.
CREATE TABLE orphaned_image (
    repository_id BIGINT NOT NULL REFERENCES repository ON DELETE CASCADE,
    -- The image; or the holder itself, for its referrers that are not noted yet.
    digest        {text} NOT NULL,
    -- Why: DELETED, ARCHIVED or ACTIVATED, the image that was, and when.
    event         {text} NOT NULL,
    holder_digest {text} NOT NULL,
    noted_at      BIGINT NOT NULL,
    due_at        BIGINT NOT NULL,
    -- How far the referrers of the holder are noted.
    position      {text} NOT NULL DEFAULT '',
    PRIMARY KEY (repository_id, digest, event)
);
CREATE INDEX orphaned_image_by_due ON orphaned_image (due_at);

-- What the registry did by itself, on its way to the audit log, in that order.
CREATE TABLE service_event (
    event_id    BIGINT NOT NULL,
    account_id  {text} NOT NULL,
    region      {text} NOT NULL,
    event_name  {text} NOT NULL,
    occurred_at BIGINT NOT NULL,
    -- JSON: what the record says.
    detail      {text} NOT NULL,
    PRIMARY KEY (occurred_at, event_id)
);
