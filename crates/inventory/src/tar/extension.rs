//! What stands before the header of an entry and changes it: pax records, GNU's long names.

use super::header::Header;
use crate::failure::Defect;

/// Up to which size a header's own field says it: a size in pax below that only repeats it.
const OCTAL_SIZE_MAX: u64 = 0o77_777_777_777;

/// What extended headers said of the entry that follows them.
#[derive(Default)]
pub(super) struct Extension {
    pax: bool,
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
}

impl Extension {
    pub(super) fn is_empty(&self) -> bool {
        !self.pax && self.long_name.is_none() && self.long_link.is_none()
    }

    /// Reads pax records. Programs differ in what a second list does to the first.
    pub(super) fn read_pax(&mut self, content: &[u8]) -> Result<(), Defect> {
        if self.pax {
            return Err(Defect::Contradiction("records"));
        }
        self.pax = true;
        for record in Records(content) {
            let (key, value) = record?;
            match key {
                b"path" => set(&mut self.path, name(value)?, "path")?,
                b"linkpath" => set(&mut self.link, name(value)?, "link")?,
                b"size" => set(&mut self.size, decimal(value)?, "size")?,
                key if sparse(key) => return Err(Defect::Sparse),
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes GNU's long path.
    pub(super) fn set_long_name(&mut self, content: &[u8]) -> Result<(), Defect> {
        set(&mut self.long_name, long(content)?, "path")
    }

    /// Takes GNU's long target of a link.
    pub(super) fn set_long_link(&mut self, content: &[u8]) -> Result<(), Defect> {
        set(&mut self.long_link, long(content)?, "link")
    }

    /// The header as its entry means it.
    pub(super) fn apply(self, header: Header) -> Result<Header, Defect> {
        let size = match self.size {
            // Some programs give the size to the long name that follows, instead of the entry.
            Some(_) if self.long_name.is_some() || self.long_link.is_some() => {
                return Err(Defect::Contradiction("size"));
            }
            Some(size) if size != header.size && size <= OCTAL_SIZE_MAX => {
                return Err(Defect::Contradiction("size"));
            }
            Some(size) => size,
            None => header.size,
        };
        let path = one(self.path, self.long_name, "path")?.unwrap_or(header.path);
        let link = one(self.link, self.long_link, "link")?.unwrap_or(header.link);
        Ok(Header { path, link, size, ..header })
    }
}

/// Checks the records that hold for all entries after them: docker and containerd pass over them, others
/// do not, so that only those may stand there that say nothing of what an entry is.
pub(super) fn check_global(content: &[u8]) -> Result<(), Defect> {
    for record in Records(content) {
        let (key, _) = record?;
        if matches!(key, b"path" | b"linkpath" | b"size") || sparse(key) {
            let key = String::from_utf8_lossy(key);
            let shown = key.chars().filter(|character| !character.is_control()).take(40);
            return Err(Defect::Global(shown.collect()));
        }
    }
    Ok(())
}

/// Sparse files as GNU writes them in pax (three versions), and as star does.
fn sparse(key: &[u8]) -> bool {
    key.starts_with(b"GNU.sparse.") || key == b"SCHILY.realsize"
}

fn set<T: PartialEq>(slot: &mut Option<T>, value: T, what: &'static str) -> Result<(), Defect> {
    if slot.is_some() {
        return Err(Defect::Contradiction(what));
    }
    *slot = Some(value);
    Ok(())
}

fn one(
    pax: Option<Vec<u8>>,
    gnu: Option<Vec<u8>>,
    what: &'static str,
) -> Result<Option<Vec<u8>>, Defect> {
    match (pax, gnu) {
        (Some(_), Some(_)) => Err(Defect::Contradiction(what)),
        (pax, gnu) => Ok(pax.or(gnu)),
    }
}

/// The text of a long name: up to its zeros, of which there must be nothing behind.
fn long(content: &[u8]) -> Result<Vec<u8>, Defect> {
    let end = content.iter().position(|byte| *byte == 0).unwrap_or(content.len());
    let (text, rest) = content.split_at_checked(end).unwrap_or_default();
    match text {
        [] => Err(Defect::NoPath),
        _ if rest.iter().any(|byte| *byte != 0) => Err(Defect::ZeroInPath),
        text => Ok(text.to_vec()),
    }
}

/// A path in a record. An empty one would take back what was said before, which not all programs do.
fn name(value: &[u8]) -> Result<Vec<u8>, Defect> {
    match value {
        [] => Err(Defect::NoPath),
        value if value.contains(&0) => Err(Defect::ZeroInPath),
        value => Ok(value.to_vec()),
    }
}

fn decimal(value: &[u8]) -> Result<u64, Defect> {
    let text = std::str::from_utf8(value).map_err(|_| Defect::Number)?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let value = text.parse::<i64>().ok().filter(|_| digits);
    value.and_then(|value| u64::try_from(value).ok()).ok_or(Defect::Number)
}

/// Records, each `length key=value\n`, its length counted from its first digit.
struct Records<'a>(&'a [u8]);

impl<'a> Records<'a> {
    fn record(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let content = self.0;
        let digits = content.iter().position(|byte| *byte == b' ').filter(|digits| *digits <= 8)?;
        let length = usize::try_from(decimal(content.get(..digits)?).ok()?).ok()?;
        let record = content.get(digits + 1..length)?.strip_suffix(b"\n")?;
        let equals = record.iter().position(|byte| *byte == b'=').filter(|equals| *equals > 0)?;
        let (key, value) = (record.get(..equals)?, record.get(equals + 1..)?);
        if key.contains(&0) {
            return None;
        }
        self.0 = content.get(length..)?;
        Some((key, value))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), Defect>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let record = self.record();
        if record.is_none() {
            self.0 = &[];
        }
        Some(record.ok_or(Defect::Extension))
    }
}
