-- What a registry as a whole is set to: one document for each name, and how many repositories it has.

CREATE TABLE registry_setting (
    account_id {text} NOT NULL,
    region     {text} NOT NULL,
    name       {text} NOT NULL,
    value      {text} NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, region, name)
);

-- So that creating a repository does not count those that are there.
CREATE TABLE registry_count (
    account_id   {text} NOT NULL,
    region       {text} NOT NULL,
    repositories BIGINT NOT NULL,
    PRIMARY KEY (account_id, region)
);
INSERT INTO registry_count (account_id, region, repositories)
    SELECT account_id, region, COUNT(*) FROM repository WHERE account_id <> ''
    GROUP BY account_id, region;
