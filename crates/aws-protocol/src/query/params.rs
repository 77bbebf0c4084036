//! `application/x-www-form-urlencoded` parameters, and the lists and maps spelled in their names.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use http::StatusCode;
use percent_encoding::percent_decode_str;

/// Bytes of a form that are still read (ours: room for a SAML assertion of 100,000 characters,
/// each of them encoded).
pub const FORM_BYTES_MAX: usize = 512 * 1024;
/// Parameters of one request (ours; the largest STS and IAM requests have some hundred).
pub const PARAMETERS_MAX: usize = 2_048;

/// The parameters of a request by name. `Debug` shows the names alone: values may be secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Params(BTreeMap<String, String>);

/// Why a request cannot be read as one of the Query protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Not a form, too large, or a parameter that comes twice.
    #[error("The query string is malformed: {0}.")]
    Malformed(&'static str),
    /// No `Action`.
    #[error("The request must contain the parameter Action.")]
    MissingAction,
}

impl QueryError {
    /// Status and `Code` of the answer.
    pub fn code(&self) -> (StatusCode, &'static str) {
        let code = match self {
            Self::Malformed(_) => "MalformedQueryString",
            Self::MissingAction => "MissingAction",
        };
        (StatusCode::BAD_REQUEST, code)
    }
}

