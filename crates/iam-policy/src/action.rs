//! Patterns of actions, such as `ecr:Get*`.

use crate::glob::{Case, Glob};

/// An element of `Action` or `NotAction`. Case does not matter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ActionPattern {
    text: String,
    glob: Glob,
}

impl ActionPattern {
    /// Compiles `*` or `service:name`, wildcards allowed in both parts.
    ///
    /// The error is the reason for which IAM refuses the policy.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text != "*" {
            let (service, name) = text.split_once(':').ok_or(
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
            )?;
            if name.contains(':') {
                return Err("Actions/Condition can contain only one colon.".into());
            }
            if !is_part(service) {
                return Err(format!("Vendor {service} is not valid"));
            }
            if !is_part(name) {
                let reason = "The name of an action has letters, digits, '-', '_', '.', * and ?.";
                return Err(reason.into());
            }
        }
        Ok(Self { text: text.to_owned(), glob: Glob::new(text, Case::Insensitive) })
    }

    /// Whether `action`, which has one colon, is among those meant. So no wildcard can match
    /// across the colon.
    pub(crate) fn matches(&self, action: &str) -> bool {
        self.glob.matches(action)
    }

    /// As the policy has it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

fn is_part(part: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.*?".contains(&byte);
    !part.is_empty() && part.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_match_in_any_case() {
        for (pattern, action) in [
            ("*", "ecr:PutImage"),
            ("*:*", "ecr:PutImage"),
            ("ecr:*", "ecr:PutImage"),
            ("ECR:putimage", "ecr:PutImage"),
            ("ecr:Put?mage", "ecr:PutImage"),
            ("ecr:*Image", "ecr:PutImage"),
            ("ecr-public:*", "ecr-public:PutImage"),
        ] {
            assert!(ActionPattern::parse(pattern).unwrap().matches(action), "{pattern:?}");
        }
        for pattern in ["ecr:Put", "ecr-public:*", "ecr:*Images", "?:*"] {
            assert!(!ActionPattern::parse(pattern).unwrap().matches("ecr:PutImage"), "{pattern:?}");
        }
    }

    #[test]
    fn other_texts_are_not_actions() {
        for bad in
            ["", "**", "PutImage", ":", "ecr:", ":Put", "ecr:a:b", "ecr:${x}", "ecr: Put", "é:a"]
        {
            assert!(ActionPattern::parse(bad).is_err(), "{bad:?}");
        }
    }
}
