//! How large things may be: in a database that is read, and in what an import takes.

/// Bytes of a key: an ecosystem with a name, or the id of a vulnerability.
pub(crate) const KEY_BYTES_MAX: usize = 2_048;
/// Bytes of all that is said of one package, uncompressed.
pub(crate) const STATEMENTS_BYTES_MAX: usize = 32 << 20;
/// Statements of one package that are larger are compressed: those of a kernel. Smaller ones are read
/// faster as they are.
pub(crate) const STATEMENTS_BYTES_UNCOMPRESSED_MAX: usize = 32 << 10;
/// Bytes of statements with a copy of each text, of one package or one document: a text may be named
/// any number of times.
pub(crate) const STATEMENTS_BYTES_IN_MEMORY_MAX: usize = 256 << 20;
/// Bytes of one vulnerability as a source tells of it.
pub(crate) const VULNERABILITY_BYTES_MAX: usize = 2 << 20;
/// Bytes of a description; what is longer is cut.
pub(crate) const DESCRIPTION_BYTES_MAX: usize = 64 << 10;
/// Bytes of any other text of a vulnerability; what is longer is cut.
pub(crate) const TEXT_BYTES_MAX: usize = 2_048;
/// Elements of a list of a vulnerability (ids, ratings, pages); what is more is left out.
pub(crate) const LIST_LENGTH_MAX: usize = 128;
/// Records that one id stands for; what is more is left out.
pub(crate) const RECORDS_PER_ID_MAX: usize = 256;
/// Bytes of vulnerabilities that are compressed together.
pub(crate) const BLOCK_BYTES: usize = 8 << 10;
/// Blocks of vulnerabilities that an open database keeps uncompressed.
pub(crate) const BLOCKS_CACHED_MAX: usize = 256;
/// Bytes of the tables that an open database keeps in memory, each.
pub(crate) const TABLE_BYTES_MAX: u64 = 256 << 20;
/// Bytes of what a database says of itself.
pub(crate) const INFORMATION_BYTES_MAX: u64 = 4 << 20;
/// Bytes of one document of a source, as it is kept.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 64 << 20;
/// Bytes that are sorted in memory; what is more is sorted by way of files.
pub(crate) const SORTED_BYTES_IN_MEMORY_MAX: usize = 32 << 20;
/// Sorted files that are merged at once.
pub(crate) const SORTED_FILES_MAX: usize = 32;
/// Bytes of the file that names the current database.
pub(crate) const POINTER_BYTES_MAX: u64 = 4 << 20;
/// Sources of one folder.
pub(crate) const SOURCES_MAX: usize = 1_000;
/// Bytes of one record of OSV.
pub(crate) const OSV_RECORD_BYTES_MAX: u64 = 16 << 20;
/// Folders within folders of OSV records.
pub(crate) const OSV_FOLDER_DEPTH_MAX: usize = 16;
/// Files of one archive of OSV records.
pub(crate) const OSV_ARCHIVE_FILES_MAX: usize = 2_000_000;
