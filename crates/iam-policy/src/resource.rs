//! Patterns of resources, such as `arn:aws:ecr:*:111122223333:repository/team-*`.
//!
//! An ARN pattern is matched field by field, so that a wildcard never reaches across one of the
//! five colons that separate the fields; the last field, the resource itself, may contain colons
//! and its wildcards match them. Fields left out at the end are `*` ("Incomplete ARNs" in IAM's
//! reference of the `Resource` element), and with that a final `*` also matches all that follows,
//! as IAM documents.

use crate::document::Version;
use crate::glob::{Case, Glob};

/// The fields of an ARN after `arn`: partition, service, region, account, resource.
const FIELDS: usize = 5;

/// An element of `Resource` or `NotResource`. Case matters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ResourcePattern {
    /// `*`
    Every,
    /// `arn:…`
    Arn(Box<[Glob; FIELDS]>),
}

impl ResourcePattern {
    /// Compiles `*` or an ARN pattern.
    ///
    /// `${*}`, `${?}` and `${$}` stand for single characters in a policy of 2012-10-17 or later,
    /// and any other policy variable in such a policy is an error; in older policies `${` has no
    /// meaning, as IAM has it. The error is the reason to refuse the policy.
    pub(crate) fn parse(text: &str, version: Version) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Every);
        }
        let form = || format!("Resource {text} must be in ARN format or \"*\".");
        let mut fields = text.strip_prefix("arn:").ok_or_else(form)?.splitn(FIELDS, ':');
        let mut field = |required| match fields.next() {
            None if required => Err(form()),
            None => Ok(Glob::any()),
            Some("") if required => Err(form()),
            Some(field) => compile(field, version).ok_or_else(|| {
                format!(
                    "Resource {text} has a policy variable, which is not supported by this version."
                )
            }),
        };
        let (partition, service) = (field(true)?, field(true)?);
        let globs = [partition, service, field(false)?, field(false)?, field(false)?];
        if text.ends_with(':') && text.matches(':').count() == FIELDS {
            return Err(form());
        }
        Ok(Self::Arn(Box::new(globs)))
    }

    /// Whether `resource` is among those meant.
    pub(crate) fn matches(&self, resource: &ResourceName<'_>) -> bool {
        match (self, resource.0) {
            (Self::Every, _) => true,
            (Self::Arn(_), None) => false,
            (Self::Arn(globs), Some(fields)) => {
                globs.iter().zip(fields).all(|(glob, field)| glob.matches(field))
            }
        }
    }
}

fn compile(field: &str, version: Version) -> Option<Glob> {
    match version {
        Version::V2008 => Some(Glob::new(field, Case::Sensitive)),
        Version::V2012 => Glob::with_escapes(field, Case::Sensitive),
    }
}

/// The resource of a request, cut into its fields; `None` for what is not an ARN, such as the
/// `*` of actions that have no resource.
pub(crate) struct ResourceName<'a>(Option<[&'a str; FIELDS]>);

impl<'a> ResourceName<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self(fields(text))
    }
}

fn fields(text: &str) -> Option<[&str; FIELDS]> {
    let mut parts = text.strip_prefix("arn:")?.splitn(FIELDS, ':');
    let mut fields = [""; FIELDS];
    for field in &mut fields {
        *field = parts.next()?;
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:ecr:eu-west-1:111122223333:repository/team/app";

    fn matches(pattern: &str, resource: &str) -> bool {
        let pattern = ResourcePattern::parse(pattern, Version::V2012).unwrap();
        pattern.matches(&ResourceName::new(resource))
    }

    #[test]
    fn arns_match_field_by_field() {
        for pattern in [
            "*",
            ARN,
            "arn:aws:ecr:*:*:repository/team/*",
            "arn:aws:ecr:eu-west-?:111122223333:*",
            "arn:*:ecr:*:*:repository/*app",
            "arn:aws:ecr",
            "arn:aws:ecr:*",
            "arn:aws:ecr:eu-*",
            "arn:aws:ecr:eu-west-1:111122223333",
        ] {
            assert!(matches(pattern, ARN), "{pattern:?}");
        }
        for pattern in [
            "arn:aws:ecr:*:repository/team/app:*",
            "arn:aws:*:repository/team/app",
            "arn:aws:s3:*:*:*",
            "arn:aws:ecr:::repository/team/app",
            "arn:aws:ecr:*:*:repository/Team/*",
            "arn:aws:ecr:*:*:repository/team",
            "arn:aws:ecr:us-*",
        ] {
            assert!(!matches(pattern, ARN), "{pattern:?}");
        }
    }

    #[test]
    fn colons_of_the_resource_are_ordinary_characters() {
        assert!(matches("arn:aws:x:::a*c", "arn:aws:x:::a:b:c"));
        assert!(matches("arn:aws:x:::a:*", "arn:aws:x:::a:b"));
    }

    #[test]
    fn only_the_wildcard_matches_what_is_no_arn() {
        for resource in ["*", "", "arn:aws:ecr", "repository/app"] {
            assert!(matches("*", resource), "{resource:?}");
            assert!(!matches("arn:*:*:*:*:*", resource), "{resource:?}");
        }
    }

    #[test]
    fn other_texts_are_not_resources() {
        for bad in [
            "",
            "**",
            "app",
            "ARN:aws:ecr:::x",
            "arn:",
            "arn:aws",
            "arn:*",
            "arn::ecr:::x",
            "arn:aws::::x",
            "arn:aws:ecr:::",
        ] {
            let reason = ResourcePattern::parse(bad, Version::V2012).unwrap_err();
            assert!(reason.contains("must be in ARN format"), "{bad:?}");
        }
    }

    #[test]
    fn variables_are_refused_where_they_would_be_variables() {
        let pattern = "arn:aws:ecr:::repository/${aws:username}/x";
        let reason = ResourcePattern::parse(pattern, Version::V2012).unwrap_err();
        assert!(reason.contains("policy variable"), "{reason}");
        let old = ResourcePattern::parse(pattern, Version::V2008).unwrap();
        assert!(old.matches(&ResourceName::new(pattern)));
        assert!(matches("arn:aws:ecr:::a${*}", "arn:aws:ecr:::a*"));
        assert!(!matches("arn:aws:ecr:::a${*}", "arn:aws:ecr:::ab"));
    }
}
