//! From JSON to the principals of a statement.

use serde_json::value::RawValue;

use super::source::Source;
use crate::malformed::MalformedPolicy;
use crate::principal::PrincipalPattern;

/// Reads `"*"`, or an object of lists of principals by their kind.
pub(super) fn principals<'a>(
    source: Source<'a>,
    raw: &'a RawValue,
) -> Result<Vec<PrincipalPattern>, MalformedPolicy> {
    if raw.get() == r#""*""# {
        return Ok(vec![PrincipalPattern::Everyone]);
    }
    if raw.get().starts_with('"') {
        let text = source.string(raw, "Principal")?;
        let reason = format!("Invalid principal in policy: \"{text}\"");
        return Err(source.malformed(raw.get(), &reason));
    }
    let mut patterns = Vec::new();
    for (kind, list) in source.members(raw, "A principal")? {
        for item in source.one_or_many(list, &kind)? {
            let text = source.string(item, &kind)?;
            let pattern = PrincipalPattern::parse(&kind, &text);
            patterns.push(pattern.map_err(|reason| source.malformed(item.get(), &reason))?);
        }
    }
    if patterns.is_empty() {
        return Err(source.malformed(raw.get(), "Principal must not be empty."));
    }
    Ok(patterns)
}
