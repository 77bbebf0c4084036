-- What caches ask whether they are still true: for each kind of change a counter, which the
-- transaction that makes such a change moves, in whichever process it runs.

CREATE TABLE change_counter (
    kind  {text} PRIMARY KEY,
    value BIGINT NOT NULL
);

-- Whatever decides who may do what. Of a repository that is its name, which policies are found by
-- and which it loses when it is deleted; one that is new brings its policy with it, and that counts.
INSERT INTO change_counter (kind, value) VALUES ('access', 0);
{moves access: access_key}
{moves access: iam_user}
{moves access: user_policy}
{moves access: repository_policy}
{moves access: resource_tag}
{moves access: registry_setting}
{moves access: repository (account_id, region, name)}
