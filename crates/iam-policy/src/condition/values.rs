//! The values of a condition, and which values of a request match them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wharfinger_core::network::{Network, address};

use super::date::{Instant, date};
use super::operator::{Comparison, Relation};
use crate::document::Version;
use crate::glob::{Case, Glob};
use crate::request::ContextKeys;
use crate::template::{Syntax, Template};

/// The fields of an ARN.
const ARN_FIELDS: usize = 6;

/// What a key is compared with: any of these.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Values {
    Text(Syntax, Vec<Template>),
    Arn(Vec<ArnPattern>),
    Number(Relation, Vec<Number>),
    Date(Relation, Vec<Instant>),
    Truth(Vec<bool>),
    Binary(Vec<Vec<u8>>),
    Address(Vec<Network>),
    /// Whether the key is to be absent.
    Null(Vec<bool>),
}

/// An ARN with wildcards in its fields.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum ArnPattern {
    Fixed(Vec<Glob>),
    Variable(Template),
}

/// A number that is finite.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
pub(super) struct Number(f64);

/// Finite numbers equal themselves.
impl Eq for Number {}

impl Values {
    /// None, to be compared in a certain way.
    pub(super) fn none(comparison: Comparison) -> Self {
        match comparison {
            Comparison::Text { wildcards, case } => {
                Self::Text(Syntax { wildcards, variables: false, case }, Vec::new())
            }
            Comparison::Arn => Self::Arn(Vec::new()),
            Comparison::Number(relation) => Self::Number(relation, Vec::new()),
            Comparison::Date(relation) => Self::Date(relation, Vec::new()),
            Comparison::Truth => Self::Truth(Vec::new()),
            Comparison::Binary => Self::Binary(Vec::new()),
            Comparison::Address => Self::Address(Vec::new()),
            Comparison::Null => Self::Null(Vec::new()),
        }
    }

    /// Adds a value as the policy writes it. The error is the reason to refuse the policy.
    pub(super) fn push(&mut self, text: &str, version: Version) -> Result<(), String> {
        let mismatch = |what: &str| format!("Type mismatch in Condition: {text} is not {what}.");
        let variables = version.has_variables();
        match self {
            Self::Text(syntax, values) => {
                values.push(Template::parse(text, Syntax { variables, ..*syntax })?);
            }
            Self::Arn(values) => values.push(ArnPattern::parse(text, variables)?),
            Self::Number(_, values) => {
                values.push(number(text).ok_or_else(|| mismatch("a number"))?);
            }
            Self::Date(_, values) => values.push(date(text).ok_or_else(|| mismatch("a date"))?),
            Self::Truth(values) | Self::Null(values) => {
                values.push(truth(text).ok_or_else(|| mismatch("true or false"))?);
            }
            Self::Binary(values) => {
                values.push(STANDARD.decode(text).map_err(|_| mismatch("base64"))?);
            }
            Self::Address(values) => {
                values.push(Network::parse(text).ok_or_else(|| mismatch("an IP address range"))?);
            }
        }
        Ok(())
    }

    /// Whether one of them matches a value of a request. What is not of their type matches none.
    pub(super) fn match_one(&self, value: &str, keys: &ContextKeys) -> bool {
        match self {
            Self::Text(_, wanted) => wanted.iter().any(|wanted| wanted.matches(value, keys)),
            Self::Arn(wanted) => wanted.iter().any(|wanted| wanted.matches(value, keys)),
            Self::Number(relation, wanted) => {
                number(value).is_some_and(|found| any_related(*relation, &found, wanted))
            }
            Self::Date(relation, wanted) => {
                date(value).is_some_and(|found| any_related(*relation, &found, wanted))
            }
            Self::Truth(wanted) => truth(value).is_some_and(|found| wanted.contains(&found)),
            Self::Binary(wanted) => wanted.iter().any(|wanted| wanted == value.as_bytes()),
            Self::Address(wanted) => address(value)
                .is_some_and(|found| wanted.iter().any(|wanted| wanted.contains(found))),
            Self::Null(_) => false,
        }
    }
}

impl ArnPattern {
    fn parse(text: &str, variables: bool) -> Result<Self, String> {
        let syntax = Syntax { wildcards: true, variables, case: Case::Sensitive };
        Ok(match Template::parse(text, syntax)? {
            Template::Fixed(glob) => Self::Fixed(glob.split(':', ARN_FIELDS)),
            template @ Template::Variable(..) => Self::Variable(template),
        })
    }

    fn matches(&self, arn: &str, keys: &ContextKeys) -> bool {
        match self {
            Self::Fixed(fields) => match_fields(fields, arn),
            Self::Variable(template) => template
                .resolve(arn, keys)
                .is_some_and(|glob| match_fields(&glob.split(':', ARN_FIELDS), arn)),
        }
    }
}

/// Each field of an ARN by its own pattern. Patterns left out at the end are `*` if the last
/// one ends so.
fn match_fields(patterns: &[Glob], arn: &str) -> bool {
    let fields: Vec<&str> = arn.splitn(ARN_FIELDS, ':').collect();
    let whole = patterns.len() == ARN_FIELDS || patterns.last().is_some_and(Glob::is_open_ended);
    fields.len() == ARN_FIELDS
        && fields.first() == Some(&"arn")
        && whole
        && patterns.iter().zip(fields).all(|(pattern, field)| pattern.matches(field))
}

fn any_related<T: PartialOrd>(relation: Relation, found: &T, wanted: &[T]) -> bool {
    wanted.iter().any(|wanted| found.partial_cmp(wanted).is_some_and(|order| relation.holds(order)))
}

fn number(text: &str) -> Option<Number> {
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let number = text.parse().ok().filter(|number: &f64| is_decimal && number.is_finite())?;
    Some(Number(number))
}

fn truth(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}
