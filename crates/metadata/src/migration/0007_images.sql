-- Storage classes of images, times of pulls, referrers.

-- ACTIVE, ARCHIVED or ACTIVATING.
ALTER TABLE image ADD COLUMN status {text} NOT NULL DEFAULT 'ACTIVE';
ALTER TABLE image ADD COLUMN archived_at BIGINT;
ALTER TABLE image ADD COLUMN activated_at BIGINT;
ALTER TABLE image ADD COLUMN last_pulled_at BIGINT;

-- Lists of one status run along these, past no image of another. The first says that it is unique
-- as image_by_push does, for pairs of image and tag.
CREATE UNIQUE INDEX image_by_status ON image (repository_id, status, pushed_at, digest);
CREATE INDEX image_by_status_and_tagged
    ON image (repository_id, status, tagged, pushed_at, digest);

-- Few images have a subject, so that the others cost nothing here.
DROP INDEX image_by_subject;
CREATE INDEX image_by_subject ON image (repository_id, subject_digest, digest)
    WHERE subject_digest IS NOT NULL;
CREATE INDEX image_by_subject_and_status ON image (repository_id, subject_digest, status, digest)
    WHERE subject_digest IS NOT NULL;

-- The status of the image a tag points to.
ALTER TABLE tag ADD COLUMN status {text} NOT NULL DEFAULT 'ACTIVE';
CREATE INDEX tag_by_status ON tag (repository_id, status, tag);

-- How many active images of the repository use the blob.
ALTER TABLE repository_blob ADD COLUMN active_images BIGINT NOT NULL DEFAULT 0;
UPDATE repository_blob SET active_images =
    (SELECT COUNT(*) FROM image_blob WHERE image_blob.repository_id = repository_blob.repository_id
     AND image_blob.blob_digest = repository_blob.digest);

-- What an image uses and what it lists are read along these. They hold all that is read: without the
-- last column they lose to the primary keys, along which that means the whole repository.
DROP INDEX image_blob_by_image;
CREATE UNIQUE INDEX image_blob_by_image
    ON image_blob (repository_id, image_digest, blob_digest);
DROP INDEX image_child_by_parent;
CREATE UNIQUE INDEX image_child_by_parent
    ON image_child (repository_id, parent_digest, child_digest);
