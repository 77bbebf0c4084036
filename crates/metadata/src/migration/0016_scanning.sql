-- Scanning: what layers and images are made of, which vulnerabilities packages have, and what scans found.

-- What was read out of a layer; of an older reader it is read anew. Goes with the blob.
CREATE TABLE layer_facts (
    key_domain     {text} NOT NULL,
    digest         {text} NOT NULL,
    reader_version BIGINT NOT NULL,
    content        {bytes} NOT NULL,
    PRIMARY KEY (key_domain, digest),
    FOREIGN KEY (key_domain, digest) REFERENCES blob (key_domain, digest) ON DELETE CASCADE
);

-- Packages, each once for all images: identity is the canonical JSON of it, ecosystem and name are what
-- advisories call it by, database_id the advisories it was matched with last (none: it never was).
CREATE TABLE package (
    package_id  BIGINT PRIMARY KEY,
    identity    {text} NOT NULL UNIQUE,
    ecosystem   {text} NOT NULL,
    name        {text} NOT NULL,
    database_id {text}
);
CREATE INDEX package_by_name ON package (ecosystem, name, package_id);

-- The vulnerabilities of a package by the database of advisories that is in use (detail is JSON).
CREATE TABLE package_vulnerability (
    package_id    BIGINT NOT NULL REFERENCES package (package_id) ON DELETE CASCADE,
    vulnerability {text} NOT NULL,
    severity      {text} NOT NULL,
    detail        {text} NOT NULL,
    first_seen_at BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    PRIMARY KEY (package_id, vulnerability)
);
CREATE INDEX package_vulnerability_by_vulnerability
    ON package_vulnerability (vulnerability, package_id);

-- What an image is made of: its bill of materials (compressed JSON), extracted once. package_ids are
-- those of its packages in the order of their identities, eight bytes each.
CREATE TABLE inventory (
    inventory_id   BIGINT PRIMARY KEY,
    repository_id  BIGINT NOT NULL,
    digest         {text} NOT NULL,
    reader_version BIGINT NOT NULL,
    content        {bytes} NOT NULL,
    package_ids    {bytes} NOT NULL,
    package_count  BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    UNIQUE (repository_id, digest),
    FOREIGN KEY (repository_id, digest) REFERENCES image (repository_id, digest) ON DELETE CASCADE
);

-- Which images have a package: the reverse of an inventory. A row whose inventory is gone says nothing.
CREATE TABLE inventory_package (
    package_id   BIGINT NOT NULL,
    inventory_id BIGINT NOT NULL,
    PRIMARY KEY (package_id, inventory_id)
);

-- Inventories whose packages are to be let go, since due_at: those of images that are gone, and those
-- of which somebody wrote the packages and never the inventory.
CREATE TABLE retired_inventory (
    inventory_id BIGINT PRIMARY KEY,
    due_at       BIGINT NOT NULL,
    package_ids  {bytes} NOT NULL
);
CREATE INDEX retired_inventory_by_time ON retired_inventory (due_at, inventory_id);

-- How many basic scans a registry began in an hour (of the epoch).
CREATE TABLE scan_tally (
    account_id {text} NOT NULL,
    region     {text} NOT NULL,
    hour       BIGINT NOT NULL,
    scans      BIGINT NOT NULL,
    PRIMARY KEY (account_id, region, hour)
);

-- When a scan ended, and by which advisories; its findings by severity (JSON), and of a scan that is
-- not continuous the findings themselves (compressed JSON).
ALTER TABLE scan ADD COLUMN completed_at BIGINT;
ALTER TABLE scan ADD COLUMN database_id {text};
ALTER TABLE scan ADD COLUMN database_updated_at BIGINT;
ALTER TABLE scan ADD COLUMN counts {text};
ALTER TABLE scan ADD COLUMN findings {bytes};
