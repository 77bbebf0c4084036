-- The foundation: who may come in, what repositories hold, where the bytes are.
-- Times are milliseconds since 1970 (BIGINT), truth is 0 or 1 (BIGINT), digests are text.

CREATE TABLE installation (
    key   {text} PRIMARY KEY,
    value {text} NOT NULL
);

CREATE TABLE iam_user (
    user_id    {text} PRIMARY KEY,
    account_id {text} NOT NULL,
    user_name  {text} NOT NULL,
    path       {text} NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (account_id, user_name)
);

CREATE TABLE user_policy (
    user_id     {text} NOT NULL REFERENCES iam_user ON DELETE CASCADE,
    policy_name {text} NOT NULL,
    policy_text {text} NOT NULL,
    PRIMARY KEY (user_id, policy_name)
);

-- A key without a user is the account's root key.
CREATE TABLE access_key (
    access_key_id {text} PRIMARY KEY,
    account_id    {text} NOT NULL,
    user_id       {text} REFERENCES iam_user ON DELETE CASCADE,
    active        BIGINT NOT NULL,
    secret_sealed {bytes} NOT NULL,
    created_at    BIGINT NOT NULL
);
CREATE INDEX access_key_owner ON access_key (user_id, account_id);
CREATE INDEX access_key_by_account ON access_key (account_id, access_key_id);

CREATE TABLE repository (
    repository_id     BIGINT PRIMARY KEY,
    account_id        {text} NOT NULL,
    region            {text} NOT NULL,
    name              {text} NOT NULL,
    created_at        BIGINT NOT NULL,
    tag_mutability    {text} NOT NULL,
    exclusion_filters {text} NOT NULL,
    scan_on_push      BIGINT NOT NULL,
    encryption_type   {text} NOT NULL,
    kms_key           {text},
    key_domain        {text} NOT NULL,
    image_count       BIGINT NOT NULL,
    UNIQUE (account_id, region, name)
);

CREATE TABLE resource_tag (
    repository_id BIGINT NOT NULL REFERENCES repository ON DELETE CASCADE,
    key           {text} NOT NULL,
    value         {text} NOT NULL,
    PRIMARY KEY (repository_id, key)
);

-- Where the bytes of a digest are: one object for each key domain that has it.
CREATE TABLE blob (
    key_domain {text} NOT NULL,
    digest     {text} NOT NULL,
    object_id  {text} NOT NULL,
    size_bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    damaged_at BIGINT,
    PRIMARY KEY (key_domain, digest)
);

-- Which repositories may serve which blob.
CREATE TABLE repository_blob (
    repository_id BIGINT NOT NULL REFERENCES repository ON DELETE CASCADE,
    digest        {text} NOT NULL,
    linked_at     BIGINT NOT NULL,
    PRIMARY KEY (repository_id, digest)
);
CREATE INDEX repository_blob_digest ON repository_blob (digest);

CREATE TABLE image (
    repository_id       BIGINT NOT NULL REFERENCES repository ON DELETE CASCADE,
    digest              {text} NOT NULL,
    media_type          {text} NOT NULL,
    artifact_media_type {text},
    artifact_type       {text},
    subject_digest      {text},
    size_bytes          BIGINT NOT NULL,
    manifest_size_bytes BIGINT NOT NULL,
    pushed_at           BIGINT NOT NULL,
    tag_count           BIGINT NOT NULL,
    tagged              BIGINT NOT NULL,
    PRIMARY KEY (repository_id, digest)
);
-- Lists run along these two, so that a page costs what it shows. The first says that it is unique
-- so that pairs of image and tag come out of it in order.
CREATE UNIQUE INDEX image_by_push ON image (repository_id, pushed_at, digest);
CREATE INDEX image_by_tagged_and_push ON image (repository_id, tagged, pushed_at, digest);
CREATE INDEX image_by_subject ON image (repository_id, subject_digest);

-- The exact bytes of a manifest, sealed. Apart from image, so that lists do not read them.
CREATE TABLE manifest (
    repository_id BIGINT NOT NULL,
    digest        {text} NOT NULL,
    sealed        {bytes} NOT NULL,
    PRIMARY KEY (repository_id, digest),
    FOREIGN KEY (repository_id, digest) REFERENCES image (repository_id, digest) ON DELETE CASCADE
);

-- Which image uses which blob (config and layers).
CREATE TABLE image_blob (
    repository_id BIGINT NOT NULL,
    blob_digest   {text} NOT NULL,
    image_digest  {text} NOT NULL,
    PRIMARY KEY (repository_id, blob_digest, image_digest),
    FOREIGN KEY (repository_id, image_digest) REFERENCES image (repository_id, digest)
        ON DELETE CASCADE
);
CREATE INDEX image_blob_by_image ON image_blob (repository_id, image_digest);

-- Which index lists which image.
CREATE TABLE image_child (
    repository_id BIGINT NOT NULL,
    child_digest  {text} NOT NULL,
    parent_digest {text} NOT NULL,
    PRIMARY KEY (repository_id, child_digest, parent_digest),
    FOREIGN KEY (repository_id, parent_digest) REFERENCES image (repository_id, digest)
        ON DELETE CASCADE
);
CREATE INDEX image_child_by_parent ON image_child (repository_id, parent_digest);

CREATE TABLE tag (
    repository_id BIGINT NOT NULL,
    tag           {text} NOT NULL,
    digest        {text} NOT NULL,
    tagged_at     BIGINT NOT NULL,
    PRIMARY KEY (repository_id, tag),
    FOREIGN KEY (repository_id, digest) REFERENCES image (repository_id, digest) ON DELETE CASCADE
);
CREATE INDEX tag_by_digest ON tag (repository_id, digest, tag);

-- An upload on its way: what has been received is durable up to the checkpoint.
CREATE TABLE upload (
    upload_id            {text} PRIMARY KEY,
    repository_id        BIGINT NOT NULL REFERENCES repository ON DELETE CASCADE,
    received_bytes       BIGINT NOT NULL,
    part_count           BIGINT NOT NULL,
    last_part_first_byte BIGINT,
    last_part_sha256     {bytes},
    short_part           BIGINT NOT NULL,
    object_id            {text},
    checkpoint           {bytes},
    created_at           BIGINT NOT NULL,
    updated_at           BIGINT NOT NULL
);
CREATE INDEX upload_by_repository ON upload (repository_id);
CREATE INDEX upload_by_age ON upload (updated_at);

-- Objects no row uses any more, to be deleted from the store: the row commits with the change
-- that let go of them, the deletion follows and may be repeated.
CREATE TABLE discarded_object (
    object_id    {text} PRIMARY KEY,
    discarded_at BIGINT NOT NULL
);
