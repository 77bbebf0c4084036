-- Matching stored packages with newer advisories, and what is stated of vulnerabilities.

-- Where the matching stands: one row. plan is the part of it under way (compressed JSON): what it
-- changes in packages; of the inventories that have them, those up to told_inventory_id are told.
CREATE TABLE advisory_matching (
    matching_id       BIGINT PRIMARY KEY,
    database_id       {text} NOT NULL,
    older_ids         {text} NOT NULL,
    position          {text} NOT NULL,
    plan              {bytes},
    told_inventory_id BIGINT NOT NULL,
    finished_at       BIGINT
);

-- VEX documents that hold for all images of a registry.
CREATE TABLE vex_document (
    account_id  {text} NOT NULL,
    region      {text} NOT NULL,
    document_id {text} NOT NULL,
    content     {bytes} NOT NULL,
    added_at    BIGINT NOT NULL,
    PRIMARY KEY (account_id, region, document_id)
);
