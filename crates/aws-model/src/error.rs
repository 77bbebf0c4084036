//! What decoding an input can end in, and the table entry of an error the model names.

use std::fmt;

use crate::constraint::Violation;

/// An error shape of the service model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelledError {
    /// The shape's name, such as `IDPRejectedClaimException`.
    pub name: &'static str,
    /// What stands on the wire (`__type` in JSON, `Code` in XML), such as `IDPRejectedClaim`.
    pub code: &'static str,
    /// The HTTP status.
    pub http_status: u16,
}

impl ModelledError {
    pub(crate) const fn new(name: &'static str, code: &'static str, http_status: u16) -> Self {
        Self { name, code, http_status }
    }
}

/// Why a request body is not an input of the operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not the protocol's syntax, or a member of another type than the model says. The edge
    /// answers `SerializationException` (JSON) or `MalformedInput` (Query), both 400.
    #[error("{0}")]
    Serialization(String),
    /// A member breaks a constraint of the model. The edge answers `InvalidParameterException`
    /// (ECR) or `ValidationError` (Query), both 400.
    #[error(transparent)]
    Constraint(#[from] ConstraintError),
}

/// A member that breaks a constraint of the model; `Display` is the service's own sentence.
///
/// Members are named by wire name, nested ones joined by dots, list elements counted from one:
/// `imageScanningConfiguration.scanOnPush`, `tags.6.member.key`. A list of plain values is named
/// as a whole and its reason wraps that of the element, as ECR answers for `registryIds`:
/// `Member must satisfy constraint: [Member must satisfy regular expression pattern: [0-9]{12}]`.
/// The Query services begin each name with a small letter (`roleArn`) whatever the wire says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConstraintError {
    member: String,
    reason: String,
    sentence: Sentence,
}

/// The two sentences in which AWS services refuse a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sentence {
    /// ECR.
    InvalidParameter,
    /// STS and IAM, which repeat what they found.
    ValidationError(Found),
}

/// What a Query service shows of the value it refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Null,
    Text(String),
    /// A secret, or a value with no text of its own.
    Hidden,
}

impl ConstraintError {
    /// ECR's sentence about `member`, for the rules that the model does not state.
    pub fn invalid_parameter(member: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { member: member.into(), reason: reason.into(), sentence: Sentence::InvalidParameter }
    }

    pub(crate) fn new(member: String, violation: &Violation, sentence: Sentence) -> Self {
        let reason = match sentence {
            Sentence::InvalidParameter => violation.ecr_reason(),
            Sentence::ValidationError(_) => violation.to_string(),
        };
        Self { member, reason, sentence }
    }

    /// Which member, as the type's documentation says.
    pub fn member(&self) -> &str {
        &self.member
    }

    /// Which rule, without the sentence around it.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The same error with the value left out of its text.
    pub(crate) fn redacted(mut self) -> Self {
        if let Sentence::ValidationError(found @ Found::Text(_)) = &mut self.sentence {
            *found = Found::Hidden;
        }
        self
    }
}

impl fmt::Display for ConstraintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { member, reason, sentence } = self;
        let found = match sentence {
            Sentence::InvalidParameter => {
                return write!(
                    f,
                    "Invalid parameter at '{member}' failed to satisfy constraint: '{reason}'"
                );
            }
            Sentence::ValidationError(found) => found,
        };
        f.write_str("1 validation error detected: Value ")?;
        match found {
            Found::Null => f.write_str("null ")?,
            Found::Text(text) => write!(f, "'{text}' ")?,
            Found::Hidden => {}
        }
        write!(f, "at '{member}' failed to satisfy constraint: {reason}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_beside_the_model_speaks_the_same_sentence() {
        let error = ConstraintError::invalid_parameter("ImageManifest", "Invalid JSON syntax");
        assert_eq!(
            error.to_string(),
            "Invalid parameter at 'ImageManifest' failed to satisfy constraint: \
             'Invalid JSON syntax'"
        );
        assert_eq!(DecodeError::from(error.clone()).to_string(), error.to_string());
    }

    #[test]
    fn the_query_sentence_shows_null_text_or_nothing() {
        let error = |found| {
            let sentence = Sentence::ValidationError(found);
            ConstraintError::new("roleArn".into(), &Violation::LengthMin(20), sentence)
        };
        let tail = "at 'roleArn' failed to satisfy constraint: \
                    Member must have length greater than or equal to 20";
        let head = "1 validation error detected: Value";
        assert_eq!(error(Found::Null).to_string(), format!("{head} null {tail}"));
        let text = error(Found::Text("a".into()));
        assert_eq!(text.to_string(), format!("{head} 'a' {tail}"));
        assert_eq!(text.redacted().to_string(), format!("{head} {tail}"));
        assert_eq!(error(Found::Null).redacted(), error(Found::Null));
    }
}
