-- The registry's own KMS keys. material_sealed is the root of the key's own ring, sealed by the
-- ring of the master key; the ARN of a key is made of account, region and id.

CREATE TABLE kms_key (
    account_id      {text} NOT NULL,
    region          {text} NOT NULL,
    key_id          {text} NOT NULL,
    description     {text} NOT NULL,
    enabled         BIGINT NOT NULL,
    aws_managed     BIGINT NOT NULL,
    material_sealed {bytes} NOT NULL,
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (account_id, region, key_id)
);

-- alias is the whole name, such as alias/aws/ecr.
CREATE TABLE kms_alias (
    account_id {text} NOT NULL,
    region     {text} NOT NULL,
    alias      {text} NOT NULL,
    key_id     {text} NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, region, alias)
);
CREATE INDEX kms_alias_by_key ON kms_alias (account_id, region, key_id, alias);
