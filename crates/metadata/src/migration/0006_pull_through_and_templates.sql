-- Pull through cache rules and repository creation templates.
-- prefix is the key, without a slash at its end; prefix_text is what the client wrote.

CREATE TABLE pull_through_cache_rule (
    account_id            {text} NOT NULL,
    region                {text} NOT NULL,
    prefix                {text} NOT NULL,
    prefix_text           {text} NOT NULL,
    upstream_registry     {text} NOT NULL,
    upstream_registry_url {text} NOT NULL,
    upstream_prefix       {text},
    credential_arn        {text},
    custom_role_arn       {text},
    created_at            BIGINT NOT NULL,
    updated_at            BIGINT NOT NULL,
    PRIMARY KEY (account_id, region, prefix)
);

-- resource_tags is a JSON array of [key, value], exclusion_filters and applied_for of strings.
CREATE TABLE creation_template (
    account_id        {text} NOT NULL,
    region            {text} NOT NULL,
    prefix            {text} NOT NULL,
    prefix_text       {text} NOT NULL,
    applied_for       {text} NOT NULL,
    description       {text},
    encryption_type   {text} NOT NULL,
    kms_key           {text},
    resource_tags     {text} NOT NULL,
    tag_mutability    {text} NOT NULL,
    exclusion_filters {text} NOT NULL,
    repository_policy {text},
    lifecycle_policy  {text},
    custom_role_arn   {text},
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    PRIMARY KEY (account_id, region, prefix)
);
