-- Who began an upload: an access key, whose token may run out meanwhile. Uploads that an older
-- release began do not say.
ALTER TABLE upload ADD COLUMN begun_by {text};
