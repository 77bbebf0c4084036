//! Policies in files.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use wharfinger_iam_policy::PolicyDocument;

/// The text of a policy file (`-`: of standard input), if it is a policy.
pub(crate) fn read_policy(file: &Path) -> anyhow::Result<String> {
    let unreadable = || format!("the policy {} cannot be read", file.display());
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text).with_context(unreadable)?
    } else {
        std::fs::read_to_string(file).with_context(unreadable)?
    };
    PolicyDocument::parse(&text).with_context(|| format!("{} is not a policy", file.display()))?;
    Ok(text)
}
