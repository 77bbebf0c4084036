-- IAM: accounts, groups, roles, managed policies, what is attached to whom, identity providers, and
-- the sessions that STS gives out.

-- Every account of the installation; the first one is named in `installation` as well.
CREATE TABLE account (
    account_id {text} PRIMARY KEY,
    alias      {text} UNIQUE,
    created_at BIGINT NOT NULL
);
INSERT INTO account (account_id, created_at)
    SELECT value, 0 FROM installation WHERE key = 'account_id';

-- What bounds everyone in an account, its root as well.
CREATE TABLE account_guardrail (
    account_id     {text} NOT NULL REFERENCES account ON DELETE CASCADE,
    guardrail_name {text} NOT NULL,
    policy_text    {text} NOT NULL,
    PRIMARY KEY (account_id, guardrail_name)
);

-- Names are one and the same whatever their case; they are found by how they were given.
ALTER TABLE iam_user ADD COLUMN boundary_arn {text};
CREATE INDEX iam_user_folded ON iam_user (account_id, lower(user_name));
CREATE INDEX iam_user_boundary ON iam_user (boundary_arn, user_id);

CREATE TABLE iam_group (
    group_id   {text} PRIMARY KEY,
    account_id {text} NOT NULL,
    group_name {text} NOT NULL,
    path       {text} NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (account_id, group_name)
);
CREATE INDEX iam_group_folded ON iam_group (account_id, lower(group_name));

CREATE TABLE group_member (
    group_id {text} NOT NULL REFERENCES iam_group ON DELETE CASCADE,
    user_id  {text} NOT NULL REFERENCES iam_user ON DELETE CASCADE,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX group_member_user ON group_member (user_id, group_id);

CREATE TABLE iam_role (
    role_id             {text} PRIMARY KEY,
    account_id          {text} NOT NULL,
    role_name           {text} NOT NULL,
    path                {text} NOT NULL,
    description         {text} NOT NULL,
    session_seconds_max BIGINT NOT NULL,
    trust_policy        {text} NOT NULL,
    boundary_arn        {text},
    created_at          BIGINT NOT NULL,
    UNIQUE (account_id, role_name)
);
CREATE INDEX iam_role_folded ON iam_role (account_id, lower(role_name));
CREATE INDEX iam_role_boundary ON iam_role (boundary_arn, role_id);

-- The users and roles that trust policies name, by their unique ids: what a policy says of one that
-- goes must not hold for another that is given its name.
CREATE TABLE trusted_principal (
    role_id      {text} NOT NULL REFERENCES iam_role ON DELETE CASCADE,
    principal_id {text} NOT NULL,
    PRIMARY KEY (role_id, principal_id)
);
CREATE INDEX trusted_principal_role ON trusted_principal (principal_id, role_id);

CREATE TABLE instance_profile (
    profile_id   {text} PRIMARY KEY,
    account_id   {text} NOT NULL,
    profile_name {text} NOT NULL,
    path         {text} NOT NULL,
    role_id      {text} REFERENCES iam_role,
    created_at   BIGINT NOT NULL,
    UNIQUE (account_id, profile_name)
);
CREATE INDEX instance_profile_folded ON instance_profile (account_id, lower(profile_name));
CREATE INDEX instance_profile_role ON instance_profile (role_id, profile_name);

-- Lists are JSON arrays of texts.
CREATE TABLE oidc_provider (
    account_id  {text} NOT NULL,
    url         {text} NOT NULL,
    client_ids  {text} NOT NULL,
    thumbprints {text} NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (account_id, url)
);

CREATE TABLE managed_policy (
    policy_id       {text} PRIMARY KEY,
    policy_arn      {text} NOT NULL UNIQUE,
    account_id      {text} NOT NULL,
    policy_name     {text} NOT NULL,
    path            {text} NOT NULL,
    description     {text} NOT NULL,
    default_version BIGINT NOT NULL,
    last_version    BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    UNIQUE (account_id, policy_name)
);
CREATE INDEX managed_policy_folded ON managed_policy (account_id, lower(policy_name));

CREATE TABLE managed_policy_version (
    policy_id   {text} NOT NULL REFERENCES managed_policy ON DELETE CASCADE,
    version     BIGINT NOT NULL,
    policy_text {text} NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (policy_id, version)
);

-- Of users, groups and roles, by their unique ids; policies by ARN, since AWS's own have no rows.
CREATE TABLE policy_attachment (
    principal_id {text} NOT NULL,
    policy_arn   {text} NOT NULL,
    attached_at  BIGINT NOT NULL,
    PRIMARY KEY (principal_id, policy_arn)
);
CREATE INDEX policy_attachment_policy ON policy_attachment (policy_arn, principal_id);

CREATE TABLE inline_policy (
    principal_id {text} NOT NULL,
    policy_name  {text} NOT NULL,
    policy_text  {text} NOT NULL,
    PRIMARY KEY (principal_id, policy_name)
);
INSERT INTO inline_policy (principal_id, policy_name, policy_text)
    SELECT user_id, policy_name, policy_text FROM user_policy;
DROP TABLE user_policy;

-- Tags of users, roles, policies and instance profiles by their unique ids, and of identity
-- providers by their ARNs. Keys are one and the same whatever their case.
CREATE TABLE iam_tag (
    owner_id   {text} NOT NULL,
    folded_key {text} NOT NULL,
    key        {text} NOT NULL,
    value      {text} NOT NULL,
    PRIMARY KEY (owner_id, folded_key)
);

-- When a key or a role was used last, which decides nothing.
CREATE TABLE credential_use (
    owner_id {text} PRIMARY KEY,
    used_at  BIGINT NOT NULL,
    service  {text} NOT NULL,
    region   {text} NOT NULL
);

-- What STS gave out, until 36 hours after it expires: a login it asked for is good for twelve hours, and
-- uploads that were begun with that may end within a day.
CREATE TABLE session (
    access_key_id {text} PRIMARY KEY,
    account_id    {text} NOT NULL,
    kind          {text} NOT NULL,
    issuer_id     {text},
    session_name  {text} NOT NULL,
    secret_sealed {bytes} NOT NULL,
    facts         {text} NOT NULL,
    issued_at     BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL
);
CREATE INDEX session_expiry ON session (expires_at);
CREATE INDEX session_issuer ON session (issuer_id);

-- Sessions only come, and what they say never changes: nothing that was kept becomes untrue.
{moves access: account}
{moves access: account_guardrail}
{moves access: iam_group}
{moves access: group_member}
{moves access: iam_role}
{moves access: oidc_provider}
{moves access: managed_policy}
{moves access: managed_policy_version}
{moves access: policy_attachment}
{moves access: inline_policy}
{moves access: iam_tag}
