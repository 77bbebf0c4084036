-- Lifecycle policies and their previews.

CREATE TABLE lifecycle_policy (
    repository_id     BIGINT PRIMARY KEY REFERENCES repository ON DELETE CASCADE,
    policy_text       {text} NOT NULL,
    updated_at        BIGINT NOT NULL,
    -- 0 until the policy has been evaluated.
    last_evaluated_at BIGINT NOT NULL
);

-- The last preview of a repository. What its status says holds until expires_at: a preview under
-- way has failed then, a complete one has expired. Its results are removed after that, and then
-- expires_at is NULL.
CREATE TABLE lifecycle_preview (
    repository_id       BIGINT PRIMARY KEY REFERENCES repository ON DELETE CASCADE,
    run_id              BIGINT NOT NULL,
    process_id          BIGINT NOT NULL,
    policy_text         {text} NOT NULL,
    status              {text} NOT NULL,
    expires_at          BIGINT,
    expiring_count      BIGINT NOT NULL,
    transitioning_count BIGINT NOT NULL
);
CREATE INDEX lifecycle_preview_by_end ON lifecycle_preview (expires_at);

-- What a run of a preview found, by position from 0. Tags are separated by spaces.
CREATE TABLE lifecycle_preview_result (
    repository_id BIGINT NOT NULL REFERENCES repository ON DELETE CASCADE,
    run_id        BIGINT NOT NULL,
    position      BIGINT NOT NULL,
    digest        {text} NOT NULL,
    tags          {text} NOT NULL,
    tagged        BIGINT NOT NULL,
    pushed_at     BIGINT NOT NULL,
    storage_class {text} NOT NULL,
    action        {text} NOT NULL,
    rule_priority BIGINT NOT NULL,
    PRIMARY KEY (repository_id, run_id, position)
);
CREATE INDEX lifecycle_preview_result_by_tagged
    ON lifecycle_preview_result (repository_id, run_id, tagged, position);
CREATE UNIQUE INDEX lifecycle_preview_result_by_digest
    ON lifecycle_preview_result (repository_id, run_id, digest);
