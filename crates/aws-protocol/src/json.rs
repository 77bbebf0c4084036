//! The JSON 1.1 protocol (ECR, KMS): which operation, which members, and the two kinds of answer.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::status::StatusCode;
use serde::Serialize;
use serde::de::Deserialize;
use serde_json::{Map, Value};
use wharfinger_core::RequestId;
use wharfinger_core::limits::JSON_DEPTH_MAX;

use crate::Answer;

/// The content type of requests and answers.
pub const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
/// The header that names the operation: `AmazonEC2ContainerRegistry_V20150921.PutImage`.
pub const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
/// The header that repeats the name of an error.
pub const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
/// Bytes of a target that are still read (ours; ECR's have about 60).
pub const TARGET_BYTES_MAX: usize = 256;

/// The operation a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// The service and its version: `AmazonEC2ContainerRegistry_V20150921`.
    pub prefix: &'a str,
    /// The name of the operation: `PutImage`.
    pub operation: &'a str,
}

/// Why a request cannot be read as one of JSON 1.1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// No target, or one that names no operation.
    #[error("The request names no operation in 'X-Amz-Target'.")]
    UnknownOperation,
    /// The body is not the JSON that the operation takes.
    #[error("{0}")]
    Serialization(String),
}

impl JsonError {
    /// Status and `__type` of the answer.
    pub fn code(&self) -> (StatusCode, &'static str) {
        let code = match self {
            Self::UnknownOperation => "UnknownOperationException",
            Self::Serialization(_) => "SerializationException",
        };
        (StatusCode::BAD_REQUEST, code)
    }
}

impl<'a> Target<'a> {
    /// The target of a request's headers; two of them are none.
    pub fn from_headers(headers: &'a HeaderMap) -> Result<Self, JsonError> {
        let mut values = headers.get_all(TARGET).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => {
                Self::parse(value.to_str().map_err(|_| JsonError::UnknownOperation)?)
            }
            _ => Err(JsonError::UnknownOperation),
        }
    }

    /// Reads `Prefix.Operation`.
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        match text.split_once('.') {
            Some((prefix, operation))
                if text.len() <= TARGET_BYTES_MAX && is_name(prefix) && is_name(operation) =>
            {
                Ok(Self { prefix, operation })
            }
            _ => Err(JsonError::UnknownOperation),
        }
    }
}

/// Reads the members of an operation out of a request body.
///
/// An empty body is `{}`, as older SDKs send it for operations without input. Anything but one
/// object is refused, and so is nesting deeper than [`JSON_DEPTH_MAX`]. Unknown members are for
/// `T` to ignore: newer SDKs send what is not known here.
pub fn parse<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, JsonError> {
    let text = object_text(body)?;
    serde_json::from_str(text).map_err(|error| {
        // Not serde's own words: they repeat the value, which may be megabytes or a secret.
        JsonError::Serialization(format!(
            "The request body does not fit the operation at line {} column {}.",
            error.line(),
            error.column()
        ))
    })
}

/// The answer of an operation: 200 and the members of `output`, which is a structure; one without
/// members (`struct Empty {}`) makes the `{}` of operations that have no output.
///
/// An output that cannot be written as JSON is our fault, and is answered as such.
pub fn success(output: &impl Serialize, request_id: RequestId) -> Answer {
    match serde_json::to_vec(output) {
        Ok(body) => Answer::new(StatusCode::OK, CONTENT_TYPE, request_id, body),
        Err(_) => error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "ServerException",
            "The answer could not be written.",
            Map::new(),
            request_id,
        ),
    }
}

/// An error: `{"__type", "message"}` and the exception's own members, and the name in
/// `x-amzn-ErrorType` for the SDKs that look there.
pub fn error(
    status: StatusCode,
    code: &str,
    message: &str,
    members: Map<String, Value>,
    request_id: RequestId,
) -> Answer {
    let mut object = members;
    object.insert("__type".to_owned(), code.into());
    object.insert("message".to_owned(), message.into());
    let body = Value::Object(object).to_string().into_bytes();
    let mut answer = Answer::new(status, CONTENT_TYPE, request_id, body);
    if let Ok(code) = HeaderValue::from_str(code) {
        answer.headers.insert(ERROR_TYPE, code);
    }
    answer
}

fn object_text(body: &[u8]) -> Result<&str, JsonError> {
    let refused = |text: &str| JsonError::Serialization(text.to_owned());
    let text = std::str::from_utf8(body).map_err(|_| refused("The request body is not UTF-8."))?;
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    if text.is_empty() {
        return Ok("{}");
    }
    if !text.starts_with('{') {
        return Err(refused("The request body is not a JSON object."));
    }
    if is_deeper_than(text, JSON_DEPTH_MAX) {
        return Err(refused("The request body is nested too deeply."));
    }
    Ok(text)
}

/// Whether brackets outside of strings are nested deeper than `depth_max`. Whether the text is
/// JSON at all is for the parser to say.
fn is_deeper_than(text: &str, depth_max: usize) -> bool {
    let mut depth = 0_usize;
    let mut rest = text;
    let marks = ['"', '{', '[', '}', ']'];
    while let Some((at, mark)) = rest.char_indices().find(|(_, c)| marks.contains(c)) {
        rest = &rest[at + 1..];
        match mark {
            '"' => rest = after_string(rest),
            '{' | '[' => depth += 1,
            _ => depth = depth.saturating_sub(1),
        }
        if depth > depth_max {
            return true;
        }
    }
    false
}

