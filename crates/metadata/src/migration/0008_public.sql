-- Public registries (ECR Public). Their repositories stand among the others, in a region that no
-- client can name; here is what only public ones have.

-- The alias of an account's registry, which the paths of its images begin with. Unique for ever.
CREATE TABLE public_registry (
    account_id {text} PRIMARY KEY,
    alias      {text} NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

-- What the catalog says of a repository: a JSON document, and the sealed bytes of its logo.
CREATE TABLE catalog_data (
    repository_id BIGINT PRIMARY KEY REFERENCES repository ON DELETE CASCADE,
    updated_at    BIGINT NOT NULL,
    document      {text} NOT NULL,
    logo_digest   {text},
    logo_sealed   {bytes}
);
CREATE INDEX catalog_data_by_logo ON catalog_data (logo_digest);
