-- How often the list of a repository's tags has changed: what whoever keeps such a list in memory asks
-- before it is used again. A tag that only points elsewhere is listed as before.

ALTER TABLE repository ADD COLUMN tag_changes BIGINT NOT NULL DEFAULT 0;
{counts tag_changes: tag (tag, status)}
