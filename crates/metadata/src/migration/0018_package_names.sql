-- Under which names of which ecosystems advisories speak of a package: of one of CentOS those of Red Hat's,
-- of one of Chainguard's those of Wolfi's as well, of some that of their source package as well.

CREATE TABLE package_name (
    ecosystem  {text} NOT NULL,
    name       {text} NOT NULL,
    package_id BIGINT NOT NULL REFERENCES package (package_id) ON DELETE CASCADE,
    PRIMARY KEY (ecosystem, name, package_id)
);
CREATE INDEX package_name_by_package ON package_name (package_id);

INSERT INTO package_name (ecosystem, name, package_id) SELECT ecosystem, name, package_id FROM package;
INSERT INTO package_name (ecosystem, name, package_id)
    SELECT ecosystem, json_extract(identity, '$.source.name'), package_id FROM package
    WHERE json_extract(identity, '$.source.name') <> name;
INSERT INTO package_name (ecosystem, name, package_id)
    SELECT 'redhat' || substr(ecosystem, 7), name, package_id FROM package_name
    WHERE ecosystem LIKE 'centos:%';
INSERT INTO package_name (ecosystem, name, package_id)
    SELECT 'wolfi', name, package_id FROM package_name WHERE ecosystem = 'chainguard';

-- What newer advisories said under the other names was not looked at: those packages are matched once
-- more. What was under way begins anew, but for what was to be told.
UPDATE package SET database_id = '' WHERE database_id IS NOT NULL AND package_id IN
    (SELECT package_id FROM package_name GROUP BY package_id HAVING COUNT(*) > 1);
UPDATE advisory_matching SET older_ids = '', position = '', finished_at = NULL WHERE matching_id = 1;
DELETE FROM package_name WHERE ecosystem LIKE 'centos:%';

DROP INDEX package_by_name;
ALTER TABLE package DROP COLUMN ecosystem;
ALTER TABLE package DROP COLUMN name;