impl Params {
    /// Reads the parameters of a query (GET) and of a form body (POST) together.
    ///
    /// A name may come once in all: which of two was meant is a guess.
    pub fn parse(query: Option<&str>, body: &[u8]) -> Result<Self, QueryError> {
        let body =
            std::str::from_utf8(body).map_err(|_| QueryError::Malformed("it is not UTF-8"))?;
        let query = query.unwrap_or_default();
        if query.len().saturating_add(body.len()) > FORM_BYTES_MAX {
            return Err(QueryError::Malformed("it is too long"));
        }
        let mut params = BTreeMap::new();
        let pairs = query.split('&').chain(body.split('&')).filter(|pair| !pair.is_empty());
        for (count, pair) in pairs.enumerate() {
            if count >= PARAMETERS_MAX {
                return Err(QueryError::Malformed("it has too many parameters"));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if params.insert(decode(name)?, decode(value)?).is_some() {
                return Err(QueryError::Malformed("a parameter appears more than once"));
            }
        }
        Ok(Self(params))
    }

    /// The operation asked for.
    pub fn action(&self) -> Result<&str, QueryError> {
        self.get("Action").filter(|action| !action.is_empty()).ok_or(QueryError::MissingAction)
    }

    /// The version of the API asked for, such as `2011-06-15`.
    pub fn version(&self) -> Option<&str> {
        self.get("Version")
    }

    /// The value of a parameter by its whole name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Every parameter with its value, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The values of a list, `name.member.N`, in the order of N. Gaps in the numbers close up.
    pub fn list(&self, name: &str) -> Vec<&str> {
        let mut values: Vec<(u32, &str)> = self
            .under(&format!("{name}.member."))
            .filter_map(|(tail, value)| Some((number(tail)?, value)))
            .collect();
        values.sort_unstable_by_key(|(n, _)| *n);
        values.into_iter().map(|(_, value)| value).collect()
    }

    /// The names of the elements of a list of structures, in order: each is the prefix to
    /// [`Params::get`] its fields by, `Tags.member.1` for `Tags.member.1.Key`.
    pub fn members(&self, name: &str) -> Vec<String> {
        self.numbered(&format!("{name}.member."))
    }

    /// The keys and values of a map, `name.entry.N.key` and `name.entry.N.value`, in the order of
    /// N. An entry without a key is left out; one without a value has an empty one.
    pub fn map(&self, name: &str) -> Vec<(&str, &str)> {
        self.numbered(&format!("{name}.entry."))
            .iter()
            .filter_map(|entry| {
                let key = self.get(&format!("{entry}.key"))?;
                Some((key, self.get(&format!("{entry}.value")).unwrap_or_default()))
            })
            .collect()
    }

    fn numbered(&self, prefix: &str) -> Vec<String> {
        let mut numbers: Vec<u32> =
            self.under(prefix).filter_map(|(tail, _)| number(tail.split_once('.')?.0)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.iter().map(|n| format!("{prefix}{n}")).collect()
    }

    /// The parameters whose names begin with `prefix`, by what follows it.
    fn under(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .range(prefix.to_owned()..)
            .map_while(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// `1`, `2`, …: one number has one text, so `01` is no member.
fn number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    if plain { text.parse().ok() } else { None }
}

fn decode(text: &str) -> Result<String, QueryError> {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|b| *b == b'%') {
        match rest.get(at + 1..at + 3) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => rest = &rest[at + 3..],
            _ => return Err(QueryError::Malformed("a '%' is not followed by two hex digits")),
        }
    }
    let spaced: Cow<'_, str> =
        if text.contains('+') { text.replace('+', " ").into() } else { text.into() };
    percent_decode_str(&spaced)
        .decode_utf8()
        .map(Cow::into_owned)
        .map_err(|_| QueryError::Malformed("a parameter is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::collection::btree_map;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    fn form(body: &str) -> Params {
        Params::parse(None, body.as_bytes()).unwrap()
    }

    #[test]
    fn forms_are_read() {
        let params = form("Action=AssumeRole&Version=2011-06-15&Name=a+b%2Bc%C3%A9&Empty=&Bare");
        assert_eq!(params.action(), Ok("AssumeRole"));
        assert_eq!(params.version(), Some("2011-06-15"));
        assert_eq!(params.get("Name"), Some("a b+cé"));
        assert_eq!((params.get("Empty"), params.get("Bare")), (Some(""), Some("")));
        assert_eq!(params.get("name"), None);
        assert!(!format!("{params:?}").contains("a b+c"));
        let get = Params::parse(Some("Action=GetCallerIdentity"), b"Version=1").unwrap();
        assert_eq!((get.action(), get.version()), (Ok("GetCallerIdentity"), Some("1")));
        assert_eq!(form("Action=").action(), Err(QueryError::MissingAction));
    }

    #[test]
    fn broken_forms_are_refused() {
        for bad in ["a=%", "a=%2", "a=%zz", "a=%FF", "a=1&a=2", "a=1&%61=2"] {
            let error = Params::parse(None, bad.as_bytes()).unwrap_err();
            assert_eq!(error.code(), (StatusCode::BAD_REQUEST, "MalformedQueryString"), "{bad}");
        }
        assert!(Params::parse(Some("Action=A"), b"Action=B").is_err());
        assert!(Params::parse(None, b"a=\xff").is_err());
        let many: Vec<String> = (0..=PARAMETERS_MAX).map(|n| format!("p{n}=")).collect();
        assert!(Params::parse(None, many.join("&").as_bytes()).is_err());
        assert!(Params::parse(None, many[1..].join("&").as_bytes()).is_ok());
        assert!(Params::parse(None, "a".repeat(FORM_BYTES_MAX + 1).as_bytes()).is_err());
    }

    #[test]
    fn lists_and_maps_come_in_the_order_of_their_numbers() {
        let params = form(
            "L.member.10=c&L.member.2=b&L.member.1=a&L.member.02=x&L.member.=y&L.member.+3=z\
             &Tags.member.2.Key=k2&Tags.member.1.Key=k1&Tags.member.1.Value=v1\
             &M.entry.2.key=b&M.entry.2.value=2&M.entry.1.key=a&M.entry.3.value=lost\
             &M.entry.99999999999.key=far",
        );
        assert_eq!(params.list("L"), ["a", "b", "c"]);
        assert_eq!(params.list("Nothing"), [""; 0]);
        assert_eq!(params.members("Tags"), ["Tags.member.1", "Tags.member.2"]);
        assert_eq!(params.map("M"), [("a", ""), ("b", "2")]);
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_back(pairs in btree_map(".{1,8}", ".{0,8}", 0..8)) {
            let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let pair = |(name, value): (&String, &String)| {
                format!("{}={}", encode(name), encode(value))
            };
            let body: Vec<String> = pairs.iter().map(pair).collect();
            prop_assert_eq!(form(&body.join("&")).0, pairs);
        }

        #[test]
        fn no_bytes_panic(query in any::<String>(), body in any::<Vec<u8>>()) {
            if let Ok(params) = Params::parse(Some(&query), &body) {
                params.list(&query);
                params.map(&query);
                params.members(&query);
            }
        }
    }
}
