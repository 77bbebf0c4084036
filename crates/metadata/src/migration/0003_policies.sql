-- Who else may do what to a repository, and whose pulls do not count. What is said of a registry as a
-- whole (its policy, its account settings, its signing rules) stands in registry_setting.

CREATE TABLE repository_policy (
    repository_id BIGINT PRIMARY KEY REFERENCES repository ON DELETE CASCADE,
    policy_text   {text} NOT NULL,
    updated_at    BIGINT NOT NULL
);

CREATE TABLE pull_time_exclusion (
    account_id    {text} NOT NULL,
    region        {text} NOT NULL,
    principal_arn {text} NOT NULL,
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (account_id, region, principal_arn)
);