/// What follows the quote that ends a string. A layer part is one string of megabytes, so quotes
/// are looked for at the speed of `memchr`, and only the backslashes before them are counted.
fn after_string(text: &str) -> &str {
    let mut from = 0;
    while let Some(at) = text[from..].find('"') {
        let end = from + at;
        let escapes = text.as_bytes()[from..end].iter().rev().take_while(|b| **b == b'\\').count();
        from = end + 1;
        if escapes % 2 == 0 {
            return &text[from..];
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};
    use serde_json::json;
    use wharfinger_core::SeededEntropy;

    use super::*;

    #[test]
    fn targets_name_a_service_and_an_operation() {
        let target = Target::parse("AmazonEC2ContainerRegistry_V20150921.PutImage").unwrap();
        assert_eq!(target.prefix, "AmazonEC2ContainerRegistry_V20150921");
        assert_eq!(target.operation, "PutImage");
        let long = format!("A.{}", "b".repeat(TARGET_BYTES_MAX));
        for bad in ["", ".", "A.", ".B", "A", "A.B.C", "A.B C", "A.é", &long] {
            assert_eq!(Target::parse(bad), Err(JsonError::UnknownOperation), "{bad}");
        }
        let mut headers = HeaderMap::new();
        assert!(Target::from_headers(&headers).is_err());
        headers.append(TARGET, HeaderValue::from_static("A.B"));
        assert_eq!(Target::from_headers(&headers).unwrap().operation, "B");
        headers.append(TARGET, HeaderValue::from_static("A.C"));
        assert!(Target::from_headers(&headers).is_err());
    }

    #[test]
    fn bodies_are_one_object() {
        for (body, value) in [
            ("", json!({})),
            (" \r\n", json!({})),
            ("{}", json!({})),
            (" {\"a\":1} ", json!({"a":1})),
        ] {
            assert_eq!(parse::<Value>(body.as_bytes()).unwrap(), value, "{body}");
        }
        for bad in
            ["[]", "1", "null", "\"{}\"", "{", "{\"a\":}", "{} {}", "{\"a\":NaN}", "\u{feff}{}"]
        {
            let error = parse::<Value>(bad.as_bytes()).unwrap_err();
            assert_eq!(error.code(), (StatusCode::BAD_REQUEST, "SerializationException"), "{bad}");
        }
        assert!(parse::<Value>(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn a_member_of_the_wrong_type_is_not_repeated() {
        #[derive(Debug, serde::Deserialize)]
        struct Input {
            #[serde(rename = "n")]
            _n: Option<u32>,
        }
        let error = parse::<Input>(br#"{"n":"hunter2"}"#).unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
        assert!(parse::<Input>(br#"{"n":null,"more":[]}"#).is_ok());
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse::<Value>(nested(JSON_DEPTH_MAX - 1).as_bytes()).is_ok());
        let error = parse::<Value>(nested(JSON_DEPTH_MAX).as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "The request body is nested too deeply.");
        let text = format!("{{\"a\":\"{}\\\\\\\"{}\"}}", "[".repeat(200), "{".repeat(200));
        assert!(parse::<Value>(text.as_bytes()).is_ok(), "brackets in strings do not nest");
        let text = format!("{{\"a\\\\\":{}", "[".repeat(200));
        assert!(is_deeper_than(&text, JSON_DEPTH_MAX), "an escaped backslash ends no escape");
    }

    #[test]
    fn answers_carry_type_id_and_error() {
        let id = RequestId::random(&SeededEntropy::new(1));
        let answer = success(&json!({"repositories": []}), id);
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.body, br#"{"repositories":[]}"#);
        assert_eq!(answer.headers["content-type"], CONTENT_TYPE);
        assert_eq!(answer.headers["x-amzn-requestid"], id.to_string());

        let members = Map::from_iter([
            ("uploadId".to_owned(), json!("u")),
            ("message".to_owned(), json!("x")),
        ]);
        let answer =
            error(StatusCode::BAD_REQUEST, "InvalidLayerPartException", "a \"b\"", members, id);
        assert_eq!(
            serde_json::from_slice::<Value>(&answer.body).unwrap(),
            json!({"__type": "InvalidLayerPartException", "message": "a \"b\"", "uploadId": "u"})
        );
        assert_eq!(answer.headers["x-amzn-errortype"], "InvalidLayerPartException");
    }

    /// The depth of a value, counted the slow way.
    fn depth(value: &Value) -> usize {
        match value {
            Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
            Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
            _ => 0,
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(body in any::<Vec<u8>>(), text in any::<String>()) {
            let _ = parse::<Value>(&body);
            let _ = parse::<Value>(format!("{{{text}").as_bytes());
            let _ = Target::parse(&text);
        }

        #[test]
        fn depth_is_counted_right(
            names in proptest::collection::vec(r#"[\\"\[\]{}a]{0,6}"#, 1..12), limit in 0_usize..14
        ) {
            let nest = |inner: Value, name: String| json!({ name: [inner, "]"] });
            let value = names.into_iter().fold(json!(0), nest);
            prop_assert_eq!(is_deeper_than(&value.to_string(), limit), depth(&value) > limit);
        }
    }
}
