-- Blobs that are kept in their rows.

-- The sealed bytes of small objects, exactly as their files would have them. Apart from blob, so that
-- whoever asks whether there is a blob does not read them. An object that is not here is a file.
CREATE TABLE inline_blob (
    object_id {text} PRIMARY KEY,
    sealed    {bytes} NOT NULL
);
