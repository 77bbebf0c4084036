//! Patterns of resources, such as `arn:aws:ecr:*:111122223333:repository/team-*`.
//!
//! An ARN pattern is matched field by field, so that a wildcard never reaches across one of the
//! five colons that separate the fields; the last field, the resource itself, may contain colons
//! and its wildcards match them. Fields left out at the end are `*` ("Incomplete ARNs" in IAM's
//! reference of the `Resource` element), and with that a final `*` also matches all that follows,
//! as IAM documents.

use crate::document::Version;
use crate::glob::Case;
use crate::request::ContextKeys;
use crate::template::{Syntax, Template};

/// The fields of an ARN after `arn`: partition, service, region, account, resource.
const FIELDS: usize = 5;

/// An element of `Resource` or `NotResource`. Case matters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ResourcePattern {
    text: String,
    form: Form,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Form {
    /// `*`
    Every,
    /// `arn:…`
    Arn(Box<[Template; FIELDS]>),
}

impl ResourcePattern {
    /// Compiles `*` or an ARN pattern.
    ///
    /// In a policy of 2012-10-17 `${*}`, `${?}` and `${$}` stand for single characters, and the
    /// last field may have policy variables; in older policies `${` has no meaning, as IAM has it.
    /// The error is the reason to refuse the policy.
    pub(crate) fn parse(text: &str, version: Version) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self { text: text.to_owned(), form: Form::Every });
        }
        let form = || format!("Resource {text} must be in ARN format or \"*\".");
        let vendor =
            || "Resource vendor must be fully qualified and cannot contain regexes.".to_owned();
        let mut fields = text.strip_prefix("arn:").ok_or_else(form)?.splitn(FIELDS, ':');
        let syntax = Syntax { wildcards: true, variables: version.has_variables(), case: CASE };
        let mut field = |at: usize| match fields.next() {
            None | Some("") if at == 0 => {
                Err(format!("Partition \"\" is not valid for resource \"{text}\"."))
            }
            None | Some("") if at == 1 => Err(vendor()),
            None => Ok(Template::any()),
            Some(field) if at == FIELDS - 1 => Template::parse(field, syntax),
            Some(field) => match Template::parse(field, syntax) {
                Ok(template) if template.is_fixed() => Ok(template),
                _ => Err(format!(
                    "Resource {text} has a policy variable before the fifth colon, which is not \
                     supported."
                )),
            },
        };
        let templates = [field(0)?, field(1)?, field(2)?, field(3)?, field(4)?];
        if text.ends_with(':') && text.matches(':').count() == FIELDS {
            return Err(form());
        }
        Ok(Self { text: text.to_owned(), form: Form::Arn(Box::new(templates)) })
    }

    /// Whether `resource` is among those meant.
    pub(crate) fn matches(&self, resource: &ResourceName<'_>, keys: &ContextKeys) -> bool {
        match (&self.form, resource.0) {
            (Form::Every, _) => true,
            (Form::Arn(_), None) => false,
            (Form::Arn(templates), Some(fields)) => {
                templates.iter().zip(fields).all(|(template, field)| template.matches(field, keys))
            }
        }
    }

    /// Whether it has policy variables.
    pub(crate) fn has_variables(&self) -> bool {
        match &self.form {
            Form::Every => false,
            Form::Arn(templates) => !templates.iter().all(Template::is_fixed),
        }
    }

    /// As the policy has it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

const CASE: Case = Case::Sensitive;

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
        pattern.matches(&ResourceName::new(resource), &keys())
    }

    fn keys() -> ContextKeys {
        let mut keys = ContextKeys::new();
        keys.insert("aws:username", "dev");
        keys.insert("aws:userid", "AROA1:session");
        keys
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
        for (bad, why) in [
            ("", "must be in ARN format"),
            ("**", "must be in ARN format"),
            ("app", "must be in ARN format"),
            ("ARN:aws:ecr:::x", "must be in ARN format"),
            ("arn:aws:ecr:::", "must be in ARN format"),
            ("arn:", "Partition \"\" is not valid for resource \"arn:\"."),
            ("arn::ecr:::x", "Partition \"\" is not valid"),
            ("arn:aws", "Resource vendor must be fully qualified"),
            ("arn:*", "Resource vendor must be fully qualified"),
            ("arn:aws::::x", "Resource vendor must be fully qualified"),
        ] {
            let reason = ResourcePattern::parse(bad, Version::V2012).unwrap_err();
            assert!(reason.contains(why), "{bad:?}: {reason}");
        }
    }

    #[test]
    fn variables_stand_for_values_in_the_last_field() {
        for (pattern, resource, expected) in [
            ("arn:aws:ecr:::repository/${aws:username}/*", "arn:aws:ecr:::repository/dev/x", true),
            ("arn:aws:ecr:::repository/${aws:username}/*", "arn:aws:ecr:::repository/ops/x", false),
            ("arn:aws:ecr:::${aws:UserName}", "arn:aws:ecr:::dev", true),
            ("arn:aws:ecr:::${aws:userid}", "arn:aws:ecr:::AROA1:session", true),
            ("arn:aws:ecr:::${aws:PrincipalTag/team}", "arn:aws:ecr:::", false),
            ("arn:aws:ecr:::${aws:PrincipalTag/team, 'all'}", "arn:aws:ecr:::all", true),
            ("arn:aws:ecr:::a${*}", "arn:aws:ecr:::a*", true),
            ("arn:aws:ecr:::a${*}", "arn:aws:ecr:::ab", false),
            ("arn:aws:ecr:e${?}:1:a", "arn:aws:ecr:e?:1:a", true),
        ] {
            assert_eq!(matches(pattern, resource), expected, "{pattern:?}");
        }
        let pattern = "arn:aws:ecr:::repository/${aws:username}/x";
        let old = ResourcePattern::parse(pattern, Version::V2008).unwrap();
        assert!(old.matches(&ResourceName::new(pattern), &keys()));
        assert!(!old.matches(&ResourceName::new("arn:aws:ecr:::repository/dev/x"), &keys()));
    }

    #[test]
    fn variables_elsewhere_are_refused() {
        for bad in
            ["arn:aws:ecr:${aws:RequestedRegion}:1:x", "arn:${aws}:ecr", "arn:aws:ecr:${aws:a}"]
        {
            let reason = ResourcePattern::parse(bad, Version::V2012).unwrap_err();
            assert!(reason.contains("before the fifth colon"), "{reason}");
        }
        let reason =
            ResourcePattern::parse("arn:aws:ecr:::${aws:username", Version::V2012).unwrap_err();
        assert!(reason.contains("Invalid policy variable"), "{reason}");
    }
}
